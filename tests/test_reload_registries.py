"""Certificates and credentials change while questions are under way: tried first, and nobody's question fails (F44)."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.app_authentication import renewed_tls, server_tls
from gateway.app_reload import FrontDoorFiles
from gateway.app_ways import Ways, ways
from gateway.clock import SystemClock
from gateway.domain.exchange import Request
from gateway.errors import LedgerUnavailable
from gateway.reloading import Reloader, Who
from gateway.settings import RegistrySettings, Settings
from gateway.telemetry import Metrics
from gateway.web import server
from tests.certificates import Authority, Pair


class Registry:
    """A registry that wants a client certificate and the password of its account, and notes whose it saw."""

    def __init__(self) -> None:
        self.password = "old"
        self.log_ins: list[str] = []
        self.seen: list[int] = []
        self.hold: asyncio.Event | None = None
        self.held = asyncio.Event()
        self.url = ""

    async def token(self, request: web.Request) -> web.Response:
        secret = (await request.post())["client_secret"]
        self.log_ins.append(str(secret))
        if secret != self.password:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": f"token-{secret}", "expires_in": 3600})

    async def answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.seen.append(int(request.transport.get_extra_info("peercert")["serialNumber"], 16))
        if self.hold is not None:
            self.held.set()
            await self.hold.wait()
        return web.json_response({"token": request.headers["Authorization"]})


@asynccontextmanager
async def registry(authority: Authority) -> AsyncIterator[Registry]:
    served, pair = Registry(), authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_post("/token", served.token)
    application.router.add_post("/{tail:.*}", served.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # a handshake that fails is told to the loop
    served.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield served
    finally:
        await runner.cleanup()


class Files:
    """Where an operator puts the client's certificate, key and secret."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key, self.secret = folder / "client.pem", folder / "client.key", folder / "secret"

    def put(self, pair: Pair) -> int:
        shutil.copy(pair.certificate, self.certificate)
        shutil.copy(pair.key, self.key)
        return pair.serial


def ways_of(served: Registry, authority: Authority, files: Files) -> Ways:
    section = {
        "adapter": "dkdn",
        "endpoint": served.url,
        "tls": {"ca_file": authority.file, "certificate_file": files.certificate, "key_file": files.key},
        "credentials": {
            "scheme": "oauth2_client_credentials",
            "style": "form",
            "token_url": f"{served.url}/token",
            "key": "demo",
            "secret_file": files.secret,
        },
    }
    return ways("dkdn", RegistrySettings.model_validate(section), None, SystemClock(), Metrics())


QUESTION = Request(operation="x", path=("x",))


async def test_a_new_certificate_and_secret_are_taken_and_the_old_end_with_their_questions(tmp_path: Path) -> None:
    """A question under way ends on the old certificate; the next one goes out with the new one, by one new log-in."""
    authority, files = Authority(tmp_path), Files(tmp_path)
    async with registry(authority) as served:
        old = files.put(authority.issue(for_clients=True, until=timedelta(minutes=10)))
        files.secret.write_text("old")
        found = ways_of(served, authority, files)
        assert found.files is not None
        ((_, way),) = found.routes
        reloader = Reloader([found.files], clock=SystemClock(), metrics=Metrics())
        served.hold = asyncio.Event()
        under_way = asyncio.create_task(way.send(QUESTION))
        await served.held.wait()
        new = files.put(authority.issue(for_clients=True))
        files.secret.write_text("new")
        refused = await reloader.reload()
        served.password = "new"
        taken = await reloader.reload()
        served.hold.set()
        first, second = await under_way, await way.send(QUESTION)
        again = await reloader.reload()
        await way.close()

    assert "credentials" in str(refused[0].error)
    assert [(one.part, one.changed, one.error) for one in taken] == [("registries.dkdn", True, None)]
    assert (b"token-old" in first.body, b"token-new" in second.body) == (True, True)
    assert served.seen == [old, new]
    assert served.log_ins == ["old", "new", "new"]
    assert not again[0].changed


async def test_the_front_door_shows_its_new_certificate_and_trusts_only_the_new_authority(tmp_path: Path) -> None:
    """
    A key that is another certificate's changes nothing; a good pair and authority count for each new handshake, the old
    authority's clients are out, and a connection of before ends after its answer.
    """
    (tmp_path / "other").mkdir()
    authority, newer = Authority(tmp_path), Authority(tmp_path / "other")
    files, ca = Files(tmp_path), tmp_path / "clients.pem"
    old_serial = files.put(authority.issue())
    shutil.copy(authority.file, ca)
    names = {"certificate_file": files.certificate, "key_file": files.key, "client_ca_file": ca}
    settings = Settings.model_validate({"web": {"tls": names | {"client_certificate": "required"}}})
    renewed = renewed_tls(settings, Metrics())
    assert renewed is not None
    assert settings.web.tls is not None
    front = await server.listen(web.Application(), "127.0.0.1", 0, tls=renewed.listening, shutdown_s=0.1)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    door = FrontDoorFiles(settings.web.tls, renewed, lambda: server_tls(settings, Metrics()), front.reconnect)
    reloader = Reloader([door], clock=SystemClock(), metrics=Metrics())

    async def shown(trusted: Authority, of: Authority) -> int:
        """The serial number that the server shows to a client of `of`, which reads an answer besides."""
        context = ssl.create_default_context(cafile=str(trusted.file))
        pair = of.issue(for_clients=True)
        context.load_cert_chain(pair.certificate, pair.key)
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 404")
            return int(writer.get_extra_info("peercert")["serialNumber"], 16)
        finally:
            writer.close()

    try:
        before = await shown(authority, authority)
        stranger = newer.issue()
        shutil.copy(stranger.certificate, files.certificate)
        refused = await reloader.reload()
        meanwhile_version = door.version
        new_serial = files.put(newer.issue())
        shutil.copy(newer.file, ca)
        taken = await reloader.reload()
        after = await shown(newer, newer)
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            await shown(newer, authority)
    finally:
        await front.stop()

    assert (before, after) == (old_serial, new_serial)
    assert "web.tls.certificate_file" in str(refused[0].error)
    assert refused[0].version == meanwhile_version
    assert taken[0].changed


async def test_only_what_another_worker_has_tried_is_taken(tmp_path: Path) -> None:
    """A worker that follows takes the content that the lead has taken, without another log-in, and no other content."""
    authority, files = Authority(tmp_path), Files(tmp_path)
    async with registry(authority) as served:
        files.put(authority.issue(for_clients=True))
        files.secret.write_text("old")
        lead, follower = (ways_of(served, authority, files) for _ in range(2))
        assert lead.files is not None
        assert follower.files is not None
        leads = Reloader([lead.files], clock=SystemClock(), metrics=Metrics())
        follows = Reloader([follower.files], clock=SystemClock(), metrics=Metrics())
        files.secret.write_text("new")
        served.password = "new"
        versions = {one.part: one.version for one in await leads.reload()}
        tried = list(served.log_ins)
        files.secret.write_text("later")
        other = await follows.reload(only=versions)
        files.secret.write_text("new")
        same = await follows.reload(only=versions)
        for found in (lead, follower):
            await found.routes[0][1].close()

    assert (other[0].changed, same[0].changed) == (False, True)
    assert served.log_ins == tried == ["new"]


async def test_no_change_counts_that_cannot_be_written_down(tmp_path: Path) -> None:
    """A ledger that takes nothing leaves the old credentials in force, and what was opened to try the new is closed."""
    authority, files = Authority(tmp_path), Files(tmp_path)
    notes: list[Mapping[str, Any]] = []

    async def record(entry: Mapping[str, Any]) -> None:
        if not notes:
            notes.append({})
            raise LedgerUnavailable("ledger: failing")
        notes.append(entry)

    async with registry(authority) as served:
        files.put(authority.issue(for_clients=True))
        files.secret.write_text("old")
        found = ways_of(served, authority, files)
        assert found.files is not None
        reloader = Reloader([found.files], clock=SystemClock(), metrics=Metrics(), record=record)
        files.secret.write_text("new")
        served.password = "new"
        before = found.files.version
        first = await reloader.reload(Who("an", "signature"))
        second = await reloader.reload(Who("an", "signature"))
        await found.routes[0][1].close()

    assert (first[0].changed, first[0].version, second[0].changed) == (False, before, True)
    refusal, change = notes[1:]
    assert (refusal["type"], refusal["in_force"]) == ("reload_refused", before)
    assert {name: value for name, value in change.items() if name != "at"} == {
        "type": "reloaded",
        "part": "registries.dkdn",
        "before": before,
        "after": second[0].version,
        "by": "an",
        "shown": "signature",
    }
