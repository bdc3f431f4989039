"""
`python -m bench.scraping WORKERS`: the metrics of so many workers, each with 2,000 series, read over HTTP.

Prints the seconds of each reading as JSON, by the clock and of CPU, the reader's own included. One worker shows its
own; several write files, which whoever is asked adds up: as the gateway does it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from itertools import count

from bench.errors import BenchError

SERIES = 2000
READINGS = 30


def main(workers: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory(prefix="bench-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # before the library is loaded
            for _ in range(workers):
                _in_a_child()
        return asyncio.run(_readings(workers))


def _in_a_child() -> None:
    pid = os.fork()
    if pid == 0:
        _filled()
        os._exit(0)
    os.waitpid(pid, 0)


def _filled() -> object:
    """Every metric with labels as often as it takes."""
    from gateway.telemetry import Metrics  # noqa: PLC0415

    metrics = Metrics()
    for nth in count():
        for metric in vars(metrics).values():
            if getattr(metric, "_labelnames", ()) and hasattr(metric, "labels"):
                metric.labels(*(f"{label}_{nth}" for label in metric._labelnames))
        if sum(len(family.samples) for family in metrics.registry.collect()) >= SERIES:
            return metrics
    raise AssertionError


async def _readings(workers: int) -> dict[str, list[float]]:
    import aiohttp  # noqa: PLC0415

    from gateway.web import server  # noqa: PLC0415

    page = await server.listen(server.metrics_page(_filled() if workers == 1 else None), "127.0.0.1", 0)  # type: ignore[arg-type]
    found: dict[str, list[float]] = {"wall": [], "cpu": []}
    headers = {"Accept": "application/openmetrics-text;version=1.0.0"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(READINGS):
            began, used = time.perf_counter(), time.process_time()
            async with session.get(f"http://127.0.0.1:{page.port}/metrics") as reply:
                text = await reply.read()
            found["wall"].append(time.perf_counter() - began)
            found["cpu"].append(time.process_time() - used)
            if text.count(b"\n") <= SERIES:
                raise BenchError("the metrics are not all there")
    await page.stop()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
