"""What every credentials scheme does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.domain.exchange import Request, Response
from gateway.transport.outgoing import Outgoing

__all__ = ["Anonymous", "Credentials", "Exchange", "Old", "Proof"]

Exchange = Callable[[Outgoing], Awaitable[Response]]
"""One exchange over the network, without credentials: for log-ins."""


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """
    What proves who we are for a while: values for `Secret` placeholders by name, and headers. Never printed.

    Two proofs are the same only when they come from the same log-in, whatever is in them.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Old:
    """A proof that the registry no longer takes, and the answer that said so."""

    proof: Proof
    answer: Response


class Credentials(Protocol):
    """
    How one registry knows us. The transport takes a proof, fills its secrets into the request, has the bytes
    signed last, and sends them. When the answer says that the proof is old, it takes another, at most once a request.
    """

    told: Callable[[str, float], None]
    """Called after each log-in: whose it is, `registry` or `platform`, and the seconds that it lasts."""

    async def proof(self, exchange: Exchange, *, old: Old | None = None) -> Proof:
        """
        What proves who we are now. A log-in runs through `exchange`, single flight. It is `old.proof` again where
        another log-in would come too soon after the last: then the answer that called it old stands.
        """

    def sign(self, outgoing: Outgoing, proof: Proof) -> Outgoing:
        """The filled request with whatever proves who we are."""

    def are_old(self, answer: Response) -> bool:
        """True when the answer says that a new log-in would help."""

    def explain(self, request: Request, answer: Response) -> None:
        """Return; or raise RegistryRefused where these credentials know better than the answer why it refuses."""


class Anonymous:
    """No log-in: fixed headers and secrets where settings give some. The base of every other scheme."""

    def __init__(self, headers: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None) -> None:
        self._fixed = Proof(dict(secrets or {}), dict(headers or {}))
        self.told: Callable[[str, float], None] = lambda _, __: None

    async def proof(self, exchange: Exchange, *, old: Old | None = None) -> Proof:
        return self._fixed

    def sign(self, outgoing: Outgoing, proof: Proof) -> Outgoing:
        return outgoing.with_headers(proof.headers) if proof.headers else outgoing

    def are_old(self, answer: Response) -> bool:
        return False

    def explain(self, request: Request, answer: Response) -> None:
        return
