"""Is anything of a real exchange left in a text? The last look before a case file is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from contracts.reader import Contract
from gateway.kit.case_text import case_text
from gateway.kit.leaves import INNER, leaves
from gateway.kit.sorts import KEPT, day_of, folded, sort_of

__all__ = ["trace"]


def trace(query: Mapping[str, Any], body: bytes, text: str, contract: Contract) -> str:
    """
    The place of the first real value that the text still has, in whatever spelling; empty where there is none.

    What the contract's own case files have anyway, and what is too short to tell anything by itself, is no trace.
    """
    ours = folded("\n".join(case_text(case) for case in contract.cases()))
    written = folded(text)
    for place, value in [*leaves(orjson.dumps(dict(query))), *leaves(body)]:
        if value is not INNER and any(form in written and form not in ours for form in _spellings(value)):
            return place or "the answer"
    return ""


def _spellings(value: Any) -> Iterator[str]:
    if sort_of(value) in KEPT:
        return
    text = str(value)
    if day := day_of(text):
        yield "".join(day)
        yield "".join(reversed(day))
        return
    core = folded(text)
    if len(core) >= (6 if core.isdigit() else 4):
        yield core
