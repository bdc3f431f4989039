"""
Who is next, where more want to ask a registry than may: fair between consumers, and between one consumer's agencies.

Consumers take turns by weight (start-time fair queueing), the agencies of one consumer in rotation. However many
questions one of them has waiting, another's first question is behind at most one of each. Pure.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Line", "Share"]

T = TypeVar("T")
_BATCH = 0.1
"""A consumer with nobody waiting at a counter weighs so much of what it would weigh."""


@dataclass(frozen=True, slots=True)
class Share:
    """On whose account a question waits. `weight` is the consumer's, against other consumers."""

    consumer: str = ""
    agency: str = ""
    weight: float = 1.0
    batch: bool = False


@dataclass(slots=True)
class _Consumer(Generic[T]):
    weight: float
    turn: float
    agencies: OrderedDict[str, deque[T]] = field(default_factory=OrderedDict)
    length: int = 0


class Line(Generic[T]):
    """What waits, by whom. Items are compared by identity alone."""

    def __init__(self) -> None:
        self._consumers: dict[tuple[str, bool], _Consumer[T]] = {}
        self._turn = 0.0
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, item: T, share: Share) -> None:
        """To the end of its agency's own line."""
        key = (share.consumer, share.batch)
        consumer = self._consumers.get(key)
        if consumer is None:
            weight = _weight(share)
            consumer = self._consumers[key] = _Consumer(weight, self._turn + 1 / weight)
        consumer.agencies.setdefault(share.agency, deque()).append(item)
        consumer.length += 1
        self._length += 1

    def pop(self) -> T | None:
        """Whoever is next; None where nobody waits."""
        if not self._length:
            return None
        key = min(self._consumers, key=lambda one: self._consumers[one].turn)
        consumer = self._consumers[key]
        self._turn = consumer.turn
        consumer.turn += 1 / consumer.weight
        agency, items = consumer.agencies.popitem(last=False)
        item = items.popleft()
        if items:
            consumer.agencies[agency] = items  # at the end of the rotation
        self._shrink(key, consumer)
        return item

    def discard(self, item: T, share: Share) -> None:
        """It waits no longer."""
        key = (share.consumer, share.batch)
        consumer = self._consumers.get(key)
        items = consumer.agencies.get(share.agency) if consumer else None
        if consumer is None or items is None or item not in items:
            return
        items.remove(item)
        if not items:
            del consumer.agencies[share.agency]
        self._shrink(key, consumer)

    def ahead(self, share: Share) -> float:
        """How many of those that wait now would be served before one more of this share."""
        own = self._consumers.get((share.consumer, share.batch))
        weight = _weight(share)
        before = 0
        if own is not None:
            place = len(own.agencies.get(share.agency, ())) + 1
            before = sum(min(len(items), place) for name, items in own.agencies.items() if name != share.agency)
            before += place - 1
        turns = before + 1
        others = sum(min(one.length, turns * one.weight / weight) for one in self._consumers.values() if one is not own)
        return before + others

    def greediest(self, share: Share) -> tuple[T, Share] | None:
        """
        The last one of whoever has most waiting for his weight; None where that is `share` itself. Between consumers
        their agencies do not count: one that names many has no more places for it.
        """
        if not self._length:
            return None
        key = max(self._consumers, key=lambda one: self._consumers[one].length / self._consumers[one].weight)
        consumer = self._consumers[key]
        agency = max(consumer.agencies, key=lambda one: len(consumer.agencies[one]))
        own = self._consumers.get((share.consumer, share.batch))
        if own is consumer:
            mine, most = len(own.agencies.get(share.agency, ())) + 1.0, float(len(consumer.agencies[agency]))
        else:
            mine = ((own.length if own else 0) + 1) / _weight(share)
            most = consumer.length / consumer.weight
        if most <= mine:
            return None
        return consumer.agencies[agency][-1], Share(key[0], agency, batch=key[1])

    def _shrink(self, key: tuple[str, bool], consumer: _Consumer[T]) -> None:
        consumer.length -= 1
        self._length -= 1
        if not consumer.length:
            del self._consumers[key]


def _weight(share: Share) -> float:
    return share.weight * (_BATCH if share.batch else 1.0)
