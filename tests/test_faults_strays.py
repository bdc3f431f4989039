"""Answers to nobody's question, or to another's, and requests that nobody counted: neither ever happens."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gateway.errors import RegistryUnreachable
from mocks.faults import Fault
from mocks.province import Province
from mocks.proxy import Proxy, proxied
from mocks.server import Running
from tests.conftest import FIRM, open_desk, settings_for
from tests.test_http_transport import ASK, serving, transport_to


@asynccontextmanager
async def proxied_ok() -> AsyncIterator[Proxy]:
    """A proxy in front of a server that answers `{}`."""
    async with serving(_ok) as url, proxied(url.removeprefix("http://")) as proxy:
        yield proxy


@dataclass
class Talking:
    """A server in a thread: it answers each request, and says more on its first connection when it is told to."""

    url: str
    requests: list[int] = field(default_factory=list)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    has_gone_on: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        """Returns when the rest lies in the kernel."""
        self.may_go_on.set()
        assert self.has_gone_on.wait(5)


@contextmanager
def talking(*later: bytes) -> Iterator[Talking]:
    """The requests are noted by the number of their connection."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"

    def talk(listener: socket.socket) -> None:
        with suppress(OSError):
            for number in range(2):
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection, number), daemon=True).start()

    def converse(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                server.requests.append(number)
                connection.sendall(answer)
                if number == 0:
                    server.may_go_on.wait(5)
                    connection.sendall(b"".join(later))
                    server.has_gone_on.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Talking(f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=talk, args=(listener,), daemon=True).start()
        yield server


WRONG = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
STRAYS = {
    "a whole answer": (WRONG,),
    "half an answer": (WRONG[:20],),
    "an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n",),
    "one byte": (b"\n",),
    "garbage": (b"\x00\xff garbage",),
}


@pytest.mark.parametrize("seen", [True, False], ids=["read by the loop", "still in the kernel"])
@pytest.mark.parametrize("later", STRAYS.values(), ids=STRAYS.keys())
async def test_f20_a_connection_that_spoke_out_of_turn_is_not_used_again(later: tuple[bytes, ...], seen: bool) -> None:
    """Whatever came unasked is read by nobody: the next question goes over a new connection, none over the old."""
    strays: list[int] = []
    with talking(*later) as server:
        async with transport_to(server.url, on_stray=lambda: strays.append(1)) as transport:
            assert (await transport.send(ASK)).body == b"right"
            server.go_on()  # the loop stands still meanwhile
            if seen:
                await asyncio.sleep(0.01)
            after = await transport.send(ASK)

    assert (after.body, after.fresh) == (b"right", True)
    assert server.requests == [0, 1]
    assert len(strays) == (0 if later == STRAYS["garbage"] and seen else 1)


async def test_f20_the_alarm_counts_each_stray_answer(stand_ins: Running) -> None:
    """A surplus answer is counted for its registry, and the next question is answered rightly at the first attempt."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dkdn", Fault("surplus", times=1, path="chiTiet"))
        await desk.ask("dkdn.enterprise", FIRM)
        await asyncio.sleep(0.05)
        status, answer = await desk.ask("dkdn.enterprise", FIRM)
        metrics = await desk.metrics()

    assert (status, answer["record"]["enterprise_code"]) == (200, FIRM["enterprise_code"])
    assert 'gateway_stray_answers_total{registry="dkdn"} 1.0' in metrics
    assert 'gateway_stray_answers_total{registry="dancu"} 0.0' in metrics
    assert _attempts(metrics, "dkdn") == 2


async def test_a_registry_that_speaks_first_is_unreachable() -> None:
    """An answer that stands on a new connection before the question is the answer to nothing."""

    class Hasty(asyncio.Protocol):
        def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
            transport.write(WRONG)

    server = await asyncio.get_running_loop().create_server(Hasty, "127.0.0.1", 0)
    async with server, transport_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as transport:
        with pytest.raises(RegistryUnreachable, match="spoke before it was asked"):
            await transport.send(ASK)


@pytest.mark.parametrize("used", [False, True], ids=["new connections", "used connections"])
async def test_f21_answers_that_change_places_are_shown_to_neither(used: bool, stand_ins: Running) -> None:
    """Two questions at once that get each other's answer are both `mismatched`; afterwards both are right."""
    firms = [{"enterprise_code": one.enterprise_code} for one in map(Province().enterprise, (0, 1))]
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        if used:
            await asyncio.gather(*(desk.ask("dkdn.enterprise", firm) for firm in firms))
        stand_ins.faults.set("dkdn", Fault("cross", delay_s=1, path="chiTiet"))
        crossed = await asyncio.gather(*(desk.ask("dkdn.enterprise", firm) for firm in firms))
        stand_ins.faults.clear("dkdn")
        after = [await desk.ask("dkdn.enterprise", firm) for firm in firms]

    assert [(status, problem["reason"]) for status, problem in crossed] == [(502, "mismatched")] * 2
    assert not any("record" in problem for _, problem in crossed)
    assert [answer["record"]["enterprise_code"] for _, answer in after] == [firm["enterprise_code"] for firm in firms]


async def test_f40_a_request_is_sent_once_although_its_connection_breaks() -> None:
    """On a used connection that ends without an answer the registry sees one GET, not a second by itself."""
    async with proxied_ok() as proxy, transport_to(proxy.url) as transport:
        await transport.send(ASK)
        proxy.set(Fault("down"))
        with pytest.raises(RegistryUnreachable, match="closed the connection"):
            await transport.send(ASK)

        assert proxy.requests == 2


@pytest.mark.parametrize("kind", ["down", "reset"])
async def test_f40_attempts_counted_are_requests_seen(kind: str, stand_ins: Running) -> None:
    """The channel's own second attempt is counted; nobody else makes one."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        await desk.ask("dkdn.enterprise", FIRM)
        stand_ins.faults.set("dkdn", Fault(kind, times=1, path="chiTiet"))
        status, _ = await desk.ask("dkdn.enterprise", FIRM)
        metrics = await desk.metrics()

    assert status == 200
    assert _attempts(metrics, "dkdn") == len([one for one in stand_ins.journal if one.operation != "token"]) == 3
    assert 'gateway_requests_total{dataset="enterprise",registry="dkdn"} 3.0' in metrics


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="{}")


def _attempts(metrics: str, registry: str) -> int:
    pattern = rf'^gateway_attempts_total{{[^}}]*registry="{registry}"[^}}]*}} ([0-9.]+)$'
    return int(sum(float(count) for count in re.findall(pattern, metrics, re.MULTILINE)))
