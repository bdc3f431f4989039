"""
Heavy campaigns in parts that can be taken up again: what was done is written beside, and is not done twice.

`make faults PART=ledger_kill` runs one; `CAMPAIGN_ROUNDS` makes it shorter or longer. The result stands in
`var/faults/<part>.json`; delete it to begin anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Campaign"]

FOLDER = Path(__file__).parents[1] / "var" / "faults"
_LONGEST_S = 440.0


class Campaign:
    """So many rounds of one kind, each with figures; stops in time, and goes on where it stopped."""

    def __init__(self, part: str, rounds: int, *, longest_s: float = _LONGEST_S) -> None:
        """No round begins after `longest_s`."""
        self.file = FOLDER / f"{part}.json"
        self._longest_s = longest_s
        self.rounds = int(os.environ.get("CAMPAIGN_ROUNDS", rounds))
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.done: list[dict[str, Any]] = json.loads(self.file.read_text()) if self.file.exists() else []

    def __iter__(self) -> Iterator[int]:
        """The rounds that are left, as long as there is time for one more like the longest so far."""
        until, longest_s = time.monotonic() + self._longest_s, 0.0
        while len(self.done) < self.rounds and (began := time.monotonic()) + longest_s < until:
            yield len(self.done)
            longest_s = max(longest_s, time.monotonic() - began)

    def note(self, **figures: Any) -> None:
        """A round has ended well."""
        self.done.append(figures)
        self.file.write_text(json.dumps(self.done))

    def total(self, name: str) -> int:
        """The sum of a figure over all rounds."""
        return sum(int(one[name]) for one in self.done)
