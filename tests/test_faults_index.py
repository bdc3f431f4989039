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
from gateway.ledger.tables import ENTRIES
from gateway.lookup.incidents import IncidentRequest, written
from gateway.stores.sql import Store
from tests.index_parts import KINDS, START, Entry, answered, asked, lookup_id, opened

RESULTS = Path(__file__).parent.parent / "var" / "faults" / "index.json"
SMALL, LARGE = 100_000, 1_000_000
PEOPLE, OFFICERS = 30_000, 500
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


def multiplied(store: Store, times: int) -> None:
    """Copies of all that was fed, later and about others: the pseudonyms are turned by some digits."""
    columns = [column.name for column in ENTRIES.columns]
    for nth in range(1, times):
        changed = {
            "index": f'"index" + {nth * 2 * SMALL}',
            "at": f"at + {nth * SMALL * 1_000_000}",
            "lookup_id": f"lookup_id || '.{nth}'",
            "subject": f"substr(subject, {nth + 1}) || substr(subject, 1, {nth})",
        }
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        with store.writing() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO ledger_entries ({names}) SELECT {values} FROM ledger_entries "  # noqa: S608
                f'WHERE "index" < {2 * SMALL}'
            )
    if store.kind == "postgresql":
        with store.writing() as connection:
            connection.exec_driver_sql("ANALYZE ledger_entries")  # what its own daemon would do within a minute


def asked_for(questions: Questions, lookups: int) -> tuple[float, int]:
    """Seconds to the whole answer about everything, and how long the answer is."""
    request = IncidentRequest.model_validate({"from": START - timedelta(days=1), "until": START + timedelta(days=365)})
    started, whole = time.perf_counter(), bytearray()
    with questions.incident(request.incident()) as groups:
        for piece in written(request, groups):
            whole += piece
    took = time.perf_counter() - started
    answer = orjson.loads(whole)
    assert answer["lookups"] == lookups
    assert answer["people"] == PEOPLE * lookups // SMALL
    assert sum(one["lookups"] for one in answer["subjects"]) == lookups
    return took, len(whole)


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_an_incident_over_a_million_lookups_is_told_in_time(kind: str, tmp_path: Path) -> None:
    """Who was seen by whom in a million lookups takes under 30 s, and grows no faster than the lookups do."""
    figures: dict[str, object] = {}
    worst: dict[int, float] = {}
    with opened(kind, tmp_path) as store:
        index, questions = Index(store), Questions(store)
        started, fed = time.perf_counter(), 0
        while took := index.feed(Year(2 * SMALL)):
            fed += took
        figures["fed_records_per_s"] = round(fed / (time.perf_counter() - started))
        for lookups in (SMALL, LARGE):
            if lookups == LARGE:
                multiplied(store, LARGE // SMALL)
            runs = sorted(asked_for(questions, lookups) for _ in range(3))
            started = time.perf_counter()
            questions.about(("0" * 32,), now=START, limit=50)
            figures[str(lookups)] = {
                "seconds": [round(run, 2) for run, _ in runs],
                "answer_mb": round(runs[0][1] / 1e6, 1),
                "one_persons_view_ms": round((time.perf_counter() - started) * 1000, 1),
            }
            worst[lookups] = runs[-1][0]
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept | {kind: figures}, indent=1))

    assert worst[LARGE] < 30
    assert worst[LARGE] < 2 * (LARGE / SMALL) * max(worst[SMALL], 0.1)
