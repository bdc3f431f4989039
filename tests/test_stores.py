"""Short-lived state: one suite over every store, Redis a real one on its standard port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.errors import CheckUnavailable, SettingsError
from gateway.stores.redis import RedisState
from gateway.stores.state import MemoryState, State
from gateway.stores.state_file import FileState
from tests.conftest import MovableClock
from tests.redis_server import SHARED_URL, new_prefix, own_redis, state_in

Passing = Callable[[float], Awaitable[None]]


def redis_state(prefix: str | None = None) -> RedisState:
    """A corner of its own in the Redis of this machine; skips where there is none."""
    return state_in(SHARED_URL, prefix=prefix or new_prefix())


@pytest.fixture(params=["memory", "file", "redis"])
async def state(request: pytest.FixtureRequest, clock: MovableClock, tmp_path: Path) -> AsyncIterator[State]:
    made: State
    match request.param:
        case "memory":
            made = MemoryState(clock)
        case "file":
            made = FileState(tmp_path / "state.sqlite", clock)
        case _:
            made = redis_state()
    yield made
    await made.close()


@pytest.fixture
def passing(request: pytest.FixtureRequest, state: State, clock: MovableClock) -> Passing:
    """Lets a part of a second pass: by our clock, and for Redis, which has its own, in truth."""

    async def passed(seconds: float) -> None:
        clock.advance(seconds)
        if isinstance(state, RedisState):
            await asyncio.sleep(seconds)

    return passed


async def test_a_value_is_kept_until_its_end(state: State, passing: Passing) -> None:
    """What is kept can be read back, and is gone when its life is over."""
    assert await state.put_if_absent("key", b"value", ttl_s=0.3)
    assert await state.get("key") == b"value"
    assert await state.get("other") is None
    await passing(0.35)
    assert await state.get("key") is None


async def test_the_first_to_put_wins(state: State, passing: Passing) -> None:
    """A second value under the same key is not kept while the first one lives."""
    assert await state.put_if_absent("key", b"first", ttl_s=0.3)
    assert not await state.put_if_absent("key", b"second", ttl_s=0.3)
    assert await state.get("key") == b"first"
    await passing(0.35)
    assert await state.put_if_absent("key", b"third", ttl_s=0.3)
    assert await state.get("key") == b"third"


async def test_a_value_is_replaced_and_lives_anew(state: State, passing: Passing) -> None:
    """What is put in place of another is there for its own time, and can be forgotten before."""
    await state.put("key", b"first", ttl_s=0.3)
    await passing(0.2)
    await state.put("key", b"second", ttl_s=0.3)
    await passing(0.2)
    assert await state.get("key") == b"second"
    assert not await state.put_if_absent("key", b"third", ttl_s=0.3)
    await state.forget("key")
    await state.forget("nothing")
    assert await state.get("key") is None
    assert await state.put_if_absent("key", b"third", ttl_s=0.3)


async def test_counting_starts_again_after_its_window(state: State, passing: Passing) -> None:
    """The window runs from the first count, not from the last."""
    assert [await state.incr("key", ttl_s=0.4) for _ in range(3)] == [1, 2, 3]
    await passing(0.2)
    assert await state.incr("key", ttl_s=0.4) == 4
    await passing(0.25)
    assert await state.incr("key", ttl_s=0.4) == 1


async def test_so_many_more_are_counted_at_once(state: State, passing: Passing) -> None:
    """What is added counts as so many, and how much of the window is left is told."""
    assert await state.add("key", 5, ttl_s=10) == (5, pytest.approx(10, abs=0.5))
    await passing(0.1)
    count, left_s = await state.add("key", 7, ttl_s=10)
    assert (count, await state.incr("key", ttl_s=10)) == (12, 13)
    assert 8 < left_s <= 9.95


async def test_of_many_at_once_one_wins_and_every_count_counts(state: State) -> None:
    """Twenty that put at once under one key: one is kept; twenty counts are the numbers from 1 to 20."""
    puts = await asyncio.gather(*(state.put_if_absent("key", b"%d" % one, ttl_s=10) for one in range(20)))
    counts = await asyncio.gather(*(state.incr("count", ttl_s=10) for _ in range(20)))

    assert sum(puts) == 1
    assert sorted(counts) == list(range(1, 21))


async def test_a_store_says_what_it_is(state: State) -> None:
    """A probe changes nothing and gives a few words for an operator."""
    assert await state.probe()


async def test_a_full_memory_forgets_nothing_that_lives(clock: MovableClock) -> None:
    """A fourth value of a memory of three is refused, not kept in place of another, until one has ended."""
    state = MemoryState(clock, entries=3)
    for number in range(3):
        assert await state.put_if_absent(f"key-{number}", b"x", ttl_s=10 + number)

    with pytest.raises(CheckUnavailable):
        await state.put_if_absent("key-3", b"x", ttl_s=10)
    with pytest.raises(CheckUnavailable):
        await state.incr("count", ttl_s=10)
    assert not await state.put_if_absent("key-0", b"x", ttl_s=10)

    clock.advance(10)
    assert await state.put_if_absent("key-3", b"x", ttl_s=10)
    assert not await state.put_if_absent("key-1", b"x", ttl_s=10)


async def test_a_memory_in_which_values_are_replaced_does_not_grow(clock: MovableClock) -> None:
    """A full memory takes a new value for a key that it has, and keeps no trace of those that it had before."""
    state = MemoryState(clock, entries=3)
    for number in range(10_000):
        await state.put(f"key-{number % 3}", b"x", ttl_s=10)

    with pytest.raises(CheckUnavailable):
        await state.put("key-3", b"x", ttl_s=10)
    assert len(state._ends) < 2_000
    clock.advance(10)
    assert [await state.get(f"key-{number}") for number in range(3)] == [None] * 3
    await state.put("key-3", b"x", ttl_s=10)


@pytest.mark.parametrize("kind", ["file", "redis"])
async def test_a_shared_store_is_seen_by_others_and_after_a_restart(
    kind: str, clock: MovableClock, tmp_path: Path
) -> None:
    """What one worker keeps, another one finds, and so does the next process."""
    first: State = FileState(tmp_path / "state", clock) if kind == "file" else redis_state()
    second: State = FileState(tmp_path / "state", clock) if isinstance(first, FileState) else first
    assert first.is_shared
    assert await first.put_if_absent("key", b"value", ttl_s=10)
    assert not await second.put_if_absent("key", b"other", ttl_s=10)
    await first.close()
    if second is not first:
        await second.close()
    third: State = (
        FileState(tmp_path / "state", clock) if isinstance(first, FileState) else redis_state(first._prefix)  # type: ignore[attr-defined]
    )
    assert await third.get("key") == b"value"
    await third.close()


async def test_redis_may_want_a_password(tmp_path: Path) -> None:
    """With the password all is well, and the probe says what would lose values; without it nothing is let through."""
    async with own_redis(tmp_path, "--requirepass", "pass-word", "--maxmemory-policy", "allkeys-lru") as redis:
        right, wrong = state_in(redis.url, password="pass-word"), state_in(redis.url, password="CANARY")
        assert await right.put_if_absent("key", b"", ttl_s=10)
        assert await right.probe() == "Redis, maxmemory-policy allkeys-lru, appendonly yes"
        with pytest.raises(CheckUnavailable) as caught:
            await wrong.get("key")
        assert "CANARY" not in str(caught.value)
        await right.close()
        await wrong.close()


async def test_a_redis_that_dies_between_two_questions_is_noticed(tmp_path: Path) -> None:
    """A connection that was good a moment ago is no promise: what cannot be kept is an error."""
    async with own_redis(tmp_path) as redis:
        state = state_in(redis.url)
        assert await state.put_if_absent("key", b"", ttl_s=10)
        await redis.kill()
        with pytest.raises(CheckUnavailable):
            await state.put_if_absent("other", b"", ttl_s=10)
        await state.close()


async def test_what_has_ended_leaves_the_file(clock: MovableClock, tmp_path: Path) -> None:
    """The file does not grow with values that are over: a later change takes them out."""
    state = FileState(tmp_path / "state", clock)
    for number in range(50):
        await state.put_if_absent(f"key-{number}", b"x", ttl_s=5)
    clock.advance(61)
    await state.put_if_absent("last", b"x", ttl_s=5)
    rows = await state._run(lambda: state._database.execute("SELECT count(*) FROM state").fetchone())
    await state.close()

    assert rows == (1,)


async def test_a_store_that_is_away_lets_nothing_through() -> None:
    """A Redis that cannot be reached is an error that says so, without its address, and never an answer."""
    state = state_in("redis://127.0.0.1:9/0")
    for asked in (state.get("k"), state.put_if_absent("k", b"", ttl_s=1), state.incr("k", ttl_s=1), state.probe()):
        with pytest.raises(CheckUnavailable) as caught:
            await asked
        assert "127.0.0.1" not in str(caught.value)
    await state.close()


async def test_a_file_that_is_no_database_stops_the_start_or_the_question(clock: MovableClock, tmp_path: Path) -> None:
    """Rubbish at the path is a wrong setting; a store that was closed answers nothing."""
    (tmp_path / "state").write_text("no database" * 200)
    with pytest.raises(SettingsError, match=r"state\.url"):
        FileState(tmp_path / "state", clock)
    state = FileState(tmp_path / "other", clock)
    await state.close()
    with pytest.raises(CheckUnavailable):
        await state.get("key")
