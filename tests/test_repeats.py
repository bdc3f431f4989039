"""Answers that are kept to be given again: whose they are, how long, how many, and what becomes of altered ones."""

from __future__ import annotations

import pytest

from gateway.crypto import Secrets
from gateway.errors import IdempotencyConflict
from gateway.lookup.repeats import UNDER_WAY, Repeats, Slot, Told
from gateway.stores.state import MemoryState
from gateway.telemetry import Metrics
from tests.conftest import MovableClock

DAY_S = 86_400.0
TOLD = Told(
    lookup_id="first",
    outcome="found",
    fields=frozenset({"full_name", "owners.full_name"}),
    route="lgsp",
    request_id="request",
    body='{"record":"NGUYỄN"}\n{}'.encode(),
)


class Shelf:
    """Kept answers in a memory that can be looked into."""

    def __init__(self, clock: MovableClock, secret: bytes = b"1" * 32, **limits: int) -> None:
        self.metrics = Metrics()
        self.state = MemoryState(clock)
        chosen = {"most": 3, "answer_bytes": 4096} | limits
        self.answers = Repeats(self.state, Secrets((secret,)), keep_s=DAY_S, metrics=self.metrics, **chosen)

    def slot(self, key: str = "key", body: bytes = b"{}", *, consumer: str = "one-stop", route: str = "/") -> Slot:
        return self.answers.slots(consumer, key, route, body)[0]

    def unreadable(self) -> float:
        labels = {"result": "unreadable"}
        return self.metrics.registry.get_sample_value("gateway_idempotency_total", labels) or 0.0


@pytest.fixture
def shelf(clock: MovableClock) -> Shelf:
    return Shelf(clock)


async def test_an_answer_is_kept_for_its_time(shelf: Shelf, clock: MovableClock) -> None:
    """It comes back as it was until its day is over; then the key may be used for anything."""
    assert await shelf.answers.take(shelf.slot(), for_s=5)
    await shelf.answers.keep(shelf.slot(), TOLD)
    clock.advance(DAY_S - 1)
    assert await shelf.answers.find(shelf.slot()) == TOLD
    clock.advance(1)
    assert await shelf.answers.find(shelf.slot()) is None
    assert await shelf.answers.find(shelf.slot(body=b"[]")) is None


async def test_a_slot_is_taken_by_one(shelf: Shelf, clock: MovableClock) -> None:
    """Others see that the question is under way, until its asker has an answer, gives up, or is long gone."""
    assert [await shelf.answers.take(shelf.slot(), for_s=5) for _ in range(3)] == [True, False, False]
    assert await shelf.answers.find(shelf.slot()) == UNDER_WAY
    clock.advance(5)
    assert await shelf.answers.take(shelf.slot(), for_s=5)
    await shelf.answers.release(shelf.slot())
    assert await shelf.answers.take(shelf.slot(), for_s=5)


async def test_a_key_without_an_answer_still_belongs_to_its_body(shelf: Shelf) -> None:
    """After `unknown` there is nothing to give again, the same body may be asked, and no other."""
    await shelf.answers.take(shelf.slot(), for_s=5)
    await shelf.answers.keep(shelf.slot(), Told(lookup_id="first", outcome="unknown"))

    assert await shelf.answers.find(shelf.slot()) is None
    with pytest.raises(IdempotencyConflict):
        await shelf.answers.take(shelf.slot(body=b"[]"), for_s=5)
    assert await shelf.answers.take(shelf.slot(), for_s=5)
    assert await shelf.answers.find(shelf.slot()) == UNDER_WAY


async def test_body_and_route_are_part_of_the_question(shelf: Shelf) -> None:
    """A key with another body or for another route is a conflict; of another consumer it is another key."""
    await shelf.answers.keep(shelf.slot(), TOLD)
    for other in (shelf.slot(body=b"{ }"), shelf.slot(route="/other")):
        with pytest.raises(IdempotencyConflict):
            await shelf.answers.find(other)
    assert await shelf.answers.find(shelf.slot(consumer="other")) is None
    assert shelf.unreadable() == 0


async def test_whatever_was_done_to_a_kept_answer_it_is_never_another_one(shelf: Shelf) -> None:
    """Altered at any byte, cut, or moved to another key: it is a conflict or no answer, and the latter is told."""
    await shelf.answers.keep(shelf.slot(), TOLD)
    await shelf.answers.keep(shelf.slot("other"), TOLD)
    raw = await shelf.state.get(shelf.slot().name)
    assert raw is not None
    tampered = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(len(raw))]
    tampered += [raw[:length] for length in range(len(raw))]
    for value in tampered:
        await shelf.state.put(shelf.slot().name, value, ttl_s=5)
        try:
            found = await shelf.answers.find(shelf.slot())
        except IdempotencyConflict:
            continue
        assert found in {None, UNDER_WAY}
    before = shelf.unreadable()
    await shelf.state.put(shelf.slot("other").name, raw, ttl_s=5)
    assert await shelf.answers.find(shelf.slot("other")) is None
    assert shelf.unreadable() == before + 1
    assert await shelf.answers.take(shelf.slot("other"), for_s=5)


async def test_under_another_secret_nothing_is_found(clock: MovableClock, shelf: Shelf) -> None:
    """After the installation's secret was changed every key is a new one."""
    await shelf.answers.keep(shelf.slot(), TOLD)
    other = Shelf(clock, b"2" * 32)
    other.answers._state = shelf.state

    assert other.slot().name != shelf.slot().name
    assert await other.answers.find(other.slot()) is None


async def test_a_consumers_answers_make_room_for_its_own(shelf: Shelf) -> None:
    """With room for three the fourth takes the place of the oldest; another consumer's stay."""
    await shelf.answers.keep(shelf.slot(consumer="other"), TOLD)
    for number in range(4):
        await shelf.answers.keep(shelf.slot(str(number)), TOLD)
    kept = [await shelf.answers.find(shelf.slot(str(number))) is not None for number in range(4)]

    assert kept == [False, True, True, True]
    assert await shelf.answers.find(shelf.slot(consumer="other")) == TOLD


async def test_the_store_is_told_neither_key_nor_body(shelf: Shelf) -> None:
    """Keys of the store and what lies under them hold digests and sealed bytes only."""
    await shelf.answers.keep(shelf.slot("CANARY", b"CANARY"), TOLD)
    values = shelf.state._values
    text = "".join(values).encode() + b"".join(value for _, value in values.values())

    assert b"CANARY" not in text
    assert "NGUYỄN".encode() not in text
    assert b"full_name" not in text
