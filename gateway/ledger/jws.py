"""
Compact JWS (RFC 7515) as we write it: a header of `alg`, `kid` and `typ` alone, in one form.

What a payload means, which key may sign it and which header is taken say those who use it: evidence and approvals.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import orjson

from gateway.crypto import Signer, b64url, from_b64url

__all__ = ["HEADER", "Parts", "compact", "parts"]

HEADER = frozenset(("alg", "kid", "typ"))
"""The members of every header."""


class Parts(NamedTuple):
    """The three parts in bytes, and what the signature is over."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes


def compact(payload: bytes, signer: Signer, typ: str) -> str:
    """The payload, signed."""
    signed = f"{_header(signer.alg, signer.kid, typ)}.{b64url(payload)}"
    return f"{signed}.{b64url(signer.sign(signed.encode()))}"


def parts(token: str) -> Parts:
    """The parts of a token. Raises ValueError where there are not three, or one is not base64url without padding."""
    three = token.split(".")
    if len(three) != 3:
        raise ValueError("not three parts")
    header, payload, signature = map(from_b64url, three)
    return Parts(header, payload, signature, token.rpartition(".")[0].encode())


@lru_cache(maxsize=16)
def _header(alg: str, kid: str, typ: str) -> str:
    return b64url(orjson.dumps({"alg": alg, "kid": kid, "typ": typ}))
