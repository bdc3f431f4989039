"""Faults that no case file can show: each happens on the wire as it is described."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp
import pytest

from mocks import dancu
from mocks.faults import Fault
from mocks.server import Running, running
from tests.stand_ins.client import (
    DANCU,
    HANGS_FOR_S,
    PROVINCE,
    Clock,
    ask_dancu,
    ask_dkdn,
    citizens,
    question,
    signed,
    token,
)


async def test_silence_never_answers_and_ends_with_its_client(server: Running, ask: Any) -> None:
    """A silent registry keeps a client waiting; other registries answer, and so does this one when it is over."""
    server.faults.set("dancu", Fault("silence"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(), HANGS_FOR_S)

    server.faults.clear("dancu")
    assert (await ask())[0] == 200
    assert [(entry.fault, entry.status) for entry in server.journal] == [("silence", 0), ("", 200)]


@pytest.mark.parametrize("kind", ["silence", "stall", "slow"])
async def test_a_server_stops_although_a_client_waits(kind: str, http: aiohttp.ClientSession, clock: Clock) -> None:
    """Stopping the server ends every request that a fault holds back."""
    body = (DANCU.datasets["citizen"].case("found").request.body or "").encode()
    async with running(dancu.STAND_IN, province=PROVINCE, now=clock) as server:
        server.faults.set("dancu", Fault(kind, delay_s=60))
        waiting = asyncio.create_task(
            ask_dancu(http, server, body.decode(), signed(clock.now_s)),
        )
        async with asyncio.timeout(5):
            while not len(server.journal):  # noqa: ASYNC110  the journal has nobody to notify
                await asyncio.sleep(0.005)
        started = time.monotonic()
    assert time.monotonic() - started < 5  # and not the fault's minute
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_slow_registry_answers_late(server: Running, ask: Any) -> None:
    """A slow registry answers as ever, after its delay."""
    server.faults.set("dancu", Fault("slow", delay_s=0.1))
    started = time.monotonic()

    status, text = await ask()

    assert time.monotonic() - started >= 0.1
    assert (status, len(citizens(text))) == (200, 1)


async def test_a_stalled_body_stops_half_way(server: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
    """Headers and half of the body come at once, the rest never."""
    server.faults.set("dancu", Fault("stall"))
    case = DANCU.datasets["citizen"].case("found")
    body = (case.request.body or "").encode()
    async with http.post(server.url("dancu"), data=body, headers=signed(clock.now_s)) as reply:
        assert reply.status == 200
        got = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS_FOR_S):
                async for piece in reply.content.iter_any():
                    got += piece
    assert got == case.response.content[: len(case.response.content) // 2]
    assert reply.content_length == len(case.response.content)


async def test_a_reset_connection_is_an_error_at_once(server: Running) -> None:
    """A registry that resets sends RST: the client's read fails instead of ending."""
    server.faults.set("dancu", Fault("reset"))
    port = int(server.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /dancu HTTP/1.1\r\nHost: mock\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize(("kind", "status"), [("garbage", 200), ("html", 200), ("throttle", 429), ("error", 500)])
async def test_a_broken_answer_is_no_collection(
    kind: str, status: int, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Garbage and web pages come with 200, a throttled call says when to ask again, an error is 500."""
    server.faults.set("dancu", Fault(kind))
    body = (DANCU.datasets["citizen"].case("found").request.body or "").encode()
    async with http.post(server.url("dancu"), data=body, headers=signed(clock.now_s)) as reply:
        assert reply.status == status
        assert reply.headers.get("Retry-After") == ("7" if kind == "throttle" else None)
        assert b"Envelope" not in await reply.read()


async def test_swapped_answers_are_about_somebody_else(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A swapped answer is well-formed and names another person, or firm, than the question did."""
    bearer = await token(http, server)
    for registry in ("dancu", "dkdn"):
        server.faults.set(registry, Fault("swap"))
    for index in (0, 1, 2):
        citizen, firm = PROVINCE.citizen(index), PROVINCE.enterprise(index)
        body = question(citizen.citizen_id, citizen.folded_name, citizen.birth_date.replace("-", ""))
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        (other,) = citizens(text)
        assert status == 200
        assert other.findtext("{*}SoDinhDanh") != citizen.citizen_id
        _, _, text = await ask_dkdn(http, server, firm.enterprise_code, bearer)
        assert json.loads(text)["Data"]["MainInformation"]["ENTERPRISE_GDT_CODE"] != firm.enterprise_code


async def test_a_surplus_answer_follows_on_the_same_connection(server: Running, clock: Clock) -> None:
    """After the answer a second complete one comes on the same connection, about somebody else."""
    server.faults.set("dancu", Fault("surplus"))
    case = DANCU.datasets["citizen"].case("found")
    body = (case.request.body or "").encode()
    port = int(server.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed(clock.now_s).items())
    writer.write(f"POST /dancu HTTP/1.1\r\nHost: mock\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    bodies = []
    async with asyncio.timeout(HANGS_FOR_S):
        for _ in range(2):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200")
            length = next(line for line in head.splitlines() if line.lower().startswith("content-length"))
            bodies.append((await reader.readexactly(int(length.partition(":")[2]))).decode())
    writer.close()
    await writer.wait_closed()
    numbers = [citizens(text)[0].findtext("{*}SoDinhDanh") for text in bodies]
    assert numbers[0] == "000099000001"
    assert numbers[1] != numbers[0]


async def test_a_fault_ends_after_its_times_and_hits_its_share(server: Running, ask: Any) -> None:
    """A fault hits as many requests as it says, about as many of a hundred as it says, and only its path."""
    server.faults.set("dancu", Fault("error", times=2))
    assert [(await ask())[0] for _ in range(4)] == [500, 500, 200, 200]

    server.faults.set("dancu", Fault("error", percent=50))
    hit = [(await ask())[0] for _ in range(60)].count(500)
    assert 10 < hit < 50

    server.faults.set("dancu", Fault("error", path="/token"))
    assert (await ask())[0] == 200


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "dance"}, {"times": 0}, {"times": 1.5}, {"percent": 101}, {"delay_s": -1}, {"delay_s": float("nan")}],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """A fault has a known kind and figures within bounds."""
    with pytest.raises(ValueError, match="must be"):
        Fault(**({"kind": "silence"} | wrong))
