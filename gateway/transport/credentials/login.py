"""
Logging in, once for everybody: what all schemes with a token or a session share.

Source: others.md, 10.2; dancu-justice-transport.md, 2.4 (on 900901 renew once and ask again).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field

from gateway.clock import Clock
from gateway.domain.exchange import LARGE_BODY, Response
from gateway.errors import MalformedAnswer, RegistryRefused, RegistryTimeout
from gateway.transport.credentials.base import Anonymous, Exchange, Old, Proof
from gateway.transport.credentials.brake import Brake
from gateway.transport.credentials.expiry import UNKNOWN_S, life_s, registry_time, usable_s
from gateway.wire import rest
from gateway.wire.model import Wire
from gateway.wire.status import fault_code

__all__ = ["Grant", "LogIn", "LoggedIn", "Token", "granted"]

Token = Annotated[str, Field(pattern=r"^[\x21-\x7e]+$", max_length=16_384)]
"""A token as a log-in gives it out: nothing that could break out of a header."""

_LONGEST_S = 10.0
_EXPIRED_TOKEN = 900901
_REFUSING = frozenset({400, 401, 403})

W = TypeVar("W", bound=Wire)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a log-in gives, and for how many seconds from when it was asked for; None where nobody says."""

    proof: Proof
    life_s: float | None = None


class LogIn:
    """
    One log-in for all questions, kept until shortly before it ends.

    Whoever needs it while one is under way waits for that one, and sees its failure if it fails; whoever comes
    after a failure begins anew. A waiter that is cancelled disturbs no other; when the last one is gone, the
    log-in is given up. It is given up after `longest_s` too: a hung token endpoint holds nobody for ever.

    Two brakes protect the account. A log-in that was renewed because an answer called it old, and is called old
    again, is kept for a while although it is; and one that was refused is not tried at each question.
    """

    def __init__(
        self, fetch: Callable[[Exchange], Awaitable[Grant]], clock: Clock, *, longest_s: float = _LONGEST_S
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._longest_s = longest_s
        self._proof: Proof | None = None
        self._good_until = 0.0
        self._flight: _Flight | None = None
        self._renewals = Brake(clock)
        self._refusals = Brake(clock)
        self._refusal = ""
        self.told: Callable[[float], None] = lambda _: None
        """Called after each log-in with the seconds that it lasts."""

    async def proof(self, exchange: Exchange, old: Proof | None = None) -> Proof:
        """
        The proof in force, or a new one where it is `old`, near its end or not there yet. It is `old` itself where
        a new one has just been fetched for that reason.
        """
        proof = self._proof
        usable = proof is not None and self._clock.monotonic() < self._good_until
        if proof is not None and usable and proof is not old:
            return proof
        flight = self._flight
        if flight is None or flight.is_over:
            if proof is not None and usable and self._renewals.holds:
                return proof
            if self._refusals.holds:
                raise RegistryRefused(self._refusal)
            self._flight = flight = _Flight(asyncio.create_task(self._renewed(exchange, called_old=usable)))
        return await flight.join()

    async def _renewed(self, exchange: Exchange, *, called_old: bool) -> Proof:
        asked = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._longest_s):
                grant = await self._fetch(exchange)
        except TimeoutError:
            raise RegistryTimeout(f"log-in: no answer within {self._longest_s:g} s") from None
        except RegistryRefused as exc:
            self._refusals.pull()
            self._refusal = str(exc)
            raise
        if called_old:
            self._renewals.pull()
        life = UNKNOWN_S if grant.life_s is None else grant.life_s
        self._proof, self._good_until = grant.proof, asked + usable_s(life)
        self.told(life)
        return grant.proof


class _Flight:
    """One log-in under way and how many wait for it. Its first waiter joins before anybody else runs."""

    def __init__(self, task: asyncio.Task[Proof]) -> None:
        self._task = task
        self._waiting = 0

    @property
    def is_over(self) -> bool:
        return self._task.done() or not self._waiting

    async def join(self) -> Proof:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()  # a task that has ended does not mind


class LoggedIn(Anonymous, ABC):
    """Credentials that a log-in gives for a while. A scheme of this kind says how to fetch them."""

    def __init__(
        self, *, clock: Clock, headers: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(headers, secrets)
        self._log_in = LogIn(self._fetch, clock)
        self._log_in.told = lambda life_s: self.told("registry", life_s)

    async def proof(self, exchange: Exchange, *, old: Old | None = None) -> Proof:
        return await self._log_in.proof(exchange, old.proof if old is not None else None)

    def are_old(self, answer: Response) -> bool:
        return answer.status == 401 or fault_code(answer) == _EXPIRED_TOKEN

    @abstractmethod
    async def _fetch(self, exchange: Exchange) -> Grant:
        """Log in. Raises RegistryRefused when an operator must act, and the errors of any exchange."""

    def _grant(
        self,
        answer: Response,
        ends: object,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Grant:
        """The fixed headers and secrets with these. A moment in `ends` is read by the registry's own clock."""
        proof = Proof({**self._fixed.secrets, **(secrets or {})}, {**self._fixed.headers, **(headers or {})})
        return Grant(proof, life_s(ends, registry_time(answer) or answer.received_at))


def granted(answer: Response, operation: str, model: type[W], *, check: str) -> W:
    """
    The message of a log-in that went well.

    Raises RegistryRefused for 400, 401 and 403, saying what to `check`; for anything else that is no such
    message the error that it means to any question.
    """
    if answer.status in _REFUSING:
        raise RegistryRefused(f"{operation}: HTTP {answer.status}; check {check}")
    if len(answer.body) > LARGE_BODY:  # it is read while other questions wait
        raise MalformedAnswer(f"{operation}: the answer is longer than any log-in's")
    return rest.answer(answer, operation, model)
