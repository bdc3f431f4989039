"""A registry that fails is left in peace, and asked again carefully. The clock is passed in; nothing here waits."""

from __future__ import annotations

import random
from itertools import count

import pytest

from gateway.channel.breaker import Breaker, BreakerPolicy, Change, State, Verdict

ANSWERED, FAILED, THROTTLED, UNTOLD = Verdict.ANSWERED, Verdict.FAILED, Verdict.THROTTLED, Verdict.UNTOLD


class Tried:
    """A breaker, its clock, and what it told."""

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self.told: list[Change] = []
        self.breaker = Breaker(policy or BreakerPolicy(), self.told.append)
        self.now = 1000.0

    def attempt(self, verdict: Verdict, *, slow: bool = False, leave_s: float | None = None) -> bool:
        """One attempt that ends at once; False where it was not let through."""
        ticket = self.breaker.admit(self.now)
        if ticket is None:
            self.breaker.turn_away(self.now)
            return False
        leave_until = None if leave_s is None else self.now + leave_s
        self.breaker.done(ticket, verdict, self.now, slow=slow, leave_until=leave_until)
        return True

    def attempts(self, verdict: Verdict, times: int, *, every_s: float = 0.02, slow: bool = False) -> int:
        """How many of them were let through."""
        through = 0
        for _ in range(times):
            through += self.attempt(verdict, slow=slow)
            self.now += every_s
        return through


def opened(policy: BreakerPolicy | None = None) -> Tried:
    tried = Tried(policy)
    tried.attempts(FAILED, 10)
    assert tried.breaker.state is State.OPEN
    return tried


def test_ten_failures_in_a_row_open_it() -> None:
    """However well a registry was before, the tenth failure in a row is the last that it is asked for."""
    tried = Tried()
    assert tried.attempts(ANSWERED, 1000) == 1000

    assert tried.attempts(FAILED, 50) == 10
    assert tried.told == [Change(state=State.OPEN, why="failing")]


def test_a_share_of_failures_opens_it() -> None:
    """Where half of many attempts fail, an answer now and then does not help."""
    tried = Tried()
    for number in count():
        if not tried.attempt(FAILED if number % 2 else ANSWERED):
            break
        tried.now += 0.1

    assert tried.told[0].why == "failing"
    assert number == 30


def test_a_few_attempts_prove_nothing() -> None:
    """Below the minimum no share counts."""
    tried = Tried()
    for number in range(28):
        assert tried.attempt(FAILED if number % 3 else ANSWERED)

    assert tried.breaker.state is State.CLOSED


def test_old_failures_are_forgotten() -> None:
    """What is further back than the window counts no more."""
    tried = Tried()
    for _ in range(14):
        tried.attempt(FAILED)
        tried.attempt(ANSWERED)
    tried.now += 31

    for _ in range(14):
        tried.attempt(FAILED)
        tried.attempt(ANSWERED)

    assert tried.breaker.state is State.CLOSED


def test_slow_answers_open_it() -> None:
    """A registry of which nearly every answer comes in the last moment is given air."""
    tried = Tried()
    tried.attempts(ANSWERED, 100, slow=True)

    assert tried.told == [Change(state=State.OPEN, why="slow")]


@pytest.mark.parametrize("verdict", [ANSWERED, UNTOLD])
def test_answers_and_what_is_ours_never_open_it(verdict: Verdict) -> None:
    """Nobody found, a wrong question, our own overload: none of it speaks against the registry."""
    tried = Tried()

    assert tried.attempts(verdict, 5000) == 5000
    assert tried.told == []


def test_being_throttled_is_counted_apart() -> None:
    """Throttled answers open it by themselves, under their own word, and for as long as the registry asked."""
    tried = Tried()
    for _ in range(9):
        tried.attempt(FAILED)
    for _ in range(4):
        tried.attempt(THROTTLED)
    assert tried.breaker.state is State.CLOSED

    tried.attempt(THROTTLED, leave_s=60)

    assert tried.breaker.why == "throttled"
    assert tried.breaker.again_at(tried.now) == tried.now + 60


def test_an_outage_is_probed_once_in_five_seconds() -> None:
    """While it fails, a minute at fifty questions a second costs the registry twelve."""
    tried = opened()

    assert tried.attempts(FAILED, 3000) in {11, 12}
    assert len(tried.told) == 1


def test_probes_go_one_at_a_time() -> None:
    """While one is under way no other is let through, however long it takes."""
    tried = opened()
    tried.now += 5
    first = tried.breaker.admit(tried.now)
    tried.now += 60

    assert first is not None
    assert tried.breaker.admit(tried.now) is None
    assert tried.breaker.again_at(tried.now) > tried.now


def test_good_probes_close_it_and_the_cost_is_told_once() -> None:
    """Five good answers in a row, then it is closed; how long it was open and what it cost is told once."""
    tried = opened()
    tried.attempts(FAILED, 100, every_s=0.01)
    tried.now += 5

    assert tried.attempts(ANSWERED, 20) == 20
    end = tried.told[1]
    assert (end.state, end.why, end.refused, len(tried.told)) == (State.CLOSED, "failing", 100, 2)
    assert end.after_s == pytest.approx(6.1, abs=0.1)


def test_one_bad_probe_begins_the_wait_anew() -> None:
    """Four good ones and a bad one: open for another five seconds, as the same outage."""
    tried = opened()
    tried.now += 5
    tried.attempts(ANSWERED, 4)
    tried.attempt(FAILED)

    assert not tried.attempt(ANSWERED)
    assert tried.breaker.again_at(tried.now) == tried.now + 5
    assert len(tried.told) == 1


def test_a_probe_that_says_nothing_gives_its_place_back() -> None:
    """A caller who hangs up during a probe neither closes nor opens anything."""
    tried = opened()
    tried.now += 5
    tried.attempt(UNTOLD)

    assert tried.attempt(ANSWERED)


def test_what_began_before_the_outage_says_nothing_about_it() -> None:
    """An answer that was under way when it opened does not close it, nor does a late failure prolong it."""
    tried = Tried()
    early = [tried.breaker.admit(tried.now) for _ in range(20)]
    tried.attempts(FAILED, 10)
    until = tried.breaker.again_at(tried.now)
    tried.now += 4
    for ticket in early:
        assert ticket is not None
        tried.breaker.done(ticket, ANSWERED, tried.now)
        tried.breaker.done(ticket, FAILED, tried.now)

    assert (tried.breaker.state, tried.breaker.again_at(tried.now)) == (State.OPEN, until)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("percent", [10, 30, 60])
def test_f33_random_failures_do_not_make_it_flap(percent: int, seed: int) -> None:
    """A minute of failures at random opens it at most twice, and at one in ten never."""
    tried, dice = Tried(), random.Random(seed)
    for _ in range(3000):
        tried.attempt(FAILED if dice.random() * 100 < percent else ANSWERED)
        tried.now += 0.02

    openings = [change for change in tried.told if change.state is State.OPEN]
    assert len(openings) <= (0 if percent == 10 else 2)
