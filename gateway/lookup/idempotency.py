"""
One question under one idempotency key: asked once, answered to everybody who brings the key with the same body.

Whoever comes while it is being asked waits for that answer. Each one who is told it again has his rights decided anew
and records of his own in the ledger, which name the lookup that was answered first. Only `found` and `absent` are kept:
after `unknown` or a refusal the same key asks anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.clock import Clock
from gateway.domain.dataset import Sensitivity
from gateway.domain.outcome import Unknown, unknown_from
from gateway.errors import (
    CheckUnavailable,
    FieldProblem,
    Forbidden,
    LedgerUnavailable,
    QuestionRefused,
    Reason,
)
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import FLUSH_GRACE_S, Lookup, LookupResult
from gateway.lookup.repeats import HEADER, Repeats, Slot, Told, conflict
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Asking, Caller
from gateway.telemetry import Metrics, log

__all__ = ["Idempotency", "RepeatLedger", "Reply"]

_LOOK_AGAIN_S = 0.05
"""How often it is looked whether another worker has its answer."""
_MORE_TIME_S = 1.0
_SPARE_S = 1.0
"""How much longer than its deadline a question counts as being asked, should its worker die."""


class RepeatLedger(Protocol):
    """What the ledger does for an answer that is given again."""

    def noted(self, asking: Asking) -> int:
        """The index of the question's record, which becomes durable with that of its answer. See `seams.Ledger`."""

    async def repeated(self, asking: Asking, asked: int, told: Told, *, within_s: float) -> None:
        """
        Return once the record of the answer is durable; it names the lookup that was told first.

        Raises LedgerUnavailable: the answer may not leave.
        """


@dataclass(frozen=True, slots=True)
class Reply:
    """What leaves: what somebody was `told`, and whether it was somebody before."""

    told: Told
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Flight:
    """
    A question that this worker is asking until `end`. `ended` has what it was told; None where others have to ask
    themselves.
    """

    fingerprint: bytes
    end: float
    ended: asyncio.Future[Told | None]


class Idempotency:
    """Asks through the pipeline, once for each key and body."""

    def __init__(
        self,
        lookup: Lookup,
        answers: Repeats,
        *,
        ledger: RepeatLedger | None,
        clock: Clock,
        metrics: Metrics,
        write: Callable[[LookupResult], bytes],
    ) -> None:
        """`write` gives an answer as it leaves."""
        self.slots = answers.slots
        self._lookup = lookup
        self._answers = answers
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._write = write
        self._flights: dict[str, _Flight] = {}

    async def check(self, slots: list[Slot]) -> None:
        """
        Raises IdempotencyConflict where the key of these slots came with another body, CheckUnavailable where that
        cannot be told.
        """
        for slot in slots:
            self._flight(slot)
        await self._answers.check(slots)

    async def ask(
        self, slot: Slot, lookup_id: str, consumer: Consumer, request: LookupRequest, caller: Caller
    ) -> Reply:
        """
        The answer to the question of this slot.

        Raises QuestionRefused like the pipeline, and what `check` raises.
        """
        try:
            end = self._lookup.end(request, caller)
            entered = await self._entered(slot, lookup_id, end)
        except QuestionRefused as refusal:
            await self._lookup.refuse(lookup_id, consumer, refusal, request)
            raise
        if isinstance(entered, Told):
            return await self._again(entered, lookup_id, consumer, request, caller, end)
        told = None
        try:
            told = await self._asked(slot, lookup_id, consumer, request, caller)
        finally:
            self._ended(slot, entered, told)
        return Reply(told, repeated=False)

    async def _entered(self, slot: Slot, lookup_id: str, end: float) -> Told | _Flight:
        """What was told before, or the flight of a question that is now the caller's own to ask and to end."""
        while (under_way := self._flight(slot)) is not None:
            told = await self._awaited(under_way, lookup_id, end)
            if told is not None:
                return told
        flight = self._flights[slot.name] = _Flight(slot.fingerprint, end, asyncio.get_running_loop().create_future())
        found = None
        try:
            found = await self._found(slot, lookup_id, end)
        except BaseException:
            self._ended(slot, flight, None)
            raise
        if found is None:
            return flight
        self._ended(slot, flight, found)
        return found

    def _flight(self, slot: Slot) -> _Flight | None:
        flight = self._flights.get(slot.name)
        if flight is not None and flight.fingerprint != slot.fingerprint:
            raise conflict()
        return flight

    def _ended(self, slot: Slot, flight: _Flight, told: Told | None) -> None:
        del self._flights[slot.name]
        flight.ended.set_result(told)

    async def _awaited(self, flight: _Flight, lookup_id: str, end: float) -> Told | None:
        done, _ = await asyncio.wait({flight.ended}, timeout=max(end - self._clock.monotonic(), 0.0))
        if not done:
            return _too_late(lookup_id)
        told = flight.ended.result()
        # Whoever has much more time than the one who was asking is not bound by the other's haste.
        hasty = told is not None and told.unknown is not None and told.unknown.reason is Reason.TIMEOUT
        return None if hasty and end - flight.end > _MORE_TIME_S else told

    async def _found(self, slot: Slot, lookup_id: str, end: float) -> Told | None:
        """What is kept, waiting for another worker where it is asking; None once this one is to ask."""
        while True:
            found = await self._answers.find(slot)
            if isinstance(found, Told):
                return found
            left = end - self._clock.monotonic()
            if found is None and await self._answers.take(slot, for_s=max(left, 0.0) + _SPARE_S):
                return None
            if left <= 0:
                return _too_late(lookup_id)
            await self._clock.sleep(min(_LOOK_AGAIN_S, left))

    async def _asked(
        self, slot: Slot, lookup_id: str, consumer: Consumer, request: LookupRequest, caller: Caller
    ) -> Told:
        try:
            told = self._told(await self._lookup.ask(lookup_id, consumer, request, caller))
            try:
                await self._answers.keep(slot, told if self._may_be_kept(request) else replace(told, body=None))
            except CheckUnavailable:  # the answer is there, and may leave; the next one asks anew
                self._metrics.idempotency.labels("not_kept").inc()
                with suppress(CheckUnavailable):
                    await self._answers.release(slot)
        except BaseException:
            with suppress(CheckUnavailable):
                await self._answers.release(slot)
            raise
        self._metrics.idempotency.labels("first").inc()
        return told

    def _may_be_kept(self, request: LookupRequest) -> bool:
        """What is sensitive is never kept, for nobody: the key stays bound to its body, and asks anew."""
        return self._lookup.catalogue.find(request.dataset).dataset.sensitivity is not Sensitivity.SENSITIVE

    def _told(self, result: LookupResult) -> Told:
        outcome, provenance = result.answer.outcome, result.answer.provenance
        unknown = outcome if isinstance(outcome, Unknown) else None
        return Told(
            lookup_id=result.lookup_id,
            outcome=outcome.word,
            fields=result.grant.fields,
            route=provenance.route,
            request_id=provenance.request_id,
            body=self._write(result) if unknown is None else None,
            unknown=unknown,
        )

    async def _again(
        self, told: Told, lookup_id: str, consumer: Consumer, request: LookupRequest, caller: Caller, end: float
    ) -> Reply:
        """The same once more, for somebody who may still have it, and not before it is recorded."""
        asking = await self._lookup.granted(lookup_id, consumer, request, caller)
        if told.unknown is None:
            if not all(_is_granted(name, asking.grant.fields) for name in told.fields):
                refusal = _rights_changed()
                await self._lookup.refuse(lookup_id, consumer, refusal, request)
                raise refusal
            asking = replace(asking, grant=replace(asking.grant, fields=told.fields))
        if self._ledger is not None:
            within_s = max(end - self._clock.monotonic(), 0.0) + FLUSH_GRACE_S
            try:
                asked = self._ledger.noted(asking)
                await self._ledger.repeated(asking, asked, told, within_s=within_s)
            except LedgerUnavailable as exc:
                told = Told(lookup_id=lookup_id, outcome=Unknown.word, unknown=unknown_from(exc))
                return Reply(told, repeated=False)
        self._metrics.idempotency.labels("repeated").inc()
        log().info(
            "lookup.repeated",
            lookup_id=lookup_id,
            repeats=told.lookup_id,
            consumer=consumer.name,
            dataset=asking.entry.id,
            outcome=told.outcome,
            elapsed_s=round(self._clock.monotonic() - caller.arrived, 6),
        )
        return Reply(told, repeated=told.lookup_id != lookup_id)


def _is_granted(name: str, fields: frozenset[str]) -> bool:
    """Whether a name is given, itself or with the field that it is a member of."""
    return name in fields or name.partition(".")[0] in fields


def _too_late(lookup_id: str) -> Told:
    return Told(lookup_id=lookup_id, outcome=Unknown.word, unknown=Unknown(Reason.TIMEOUT))


def _rights_changed() -> Forbidden:
    advice = (
        "quyền đã thay đổi từ khi có câu trả lời này; hỏi lại với khóa mới / "
        "rights have changed since this was answered; ask with a new key"
    )
    return Forbidden("rights changed", problems=(FieldProblem(HEADER, "rights_changed", advice),))
