"""Real parts for tests: stand-ins on real sockets, the gateway in front of them, a clock that can be moved."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import settings as hypothesis_settings

from gateway import app, app_authentication
from gateway.clock import Clock, SystemClock
from gateway.settings import Settings
from gateway.telemetry import Metrics, configure_logs
from gateway.web import server
from mocks.server import Running, running
from tests.policies import granting
from tests.registries import section

KEY = "test-key-not-real"
SECRETS = Path(__file__).parent.parent / "demo" / "secrets"
INQUIRY = {
    "case_id": "H08.12-260301-0001",
    "procedure": "1.001193",
    "agency": "H08.12",
    "officer": {"id": "000080000009", "account": "canbo.mau"},
    "purpose": "verify_identity",
}
MAU = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
NOBODY = {"citizen_id": "000099000003", "full_name": "Trần Thị Mẫu", "birth_date": "1999"}
FIRM = {"enterprise_code": "9900000023"}


hypothesis_settings.register_profile("repeatable", derandomize=True, database=None)


def pytest_configure(config: pytest.Config) -> None:
    """The suite draws the same examples each time; `make faults` looks for new ones."""
    if not config.getoption("--hypothesis-profile"):
        hypothesis_settings.load_profile("repeatable")


class MovableClock:
    """Time stands still until somebody sleeps; sleeping takes no time."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
        self._monotonic = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


@dataclass(frozen=True)
class Desk:
    """A one-stop system's view of a running gateway."""

    url: str
    metrics_url: str
    session: aiohttp.ClientSession
    core: app.Core

    async def ask(
        self, dataset: str, query: Mapping[str, Any], *, key: str = KEY, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        """POST /v1/lookups; status and body."""
        body = {"dataset": dataset, "query": query, "inquiry": INQUIRY} | more
        return await self.post("/v1/lookups", body, key=key)

    async def post(self, path: str, body: Any, *, key: str = KEY) -> tuple[int, dict[str, Any]]:
        headers = {"X-API-Key": key}
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.session.post(self.url + path, headers=headers, **sent) as reply:
            return reply.status, await reply.json(content_type=None)

    async def get(self, path: str, *, key: str = KEY) -> tuple[int, Any]:
        async with self.session.get(self.url + path, headers={"X-API-Key": key}) as reply:
            return reply.status, await reply.json(content_type=None)

    async def metrics(self) -> str:
        async with self.session.get(self.metrics_url) as reply:
            return await reply.text()


def settings_for(mocks_url: str, **changes: Mapping[str, Any]) -> Settings:
    """
    The demo's two registries against these stand-ins, and any other that `changes` name, which replace keys of one
    registry's section.
    """
    registries: dict[str, dict[str, Any]] = {
        "dancu": {
            "adapter": "dancu",
            "endpoint": f"{mocks_url}/dancu",
            "route": "xroad",
            "deadline_s": 5,
            "credentials": {
                "scheme": "c06_basic",
                "username": "gateway-demo",
                "secret_file": SECRETS / "dancu-secret",
                "sv_url": "http://mock.invalid/dancu",
                "headers": {"X-Road-Client": "DEMO/GOV/0000/GATEWAY", "SOAPAction": '""'},
                "secret_headers": {"ApiKey": SECRETS / "dancu-api-key"},
            },
        },
        "dkdn": {
            "adapter": "dkdn",
            "endpoint": f"{mocks_url}/dkdn",
            "route": "lgsp",
            "deadline_s": 5,
            "credentials": {
                "scheme": "oauth2_client_credentials",
                "token_url": f"{mocks_url}/dkdn/token",
                "key": "demo-consumer-key",
                "secret_file": SECRETS / "dkdn-consumer-secret",
            },
        },
    }
    for name, change in changes.items():
        registries[name] = registries.get(name) or section(name, change.get("contract"), mocks_url)
        registries[name] |= change
    one_stop = {"api_key_sha256": hashlib.sha256(KEY.encode()).hexdigest()}
    settings = Settings(consumers={"one-stop": one_stop}, registries=registries)  # type: ignore[arg-type]
    return granting(settings, "dancu.citizen", "dkdn.enterprise")


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """The gateway in this process on free ports, and a session to ask it with."""
    clock, metrics = clock or SystemClock(), Metrics()
    core = await app.opened(settings, clock=clock, metrics=metrics)
    tls = app_authentication.server_tls(settings, metrics)
    front = await server.listen(app.front_door(core, clock), "127.0.0.1", 0, tls=tls, shutdown_s=0.1)
    page = server.metrics_page(metrics, key_sha256=settings.metrics.api_key_sha256)
    side = await server.listen(page, "127.0.0.1", 0, shutdown_s=0.1)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            scheme = "https" if tls else "http"
            yield Desk(f"{scheme}://127.0.0.1:{front.port}", f"http://127.0.0.1:{side.port}/metrics", session, core)
    finally:
        await front.stop()
        await side.stop()
        await core.close()


@pytest.fixture(autouse=True)
def _quiet_logs() -> None:
    configure_logs("error")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def stand_ins() -> AsyncIterator[Running]:
    async with running() as served:
        yield served


@pytest.fixture
async def desk(stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(settings_for(stand_ins.base_url)) as opened:
        yield opened
