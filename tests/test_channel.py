"""One registry, asked with care: deadline, attempts, places, and whose answer is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from itertools import count

import pytest
from pydantic import Field

from gateway.channel.answer import Answer, Attempt
from gateway.channel.channel import Channel, Policy
from gateway.channel.observer import Silent
from gateway.domain.dataset import Dataset, Exchanges, Kind, Options, Query, Question, Record, Sensitivity
from gateway.domain.exchange import Request, Response
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.errors import (
    ContractError,
    MismatchedAnswer,
    Reason,
    RegistryRejected,
    RegistryThrottled,
    RegistryUnreachable,
)
from gateway.transport.base import Probe
from tests.conftest import INQUIRY, MovableClock

WHO = Inquiry.model_validate(INQUIRY)


class Key(Query):
    """What is asked about."""

    key: str


class Thing(Record):
    """What is answered; `key` None says nothing about whom."""

    key: str | None = Field(default=None)


def ask(question: Question[Key, Options]) -> Exchanges[Thing]:
    """One exchange: the body is the key of the thing, "-" for nobody, "?" for several, "." for a nameless one."""
    response = yield Request(operation="ask", query=(("id", question.request_id),))
    match response.body.decode():
        case "-":
            return Absent()
        case "?":
            return Unknown(Reason.AMBIGUOUS)
        case body if body.startswith("!"):
            raise ValueError(body)
        case ".":
            return Found(Thing())
        case key:
            return Found(Thing(key=key.strip()))


def about(query: Key, thing: Thing) -> bool | None:
    return None if thing.key is None else thing.key == query.key


def endless(question: Question[Key, Options]) -> Exchanges[Thing]:
    """A generator that never comes to an end."""
    while True:
        yield Request(operation="again")


def unwritable(question: Question[Key, Options]) -> Exchanges[Thing]:
    """A generator that cannot write what is asked."""
    yield Request(operation="ask", query=(("year", str(int(question.query.key))),))
    return Absent()


def hasty(question: Question[Key, Options]) -> Exchanges[Thing]:
    """A generator that knows the answer before it has asked."""
    if question.query.key:
        return Absent()
    yield Request(operation="ask")
    return Absent()


def twice(question: Question[Key, Options]) -> Exchanges[Thing]:
    """Two exchanges; the second tells."""
    yield Request(operation="first")
    response = yield Request(operation="second")
    return Found(Thing(key=response.body.decode()))


THING = Dataset(
    noun="thing",
    title="vật",
    title_en="thing",
    kind=Kind.ONE,
    query=Key,
    record=Thing,
    ask={"1": ask, "endless": endless, "unwritable": unwritable, "hasty": hasty, "twice": twice},
    about=about,
    sensitivity=Sensitivity.PUBLIC,
    operation="ask",
    deadline_s=0.2,
)

Script = list[str | Exception | None]


class Scripted:
    """A transport that plays a script: a body, an error to raise, or None for silence."""

    def __init__(self, clock: MovableClock, script: Script, *, reused: bool = False, never_fresh: bool = False) -> None:
        self._clock = clock
        self._script = script
        self._reused = reused
        self._never_fresh = never_fresh
        self.fresh: list[bool] = []
        self.ids: list[str] = []
        self.messages: list[str | None] = []
        self.open = 0
        self.distrusted = 0
        self.most_open = 0

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        self.fresh.append(fresh)
        self.ids.append(str(dict(request.query).get("id")))
        self.messages.append(request.message_id)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        request.sent()
        try:
            step = self._script.pop(0)
            if step is None:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            if isinstance(step, Exception):
                raise step
            own = not self._never_fresh and (fresh or not self._reused)
            return Response(status=200, body=str(step).encode(), received_at=self._clock.now(), fresh=own)
        finally:
            self.open -= 1

    async def distrust(self) -> None:
        self.distrusted += 1

    async def probe(self) -> list[Probe]:
        return []

    async def close(self) -> None: ...


class Listener(Silent):
    """Remembers what a channel told."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.results: list[str] = []
        self.drift: list[str] = []

    def entered(self, registry: str) -> None:
        self.in_flight += 1

    def left(self, registry: str) -> None:
        self.in_flight -= 1

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        self.results.append(attempt.result)

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None:
        self.drift = sorted(names)


def _channel(
    transport: Scripted, clock: MovableClock, listener: Listener | None = None, contract: str = "1", **policy: float
) -> Channel:
    numbers = count(1)
    return Channel(
        registry="r",
        adapter="r",
        contract=contract,
        basis=lambda _: "assumed",
        route="direct",
        options=Options(),
        transport=transport,
        policy=Policy(**policy),  # type: ignore[arg-type]
        clock=clock,
        new_id=lambda: f"id-{next(numbers)}",
        observer=listener,
    )


async def play(
    clock: MovableClock,
    script: Script,
    *,
    reused: bool = False,
    never_fresh: bool = False,
    contract: str = "1",
    **policy: float,
) -> tuple[Answer, Scripted]:
    transport = Scripted(clock, script, reused=reused, never_fresh=never_fresh)
    channel = _channel(transport, clock, contract=contract, **policy)
    return await channel.ask(THING, Key(key="a"), WHO), transport


async def test_an_answer_about_what_was_asked_is_believed(clock: MovableClock) -> None:
    """The record names the key that was asked about: found, in one attempt, on a kept connection."""
    answer, transport = await play(clock, ["a"], reused=True)

    assert answer.outcome == Found(Thing(key="a"))
    assert transport.fresh == [False]
    assert (answer.provenance.request_id, answer.provenance.contract) == ("id-1", "r@1")


async def test_an_answer_about_somebody_else_is_shown_to_nobody(clock: MovableClock) -> None:
    """The record names another key on a new connection: mismatched, and not asked again."""
    answer, transport = await play(clock, ["b"])

    assert answer.outcome == Unknown(Reason.MISMATCHED)
    assert [attempt.result for attempt in answer.attempts] == ["mismatched"]
    assert len(transport.fresh) == 1


async def test_a_stray_answer_on_a_used_connection_costs_nobody_anything(clock: MovableClock) -> None:
    """Somebody else's answer on a kept connection: asked again on a fresh one, and the old ones are dropped."""
    answer, transport = await play(clock, ["b", "a"], reused=True)

    assert answer.outcome == Found(Thing(key="a"))
    assert [attempt.result for attempt in answer.attempts] == ["mismatched", "found"]
    assert (transport.fresh, transport.distrusted) == ([False, True], 1)


async def test_f21_swapped_answers_are_mismatched_however_often_they_are_asked_for(clock: MovableClock) -> None:
    """A registry that answers about somebody else on a fresh connection too is believed nothing."""
    answer, _ = await play(clock, ["b", "b"], reused=True)

    assert answer.outcome == Unknown(Reason.MISMATCHED)


async def test_nobody_is_believed_from_a_connection_that_carried_no_other_question(clock: MovableClock) -> None:
    """An absence from a new connection can be nobody else's answer."""
    answer, transport = await play(clock, ["-"])

    assert answer.outcome == Absent()
    assert transport.fresh == [False]


async def test_nobody_from_a_used_connection_is_asked_once_more_on_a_fresh_one(clock: MovableClock) -> None:
    """An absence that may be another question's answer counts only when a fresh connection repeats it."""
    answer, transport = await play(clock, ["-", "-"], reused=True)

    assert answer.outcome == Absent()
    assert transport.fresh == [False, True]
    assert transport.ids == ["id-1", "id-2"]


async def test_a_stray_absence_does_not_hide_the_record(clock: MovableClock) -> None:
    """When the fresh connection finds the record, the stray answer is forgotten."""
    answer, _ = await play(clock, ["-", "a"], reused=True)

    assert answer.outcome == Found(Thing(key="a"))


async def test_a_fresh_answer_about_somebody_else_is_mismatched(clock: MovableClock) -> None:
    """The second question is held to the same rule as the first."""
    answer, _ = await play(clock, ["-", "b"], reused=True)

    assert answer.outcome == Unknown(Reason.MISMATCHED)


async def test_a_record_that_names_nobody_is_asked_once_more(clock: MovableClock) -> None:
    """A bare yes from a used connection may be the answer to another question."""
    answer, transport = await play(clock, [".", "."], reused=True)

    assert answer.outcome == Found(Thing())
    assert transport.fresh == [False, True]


async def test_nobody_is_never_believed_without_a_connection_of_its_own(clock: MovableClock) -> None:
    """Where the second question too comes back on a used connection, nothing is known."""
    answer, transport = await play(clock, ["-", "-"], reused=True, never_fresh=True, attempts=1)

    assert answer.outcome == Unknown(Reason.UNREACHABLE)
    assert len(transport.fresh) == 2


async def test_an_impossible_value_is_malformed(clock: MovableClock) -> None:
    """A mapping that cannot say a value in our words ends as malformed, without the value."""
    answer, _ = await play(clock, ["!CANARY"])

    assert answer.outcome == Unknown(Reason.MALFORMED)
    assert "CANARY" not in repr(answer)


async def test_a_query_that_cannot_be_written_is_rejected_and_asks_nobody(clock: MovableClock) -> None:
    """A value that the first request cannot hold is the query's fault: nothing leaves, nothing is quoted."""
    answer, transport = await play(clock, [], contract="unwritable")

    assert answer.outcome == Unknown(Reason.REJECTED)
    assert transport.fresh == []
    assert [(attempt.result, attempt.requests) for attempt in answer.attempts] == [("rejected", 0)]


async def test_what_was_never_sent_says_nothing_about_the_registry(clock: MovableClock) -> None:
    """Queries that cannot be written leave the limit where it is, and hide no failure from the breaker."""
    channel = _channel(Scripted(clock, ["1"] * 40), clock, contract="unwritable", deadline_s=5, in_flight=8)
    (route,) = channel._routes
    route.places.limit.answered("thing", 0.3, 1, clock.monotonic())
    for _ in range(9):
        route.end("thing", route.begin("thing"), Reason.UNREACHABLE, 0.1, 5, None)
    for _ in range(40):
        await channel.ask(THING, Key(key="a"), WHO)

    assert route.places.limit.quiet_s("thing") == 0.3
    route.end("thing", route.begin("thing"), Reason.UNREACHABLE, 0.1, 5, None)
    assert not route.admits("thing")


async def test_nobody_is_absent_by_an_adapters_own_word(clock: MovableClock) -> None:
    """An adapter that ends without a question is a bug, and never an answer."""
    with pytest.raises(ContractError, match="without a question"):
        await play(clock, [], contract="hasty")


async def test_f40_each_request_of_an_attempt_is_counted(clock: MovableClock) -> None:
    """A dataset of two exchanges makes two requests an attempt; what was sent before a failure counts too."""
    answer, transport = await play(clock, ["x", RegistryUnreachable("r"), "x", "a"], contract="twice", deadline_s=5)

    assert answer.outcome == Found(Thing(key="a"))
    assert [(attempt.result, attempt.requests) for attempt in answer.attempts] == [("unreachable", 2), ("found", 2)]
    assert sum(attempt.requests for attempt in answer.attempts) == len(transport.fresh) == 4


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_f40_a_question_makes_one_attempt_more_than_allowed_at_most(attempts: int, clock: MovableClock) -> None:
    """Whatever fails and whatever must be asked again on a fresh connection, the sum is bounded."""
    failing: Script = ["-", RegistryUnreachable("r")] * 9
    answer, transport = await play(clock, failing, reused=True, deadline_s=60, attempts=attempts)

    assert answer.outcome == Unknown(Reason.UNREACHABLE)
    assert attempts <= len(answer.attempts) == len(transport.fresh) <= attempts + 1


async def test_a_silent_registry_is_a_timeout(clock: MovableClock) -> None:
    """Silence ends at the deadline as unknown: timeout."""
    answer, _ = await play(clock, [None], deadline_s=0.05)

    assert answer.outcome == Unknown(Reason.TIMEOUT)
    assert [attempt.result for attempt in answer.attempts] == ["timeout"]


async def test_the_callers_deadline_shortens_the_registrys(clock: MovableClock) -> None:
    """Whoever is in a hurry is answered in time."""
    channel = _channel(Scripted(clock, [None]), clock, deadline_s=60)

    answer = await channel.ask(THING, Key(key="a"), WHO, deadline_s=0.05)

    assert answer.outcome == Unknown(Reason.TIMEOUT)


async def test_the_second_question_too_is_inside_the_deadline(clock: MovableClock) -> None:
    """A registry that answers "nobody" and then falls silent has not answered."""
    answer, _ = await play(clock, ["-", None], reused=True, deadline_s=0.05)

    assert answer.outcome == Unknown(Reason.TIMEOUT)


async def test_a_failure_that_time_can_heal_is_tried_again(clock: MovableClock) -> None:
    """A registry that cannot be reached once may be reached a moment later, under a new request id."""
    answer, transport = await play(clock, [RegistryUnreachable("r"), "a"], deadline_s=5, attempts=2)

    assert answer.outcome == Found(Thing(key="a"))
    assert [attempt.result for attempt in answer.attempts] == ["unreachable", "found"]
    assert transport.ids == ["id-1", "id-2"]
    assert answer.provenance.request_id == "id-2"


async def test_attempts_are_bounded(clock: MovableClock) -> None:
    """After the last attempt the last failure is the outcome."""
    answer, transport = await play(clock, [RegistryUnreachable("r")] * 9, deadline_s=60, attempts=3)

    assert answer.outcome == Unknown(Reason.UNREACHABLE)
    assert len(transport.fresh) == 3
    assert all(0 <= pause <= 2 for pause in clock.slept)


async def test_what_no_attempt_can_help_is_asked_once(clock: MovableClock) -> None:
    """A query that the registry calls wrong is not repeated."""
    answer, transport = await play(clock, [RegistryRejected("r")], deadline_s=5, attempts=3)

    assert answer.outcome == Unknown(Reason.REJECTED)
    assert len(transport.fresh) == 1


async def test_a_registrys_own_waiting_time_is_kept(clock: MovableClock) -> None:
    """Throttled for two seconds: the next attempt comes after them, not before."""
    answer, _ = await play(
        clock, [RegistryThrottled("r", retry_at=clock.now() + timedelta(seconds=2)), "a"], deadline_s=60
    )

    assert answer.outcome == Found(Thing(key="a"))
    assert clock.slept == [2.0]


async def test_a_wait_beyond_the_deadline_is_not_begun(clock: MovableClock) -> None:
    """Throttled for longer than there is time: the answer comes at once, and says when to ask again."""
    when = clock.now() + timedelta(seconds=7)
    answer, transport = await play(clock, [RegistryThrottled("r", retry_at=when)], deadline_s=5)

    assert answer.outcome == Unknown(Reason.THROTTLED, retry_at=when)
    assert clock.slept == []
    assert len(transport.fresh) == 1


async def test_no_more_questions_are_in_flight_than_allowed(clock: MovableClock) -> None:
    """Twenty questions at once reach the registry three at a time, and all are answered."""
    transport = Scripted(clock, ["a"] * 20)
    channel = _channel(transport, clock, in_flight=3, deadline_s=5)

    answers = await asyncio.gather(*(channel.ask(THING, Key(key="a"), WHO) for _ in range(20)))

    assert transport.most_open == 3
    assert {answer.outcome for answer in answers} == {Found(Thing(key="a"))}


async def test_a_queue_beyond_its_bound_is_overloaded_at_once(clock: MovableClock) -> None:
    """Who finds the queue full hears so immediately; those inside it are not disturbed."""
    channel = _channel(Scripted(clock, [None, None, None]), clock, in_flight=1, waiting=1, deadline_s=0.1)

    answers = await asyncio.gather(*(channel.ask(THING, Key(key="a"), WHO) for _ in range(3)))

    assert [answer.outcome for answer in answers] == [
        Unknown(Reason.TIMEOUT),
        Unknown(Reason.OVERLOADED, retry_at=clock.now() + timedelta(seconds=1)),
        Unknown(Reason.OVERLOADED, retry_at=clock.now() + timedelta(seconds=1)),
    ]
    assert [len(answer.attempts) for answer in answers] == [1, 0, 0]


async def test_a_place_is_free_again_after_any_end(clock: MovableClock) -> None:
    """Failures, timeouts and answers all give their place back."""
    transport = Scripted(clock, [None, RegistryRejected("r"), "a"])
    channel = _channel(transport, clock, in_flight=1, deadline_s=0.05)

    outcomes = [(await channel.ask(THING, Key(key="a"), WHO)).outcome.word for _ in range(3)]

    assert outcomes == ["unknown", "unknown", "found"]


async def test_a_question_has_at_most_four_exchanges(clock: MovableClock) -> None:
    """A dialogue that never ends is cut."""
    answer, transport = await play(clock, ["x"] * 9, contract="endless", attempts=1)

    assert answer.outcome == Unknown(Reason.UNREACHABLE)
    assert len(transport.fresh) == 4


async def test_a_large_answer_is_read_off_the_loop(clock: MovableClock) -> None:
    """A body over 64 KiB is mapped in a thread, with the same outcome."""
    answer, _ = await play(clock, ["a" + " " * 100_000])

    assert answer.outcome == Found(Thing(key="a"))


async def test_each_attempt_is_told_and_the_count_in_flight_returns_to_nothing(clock: MovableClock) -> None:
    """Metrics see every attempt by its result, and no question stays in flight."""
    listener = Listener()
    channel = _channel(Scripted(clock, [RegistryUnreachable("r"), "?"]), clock, listener, deadline_s=5)

    await channel.ask(THING, Key(key="a"), WHO)

    assert listener.results == ["unreachable", "ambiguous"]
    assert listener.in_flight == 0


async def test_a_bug_in_an_adapter_is_not_hidden_as_an_outcome(clock: MovableClock) -> None:
    """What nobody foresaw is raised, so that it is seen and mended."""
    with pytest.raises(IndexError):
        await play(clock, [])


async def test_every_message_of_a_question_has_an_id_of_its_own(clock: MovableClock) -> None:
    """The first message carries the question's request id, each further one another: no echo fits two of them."""
    answer, transport = await play(clock, ["a", "b", "c", "d"], contract="endless", attempts=1)

    assert transport.messages[0] == answer.provenance.request_id
    assert len(set(transport.messages)) == 4


async def test_an_echo_of_another_message_is_asked_again_on_a_fresh_connection(clock: MovableClock) -> None:
    """What the transport calls mismatched costs the question one more attempt, and the kept connections."""
    answer, transport = await play(clock, [MismatchedAnswer(), "a"], reused=True)

    assert answer.outcome == Found(Thing(key="a"))
    assert [attempt.result for attempt in answer.attempts] == ["mismatched", "found"]
    assert (transport.fresh, transport.distrusted) == ([False, True], 1)
    assert len(set(transport.messages)) == 2


async def test_an_echo_of_another_message_is_asked_again_only_once(clock: MovableClock) -> None:
    """A registry that echoes another id on a fresh connection too is believed nothing."""
    answer, transport = await play(clock, [MismatchedAnswer(), MismatchedAnswer()], reused=True)

    assert answer.outcome == Unknown(Reason.MISMATCHED)
    assert len(transport.fresh) == 2
