"""How a registry's XML messages are signed, as a value that its adapter declares. Keys are said nowhere here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.domain.exchange import Response

__all__ = ["SignedForm"]


def _as_it_is(message: bytes) -> bytes:
    return message


def _body(response: Response) -> bytes:
    return response.body


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """
    What a signature covers, and where it stands.

    `parts` are the children of the root that are signed, one after another; with none the whole document is, without
    the signature in it. `place` is the child of the root that holds the signature; None: the root itself.
    `pack` puts a signed message into its envelope, `unpack` takes it out of the answer's: what stands in the envelope
    beside it is covered by nothing and read by nobody.
    """

    parts: tuple[str, ...] = ()
    place: str | None = None
    pack: Callable[[bytes], bytes] = _as_it_is
    unpack: Callable[[Response], bytes] = _body
