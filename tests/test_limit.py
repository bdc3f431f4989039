"""What a registry can bear is found by watching its answers; what a retry may cost is counted."""

from __future__ import annotations

from gateway.channel.budget import Budget
from gateway.channel.limit import Limit


def _under_load(limit: Limit, *, capacity: int, quiet_s: float, answers: int, more: float = 1e9) -> None:
    """A registry that works on `capacity` questions at once and lets the others wait."""
    for number in range(answers):
        in_flight = int(min(limit.value, more))
        limit.answered("thing", quiet_s * max(1.0, in_flight / capacity), in_flight, number * 0.01)


def test_it_begins_at_the_ceiling() -> None:
    """What settings allow is allowed until the registry strains."""
    assert Limit(floor=2, ceiling=32).value == 32


def test_a_registry_that_queues_is_asked_less_at_once() -> None:
    """Five workers behind thirty-two questions: the limit comes down to little more than they can use."""
    limit = Limit(floor=2, ceiling=32)
    _under_load(limit, capacity=5, quiet_s=0.05, answers=20, more=1)

    _under_load(limit, capacity=5, quiet_s=0.05, answers=2000)

    assert 6 <= limit.value <= 18


def test_it_goes_back_up_when_the_strain_is_over() -> None:
    """After a bad hour the ceiling is reached again."""
    limit = Limit(floor=2, ceiling=32)
    _under_load(limit, capacity=5, quiet_s=0.05, answers=20, more=1)
    _under_load(limit, capacity=2, quiet_s=0.05, answers=2000)
    assert limit.value < 12

    _under_load(limit, capacity=100, quiet_s=0.05, answers=2000)

    assert limit.value == 32


def test_it_never_leaves_its_bounds() -> None:
    """Whatever happens there is room for the floor, and never for more than the ceiling."""
    limit = Limit(floor=3, ceiling=8)
    for now in range(1000):
        limit.dropped("thing", float(now))
    assert limit.value == 3
    for now in range(1000):
        limit.answered("thing", 0.001, limit.value, float(now))

    assert limit.value == 8


def test_a_dataset_that_takes_longer_is_no_strain() -> None:
    """Each dataset is measured against its own quiet time."""
    limit = Limit(floor=2, ceiling=32)
    for now in range(1000):
        limit.answered("quick", 0.01, 30, float(now))
        limit.answered("heavy", 1.0, 30, float(now))

    assert limit.value == 32


def test_failures_that_come_together_count_once() -> None:
    """Thirty timeouts of one moment are one reason to ask less."""
    limit = Limit(floor=2, ceiling=30)
    limit.answered("thing", 0.1, 1, 999.0)
    for _ in range(30):
        limit.dropped("thing", 1000.0)

    assert limit.value == 27


def test_retries_are_a_tenth_of_the_questions() -> None:
    """Of a thousand questions that all fail, a hundred are tried again, and the ten that were saved up."""
    budget = Budget(share=0.1, burst=10)
    made = 0
    for _ in range(1000):
        budget.earn()
        made += budget.take()

    assert 108 <= made <= 110


def test_no_more_is_saved_up_than_the_burst() -> None:
    """A quiet day does not pay for a storm of retries."""
    budget = Budget(share=0.1, burst=3)
    for _ in range(10_000):
        budget.earn()

    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]
