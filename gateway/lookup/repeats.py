"""
Answers that are kept to be given again under the idempotency key that they were first given under.

What is kept is sealed, and bound to consumer, key and body: a value that was altered, moved or sealed under another key
is as good as none, and is told. The store sees keyed digests in place of keys and bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from gateway.crypto import Box, Secrets
from gateway.domain.outcome import Unknown
from gateway.errors import FieldProblem, IdempotencyConflict
from gateway.stores.state import State
from gateway.telemetry import Metrics, log

__all__ = ["HEADER", "UNDER_WAY", "Repeats", "Slot", "Told"]

HEADER = "Idempotency-Key"
UNDER_WAY: Final = "under_way"
"""Found in place of an answer while somebody is asking."""

_ASKING, _ANSWERED, _USED = b"a", b"k", b"u"
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the answer to one lookup under an idempotency key belongs; `fingerprint` tells bodies apart."""

    consumer: str
    name: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What a caller was told, and what its record says. `body` is the answer as it left; None where the outcome was
    `unknown`, which is never kept, but shared by those who waited for it.
    """

    lookup_id: str
    outcome: str
    fields: frozenset[str] = frozenset()
    route: str | None = None
    request_id: str | None = None
    body: bytes | None = field(default=None, repr=False)
    unknown: Unknown | None = None


class Repeats:
    """
    At most `most` answers of one consumer, each of at most `answer_bytes`, for `keep_s`; the oldest makes room.

    Every method raises CheckUnavailable where the store cannot tell or cannot keep.
    """

    def __init__(
        self, state: State, secrets: Secrets, *, keep_s: float, most: int, answer_bytes: int, metrics: Metrics
    ) -> None:
        self._state = state
        self._secrets = secrets
        self._box: Box = secrets.box(b"idempotency")
        self._keep_s = keep_s
        self._most = most
        self._answer_bytes = answer_bytes
        self._results = metrics.idempotency

    def slots(self, consumer: str, key: str, route: str, body: bytes, count: int = 1) -> list[Slot]:
        """The slots of so many lookups that came under one key in one body."""
        name = self._secrets.pseudonym("idempotency key", f"{consumer}\0{key}")
        fingerprint = self._box.digest(route.encode() + b"\0" + body)
        return [Slot(consumer, f"idempotency:{name}:{number}", fingerprint) for number in range(count)]

    async def check(self, slots: Sequence[Slot]) -> None:
        """Raises IdempotencyConflict where one of them was used with another body."""
        for slot in slots:
            await self._look(slot)

    async def find(self, slot: Slot) -> Told | Literal["under_way"] | None:
        """
        The kept answer; None where there is none to give again. Raises IdempotencyConflict where the key came with
        another body.
        """
        found = await self._look(slot)
        if found is None or found[:1] == _USED:
            return None
        if found[:1] == _ASKING:
            return UNDER_WAY
        sealed = found[1 + _DIGEST_BYTES :] if found[:1] == _ANSWERED else b""
        opened = self._box.open(sealed, belongs_to=_belonging(slot))
        if opened is None:
            self._results.labels("unreadable").inc()
            log().error("idempotency.unreadable", consumer=slot.consumer)
            await self._state.forget(slot.name)
            return None
        return _told(opened)

    async def take(self, slot: Slot, *, for_s: float) -> bool:
        """Say that the question is being asked; False where somebody else was quicker. It ends by itself."""
        if await self._state.put_if_absent(slot.name, _ASKING + slot.fingerprint, ttl_s=for_s):
            return True
        if await self.find(slot) is not None:
            return False
        await self._state.put(slot.name, _ASKING + slot.fingerprint, ttl_s=for_s)
        return True

    async def keep(self, slot: Slot, told: Told) -> None:
        """Keep an answer, or, where there was none, only that the key belongs to this body."""
        sealed = b"" if told.body is None else self._box.seal(_text(told), belongs_to=_belonging(slot))
        if len(sealed) > self._answer_bytes:
            self._results.labels("not_kept").inc()
            sealed = b""
        await self._make_room(slot)
        value = (_ANSWERED if sealed else _USED) + slot.fingerprint + sealed
        await self._state.put(slot.name, value, ttl_s=self._keep_s)

    async def release(self, slot: Slot) -> None:
        """Nothing was asked, or nobody knows how it ended: the key is as if it had not been used."""
        await self._state.forget(slot.name)

    async def _look(self, slot: Slot) -> bytes | None:
        found = await self._state.get(slot.name)
        if found is not None and found[1 : 1 + _DIGEST_BYTES] != slot.fingerprint:
            raise conflict()
        return found

    async def _make_room(self, slot: Slot) -> None:
        """Each consumer's answers lie on a ring: what lay in the next place goes."""
        number = await self._state.incr(f"idempotency:{slot.consumer}:kept", ttl_s=self._keep_s)
        place = f"idempotency:{slot.consumer}:{number % self._most}"
        oldest = await self._state.get(place)
        if oldest is not None and oldest != slot.name.encode():
            await self._state.forget(oldest.decode())
        await self._state.put(place, slot.name.encode(), ttl_s=self._keep_s)


def conflict() -> IdempotencyConflict:
    """The refusal of a key that came with another body."""
    advice = (
        "khóa này đã dùng với thân yêu cầu khác; dùng khóa mới cho yêu cầu mới / "
        "this key came with another body before; use a new key for a new request"
    )
    return IdempotencyConflict(problems=(FieldProblem(HEADER, "other_body", advice),))


def _belonging(slot: Slot) -> bytes:
    return b"\0".join((slot.consumer.encode(), slot.name.encode(), slot.fingerprint))


def _text(told: Told) -> bytes:
    head = {
        "lookup_id": told.lookup_id,
        "outcome": told.outcome,
        "fields": sorted(told.fields),
        "route": told.route,
        "request_id": told.request_id,
    }
    return orjson.dumps(head) + b"\n" + (told.body or b"")


def _told(text: bytes) -> Told:
    head, _, body = text.partition(b"\n")
    said = orjson.loads(head)
    return Told(**said | {"fields": frozenset(said["fields"])}, body=body)
