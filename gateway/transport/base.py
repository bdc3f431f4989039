"""What a channel needs of a transport."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.domain.exchange import LARGE_BODY, Request, Response
from gateway.wire.wrappers import Unwrap

__all__ = ["Probe", "Transport", "Unwrapping"]


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at an endpoint found, step by step, without asking about anybody."""

    step: str
    ok: bool
    detail: str = ""
    advice: str = ""


class Transport(Protocol):
    """Sends one request and reads its whole answer. Raises errors of our tree, never a library's."""

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        """Exchange. `fresh` asks for a connection that has carried nothing before and will carry nothing after."""

    async def distrust(self) -> None:
        """Use no connection again that was kept until now: one of them gave somebody else's answer."""

    async def probe(self) -> list[Probe]:
        """Try address, connection, TLS and token. Asks the registry nothing."""

    async def close(self) -> None:
        """Let go of every connection."""


class Unwrapping:
    """A transport whose answers come packed by a provincial platform. Large ones are unpacked in a thread."""

    def __init__(self, inner: Transport, unwrap: Unwrap) -> None:
        self._inner = inner
        self._unwrap = unwrap

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        packed = await self._inner.send(request, fresh=fresh)
        large = len(packed.body) > LARGE_BODY
        unwrapped = await asyncio.to_thread(self._unwrap, packed) if large else self._unwrap(packed)
        return replace(unwrapped, packed=packed.raw)

    async def distrust(self) -> None:
        await self._inner.distrust()

    async def probe(self) -> list[Probe]:
        return await self._inner.probe()

    async def close(self) -> None:
        await self._inner.close()
