"""
How long the breach duty takes over a million lookups, on both databases: `make faults PART=index`.

Figures go to var/faults/index.json. The bound is the promise: under 30 seconds, and linear from a hundred thousand.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from gateway.ledger.index import Index
from gateway.ledger.questions import Questions
from gateway.ledger.records import encoded
from gateway.lookup.incidents import IncidentRequest, written
from tests.index_parts import KINDS, START, Entry, answered, asked, lookup_id, opened

RESULTS = Path(__file__).parent.parent / "var" / "faults" / "index.json"
SMALL, LARGE = 100_000, 1_000_000
PEOPLE, OFFICERS = 300_000, 500
DATASETS = ("dancu.citizen", "dancu.household", "dkdn.enterprise", "dancu.verification")
FIELDS = (["full_name", "birth_date"], ["full_name", "permanent_residence"], ["full_name"])


@dataclass
class Year:
    """A log of so many lookups, an asked and an answered record each, made as they are read."""

    size: int
    origin: str = "gateway.test/year"

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        for index in range(start, min(self.size, self.size if stop is None else stop)):
            nth = index // 2
            at = START + timedelta(seconds=nth)
            if index % 2:
                outcome = "absent" if nth % 10 == 0 else "found"
                record = answered(0, index - 1, outcome) | {"at": at, "lookup_id": lookup_id(nth)}
            else:
                officer = nth % OFFICERS
                record = asked(
                    0,
                    subject=hashlib.sha256(str(nth * 7919 % PEOPLE).encode()).hexdigest()[:32],
                    officer=hashlib.sha256(f"officer {officer}".encode()).hexdigest()[:32],
                    account=f"canbo.{officer:03d}",
                    dataset=DATASETS[nth % len(DATASETS)],
                    fields=FIELDS[nth % len(FIELDS)],
                ) | {"at": at, "lookup_id": lookup_id(nth)}
            yield Entry(index, b"", encoded(record | {"index": index}))


def asked_for(questions: Questions, lookups: int) -> tuple[float, float, int]:
    """Seconds to the first piece and to the whole answer about everything, and how long the answer is."""
    request = IncidentRequest.model_validate({"from": START - timedelta(days=1), "until": START + timedelta(days=365)})
    started, first, whole = time.perf_counter(), 0.0, bytearray()
    with questions.incident(request.incident()) as groups:
        for piece in written(request, groups):
            first = first or time.perf_counter() - started
            whole += piece
    took = time.perf_counter() - started
    answer = orjson.loads(whole)
    assert answer["lookups"] == lookups
    assert answer["people"] == min(PEOPLE, lookups)
    assert sum(one["lookups"] for one in answer["subjects"]) == lookups
    return first, took, len(whole)


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_an_incident_over_a_million_lookups_is_told_in_time(kind: str, tmp_path: Path) -> None:
    """Who was seen by whom in a million lookups takes under 30 s, and grows no faster than the lookups do."""
    figures: dict[str, object] = {}
    with opened(kind, tmp_path) as store:
        index, questions = Index(store), Questions(store)
        for lookups in (SMALL, LARGE):
            started = time.perf_counter()
            fed = 0
            while took := index.feed(Year(2 * lookups)):
                fed += took
            fed_s = time.perf_counter() - started
            runs = sorted(asked_for(questions, lookups)[:2] for _ in range(3))
            size = asked_for(questions, lookups)[2]
            figures[str(lookups)] = {
                "fed_records_per_s": round(fed / fed_s),
                "first_piece_s": round(runs[1][0], 2),
                "whole_s": round(runs[1][1], 2),
                "slowest_s": round(runs[-1][1], 2),
                "answer_mb": round(size / 1e6, 1),
            }
            started = time.perf_counter()
            questions.about(("0" * 32,), now=START, limit=50)
            figures[f"{lookups}, one person's view, ms"] = round((time.perf_counter() - started) * 1000, 1)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept | {kind: figures}, indent=1))

    small, large = (figures[str(lookups)]["slowest_s"] for lookups in (SMALL, LARGE))  # type: ignore[index]
    assert large < 30
    assert large < 2 * (LARGE / SMALL) * max(small, 0.1)
