"""A real Prometheus with our rules, in which a minute takes half a second."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.ports import free_port
from tests.rules import RULES

__all__ = ["TIMES", "Prometheus", "quickened", "watching"]

TIMES = 120
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_START_S = 30.0
_LOOK_S = 0.5


def quickened(rules: str) -> str:
    """The same rules with each window, offset and `for` so many times shorter; what they compare stays as it is."""

    def shorter(found: re.Match[str]) -> str:
        milliseconds = int(found[2]) * _UNITS[found[3]] * 1000 // TIMES
        return f"{found[1]}{milliseconds}ms"

    return re.sub(r"(\[|offset |for: )(\d+)([smhd])\b", shorter, rules)


class Prometheus:
    """Its answers, and which alerts have fired since it was started."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.fired: set[str] = set()
        self._session = session

    async def value(self, expression: str) -> list[Any]:
        """The result of an expression now; raises where it cannot be evaluated."""
        return list((await self._get("query", {"query": expression}))["result"])

    async def firing(self) -> set[str]:
        """The alerts that fire now."""
        alerts = (await self._get("alerts", {}))["alerts"]
        now = {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}
        self.fired |= now
        return now

    async def until(self, holds: Callable[[set[str]], bool], within_s: float) -> float:
        """Look until it holds of the alerts that fire; the seconds it took. Raises AssertionError naming them."""
        began = time.monotonic()
        while not holds(now := await self.firing()):
            assert time.monotonic() - began < within_s, (sorted(now), sorted(self.fired))
            await asyncio.sleep(_LOOK_S)
        return time.monotonic() - began

    async def _get(self, what: str, parameters: Mapping[str, str]) -> Any:
        async with self._session.get(f"{self.url}/api/v1/{what}", params=parameters) as reply:
            said = await reply.json()
        assert said["status"] == "success", said
        return said["data"]


@asynccontextmanager
async def watching(folder: Path, ports: Mapping[str, int]) -> AsyncIterator[Prometheus]:
    """Prometheus reads the metrics at these ports, four times a second, until the end."""
    for name in ("gateway-recording.yml", "gateway-alerts.yml"):
        (folder / name).write_text(quickened((RULES / name).read_text(encoding="utf-8")), encoding="utf-8")
    targets = "\n".join(
        f'      - {{targets: ["127.0.0.1:{port}"], labels: {{who: {who}}}}}' for who, port in ports.items()
    )
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}\n"
        "rule_files: [gateway-recording.yml, gateway-alerts.yml]\n"
        f"scrape_configs:\n  - job_name: gateway\n    static_configs:\n{targets}\n"
    )
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: ASYNC220  it is only started here
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            prometheus = Prometheus(f"http://127.0.0.1:{port}", session)
            await _ready(prometheus.url, session, folder)
            yield prometheus
    finally:
        child.terminate()
        child.wait(30)


async def _ready(url: str, session: aiohttp.ClientSession, folder: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            async with session.get(f"{url}/-/ready") as reply:
                if reply.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError((folder / "prometheus.log").read_text()[-2000:])
