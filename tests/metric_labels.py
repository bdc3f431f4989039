"""Every label of every metric with all values that it can have, and a Metrics in which all of them have happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, get_args

from prometheus_client import Counter, Gauge, Histogram

from gateway.app import installed_adapters
from gateway.app_papers import procedures
from gateway.domain.compare.standing import Standing
from gateway.domain.compare.verdict import Verdict
from gateway.errors import REASONS, REFUSALS
from gateway.impact.correction_book import CorrectionState
from gateway.impact.words import Did
from gateway.lookup.kept_file import ALARMS
from gateway.lookup.kept_place import RESULTS
from gateway.lookup.limits import Finding
from gateway.procedures.words import Clause, Decision
from gateway.stores.tickets import State
from gateway.telemetry import CLASSES, STAGES, Metrics
from gateway.web.authentication import Method
from tests.test_docs import by, table

__all__ = ["everything_happened", "values"]

REGISTRIES = sorted(installed_adapters())
WORKERS = ("0", "1", "2", "3")
ENDS = ["found", "absent", *(reason.value for reason in REASONS)]
OTHER_PROBLEMS = sorted(by(table("docs/errors.md", "Other problems"), "word"))
_LATER = [word.value for word, error in {**REASONS, **REFUSALS}.items() if error.http_status in {429, 503, 504}]
_OF_ONE = {
    "gateway_attempts": {"result": [*ENDS, "caller_gone", "overtaken"]},
    "gateway_cache_questions": {"result": RESULTS},
    "gateway_idempotency": {"result": ("first", "repeated", "not_kept", "unreadable")},
    "gateway_reloads": {
        "part": ("policy", "officers", "procedures", "web.tls", "registries"),
        "result": ("loaded", "rejected"),
    },
    "gateway_store_up": {"part": ("index", "tickets", "batches")},
    "gateway_authentications": {"result": ("ok", "refused", "unavailable")},
    "gateway_ledger_witness_answers": {"result": ("cosigned", "unreachable", "refused", "conflict")},
    "gateway_ledger_stamps": {"result": ("kept", "failed")},
    "gateway_paper_receipts": {"decision": [word.value for word in Decision], "did": [word.value for word in Did]},
    "gateway_retries": {"decision": ("made", "no_time", "no_budget", "hedged")},
    "gateway_papers": {"decision": [word.value for word in Decision]},
    "gateway_cache_alarms": {"what": ALARMS},
    "gateway_ledger_failures": {"what": ("write", "flush", "full", "checkpoint", "tiles", "manifest")},
    "gateway_circuit_openings": {"why": ("failing", "slow", "throttled")},
    "gateway_batches": {"state": ("waiting", "running", "ended")},
    "gateway_batch_items": {"outcome": ("found", "absent", "unknown", "refused")},
    "gateway_batch_alarms": {"what": ("altered", "key_gone", "unavailable")},
    "gateway_batch_waits": {"why": (*_LATER, "forbidden", "not_connected")},
    "gateway_tickets_opened": {"result": ("opened", "again", "too_many", "unavailable")},
    "gateway_ticket_askings": {"result": ("pending", "ended", "overtaken")},
    "gateway_ticket_deliveries": {"result": ("delivered", "failed", "given_up")},
    "gateway_tickets_ended": {"state": [word.value for word in State], "decision": [word.value for word in Decision]},
    "gateway_shed": {"why": ("full", "share")},
    "gateway_corrections": {"state": [word.value for word in CorrectionState]},
    "gateway_ledger_state": {"state": ("open", "failing", "dead", "closed")},
    "gateway_ledger_records": {"type": ("asked", "answered", "refused", "undelivered", "opened", "closed", "view")},
}
_OF_ALL: Mapping[str, Sequence[str]] = {
    "use": ("state", "cache"),
    "stage": STAGES,
    "class": CLASSES,
    "outcome": ("found", "absent", "unknown"),
    "standing": [word.value for word in Standing],
    "verdict": [word.value for word in Verdict],
    "clause": [word.value for word in Clause],
    "route": ("direct",),
    "log_in": ("registry",),
    "part": ("policy", "officers", "procedures", "web.tls", *(f"registries.{name}" for name in REGISTRIES)),
    "setting": ("web.tls", *(f"registries.{name}.tls" for name in REGISTRIES)),
    "refusal": [word.value for word in REFUSALS],
    "by": (*get_args(Method), "none"),
    "word": OTHER_PROBLEMS,
    "kind": [word.value for word in Finding],
    "file": ("policy", "officers"),
    "witness": ("one", "two"),
    "log": WORKERS,
    "version": ("0",),
    "registry": REGISTRIES,
}


def values(metric: str, label: str) -> Sequence[str]:
    """All values of one label of one metric. Raises KeyError for a label that has no closed list."""
    return _OF_ONE.get(metric, {}).get(label) or _OF_ALL[label]


def everything_happened() -> Metrics:
    """Each metric with every combination of labels that a gateway with all registries can have."""
    metrics = Metrics()
    for metric in [*vars(metrics).values(), *vars(metrics.tickets).values()]:
        if isinstance(metric, Counter | Gauge | Histogram) and metric._labelnames:
            for labels in _combinations(metric._name, metric._labelnames):
                metric.labels(**labels)
    empty = [family.name for family in metrics.registry.collect() if not family.samples]
    assert not empty, f"nothing has happened to {empty}"
    return metrics


def _combinations(name: str, labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Labels that belong together come together: a registry with its datasets, an outcome with its reasons."""
    axes: list[list[dict[str, str]]] = []
    rest = list(labels)
    if {"registry", "clause"} <= set(rest):
        axes.append([{"registry": registry, "clause": clause} for registry, clause in _clauses()])
        rest = [label for label in rest if label not in {"registry", "clause"}]
    if {"registry", "dataset"} <= set(rest):
        axes.append([{"registry": registry, "dataset": noun} for registry, noun in _datasets()])
        rest = [label for label in rest if label not in {"registry", "dataset"}]
    if {"outcome", "reason"} <= set(rest):
        ends = [("found", ""), ("absent", ""), *(("unknown", reason.value) for reason in REASONS)]
        axes.append([{"outcome": outcome, "reason": reason} for outcome, reason in ends])
        rest = [label for label in rest if label not in {"outcome", "reason"}]
    axes += [[{label: value} for value in values(name, label)] for label in rest]
    for parts in product(*axes):
        yield {label: value for part in parts for label, value in part.items()}


def _clauses() -> set[tuple[str, str]]:
    """Under which clauses each registry replaces papers of the catalogue that comes with the gateway."""
    catalogue = procedures(None, installed_adapters())
    found = set()
    for paper in (
        one for procedure in catalogue.procedures.values() for case in procedure.cases for one in case.papers
    ):
        ways = catalogue.kinds[paper.kind].alternatives
        asked = {question.dataset.partition(".")[0] for way in ways for question in way.questions}
        found |= {(registry, paper.clause.value) for registry in asked or {""}}
    return found


def _datasets() -> Iterator[tuple[str, str]]:
    """What each registry offers in the contract version that is its default: an instance speaks one."""
    for name, adapter in sorted(installed_adapters().items()):
        for dataset in adapter.offered(adapter.default_contract):
            yield name, dataset.noun
