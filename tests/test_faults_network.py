"""Nothing comes, or too slowly, or no name: each costs one registry's questions their deadline and nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.errors import RegistryUnreachable
from gateway.transport.resolver import Addresses, Resolver
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, MAU, Desk, open_desk, settings_for
from tests.measuring import STALL_S, measured, taking
from tests.test_http_transport import ASK, serving, transport_to

DEADLINE_S = 0.3
GRACE_S = 0.25  # the promise: nothing is answered later than its deadline and this


@asynccontextmanager
async def hasty(stand_ins: Running, deadline_s: float = DEADLINE_S) -> AsyncIterator[Desk]:
    """A gateway whose questions have a short deadline."""
    changes = {name: {"deadline_s": deadline_s} for name in ("dancu", "dkdn")}
    async with open_desk(settings_for(stand_ins.base_url, **changes)) as desk:
        yield desk


@pytest.mark.parametrize(
    "fault",
    [
        Fault("silence"),
        Fault("stall"),
        Fault("drip", delay_s=0.05),
        Fault("bandwidth", size=100),
        Fault("slow", delay_s=9),
    ],
    ids=lambda fault: fault.kind,
)
async def test_f15_f16_a_registry_that_keeps_us_waiting_costs_the_deadline_and_no_more(
    fault: Fault, stand_ins: Running
) -> None:
    """Silence, half an answer, a byte now and then: `timeout` at the deadline, and the loop goes on meanwhile."""
    async with hasty(stand_ins) as desk:
        stand_ins.faults.set("dancu", fault)
        async with measured() as figures:
            with taking() as taken:
                status, problem = await desk.ask("dancu.citizen", MAU)

    assert (status, problem["reason"]) == (504, "timeout")
    assert taken.s >= DEADLINE_S * 0.9
    assert taken.own_s < DEADLINE_S + GRACE_S
    assert figures.stall_s < STALL_S


async def test_f15_a_port_that_never_accepts_costs_the_deadline() -> None:
    """A connection that nobody takes ends with the deadline over everything."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        full = [socket.create_connection(held.getsockname()) for _ in range(1)]
        async with open_desk(
            settings_for(f"http://127.0.0.1:{held.getsockname()[1]}", dancu={"deadline_s": DEADLINE_S})
        ) as desk:
            with taking() as taken:
                status, problem = await desk.ask("dancu.citizen", MAU)
        for one in full:
            one.close()

    assert (status, problem["reason"]) == (504, "timeout")
    assert taken.own_s < DEADLINE_S + GRACE_S


async def test_f16_many_slices_are_one_answer(stand_ins: Running) -> None:
    """An answer in slices of a few bytes is read whole, without holding the loop."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dkdn", Fault("slicer", size=40, delay_s=0.0001, path="chiTiet"))
        async with measured() as figures:
            status, answer = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, answer["outcome"]) == (200, "found")
    assert figures.stall_s < STALL_S


@pytest.mark.parametrize("kind", ["slow_close", "half_open"])
async def test_f18_a_whole_answer_does_not_wait_for_its_connection(kind: str, stand_ins: Running) -> None:
    """The answer is given when its body is complete, and the registry is asked again when it is over."""
    async with hasty(stand_ins, deadline_s=1) as desk:
        stand_ins.faults.set("dancu", Fault(kind, times=1))
        status, answer = await desk.ask("dancu.citizen", MAU)
        later = [await desk.ask("dancu.citizen", MAU) for _ in range(2)]

    assert (status, answer["outcome"]) == (200, "found")  # inside the deadline, that is
    assert later[-1][0] == 200
    assert later[0][0] == (504 if kind == "half_open" else 200)


async def test_f26_a_hung_resolver_holds_up_its_own_registry_alone() -> None:
    """Forty questions wait for one name in one thread; another registry and the shared threads notice nothing."""
    release = threading.Event()
    addresses = Addresses.of("127.0.0.0/8")

    def hang(_: str) -> list[str]:
        release.wait(5)
        return ["127.0.0.1"]

    slow = Resolver(clock=SystemClock(), addresses=addresses, lookup=hang, timeout_s=0.3)
    quick = Resolver(clock=SystemClock(), addresses=addresses, lookup=lambda _: ["127.0.0.1"])
    async with (
        serving(_ok) as url,
        transport_to(url.replace("127.0.0.1", "a.invalid"), resolver=slow) as hung,
        transport_to(url.replace("127.0.0.1", "b.invalid"), resolver=quick) as well,
    ):
        before = threading.active_count()
        waiting = [asyncio.create_task(hung.send(ASK)) for _ in range(40)]
        await asyncio.sleep(0.02)
        async with measured() as figures:
            with taking() as taken:
                for _ in range(20):
                    assert (await well.send(ASK, fresh=True)).status == 200
                    await asyncio.to_thread(lambda: None)
        threads = [one for one in threading.enumerate() if one.name == "resolver"]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        release.set()
        after = await hung.send(ASK)

    assert taken.own_s < 1
    assert figures.stall_s < STALL_S
    assert len(threads) == 1
    assert threads[0].daemon
    assert before < threading.active_count() + 40
    assert {str(result) for result in results} == {"DNS: no answer within 0.3 s"}
    assert after.status == 200


async def test_a_name_that_could_not_be_looked_up_for_want_of_a_thread_is_looked_up_by_the_next_question() -> None:
    """A machine without a thread to give fails the question at once and holds no later one."""
    resolver = Resolver(clock=SystemClock(), addresses=Addresses.of("127.0.0.0/8"), lookup=lambda _: ["127.0.0.1"])
    usual = threading.stack_size(1 << 50)  # no thread can have so much
    try:
        with pytest.raises(RegistryUnreachable, match="no thread"):
            await resolver.addresses("registry.invalid")
    finally:
        threading.stack_size(usual)

    assert await resolver.addresses("registry.invalid") == ["127.0.0.1"]


async def test_a_look_up_that_fails_in_an_unknown_way_is_a_name_that_does_not_resolve() -> None:
    """Whatever the machine's resolver raises, the question hears of it and the next one asks again."""
    answers: list[list[str]] = [["127.0.0.1"]]

    def lookup(_: str) -> list[str]:
        if len(answers) == 1:
            answers.append([])
            raise MemoryError
        return answers[0]

    resolver = Resolver(clock=SystemClock(), addresses=Addresses.of("127.0.0.0/8"), lookup=lookup)
    with pytest.raises(RegistryUnreachable, match="does not resolve"):
        await resolver.addresses("registry.invalid")

    assert await resolver.addresses("registry.invalid") == ["127.0.0.1"]


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="{}")
