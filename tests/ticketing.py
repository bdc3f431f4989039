"""A gateway that keeps tickets, and a one-stop system that is told what became of them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from joserfc import jws
from joserfc.jwk import KeySet

from tests.catalogues import FIRST_CASE, NAMED_FIRM, PROCEDURE
from tests.certificates import Pair
from tests.recorded import settings_file

__all__ = ["PAPERS", "OneStop", "eventually", "one_stop", "tickets_file"]

PAPERS = f"""
[published]
"dancu.citizen" = 2026-01-01
"dkdn.enterprise" = 2026-01-01
{NAMED_FIRM}{PROCEDURE}{FIRST_CASE}papers = [
  {{id = "identity", kind = "identity", role = "applicant", clause = "A"}},
  {{id = "residence", kind = "residence", role = "applicant", clause = "B"}},
  {{id = "firm", kind = "named_firm", role = "firm", clause = "A"}},
  {{id = "listed", kind = "identity", role = "applicant", clause = "N"}},
]
"""


def tickets_file(folder: Path, mocks_url: str, *, tickets: str = "", more: str = "", ledger: str = "") -> Path:
    """New keys and a settings file in the folder, with quick tickets; `tickets` adds lines to that section."""
    file = settings_file(folder, mocks_url, ledger=ledger, deadline_s=2)
    (folder / "procedures").mkdir()
    (folder / "procedures" / "own.toml").write_text(PAPERS, encoding="utf-8")
    text = f"""
[procedures]
folder = "procedures"

[tickets]
file = "tickets.db"
deadline_s = 1
{tickets}
{more}
"""
    file.write_text(file.read_text() + text)
    return file


@dataclass
class OneStop:
    """Takes callbacks, or does not, while `status` says so; keeps each as it came."""

    url: str
    status: int = 204
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def read(self, keys: dict[str, Any]) -> list[dict[str, Any]]:
        """What was told, verified with the gateway's public keys by another library than its own."""
        known = KeySet.import_key_set(keys)  # type: ignore[arg-type]
        return [orjson.loads(jws.deserialize_compact(body, known).payload or b"") for body in self.bodies]


@asynccontextmanager
async def one_stop(pair: Pair | None = None) -> AsyncIterator[OneStop]:
    """A receiver on loopback, with a certificate where one is given."""
    system = OneStop("")

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if system.status < 300:
            system.bodies.append(body)
            system.headers.append(dict(request.headers))
        return web.Response(status=system.status)

    app = web.Application()
    app.router.add_post("/tickets", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    tls = None
    if pair is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(pair.certificate, pair.key)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    system.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}/tickets"
    try:
        yield system
    finally:
        await runner.cleanup()


async def eventually(holds: Callable[[], Any], within_s: float = 15.0) -> Any:
    """What `holds` gives, or its coroutine, once it is something; fails when it never is."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")
