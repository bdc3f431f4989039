"""Short-lived state."""

from __future__ import annotations

import pytest

from gateway.stores.state import MemoryState
from tests.conftest import MovableClock


@pytest.fixture
def state(clock: MovableClock) -> MemoryState:
    return MemoryState(clock, entries=3)


async def test_a_value_is_kept_until_its_end(state: MemoryState, clock: MovableClock) -> None:
    """What is kept can be read back, and is gone when its life is over."""
    assert await state.put_if_absent("key", b"value", ttl_s=10)
    clock.advance(9.9)
    assert await state.get("key") == b"value"
    clock.advance(0.1)
    assert await state.get("key") is None


async def test_the_first_to_put_wins(state: MemoryState, clock: MovableClock) -> None:
    """A second value under the same key is not kept while the first one lives."""
    assert await state.put_if_absent("key", b"first", ttl_s=10)
    assert not await state.put_if_absent("key", b"second", ttl_s=10)
    assert await state.get("key") == b"first"
    clock.advance(10)
    assert await state.put_if_absent("key", b"third", ttl_s=10)


async def test_counting_starts_again_after_its_window(state: MemoryState, clock: MovableClock) -> None:
    """The window runs from the first count, not from the last."""
    assert [await state.incr("key", ttl_s=60) for _ in range(3)] == [1, 2, 3]
    clock.advance(59)
    assert await state.incr("key", ttl_s=60) == 4
    clock.advance(1)
    assert await state.incr("key", ttl_s=60) == 1


async def test_the_oldest_goes_first_when_it_is_full(state: MemoryState) -> None:
    """Memory is bounded: the fourth value of a store of three pushes the first one out."""
    for number in range(4):
        await state.put_if_absent(f"key-{number}", b"x", ttl_s=10)

    kept = [await state.get(f"key-{number}") for number in range(4)]

    assert kept == [None, b"x", b"x", b"x"]
