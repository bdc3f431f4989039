"""X-Road's REST protocol: who asks whom, and whose answer came back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.domain.exchange import Request
from gateway.errors import MismatchedAnswer
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from gateway.transport.xroad import ClientId, ServiceId, XRoad
from mocks.credentials import XRoadDoor, opened
from mocks.credentials.xroad import Echo
from mocks.dkdn import STAND_IN
from mocks.server import running
from tests.conftest import FIRM, Desk, open_desk, settings_for
from tests.doors import is_open

MESSAGE_ID = "0197f3c0-1111-7222-8333-abcdefabcdef"
ASK = Request(operation="ask", path=("data",), message_id=MESSAGE_ID)
NO_FIRM = {"enterprise_code": "9900000030"}


@asynccontextmanager
async def way_to(door: XRoadDoor, client: ClientId | None = None) -> AsyncIterator[XRoad]:
    async with opened(door) as url:
        http = HttpTransport(endpoint=url, credentials=Anonymous(), clock=SystemClock())
        way = XRoad(http, client or ClientId(*XRoadDoor.client), ServiceId(*XRoadDoor.service))
        try:
            yield way
        finally:
            await way.close()


def other(message_id: str) -> Request:
    return Request(operation="ask", path=("data",), message_id=message_id)


async def test_the_names_of_client_and_service_are_percent_encoded() -> None:
    """Spaces, slashes, percent signs and Vietnamese letters in names go into header and path part by part."""
    door = XRoadDoor()
    async with way_to(door) as way:
        assert is_open(await way.send(ASK))

    assert door.ids == [MESSAGE_ID]


def test_a_member_may_ask_without_a_subsystem() -> None:
    """A client id has three parts where no subsystem is named."""
    assert ClientId("VD", "GOV", "0001").text() == "VD/GOV/0001"


async def test_another_client_is_refused_by_the_security_server() -> None:
    """The stand-in answers a client that it does not know with an error of X-Road."""
    async with way_to(XRoadDoor(), ClientId("DOOR", "GOV", "x", "y")) as way:
        assert (await way.send(ASK)).headers["x-road-error"] == "Client.BadRequest"


@pytest.mark.parametrize("echo", ["same", "upper"])
async def test_an_echoed_message_id_makes_an_answer_fresh(echo: Echo) -> None:
    """On a used connection an answer with our own id is ours, whatever the connection carried before."""
    async with way_to(XRoadDoor(echo)) as way:
        await way.send(other("0197f3c0-1111-7222-8333-aaaaaaaaaaaa"))

        assert (await way.send(ASK)).fresh


async def test_a_message_id_that_is_not_echoed_proves_nothing() -> None:
    """Without an echo only a new connection is fresh."""
    async with way_to(XRoadDoor("none")) as way:
        assert (await way.send(other("0197f3c0-1111-7222-8333-aaaaaaaaaaaa"))).fresh
        assert not (await way.send(ASK)).fresh


async def test_an_answer_that_echoes_another_id_is_nobodys() -> None:
    """An answer with another id than ours is mismatched, and neither id is quoted."""
    async with way_to(XRoadDoor("other")) as way:
        with pytest.raises(MismatchedAnswer) as caught:
            await way.send(ASK)

    assert "0000" not in str(caught.value)
    assert MESSAGE_ID not in str(caught.value)


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
async def test_an_echo_beside_another_is_no_echo(order: str) -> None:
    """Who adds a second `X-Road-Id` to an answer does not make it ours, wherever it stands."""
    echoes = ["00000000-0000-7000-8000-000000000000", MESSAGE_ID]
    if order == "ours first":
        echoes.reverse()
    said = "".join(f"X-Road-Id: {echo}\r\n" for echo in echoes)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{said}Content-Length: 2\r\n\r\n{{}}".encode())
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    http = HttpTransport(endpoint=url, credentials=Anonymous(), clock=SystemClock())
    way = XRoad(http, ClientId(*XRoadDoor.client), ServiceId(*XRoadDoor.service))
    async with server:
        with pytest.raises(MismatchedAnswer):
            await way.send(ASK)
        await way.close()


async def test_without_a_message_id_none_is_sent() -> None:
    """A request that no channel has numbered carries no `X-Road-Id`, and the echo of one is not looked at."""
    door = XRoadDoor()
    async with way_to(door) as way:
        answer = await way.send(Request(operation="ask", path=("data",)))

    assert (answer.headers["x-road-error"], door.ids) == ("Client.BadRequest", [])


async def test_distrust_and_probe_reach_the_connection() -> None:
    """X-Road stands in front of a transport and takes nothing of it away."""
    async with way_to(XRoadDoor("none")) as way:
        await way.send(other("0197f3c0-1111-7222-8333-aaaaaaaaaaaa"))
        await way.distrust()

        assert (await way.send(ASK)).fresh
        assert [probe.ok for probe in await way.probe()] == [True, True]


# --- through the whole gateway -----------------------------------------------------------------------


def names() -> dict[str, Any]:
    """The settings section `xroad` that fits the door."""
    parts = ("instance", "member_class", "member_code", "subsystem", "service")
    return {
        "client": dict(zip(parts, XRoadDoor.client, strict=False)),
        "service": dict(zip(parts, XRoadDoor.service, strict=True)),
    }


@asynccontextmanager
async def desk_behind(echo: Echo = "same") -> AsyncIterator[tuple[Desk, XRoadDoor]]:
    """The gateway with its business registry behind a security server; tokens come from the platform itself."""
    async with running(STAND_IN) as served:
        door = XRoadDoor(echo, inner=served.state.stand_ins["dkdn"])
        async with opened(door) as url:
            changed = settings_for(served.base_url, dkdn={"endpoint": url, "xroad": names()})
            async with open_desk(changed) as desk:
                yield desk, door


async def test_a_firm_is_found_through_x_road() -> None:
    """The section `xroad` leads every question through the security server, under its request id."""
    async with desk_behind() as (desk, door):
        status, answer = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, answer["outcome"]) == (200, "found")
    assert door.ids == [answer["provenance"]["request_id"]]


@pytest.mark.parametrize(("echo", "messages"), [("same", 2), ("none", 3)])
async def test_an_empty_answer_with_our_id_is_believed_from_a_used_connection(echo: Echo, messages: int) -> None:
    """That there is no such firm is asked once where our id is echoed, and once more where it is not."""
    async with desk_behind(echo) as (desk, door):
        await desk.ask("dkdn.enterprise", FIRM)
        status, answer = await desk.ask("dkdn.enterprise", NO_FIRM)

    assert (status, answer["outcome"]) == (200, "absent")
    assert len(door.ids) == messages
    assert len(set(door.ids)) == messages


async def test_f21_a_stray_echo_costs_a_question_nothing() -> None:
    """An answer with another's id is dropped, and the question is asked again on a fresh connection."""
    async with desk_behind() as (desk, door):
        await desk.ask("dkdn.enterprise", FIRM)
        door.echoes = ["other"]
        status, answer = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, answer["outcome"]) == (200, "found")
    assert len(door.ids) == 3


async def test_f21_an_answer_with_anothers_id_is_shown_to_nobody() -> None:
    """A security server that echoes another id each time is believed nothing, though the record fits."""
    async with desk_behind("other") as (desk, _):
        status, problem = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, problem["reason"]) == (502, "mismatched")
