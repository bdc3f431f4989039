"""Equal questions under way at the same time: one fetch, each with a deadline of its own, nobody harmed by another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from gateway.channel.answer import Answer, Attempt, Provenance
from gateway.clock import SystemClock
from gateway.domain.outcome import Absent, Unknown
from gateway.errors import Reason
from gateway.lookup.flights import Flights, OutOfTime
from tests.load import until

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG_S = 30.0
SHORT_S = 0.02
ATTEMPT = Attempt("absent", 0.01, True)
ANSWER = Answer(
    outcome=Absent(),
    provenance=Provenance(
        registry="dkdn",
        operation="op",
        route="direct",
        via="live",
        request_id="1",
        asked_at=NOW,
        answered_at=NOW,
        contract="dkdn@ngsp",
        basis="observed",
    ),
    attempts=(ATTEMPT,),
)


@dataclass
class Fetching:
    """A registry that answers when it is told to."""

    flights: Flights
    answers: asyncio.Queue[Answer | Exception] = field(default_factory=asyncio.Queue)
    begun: int = 0
    broken_off: int = 0
    landed: list[tuple[Answer, str]] = field(default_factory=list)

    async def fetch(self) -> Answer:
        self.begun += 1
        try:
            answer = await self.answers.get()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, who: str, within_s: float = LONG_S) -> asyncio.Task[Answer]:
        end = SystemClock().monotonic() + within_s
        return asyncio.create_task(
            self.flights.share("key", who, end, self.fetch, lambda answer, owner: self.landed.append((answer, owner)))
        )


@pytest.fixture
async def fetching() -> Fetching:
    return Fetching(Flights(SystemClock()))


async def under_way(fetching: Fetching, *who: str, within_s: float = LONG_S) -> list[asyncio.Task[Answer]]:
    tasks = [fetching.ask(one, within_s) for one in who]
    await until(lambda: fetching.begun > 0)
    return tasks


async def test_fifty_equal_questions_share_one_fetch(fetching: Fetching) -> None:
    """One fetch, fifty answers; the attempts stand with the one that asked, and the others name it."""
    tasks = await under_way(fetching, *map(str, range(50)))
    fetching.answers.put_nowait(ANSWER)

    first, *others = await asyncio.gather(*tasks)

    assert fetching.begun == 1
    assert (first.attempts, first.fetched_by) == ((ATTEMPT,), "")
    assert {(other.attempts, other.fetched_by) for other in others} == {((), "0")}
    assert fetching.landed == [(ANSWER, "0")]


async def test_a_waiter_who_leaves_takes_nothing_from_the_others(fetching: Fetching) -> None:
    """Whoever began the fetch may hang up: it goes on, and counts for the first that still waits."""
    first, second, third = await under_way(fetching, "1", "2", "3")
    first.cancel()
    await asyncio.wait([first])
    fetching.answers.put_nowait(ANSWER)

    assert (await second).attempts == (ATTEMPT,)
    assert (await third).fetched_by == "2"
    assert (fetching.begun, fetching.broken_off) == (1, 0)


async def test_f31_a_fetch_for_which_nobody_waits_is_broken_off(fetching: Fetching) -> None:
    """When the last of them has left nothing is asked any more, and the next question begins anew."""
    tasks = await under_way(fetching, *map(str, range(50)))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await until(lambda: fetching.broken_off == 1)

    assert not fetching.flights.is_open("key")
    assert fetching.landed == []
    again = fetching.ask("again")
    fetching.answers.put_nowait(ANSWER)
    assert await again == ANSWER


async def test_f31_a_fetch_for_which_nobody_waits_may_end_all_the_same(fetching: Fetching) -> None:
    """Where settings want it, the answer is there for whoever asks next."""
    fetching.flights = Flights(SystemClock(), finish=True)
    tasks = await under_way(fetching, "1", "2")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    fetching.answers.put_nowait(ANSWER)
    await until(lambda: bool(fetching.landed))

    assert fetching.landed == [(ANSWER, "1")]
    assert fetching.broken_off == 0


async def test_each_waiter_has_a_deadline_of_its_own(fetching: Fetching) -> None:
    """One that has little time ends by itself; the others still get their answer."""
    (patient,) = await under_way(fetching, "patient")
    hasty = fetching.ask("hasty", SHORT_S)
    with pytest.raises(OutOfTime):
        await hasty
    fetching.answers.put_nowait(ANSWER)

    assert await patient == ANSWER
    assert fetching.begun == 1


async def test_the_deadline_of_one_is_not_the_end_of_another(fetching: Fetching) -> None:
    """A fetch that ended at the deadline of whoever began it is followed by another for those who have time left."""
    timeout = replace(ANSWER, outcome=Unknown(Reason.TIMEOUT), attempts=(Attempt("timeout", 0.1, True),))
    (hasty,) = await under_way(fetching, "hasty", within_s=0.1)
    patient = fetching.ask("patient")
    await asyncio.sleep(0.1)
    fetching.answers.put_nowait(timeout)

    assert await hasty == timeout
    await until(lambda: fetching.begun == 2)
    fetching.answers.put_nowait(ANSWER)
    assert await patient == ANSWER


@pytest.mark.parametrize("reason", [Reason.OVERLOADED, Reason.UNREACHABLE, Reason.MISMATCHED])
async def test_an_answer_that_is_none_is_shared_too(reason: Reason, fetching: Fetching) -> None:
    """What the registry did to one fetch it would do to fifty: nobody asks again at once."""
    failed = replace(ANSWER, outcome=Unknown(reason))
    tasks = await under_way(fetching, "1", "2")
    fetching.answers.put_nowait(failed)

    assert {answer.outcome for answer in await asyncio.gather(*tasks)} == {Unknown(reason)}
    assert fetching.begun == 1


async def test_a_bug_meets_everybody_who_waits_for_it(fetching: Fetching) -> None:
    """An error nobody foresaw is each waiter's, and the next question begins anew."""
    tasks = await under_way(fetching, "1", "2")
    fetching.answers.put_nowait(RuntimeError("bug"))

    told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(one) for one in told] == ["bug", "bug"]
    assert not fetching.flights.is_open("key")


async def test_closing_ends_what_is_under_way(fetching: Fetching) -> None:
    """Nothing is left running, and nobody waits for ever."""
    tasks = await under_way(fetching, "1", "2")
    await fetching.flights.close()

    assert fetching.broken_off == 1
    assert all(isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True))
