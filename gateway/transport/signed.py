"""
Signed XML around any transport: what leaves is signed, and of an answer only what its signature covers comes in.

Whoever reads the answer is given the covered part and nothing else, so that no adapter can read past a signature.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import replace

from gateway.clock import Clock
from gateway.domain.exchange import LARGE_BODY, Request, Response, Secret
from gateway.domain.signature import SignedForm
from gateway.errors import MismatchedAnswer, SettingsError
from gateway.transport.base import Probe, Transport
from gateway.wire.dsig import Signer, Verifier
from gateway.wire.status import raise_for_status

__all__ = ["Signed"]

_REMEMBERED = 10_000


class Signed:
    """
    A transport whose messages carry a signature each. What failed before there was a message, by its status, is
    raised as for any other answer; a message whose signature does not hold is MalformedAnswer.

    One that has been given before, content for content, is MismatchedAnswer: somebody plays it again. Remembered are
    the last of them, in this process; what tells older ones is in the message, and its adapter's to look at.
    """

    def __init__(self, inner: Transport, *, signer: Signer, verifier: Verifier, form: SignedForm, clock: Clock) -> None:
        self._inner = inner
        self._signer = signer
        self._verifier = verifier
        self._form = form
        self._clock = clock
        self._given: OrderedDict[bytes, None] = OrderedDict()

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        packed = self._form.pack(self._signer.sign(_whole(request)))
        answer = await self._inner.send(replace(request, body=(packed,)), fresh=fresh)
        raise_for_status(answer, request.operation)
        large = len(answer.body) > LARGE_BODY
        covered = await asyncio.to_thread(self._covered, answer) if large else self._covered(answer)
        self._refuse_again(covered, request.operation)
        return replace(answer, body=covered, packed=answer.raw)

    def _covered(self, answer: Response) -> bytes:
        return self._verifier.covered(self._form.unpack(answer), now=self._clock.now(), bounds=answer.bounds)

    def _refuse_again(self, covered: bytes, operation: str) -> None:
        digest = hashlib.sha256(covered).digest()
        if digest in self._given:
            raise MismatchedAnswer(f"{operation}: the answer has been given before")
        self._given[digest] = None
        if len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)

    async def distrust(self) -> None:
        await self._inner.distrust()

    async def probe(self) -> list[Probe]:
        return await self._inner.probe()

    async def close(self) -> None:
        await self._inner.close()


def _whole(request: Request) -> bytes:
    if any(isinstance(part, Secret) for part in request.body):
        raise SettingsError(f"{request.operation}: a signed message cannot hold a secret that is filled in later")
    return b"".join(part for part in request.body if isinstance(part, bytes))
