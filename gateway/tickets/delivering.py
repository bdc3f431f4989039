"""One consumer's callbacks: each end of a ticket is told until it was taken, one after the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import RegistryError
from gateway.stores.tickets import Claim, Ticket
from gateway.telemetry import Metrics, log
from gateway.tickets.message import message
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread
from gateway.tickets.view import Names, ticket_view
from gateway.transport.base import Transport

__all__ = ["Deliverer", "Patience"]

_GRACE_S = 5.0
_FIRST_S = 1.0
_MOST_DOUBLINGS = 20
_SPREAD = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one callback may take, the longest wait between two, and when nobody tries any more."""

    timeout_s: float
    longest_s: float
    give_up_s: float


class Deliverer:
    """Tells one consumer. An address that fails holds up nobody else's callbacks."""

    def __init__(
        self,
        consumer: str,
        transport: Transport,
        store: StoreThread,
        seal: Seal,
        signer: Signer,
        patience: Patience,
        *,
        names: Names,
        new_id: Callable[[], str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.consumer = consumer
        self._transport = transport
        self._store = store
        self._seal = seal
        self._signer = signer
        self._patience = patience
        self._names = names
        self._new_id = new_id
        self._clock = clock
        self._metrics = metrics
        self._failures = 0

    async def deliver(self) -> bool:
        """
        Tell of one ticket whose time it is; False where there is none. Raises TicketsUnavailable.

        Whoever dies between telling and noting it tells once more: under the same id.
        """
        now = self._clock.now()
        claim = Claim(self._new_id(), now + timedelta(seconds=self._patience.timeout_s + _GRACE_S))
        ticket = await self._store.run(lambda store: store.claim_delivery(self.consumer, claim, now))
        if ticket is None:
            return False
        wrong = await self._sent(ticket)
        if wrong is None:
            self._failures = 0
            now = self._clock.now()
            await self._store.run(lambda store: store.delivered(ticket.ticket_id, claim.token, now))
            self._metrics.tickets.deliveries.labels("delivered").inc()
            return True
        self._failures += 1
        await self._undelivered(ticket, claim.token, wrong)
        return True

    @property
    def pause_s(self) -> float:
        """How long to leave the address alone: it doubles with each failure in a row."""
        if not self._failures:
            return 0.0
        return min(self._wait_s(self._failures), 60.0)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._transport.close()

    async def _sent(self, ticket: Ticket) -> str | None:
        """None where it was taken, else what went wrong."""
        view = ticket_view(ticket, self._seal.answered(ticket.ticket_id, ticket.answer), self._names)
        request = message(view, self.consumer, self._signer, self._clock.now())
        try:
            async with asyncio.timeout(self._patience.timeout_s):
                response = await self._transport.send(request)
        except TimeoutError:
            return "timeout"
        except RegistryError as exc:
            return exc.reason.value
        return None if 200 <= response.status < 300 else f"status {response.status}"

    async def _undelivered(self, ticket: Ticket, token: str, wrong: str) -> None:
        now = self._clock.now()
        began = ticket.ended_at or now
        is_over = (now - began).total_seconds() >= self._patience.give_up_s
        wait_s = self._wait_s(ticket.delivery_attempts) * (1 - _SPREAD + 2 * _SPREAD * random.random())  # noqa: S311
        due = None if is_over else now + timedelta(seconds=wait_s)
        await self._store.run(lambda store: store.undelivered(ticket.ticket_id, token, due))
        self._metrics.tickets.deliveries.labels("given_up" if is_over else "failed").inc()
        log().warning(
            "ticket.undelivered",
            ticket_id=ticket.ticket_id,
            consumer=self.consumer,
            detail=wrong,
            attempts=ticket.delivery_attempts,
            is_given_up=is_over,
        )

    def _wait_s(self, failures: int) -> float:
        doubled: float = _FIRST_S * 2 ** min(failures - 1, _MOST_DOUBLINGS)
        return min(doubled, self._patience.longest_s)
