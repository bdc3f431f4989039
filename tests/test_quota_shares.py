"""A registry's quota that several processes use up together is never exceeded by all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.channel.quota import QuotaPolicy
from gateway.channel.quota_shares import Shares
from gateway.errors import CheckUnavailable
from gateway.settings import Settings
from gateway.settings_authentication import StateSettings
from gateway.stores.state import MemoryState, State
from mocks.server import Running
from tests.conftest import FIRM, MovableClock, settings_for
from tests.office import at_work
from tests.redis_server import SHARED_URL, new_prefix, own_redis, until

HOUR_S = 3600.0


def sharing(counts: State, clock: MovableClock, *, processes: int = 3, **policy: int) -> list[Shares]:
    return [
        Shares(
            QuotaPolicy(**policy),  # type: ignore[arg-type]
            counts,
            clock,
            registry="dkdn",
            day_left_s=lambda: 8 * HOUR_S,
            sharers=processes,
        )
        for _ in range(processes)
    ]


async def taken(shares: Sequence[Shares], times: int, *, batch: bool = False) -> int:
    """How many of so many requests may be made, in turns."""
    told = [await shares[number % len(shares)].take(batch=batch) for number in range(times)]
    return sum(again is None for again in told)


@pytest.mark.parametrize("limit", [1, 7, 100, 2_500])
async def test_all_together_make_no_more_than_is_allowed(limit: int, clock: MovableClock) -> None:
    """However many processes there are and whatever the limit: all of it may be used, and not one more."""
    shares = sharing(MemoryState(clock), clock, per_minute=limit)

    assert await taken(shares, limit + 50) == limit
    clock.advance(60)
    assert await taken(shares, limit + 50) == limit


@pytest.mark.parametrize("limits", [{"per_minute": 100}, {"per_minute": 100, "per_day": 100}, {"per_day": 100}])
async def test_at_once_too(limits: dict[str, int], clock: MovableClock) -> None:
    """Two hundred that come in the same moment share what there is."""
    shares = sharing(Waiting(clock), clock, **limits)
    told = await asyncio.gather(*(shares[number % 3].take(batch=False) for number in range(200)))

    assert sum(again is None for again in told) == 100


async def test_who_is_refused_hears_when_there_is_room(clock: MovableClock) -> None:
    """At the end of the minute of all, which began with the first request of any; for a day at its end."""
    minute = sharing(MemoryState(clock), clock, per_minute=2)
    assert await taken(minute[:1], 1) == 1
    clock.advance(40)
    assert await taken(minute[1:], 5) == 1
    day = sharing(MemoryState(clock), clock, per_minute=100, per_day=3)
    await taken(day, 3)

    assert await minute[2].take(batch=False) == pytest.approx(clock.monotonic() + 20)
    assert await day[0].take(batch=False) == pytest.approx(clock.monotonic() + 8 * HOUR_S)


async def test_few_requests_wait_for_the_shared_count(clock: MovableClock) -> None:
    """Of a thousand all but some hundred are spent of what a process has already taken."""
    counts = Counted(clock)
    await taken(sharing(counts, clock, per_day=1_000), 1_000)

    assert counts.asked < 200


async def test_batches_leave_a_part_to_the_counter(clock: MovableClock) -> None:
    """A fifth of what all may do is not theirs; somebody at a counter may use it."""
    shares = sharing(MemoryState(clock), clock, per_minute=100)
    batches = await taken(shares, 200, batch=True)

    assert 75 <= batches <= 85
    assert batches + await taken(shares, 200) == 100


async def test_further_requests_of_a_question_count(clock: MovableClock) -> None:
    """What was made without asking is taken from what is left."""
    shares = sharing(MemoryState(clock), clock, per_minute=20)
    await taken(shares[:1], 1)
    shares[0].count(9)

    assert await taken(shares[:1], 30) == 10


async def test_what_is_left_to_all_is_told(clock: MovableClock) -> None:
    """And when it will have run out at the pace of all."""
    one, other, _ = sharing(MemoryState(clock), clock, per_day=1_000)
    await taken([other], 400)
    clock.advance(100)
    await taken([one], 1)
    left, at = one.left(), one.runs_out_at(clock.monotonic())

    assert left is not None
    assert 550 <= left <= 600
    assert at is None or at > clock.monotonic()


async def test_while_the_shared_count_is_away_each_keeps_to_its_part(clock: MovableClock) -> None:
    """Three processes of a quota of ninety make thirty each, of which those before the outage count."""
    counts = Counted(clock)
    shares = sharing(counts, clock, per_minute=90)
    await taken(shares, 30)
    counts.is_away = True
    for one in shares:
        one._periods[0].own = 0
    alone = [await taken([one], 90) for one in shares]

    assert alone == [20, 20, 20]


class Waiting(MemoryState):
    """Answers when others have had their turn, as what is reached over a network does."""

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        told = await super().add(key, number, ttl_s=ttl_s)
        await asyncio.sleep(0)
        return told


class Counted(MemoryState):
    """Counts how often it was asked, and may be away."""

    asked = 0
    is_away = False

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        self.asked += 1
        if self.is_away:
            raise CheckUnavailable("away")
        return await super().add(key, number, ttl_s=ttl_s)


def limited(stand_ins: Running, url: str, prefix: str) -> Settings:
    settings = settings_for(stand_ins.base_url, dkdn={"quota": {"per_minute": 6}})
    state = StateSettings(store="redis", url=url, prefix=prefix, timeout_s=2.0)
    return settings.model_copy(update={"state": state})


async def test_two_gateways_share_a_registrys_quota(stand_ins: Running, clock: MovableClock) -> None:
    """Six requests a minute are six for both; beyond it nothing leaves."""
    settings = limited(stand_ins, SHARED_URL, new_prefix())
    async with at_work(settings, clock) as one, at_work(settings, clock) as other:
        told = [(await office.ask("dkdn.enterprise", FIRM)).answer.outcome for office in (one, other) * 5]
        seen = sum(one.registry == "dkdn" and "token" not in one.operation for one in stand_ins.journal)

    assert [outcome.word for outcome in told].count("found") == seen == 6
    assert {getattr(outcome, "reason", None) for outcome in told[6:]} == {told[-1].reason}  # type: ignore[union-attr]
    assert told[-1].reason.value == "throttled"  # type: ignore[union-attr]


async def test_without_redis_two_gateways_stay_within_the_quota(
    stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """Each makes half of it; when Redis is back they share again."""
    async with own_redis(tmp_path) as redis:
        settings = limited(stand_ins, redis.url, "p:")
        async with at_work(settings, clock) as one, at_work(settings, clock) as other:
            await redis.kill()
            told = [(await office.ask("dkdn.enterprise", FIRM)).answer.outcome.word for office in (one, other) * 5]
            await redis.start()
            await until(lambda: not any(office.core.state._link.is_away for office in (one, other)))  # type: ignore[attr-defined]
            clock.advance(61)
            told += [(await office.ask("dkdn.enterprise", FIRM)).answer.outcome.word for office in (one, other) * 5]

    assert (told[:10].count("found"), told[10:].count("found")) == (6, 6)
