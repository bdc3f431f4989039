"""
The one door to OpenTelemetry: spans of requests, stages and attempts. Off by default, and then nothing is loaded.

A span says which registry, dataset, stage and outcome; never who asked about whom. Of what a caller sends only
`traceparent` is read: `tracestate` and `baggage` are free text, and anybody may stand in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError

try:
    import requests
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as exc:
    raise SettingsError(f"tracing: {exc.name} is not installed: pip install 'onestop-gateway[tracing]'") from None

__all__ = ["TRACEPARENT", "Tracing"]

TRACEPARENT = "traceparent"
_SEND_S = 3
"""How long one sending may take: at the end it holds up nobody for longer."""
_PROPAGATOR = TraceContextTextMapPropagator()


class Tracing:
    """One process's tracer, and the thread that sends what it made; a collector that is away costs the spans."""

    def __init__(self, *, endpoint: str, version: str, share: float = 1.0, ca_file: Path | None = None) -> None:
        session = requests.Session()
        session.trust_env = False  # no proxy and no password file that nobody configured here
        certificates = str(ca_file) if ca_file is not None else None
        exporter = OTLPSpanExporter(endpoint=endpoint, session=session, certificate_file=certificates, timeout=_SEND_S)
        self._provider = TracerProvider(
            resource=Resource({"service.name": "onestop-gateway", "service.version": version}),
            sampler=ParentBased(TraceIdRatioBased(share)),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("gateway", version)

    @contextmanager
    def request(self, method: str, route: str, traceparent: str | None) -> Iterator[Callable[[int], None]]:
        """
        The span of one request to the gateway, inside that of its caller where he sent one. What is yielded takes the
        status of the answer. No exception is noted: nobody knows what stands in it.
        """
        context = _PROPAGATOR.extract({TRACEPARENT: traceparent}) if traceparent else None
        with self._tracer.start_as_current_span(
            f"{method} {route}",
            context=context,
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "http.route": route},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def answered(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            yield answered

    def observing(self, stage: str, observe: Callable[[float], None]) -> Callable[[float], None]:
        """The same observation of a stage's seconds, and a span of it."""

        def observed(seconds: float) -> None:
            observe(seconds)
            self._past(stage, seconds, {})

        return observed

    def attempted(self, registry: str, dataset: str, result: str, seconds: float, status: int | None) -> None:
        """One attempt at a registry has just ended."""
        attributes: dict[str, str | int] = {"registry": registry, "dataset": dataset, "result": result}
        if status is not None:
            attributes["http.response.status_code"] = status
        self._past("attempt", seconds, attributes, SpanKind.CLIENT)

    def answered(self, dataset: str, outcome: str, reason: str) -> None:
        """The question of the present span has its outcome."""
        trace.get_current_span().set_attributes({"dataset": dataset, "outcome": outcome, "reason": reason})

    def exemplar(self) -> dict[str, str] | None:
        """What a histogram may keep of this question: the trace's id alone; None where it is not sampled."""
        context = trace.get_current_span().get_span_context()
        return {"trace_id": trace.format_trace_id(context.trace_id)} if context.trace_flags.sampled else None

    def ids(self) -> dict[str, str]:
        """For a line of the log: the trace's id; empty outside a request."""
        context = trace.get_current_span().get_span_context()
        return {"trace_id": trace.format_trace_id(context.trace_id)} if context.is_valid else {}

    def outgoing(self) -> Mapping[str, str]:
        """The header that lets a registry join the trace: `traceparent` alone."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return {name: value for name, value in carrier.items() if name == TRACEPARENT}

    def close(self) -> None:
        """Send what is left. Blocks for as long as the collector takes, at most its time-out."""
        self._provider.shutdown()

    def _past(
        self, name: str, seconds: float, attributes: Mapping[str, str | int], kind: SpanKind = SpanKind.INTERNAL
    ) -> None:
        now = time.time_ns()
        span = self._tracer.start_span(name, kind=kind, attributes=attributes, start_time=now - int(seconds * 1e9))
        span.end(now)
