"""Where the gateway may connect to: what the settings name, in one spelling, and nowhere that a name flips to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.domain.exchange import Request
from gateway.errors import RegistryRejected, RegistryUnreachable
from gateway.transport.resolver import Addresses, Resolver
from tests.conftest import INQUIRY, KEY, MAU, Desk, MovableClock
from tests.test_http_transport import ASK, serving, transport_to


class Names:
    """A name server in memory: what each question for a name is answered with, in turn, the last for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port of loopback where a connection would be seen."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield listener


def nobody_came(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def resolver(names: Names, *networks: str, clock: MovableClock | None = None) -> Resolver:
    return Resolver(clock=clock or SystemClock(), addresses=Addresses.of(*networks), lookup=names, ttl_s=30)


# --- addresses that names resolve to -------------------------------------------------------------

INNER = ["127.0.0.1", "127.8.8.8", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]  # noqa: S104 (nobody listens there)
INNER += ["2001:0:a9fe:1::80ff:fffe"]  # Teredo: the client's address stands in it inverted
INNER += [
    "::ffff:127.0.0.1",
    "::ffff:169.254.1.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "255.255.255.255",
    "240.0.0.1",
]


@pytest.mark.parametrize("address", INNER)
def test_s05_an_inner_address_is_never_meant_by_a_name(address: str) -> None:
    """Loopback, link-local, unspecified, multicast and reserved addresses count only where their network is listed."""
    assert not Addresses().admit(address)
    assert not Addresses.of("0.0.0.0/0", "::/0").admit(address)
    assert not Addresses.of("10.1.0.0/16").admit(address)


def test_s05_listed_networks_are_the_only_ones() -> None:
    """Where networks are listed an address must lie in one; where none is, any common address will do."""
    assert Addresses.of("10.1.0.0/16", "2001:db8::/32").admit("10.1.255.1")
    assert Addresses.of("10.1.0.0/16", "2001:db8::/32").admit("2001:db8::7")
    assert not Addresses.of("10.1.0.0/16").admit("10.2.0.1")
    assert Addresses.of("10.1.0.0/16").admit("::ffff:10.1.0.1")
    assert Addresses.of("10.1.0.0/16").admit("64:ff9b::a01:1")
    assert Addresses.of("64:ff9b::/96").admit("64:ff9b::a01:1")
    assert not Addresses.of("64:ff9b::/96").admit("64:ff9b::7f00:1")
    assert Addresses().admit("10.2.0.1")
    assert Addresses.of("127.0.0.0/8").admit("127.0.0.1")


@pytest.mark.parametrize("answer", [("127.0.0.1",), ("::ffff:127.0.0.1", "127.0.0.1")], ids=str)
async def test_s05_f27_a_name_for_an_inner_address_is_refused_before_a_connection(answer: tuple[str, ...]) -> None:
    """Nobody is connected to, neither by a question nor by a probe, and the error says which setting would allow it."""
    with listening() as listener:
        url = f"http://registry.invalid:{listener.getsockname()[1]}"
        async with transport_to(url, resolver=resolver(Names(answer))) as transport:
            with pytest.raises(RegistryUnreachable, match=r"address not allowed.*allowed_addresses"):
                await transport.send(ASK)
            (probe,) = await transport.probe()

        assert nobody_came(listener)
    assert not probe.ok
    assert "not allowed" in probe.detail


async def test_f27_a_name_that_flips_to_an_inner_address_is_refused() -> None:
    """Every new connection is checked against what the name means now; a kept one goes on."""
    clock = MovableClock()
    names = Names(("127.0.0.1",), ("127.0.0.2",), ("169.254.169.254",))
    allowing = resolver(names, "127.0.0.1/32", clock=clock)

    async with serving(_ok) as url, transport_to(_named(url), resolver=allowing) as transport:
        assert (await transport.send(ASK, fresh=True)).status == 200
        clock.advance(31)
        with pytest.raises(RegistryUnreachable, match=r"not allowed.*127\.0\.0\.2"):
            await transport.send(ASK, fresh=True)
        clock.advance(31)
        with pytest.raises(RegistryUnreachable, match=r"not allowed.*169\.254\.169\.254"):
            await transport.send(ASK, fresh=True)


@pytest.mark.parametrize(
    "answer",
    [socket.gaierror(socket.EAI_NONAME, "NXDOMAIN"), socket.gaierror(socket.EAI_AGAIN, "SERVFAIL"), (), OSError()],
    ids=["NXDOMAIN", "SERVFAIL", "empty", "broken"],
)
async def test_f27_a_name_without_an_address_is_unreachable_and_heals(answer: Sequence[str] | OSError) -> None:
    """No address is `unreachable`, is not kept, and the next question finds the name when it is back."""
    names = Names(answer, ("127.0.0.1",))
    async with serving(_ok) as url, transport_to(_named(url), resolver=resolver(names, "127.0.0.0/8")) as transport:
        with pytest.raises(RegistryUnreachable, match="DNS: the name does not resolve"):
            await transport.send(ASK)
        assert (await transport.send(ASK)).status == 200


async def test_an_address_is_kept_for_its_time() -> None:
    """One answer of the name server serves every connection for half a minute, and questions at once share one."""
    clock = MovableClock()
    names = Names(("127.0.0.1",))
    async with (
        serving(_ok) as url,
        transport_to(_named(url), resolver=resolver(names, "127.0.0.0/8", clock=clock)) as transport,
    ):
        await asyncio.gather(*(transport.send(ASK, fresh=True) for _ in range(5)))
        await transport.send(ASK, fresh=True)
        assert names.asked == ["registry.invalid"]
        clock.advance(31)
        await transport.send(ASK, fresh=True)
        assert len(names.asked) == 2


async def test_a_literal_address_asks_no_name_server() -> None:
    """An endpoint that names its address is connected to as it stands, loopback too."""
    names = Names(OSError())
    async with serving(_ok) as url, transport_to(url, resolver=resolver(names)) as transport:
        assert (await transport.send(ASK)).status == 200
        assert (await transport.probe())[0].ok

    assert names.asked == []


# --- what a registry or a question could do ------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["other host", "other scheme", "other port"])
async def test_s01_no_redirect_leads_anywhere(status: int, where: str) -> None:
    """The question goes to the configured endpoint alone: not to another host, scheme or port."""
    with listening() as listener:
        port = listener.getsockname()[1]
        targets = {
            "other host": f"http://localhost:{port}/",
            "other scheme": f"https://127.0.0.1:{port}/",
            "other port": f"http://127.0.0.1:{port}/",
        }

        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": targets[where]})

        async with serving(handler) as url, transport_to(url) as transport:
            question = Request(operation="op", method="POST", body=(b"CANARY",), media_type="text/plain")
            assert (await transport.send(question)).status == status

        assert nobody_came(listener)


ADDRESSES = ("callback", "callback_url", "webhook", "wsdl", "endpoint", "jwks_url", "schema_location")


@pytest.mark.parametrize("member", ADDRESSES)
async def test_s02_no_address_that_a_caller_sends_is_called(desk: Desk, member: str) -> None:
    """In a question, its query or its inquiry an address is an unknown field; in a header it is passed over."""
    with listening() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        sent = [
            await desk.ask("dancu.citizen", MAU, **{member: url}),
            await desk.ask("dancu.citizen", MAU | {member: url}),
            await desk.ask("dancu.citizen", MAU, inquiry=INQUIRY | {member: url}),
        ]
        body = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
        headers = {"X-API-Key": KEY, "Callback": url, "Link": f"<{url}>; rel=describedby", "Origin": url}
        async with desk.session.post(f"{desk.url}/v1/lookups", json=body, headers=headers) as reply:
            passed_over = reply.status

        assert nobody_came(listener)
    assert [status for status, _ in sent] == [400, 400, 400]
    assert {problem["code"] for _, answer in sent for problem in answer["problems"]} == {"extra_forbidden"}
    assert passed_over == 200


@pytest.mark.parametrize("segment", ["../admin", "..", ".", "a/../admin", "%2e%2e/admin", "..%2fadmin", "x;/..//y"])
async def test_s07_a_value_in_a_path_stays_one_segment(segment: str) -> None:
    """A number like `../admin` reaches the registry as one escaped segment below the endpoint, or not at all."""
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.raw_path)
        return web.Response()

    async with serving(handler) as url, transport_to(f"{url}/v1") as transport:
        try:
            await transport.send(Request(operation="op", method="GET", path=("people", segment)))
        except RegistryRejected:
            assert segment in {"..", "."}

    assert all(path.startswith("/v1/people/") and path.count("/") == 3 for path in paths)
    assert len(paths) == (0 if segment in {"..", "."} else 1)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"], ids=ascii)
@pytest.mark.parametrize("place", ["name", "value"])
async def test_s08_a_line_end_in_a_header_is_rejected(place: str, value: str) -> None:
    """CR, LF and NUL in a header end the question before a byte leaves, and nothing of them is quoted."""
    headers = {"X-Name": value} if place == "value" else {value: "x"}
    with listening() as listener:
        async with transport_to(f"http://127.0.0.1:{listener.getsockname()[1]}") as transport:
            with pytest.raises(RegistryRejected) as caught:
                await transport.send(Request(operation="op", method="GET", headers=headers))

        assert nobody_came(listener)
    assert "Evil" not in str(caught.value)


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="{}")


def _named(url: str) -> str:
    return url.replace("127.0.0.1", "registry.invalid")
