"""Where secrets must never show: logs of every library, errors, tracebacks, and what prints itself."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import pytest

from gateway.domain.exchange import Request, Secret
from gateway.errors import RegistryError
from gateway.transport.credentials import (
    Anonymous,
    Behind,
    C06Basic,
    ClientCredentials,
    Credentials,
    HeaderToken,
    InsurancePortal,
    LgspAccess,
    LgspHeader,
    LgspToken,
    PasswordGrant,
    Session,
    auth_hash,
)
from gateway.transport.http import HttpTransport
from tests.conftest import MovableClock

CANARY = "canary-not-real-7f3a"
ACCESS = LgspAccess("ak", CANARY, "app")
SHOWN = [
    CANARY,
    hashlib.md5(CANARY.encode()).hexdigest(),  # noqa: S324 (what the portal's clients send)
    ACCESS.text(),
    auth_hash("n", CANARY),
    b64encode(f"k:{CANARY}".encode()).decode(),
]
"""The secret itself, and every form in which it goes out."""

ASK = Request(
    operation="ask",
    path=("g", Secret("session")),
    query=(("token", Secret("token")), ("password", Secret("password_md5"))),
    media_type="application/json",
    body=(b'{"authKey":"', Secret("auth_key"), b'"}'),
)
FIXED = {"auth_key": CANARY, "session": CANARY, "token": CANARY, "password_md5": CANARY}
LOGGED_IN = (
    f'{{"access_token":"{CANARY}","token":"{CANARY}","session":"{CANARY}","expires_in":3600,'
    f'"maKetQua":"200","APIKey":{{"access_token":"{CANARY}","id_token":"{CANARY}"}}}}'
).encode()


def schemes(url: str, clock: MovableClock) -> dict[str, Credentials]:
    """Every scheme, with the canary for each secret."""
    own = Session(login_url=f"{url}/login", username="u", password=CANARY, clock=clock, secrets=FIXED)
    platform = ClientCredentials(token_url=f"{url}/login", key="k", secret=CANARY, clock=clock)
    return {
        "none": Anonymous({"ApiKey": CANARY}, FIXED),
        "c06_basic": C06Basic(username="u", secret=CANARY, sv_url="s", clock=clock, secrets=FIXED),
        "oauth2_client_credentials": ClientCredentials(
            token_url=f"{url}/login", key="k", secret=CANARY, clock=clock, secrets=FIXED
        ),
        "oauth2_password": PasswordGrant(
            token_url=f"{url}/login",
            key="k",
            secret=CANARY,
            username="u",
            password=CANARY,
            clock=clock,
            secrets=FIXED,
        ),
        "lgsp_header": LgspHeader(ACCESS, header="Authorization", secrets=FIXED),
        "lgsp_token": LgspToken(
            ACCESS,
            token_url=f"{url}/login",
            clock=clock,
            place="body",
            officer=auth_hash("n", CANARY),
            secrets=FIXED,
        ),
        "header_token": HeaderToken(token_url=f"{url}/login", issued=CANARY, clock=clock, secrets=FIXED),
        "session": own,
        "insurance_portal": InsurancePortal(
            login_url=f"{url}/login", username="u", password=CANARY, clock=clock, secrets=FIXED
        ),
        "behind a platform": Behind(platform, own),
    }


SCHEMES = list(schemes("", MovableClock()))
Failure = Literal["none", "refuse", "garbage", "half", "close", "refuse log-in", "garbage log-in", "close log-in"]
FAILURES: list[Failure] = [
    "none",
    "refuse",
    "garbage",
    "half",
    "close",
    "refuse log-in",
    "garbage log-in",
    "close log-in",
]


@asynccontextmanager
async def failing(failure: Failure) -> AsyncIterator[str]:
    """A raw server that logs everybody in and then fails, or fails at the log-in; it repeats what it was sent."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        at_log_in = b"/login" in head.split(b"\r\n")[0]
        how = failure if at_log_in == failure.endswith("log-in") else "none"
        writer.write(_reply(how.removesuffix(" log-in"), head, LOGGED_IN if at_log_in else b"{}"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _reply(how: str, head: bytes, body: bytes) -> bytes:
    match how:
        case "refuse":
            return b"HTTP/1.1 401 %s\r\nConnection: close\r\n\r\n" % CANARY.encode() + head
        case "garbage":
            return head.split(b"\r\n")[0] + b"\r\n\r\n"
        case "half":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + head[:50]
        case "close":
            return b""
        case _:
            return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every logger of every library at DEBUG, the event loop's own included."""
    loop = asyncio.get_running_loop()
    loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.level, one.disabled) for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.disabled = False
    loop.set_debug(True)
    try:
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("test").debug("listening")
            yield
    finally:
        loop.set_debug(False)
        for one, level, disabled in before:
            one.setLevel(level)
            one.disabled = disabled


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_l01_l02_l13_no_secret_shows_whatever_fails(
    scheme: str, failure: Failure, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    """No log of any library, no error with its whole chain, and nothing that prints itself holds a secret."""
    shown: list[object] = []
    with everything_logged(caplog):
        async with failing(failure) as url:
            credentials = schemes(url, clock)[scheme]
            transport = HttpTransport(endpoint=url, credentials=credentials, clock=clock)
            try:
                answer = await transport.send(ASK)
                shown += [answer, await credentials.proof(transport._log_in), ACCESS]
            except RegistryError as exc:
                shown += [exc, str(exc), "".join(traceback.format_exception(exc)), exc.__cause__]
            shown += [credentials, transport, await transport.probe(), asyncio.all_tasks()]
            await transport.close()

    text = caplog.text + "".join(map(repr, shown))
    assert "listening" in caplog.text
    assert not [one for one in SHOWN if one in text]
