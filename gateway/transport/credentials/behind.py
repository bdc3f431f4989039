"""
A registry with a log-in of its own behind a platform that wants a token first.

Source: others.md, 5.1 (the session in the body; the platform's Bearer is sent too).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.domain.exchange import Request, Response
from gateway.transport.credentials.base import Credentials, Exchange, Old, Proof
from gateway.transport.outgoing import Outgoing

__all__ = ["Behind"]


@dataclass(frozen=True, slots=True, eq=False)
class _Both(Proof):
    platform: Proof = field(default_factory=Proof, repr=False)
    own: Proof = field(default_factory=Proof, repr=False)


class Behind:
    """
    Every request, the registry's own log-in included, carries the platform's proof and then the registry's.

    Only what an answer calls old is renewed.
    """

    def __init__(self, platform: Credentials, own: Credentials) -> None:
        self._platform = platform
        self._own = own
        self.told: Callable[[str, float], None] = lambda _, __: None
        platform.told = lambda _, life_s: self.told("platform", life_s)
        own.told = lambda _, life_s: self.told("registry", life_s)

    async def proof(self, exchange: Exchange, *, old: Old | None = None) -> Proof:
        await self._platform.proof(exchange, old=_half(self._platform, old, "platform"))

        async def through_platform(outgoing: Outgoing) -> Response:
            proof = await self._platform.proof(exchange)
            answer = await exchange(self._platform.sign(outgoing, proof))
            if self._platform.are_old(answer):
                proof = await self._platform.proof(exchange, old=Old(proof, answer))
                answer = await exchange(self._platform.sign(outgoing, proof))
            return answer

        own = await self._own.proof(through_platform, old=_half(self._own, old, "own"))
        platform = await self._platform.proof(exchange)  # the log-in may have needed a newer one
        if old is not None and isinstance(old.proof, _Both) and (platform, own) == (old.proof.platform, old.proof.own):
            return old.proof
        return _Both(
            {**platform.secrets, **own.secrets}, {**platform.headers, **own.headers}, platform=platform, own=own
        )

    def sign(self, outgoing: Outgoing, proof: Proof) -> Outgoing:
        if not isinstance(proof, _Both):
            raise TypeError("a proof of other credentials")
        return self._own.sign(self._platform.sign(outgoing, proof.platform), proof.own)

    def are_old(self, answer: Response) -> bool:
        return self._platform.are_old(answer) or self._own.are_old(answer)

    def explain(self, request: Request, answer: Response) -> None:
        self._platform.explain(request, answer)
        self._own.explain(request, answer)


def _half(credentials: Credentials, old: Old | None, name: str) -> Old | None:
    """The half of an old proof that belongs to these credentials, where the answer calls it old."""
    if old is None or not isinstance(old.proof, _Both) or not credentials.are_old(old.answer):
        return None
    return Old(old.proof.platform if name == "platform" else old.proof.own, old.answer)
