"""A second attempt beside one that is late: when there is one, which of them counts, and what is told of both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path

import orjson
import pytest

from gateway.channel.answer import Answer
from gateway.channel.channel import Channel, Policy
from gateway.channel.hedge import Late
from gateway.channel.observer import Silent
from gateway.clock import SystemClock
from gateway.domain.dataset import Options, Sensitivity
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Found, Unknown
from gateway.errors import Reason, RegistryUnreachable
from gateway.ledger.reading import LogReader
from gateway.settings import load
from gateway.transport.base import Probe
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, open_desk
from tests.recorded import settings_file
from tests.test_channel import THING, WHO, Key, Thing

QUICK_S = 0.002
QUICKLY = [QUICK_S] * 20
FOUND = Found(Thing(key="A"))


class Paced:
    """A transport that answers each request after so long, never (None), or with an error after a moment."""

    def __init__(self, *steps: float | Exception | None) -> None:
        self._steps = [*QUICKLY, *steps]
        self.open = self.most_open = 0
        self.asked: list[str] = []

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        step = self._steps.pop(0) if self._steps else QUICK_S
        self.asked.append(str(dict(request.query)["id"]))
        request.sent()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            if step is None:
                await asyncio.Event().wait()
            await asyncio.sleep(QUICK_S if isinstance(step, Exception) or step is None else step)
            if isinstance(step, Exception):
                raise step
            return Response(status=200, body=b"A", received_at=SystemClock().now())
        finally:
            self.open -= 1

    async def distrust(self) -> None: ...

    async def probe(self) -> list[Probe]:
        return []

    async def close(self) -> None: ...


class Decisions(Silent):
    def __init__(self) -> None:
        self.told: list[str] = []

    def retried(self, registry: str, decision: str) -> None:
        self.told.append(decision)


async def asked(
    transport: Paced,
    *,
    sensitivity: Sensitivity = Sensitivity.PERSON,
    told: Decisions | None = None,
    known: int = len(QUICKLY),
    **policy: float,
) -> Answer:
    """The answer to the question that comes after so many quick ones."""
    numbers = count(1)
    channel = Channel(
        registry="r",
        adapter="r",
        contract="1",
        basis=lambda _: "assumed",
        route="direct",
        options=Options(),
        transport=transport,
        policy=Policy(**({"deadline_s": 5.0, "hedge": True} | policy)),  # type: ignore[arg-type]
        clock=SystemClock(),
        new_id=lambda: f"id-{next(numbers)}",
        observer=told,
    )
    dataset = replace(THING, sensitivity=sensitivity)
    for _ in range(known):
        assert len((await channel.ask(dataset, Key(key="A"), WHO)).attempts) == 1
    return await channel.ask(dataset, Key(key="A"), WHO)


async def test_a_late_answer_gets_a_second_attempt_beside_the_first() -> None:
    """The second one's answer counts; the first is cut off, and both are told, each with its own id."""
    transport, told = Paced(None, QUICK_S), Decisions()
    answer = await asked(transport, told=told)

    assert answer.outcome == FOUND
    assert [(one.result, one.layer, one.requests) for one in answer.attempts] == [
        ("found", "registry", 1),
        ("overtaken", "network", 1),
    ]
    second, first = answer.attempts
    assert transport.asked[-2:] == [first.request_id, second.request_id]
    assert answer.provenance.request_id == second.request_id != first.request_id
    assert told.told == ["hedged"]
    assert transport.open == 0


async def test_the_first_one_may_still_be_quicker() -> None:
    """Where the first answer comes before that of the second, the second is cut off."""
    answer = await asked(Paced(0.3, None))

    assert answer.outcome == FOUND
    assert [one.result for one in answer.attempts] == ["found", "overtaken"]
    assert answer.provenance.request_id == answer.attempts[0].request_id


async def test_one_that_fails_leaves_it_to_the_other() -> None:
    """A failure of the second does not end the first, nor the other way round."""
    of_second = await asked(Paced(0.3, RegistryUnreachable("no")))
    of_both = await asked(Paced(None, RegistryUnreachable("no")), deadline_s=0.5)

    assert (of_second.outcome, [one.result for one in of_second.attempts]) == (FOUND, ["unreachable", "found"])
    assert of_both.outcome == Unknown(Reason.TIMEOUT)
    assert [one.result for one in of_both.attempts] == ["unreachable", "timeout"]


async def test_two_that_hang_end_at_the_deadline() -> None:
    """Both attempts are timeouts of the one deadline."""
    transport = Paced(None, None)
    answer = await asked(transport, deadline_s=0.4)

    assert answer.outcome == Unknown(Reason.TIMEOUT)
    assert [one.result for one in answer.attempts] == ["timeout", "timeout"]
    assert (transport.most_open, transport.open) == (2, 0)


WITHOUT = {
    "settings do not say so": {"hedge": False},
    "no retry is left": {"retry_burst": 0.0},
    "no place is free": {"in_flight": 1},
    "too few answers are known": {"known": 5},
    "the dataset is sensitive": {"sensitivity": Sensitivity.SENSITIVE},
}


@pytest.mark.parametrize("more", WITHOUT.values(), ids=WITHOUT.keys())
async def test_there_is_no_second_attempt_where(more: dict[str, float]) -> None:
    """One attempt alone, however late it is."""
    transport = Paced()
    transport._steps = [QUICK_S] * int(more.get("known", len(QUICKLY))) + [0.3, None]
    answer = await asked(transport, **more)  # type: ignore[arg-type]

    assert answer.outcome == FOUND
    assert [one.result for one in answer.attempts] == ["found"]
    assert transport.most_open == 1


async def test_both_attempts_stand_in_the_ledger(tmp_path: Path, stand_ins: Running) -> None:
    """A real registry that is silent once is asked twice; the record has both attempts, and the caller the answer."""
    settings = load(settings_file(tmp_path, stand_ins.base_url))
    dkdn = settings.registries["dkdn"].model_copy(update={"hedge": True})
    registries = {**settings.registries, "dkdn": dkdn}
    async with open_desk(settings.model_copy(update={"registries": registries})) as desk:
        for _ in QUICKLY:
            await desk.ask("dkdn.enterprise", FIRM)
        stand_ins.faults.set("dkdn", Fault("silence", times=1, path="chiTiet"))
        status, answer = await desk.ask("dkdn.enterprise", FIRM)
        assert desk.core.ledger is not None
        entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
        records = [orjson.loads(entry.record) for entry in entries if entry.record]

    assert (status, answer["outcome"]) == (200, "found")
    assert [one["result"] for one in records[-1]["attempts"]] == ["found", "overtaken"]
    assert records[-1]["request_id"] == answer["provenance"]["request_id"] == records[-1]["attempts"][0]["request_id"]
    assert sum("chiTiet" in entry.operation for entry in stand_ins.journal) == len(QUICKLY) + 2


def test_late_is_what_nearly_all_answers_are_not() -> None:
    """Of a hundred answers the ninety-sixth; each dataset by itself, the last ones only, and none from a few."""
    late = Late()
    for place in range(19):
        late.note("a", float(place))
    assert late.after_s("a") is None
    for place in range(100):
        late.note("b", float(place))
    assert late.after_s("b") == 95.0
    for _ in range(128):
        late.note("b", 1.0)
    assert late.after_s("b") == 1.0
