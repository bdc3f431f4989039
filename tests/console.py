"""The console's moments for tests: a real Metrics that is read at times which the test decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.telemetry import Metrics, samples
from gateway.web.console.moment import Known, Moment, Registry
from gateway.web.console.watch import Watch
from tests.conftest import MovableClock

__all__ = ["DANCU", "DKDN", "KNOWN", "Watched"]

DANCU = Registry(
    name="dancu",
    title="Cơ sở dữ liệu quốc gia về dân cư",
    title_en="National population database",
    owner="Bộ Công an",
    connected=True,
    datasets={"citizen": ("Một người", "One person")},
    per_day=1000,
)
DKDN = Registry(
    name="dkdn",
    title="Cơ sở dữ liệu quốc gia về đăng ký doanh nghiệp",
    title_en="National business registration database",
    owner="Bộ Tài chính",
    connected=False,
)
KNOWN = Known(version="0.1.0", processes=1, registries=(DANCU, DKDN), has_ledger=True)


class Watched:
    """Metrics, a clock that stands still, and what the console makes of both."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.clock = MovableClock()
        self.watch = Watch(lambda: samples(self.metrics), KNOWN, self.clock)

    async def started(self) -> Watched:
        await self.watch.read()
        return self

    def asked(self, times: int = 1, *, reason: str = "", registry: str = "dancu", dataset: str = "citizen") -> None:
        outcome = "unknown" if reason else "found"
        self.metrics.questions.labels(registry, dataset, outcome, reason).inc(times)

    async def after(self, seconds: float, impact: Mapping[str, Any] | None = None) -> Moment:
        self.clock.advance(seconds)
        return await self.watch.moment(impact)
