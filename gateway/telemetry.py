"""
The one door to metrics and logs.

Labels come from short closed lists: registry and dataset as configured, outcome, reason, refusal. No
identifier and no record ever stands in a label or an event. Library loggers stay off: theirs print envelopes.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, BinaryIO, cast

import orjson
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from gateway.clock import SystemClock

__all__ = [
    "CLASSES",
    "STAGES",
    "Metrics",
    "TicketMetrics",
    "Unheard",
    "configure_logs",
    "exposition",
    "forget_process",
    "log",
    "samples",
    "trace_logs",
    "where",
]

disable_created_metrics()  # type: ignore[no-untyped-call]  # half the series, read by nobody
STAGES = ("read", "access", "asked", "registry", "answered")
"""
A question's stages in their order: its request read and its consumer known; its right to be asked; its `asked` record
durable; an answer had, kept or from the registry; that answer signed and durable.
"""
CLASSES = ("counter", "batch")
"""Whether somebody waits for a consumer's answers."""
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CLOCK = SystemClock()
_SET_SIZES = (1, 2, 4, 8, 16, 32, 64)
_AGES = (1, 10, 60, 300, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class TicketMetrics:
    """What is counted of papers that are asked about again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.opened = Counter(
            "gateway_tickets_opened",
            "Papers of plans that were pending, by whether they have a ticket.",
            ["result"],
            registry=registry,
        )
        self.ended = Counter(
            "gateway_tickets_ended",
            "Tickets that ended, by how and with what decision.",
            ["state", "decision"],
            registry=registry,
        )
        self.askings = Counter(
            "gateway_ticket_askings",
            "Tickets that were asked about once more, by what came of it.",
            ["result"],
            registry=registry,
        )
        self.deliveries = Counter(
            "gateway_ticket_deliveries",
            "Callbacks, by what came of them.",
            ["result"],
            registry=registry,
        )
        for result in ("delivered", "failed", "given_up"):
            self.deliveries.labels(result)  # an increase from nothing is none: the first one has to be seen
        self.open = Gauge(
            "gateway_tickets_open",
            "Open tickets, by the registry that they wait for.",
            ["registry"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.oldest = Gauge(
            "gateway_tickets_oldest_seconds",
            "How long the oldest of them has been open.",
            ["registry"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.undelivered = Gauge(
            "gateway_tickets_undelivered",
            "Ended tickets of which a consumer is still to be told.",
            registry=registry,
            multiprocess_mode="livemax",
        )


class Metrics:
    """Every metric of the gateway. `docs/metrics.md` tells an operator what each one means."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.child: Callable[..., Any] = cache(_child)
        """`child(metrics.questions, registry, ...)`: as `labels`, which builds and compares its texts each time."""
        self._of_questions()
        self._of_papers()
        self._of_registries()
        self._of_kept_answers()
        self._of_shared_stores()
        self._of_batches()
        self._of_callers()
        self._of_the_ledger()
        self.build = Gauge(
            "gateway_build_info",
            "Always 1; the version stands in the label.",
            ["version"],
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self.clock = _Now()
        self.registry.register(self.clock)

    def _of_questions(self) -> None:
        self.questions = Counter(
            "gateway_questions",
            "Questions answered, by outcome; reason is empty unless the outcome is unknown.",
            ["registry", "dataset", "outcome", "reason"],
            registry=self.registry,
        )
        self.question_seconds = Histogram(
            "gateway_question_seconds",
            "Time from arrival to outcome.",
            ["registry", "dataset"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "gateway_stage_seconds",
            "Time that questions spent in one stage of their way.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.class_questions = Counter(
            "gateway_class_questions",
            "Questions by whether somebody waits for the consumer's answers, and by outcome.",
            ["class", "outcome"],
            registry=self.registry,
        )
        self.verdicts = Counter(
            "gateway_verdicts",
            "Claims that were compared with a record, by verdict.",
            ["registry", "verdict"],
            registry=self.registry,
        )
        self.standings = Counter(
            "gateway_standings",
            "Records of which it was looked whether they are in force.",
            ["registry", "standing"],
            registry=self.registry,
        )

    def _of_papers(self) -> None:
        self.tickets = TicketMetrics(self.registry)
        self.papers = Counter(
            "gateway_papers",
            "Papers that a plan decided, by the clause under which data replaces them and what became of them.",
            ["clause", "decision"],
            registry=self.registry,
        )
        self.receipts = Counter(
            "gateway_paper_receipts",
            "Papers of which an officer's receipt said what was done.",
            ["registry", "clause", "decision", "did"],
            registry=self.registry,
        )
        self.corrections = Counter(
            "gateway_corrections",
            "Requests that a registry's owner correct its data, by the state that they came to.",
            ["state"],
            registry=self.registry,
        )
        self.impact_failures = Counter(
            "gateway_impact_failures",
            "Plans, receipts and measures that the measure's database could not take or give.",
            registry=self.registry,
        )

    def _of_registries(self) -> None:
        self.attempts = Counter(
            "gateway_attempts",
            "Attempts to answer a question, by what came of them.",
            ["registry", "result"],
            registry=self.registry,
        )
        self.requests = Counter(
            "gateway_requests",
            "Requests that left for a registry in these attempts; log-ins are not counted.",
            ["registry", "dataset"],
            registry=self.registry,
        )
        self.drift = Counter(
            "gateway_drift",
            "Answers that held something the contract does not know.",
            ["registry", "dataset"],
            registry=self.registry,
        )
        self.stray_answers = Counter(
            "gateway_stray_answers",
            "Connections dropped because they held bytes that nobody had asked for.",
            ["registry"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "gateway_questions_in_flight",
            "Questions being asked now.",
            ["registry"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "gateway_questions_waiting",
            "Questions that wait for a place at the registry.",
            ["registry"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.retries = Counter(
            "gateway_retries",
            "Failures that another attempt might help, by whether one was made.",
            ["registry", "decision"],
            registry=self.registry,
        )
        self.circuit_open = Gauge(
            "gateway_circuit_open",
            "1 while the breaker lets no question through, or one at a time.",
            ["registry", "dataset", "route"],
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.circuit_openings = Counter(
            "gateway_circuit_openings",
            "How often a breaker has opened.",
            ["registry", "route", "why"],
            registry=self.registry,
        )
        self.limit = Gauge(
            "gateway_limit",
            "Most questions at the registry at once, as found by watching its answers.",
            ["registry", "route"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.quota_left = Gauge(
            "gateway_quota_left",
            "Requests that the registry still takes from us in the period of which least is left.",
            ["registry"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.quota_runs_out = Gauge(
            "gateway_quota_runs_out_timestamp_seconds",
            "Unix time at which the quota will have run out at the present pace; 0 where it lasts.",
            ["registry"],
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.token_ends = Gauge(
            "gateway_token_expires_timestamp_seconds",
            "Unix time at which the log-in at a registry, or at the platform before it, ends unless it is renewed.",
            ["registry", "log_in"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.certificate_ends = Gauge(
            "gateway_certificate_expires_timestamp_seconds",
            "Unix time at which a certificate of ours that is in use ends, by the setting that names it.",
            ["setting"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )

    def _of_kept_answers(self) -> None:
        self.cache_questions = Counter(
            "gateway_cache_questions",
            "Questions for which a kept answer would have done, by what they were given.",
            ["registry", "result"],
            registry=self.registry,
        )
        self.kept_age_seconds = Histogram(
            "gateway_kept_answer_age_seconds",
            "How old kept answers were when they were given.",
            buckets=_AGES,
            registry=self.registry,
        )
        self.cache_entries = Gauge(
            "gateway_cache_entries",
            "Answers kept in memory.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.cache_bytes = Gauge(
            "gateway_cache_bytes",
            "Bytes of them.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.cache_alarms = Counter(
            "gateway_cache_alarms",
            "Rows of the file of kept answers, or the file itself, that were not what they should be.",
            ["what"],
            registry=self.registry,
        )

    def _of_shared_stores(self) -> None:
        self.redis_up = Gauge(
            "gateway_redis_up",
            "1 while the Redis answers that is used for this, 0 while nobody waits for it.",
            ["use"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.redis_failures = Counter(
            "gateway_redis_failures",
            "Commands that Redis did not do, or that were not tried while it was away.",
            ["use"],
            registry=self.registry,
        )

    def _of_batches(self) -> None:
        self.store_up = Gauge(
            "gateway_store_up",
            "Whether the database of a part answered when it was last used: 1, or 0.",
            ["part"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.batches = Gauge(
            "gateway_batches",
            "Batches that are kept, by state.",
            ["state"],
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.batch_oldest = Gauge(
            "gateway_batch_oldest_seconds",
            "How long ago the oldest batch came that has not ended; 0 where all have.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.batch_items_left = Gauge(
            "gateway_batch_items_left",
            "Items of unfinished batches that have no result yet.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.batch_items = Counter(
            "gateway_batch_items",
            "Items of batches that got their result, by outcome.",
            ["registry", "outcome"],
            registry=self.registry,
        )
        self.batch_waits = Counter(
            "gateway_batch_waits",
            "How often a batch was laid aside for a while, by reason or refusal.",
            ["why"],
            registry=self.registry,
        )
        self.batch_alarms = Counter(
            "gateway_batch_alarms",
            "Rows of batches, or their file, that were not what they should be.",
            ["what"],
            registry=self.registry,
        )

    def _count_papers(self) -> None:
        self.papers = Counter(
            "gateway_papers",
            "Papers that a plan decided, by the clause under which data replaces them and what became of them.",
            ["clause", "decision"],
            registry=self.registry,
        )
        self.receipts = Counter(
            "gateway_paper_receipts",
            "Papers of which an officer's receipt said what was done.",
            ["registry", "clause", "decision", "did"],
            registry=self.registry,
        )
        self.impact_failures = Counter(
            "gateway_impact_failures",
            "Plans, receipts and measures that the measure's database could not take or give.",
            registry=self.registry,
        )

    def _of_callers(self) -> None:
        self.shed = Counter(
            "gateway_shed",
            "Questions that were turned away before they were read.",
            ["why"],
            registry=self.registry,
        )
        self.set_lookups = Histogram(
            "gateway_set_lookups",
            "Lookups in one set.",
            buckets=_SET_SIZES,
            registry=self.registry,
        )
        self.refusals = Counter(
            "gateway_refusals", "Questions that never left, by refusal.", ["refusal"], registry=self.registry
        )
        self.idempotency = Counter(
            "gateway_idempotency",
            "Questions that came under an idempotency key, by what came of it.",
            ["result"],
            registry=self.registry,
        )
        self.findings = Counter(
            "gateway_findings", "Questions that were odd, noted or refused, by kind.", ["kind"], registry=self.registry
        )
        self.reloads = Counter(
            "gateway_reloads",
            "Parts read again while the gateway runs, by what came of it.",
            ["part", "result"],
            registry=self.registry,
        )
        self.reload_loaded_at = Gauge(
            "gateway_reload_loaded_timestamp_seconds",
            "When what is in force of a part was read; the oldest worker's.",
            ["part"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.reload_rejected_at = Gauge(
            "gateway_reload_rejected_timestamp_seconds",
            "When a part's last reading was refused, so that an older one is in force; 0 where it was not.",
            ["part"],
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.authentications = Counter(
            "gateway_authentications",
            "What callers showed to say who they are, by what came of it.",
            ["by", "result"],
            registry=self.registry,
        )
        self.http_problems = Counter(
            "gateway_http_problems",
            "Requests that were no question, by what was wrong with them.",
            ["word"],
            registry=self.registry,
        )
        self.bugs = Counter("gateway_bugs", "Requests that ended in an error nobody foresaw.", registry=self.registry)

    def _of_the_ledger(self) -> None:
        self.ledger_records = Counter(
            "gateway_ledger_records",
            "Records that became durable, by type.",
            ["type"],
            registry=self.registry,
        )
        self.ledger_commit_seconds = Histogram(
            "gateway_ledger_commit_seconds",
            "Time of one commit: write and flush.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.ledger_queue = Gauge(
            "gateway_ledger_queue",
            "Records that wait for the commit after the present one.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.ledger_failures = Counter(
            "gateway_ledger_failures", "What the ledger could not do, by what.", ["what"], registry=self.registry
        )
        self.ledger_state = Gauge(
            "gateway_ledger_state",
            "How many logs are in that state.",
            ["state"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.ledger_size = Gauge(
            "gateway_ledger_size",
            "Durable records of the logs that are being written.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.ledger_checkpoint_seconds = Gauge(
            "gateway_ledger_checkpoint_timestamp_seconds",
            "Unix time of the latest signed checkpoint of a log that is being written.",
            ["log"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.clock_suspect = Gauge(
            "gateway_ledger_clock_suspect",
            "1 while the machine's clock has jumped, or lies before what the ledger has already seen.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.index_lag = Gauge(
            "gateway_index_lag_records",
            "Records of the ledger that its index does not have yet.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.index_behind = Gauge(
            "gateway_index_behind_seconds",
            "How long ago the oldest record was written that the index does not have yet.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.witness_answers = Counter(
            "gateway_ledger_witness_answers",
            "Checkpoints that a witness was asked to cosign, by what came of it.",
            ["witness", "result"],
            registry=self.registry,
        )
        self.witnessed = Gauge(
            "gateway_ledger_witnessed_timestamp_seconds",
            "Unix time at which the witness last cosigned; the oldest where several logs are written.",
            ["witness"],
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.shipping_failures = Counter(
            "gateway_ledger_shipping_failures",
            "Runs that could not bring everything sealed to the second place.",
            registry=self.registry,
        )
        self.unshipped_records = Gauge(
            "gateway_ledger_unshipped_records",
            "Records that the second place does not have yet.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.unshipped_seconds = Gauge(
            "gateway_ledger_unshipped_seconds",
            "How long ago the oldest record was written that the second place does not have yet.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.stamps = Counter(
            "gateway_ledger_stamps",
            "Time stamps asked for, by whether one was kept.",
            ["result"],
            registry=self.registry,
        )


class Unheard(Metrics):
    """
    The same, heard by nobody: for what is nobody's business beside the process's own. Several workers' metrics lie in
    one file for each process, so a second `Metrics` would write over the first.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.child = _child

    def __getattr__(self, name: str) -> Any:
        return _NOTHING


class _Nothing:
    def labels(self, *_: object) -> _Nothing:
        return self

    def inc(self, *_: object) -> None: ...

    dec = set = observe = inc


_NOTHING = _Nothing()


class _Now(Collector):
    """The machine's clock at the moment of reading: whoever reads has a clock of his own to compare it with."""

    _name = "gateway_clock_timestamp_seconds"
    _labelnames = ()

    def collect(self) -> Iterator[Metric]:
        now = _CLOCK.now().timestamp()
        yield GaugeMetricFamily(self._name, "Unix time by the machine's clock when this was read.", value=now)


def _child(metric: Any, *labels: str) -> Any:
    return metric.labels(*labels)


def exposition(metrics: Metrics | None, accept: str = "") -> tuple[bytes, str]:
    """
    All metrics as Prometheus reads them, of every worker where several run, and their content type. OpenMetrics, which
    has exemplars, is for whoever's `accept` asks for it.
    """
    encode, content_type = choose_encoder(accept)
    together = _together(metrics)
    return (encode(together) if together is not None else b""), content_type


def samples(metrics: Metrics | None) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Name, labels and value of every sample, of all workers as in `exposition`."""
    together = _together(metrics)
    for metric in together.collect() if together is not None else ():
        for sample in metric.samples:
            yield sample.name, sample.labels, sample.value


def _together(metrics: Metrics | None) -> CollectorRegistry | None:
    """What is to be read: this process's metrics, or those of all workers where several run."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return metrics.registry if metrics is not None else None
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    together.register(_Now())
    return together


def forget_process(pid: int) -> None:
    """Take a dead worker's live gauges out of the sum."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def configure_logs(level: str, stream: BinaryIO | None = None) -> None:
    """JSON lines to standard error, ours only: other libraries' loggers are silenced."""
    root = logging.getLogger()
    root.handlers[:] = [logging.NullHandler()]
    root.setLevel(logging.CRITICAL + 1)
    structlog.configure(
        processors=[_as_json_line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Unbreakable(stream or sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )
    _bound.cache_clear()


def trace_logs(ids: Callable[[], Mapping[str, str]] | None) -> None:
    """Let every line say besides what this says: the trace's id, where requests are traced."""
    _as_json_line.ids = ids


class _JsonLine:
    """All of structlog's chain in one step."""

    def __init__(self) -> None:
        self.ids: Callable[[], Mapping[str, str]] | None = None

    def __call__(self, _: object, level: str, event: MutableMapping[str, Any]) -> bytes:
        if self.ids is not None:
            event.update(self.ids())
        event.update(level=level, timestamp=datetime.now(UTC))
        return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)


_as_json_line = _JsonLine()


class _Unbreakable(io.RawIOBase):
    """A stream of which nothing but the lost lines suffers: a full disk or a closed pipe stops no answer."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: Any) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(line)
        return len(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def log() -> structlog.typing.FilteringBoundLogger:
    """The logger: `log().info("lookup.answered", dataset=..., outcome=...)`."""
    return _bound()


@cache
def _bound() -> structlog.typing.FilteringBoundLogger:
    """Made once for each configuration: to make it costs more than a line."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger().bind())


def where(error: BaseException) -> Mapping[str, object]:
    """An unforeseen error for the log: its kind and the lines it passed, without its message or any local variable."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return {
        "error": type(error).__name__,
        "frames": [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames],
    }
