"""
Time stamps of an outside authority (RFC 3161) on checkpoints: that the log was as it is at that moment.

A stamp is kept only after it has been verified against the configured authority, and beside the very bytes that it
is about, so that `openssl ts -verify -data FILE.checkpoint -in FILE.tsr` can check it without us. Without a stamp
the ledger goes on: a stamp is one more witness, not a condition.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from gateway.crypto import certificates
from gateway.domain.exchange import Request
from gateway.errors import RegistryError, SettingsError, StampRefused
from gateway.ledger import durable
from gateway.ledger.aside import Aside
from gateway.transport.base import Transport

__all__ = ["Stamp", "Stamps", "stamp_files"]

_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"
_FOLDER = "timestamps"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified time stamp: the authority's time, and its whole answer in DER."""

    at: datetime
    answer: bytes


class Stamps:
    """
    Asks one authority. `transport` leads to its address; `ca_file` is the PEM of the authorities to trust.

    Raises SettingsError for a file that holds no certificate.
    """

    def __init__(self, transport: Transport, *, ca_file: Path, timeout_s: float = 10.0) -> None:
        self._transport = transport
        self._roots = certificates(ca_file)
        if not self._roots:
            raise SettingsError(f"ledger.timestamps.ca_file {ca_file}: no certificate in it")
        self._timeout_s = timeout_s
        self._aside = Aside("ledger-stamps")

    async def of(self, content: bytes) -> Stamp:
        """A stamp on these bytes. Raises StampRefused."""
        query = TimestampRequestBuilder(data=content).hash_algorithm(HashAlgorithm.SHA256).build()
        request = Request(operation="timestamp", media_type=_QUERY, body=(query.as_bytes(),))
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._transport.send(request)
        except TimeoutError:
            raise StampRefused(f"no answer within {self._timeout_s:g} s") from None
        except RegistryError as exc:
            raise StampRefused(str(exc)) from None
        if response.status != 200 or response.media_type != _REPLY:
            raise StampRefused(f"the authority answered with status {response.status}, and no time stamp")
        return self._verified(response.body, content, query.nonce)

    async def keep(self, folder: Path, size: int, checkpoint: str) -> Stamp:
        """Stamp a checkpoint and keep both in the log's folder, durable. Raises StampRefused and OSError."""
        content = checkpoint.encode()
        stamp = await self.of(content)
        await self._aside.do(lambda: _keep(folder, size, content, stamp.answer), self._timeout_s)
        return stamp

    def verified(self, answer: bytes, content: bytes) -> Stamp:
        """A kept stamp, verified again. Raises StampRefused."""
        return self._verified(answer, content, None)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._transport.close()
        self._aside.close()

    def _verified(self, answer: bytes, content: bytes, nonce: int | None) -> Stamp:
        try:
            decoded = decode_timestamp_response(answer)
            VerifierBuilder(roots=list(self._roots), nonce=nonce).build().verify_message(decoded, content)
            return Stamp(decoded.tst_info.gen_time, answer)
        except VerificationError as exc:
            raise StampRefused(f"the time stamp does not verify: {exc}") from None
        except ValueError:  # the library's word for what is no time stamp at all, a refusal of the authority too
            raise StampRefused("the answer is no time stamp") from None


def stamp_files(folder: Path) -> list[tuple[Path, Path]]:
    """Checkpoints of a log with their stamps, oldest first."""
    kept = sorted((folder / _FOLDER).glob("*.tsr"))
    return [(answer.with_suffix(".checkpoint"), answer) for answer in kept]


def _keep(folder: Path, size: int, checkpoint: bytes, answer: bytes) -> None:
    place = folder / _FOLDER
    place.mkdir(exist_ok=True)
    durable.replace(place / f"{size:020}.checkpoint", checkpoint)
    durable.replace(place / f"{size:020}.tsr", answer)
