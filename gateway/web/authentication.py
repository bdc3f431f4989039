"""Who calls: an API key, known here only by its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from gateway.errors import Unauthenticated
from gateway.lookup.access import Consumer

__all__ = ["HEADER", "consumer_of", "new_key"]

HEADER = "X-API-Key"


def consumer_of(headers: Mapping[str, str], consumers: Mapping[str, Consumer]) -> Consumer:
    """
    The consumer whose key this is. Raises Unauthenticated.

    Keys are 256 random bits, so a plain SHA-256 cannot be guessed back, and looking a hash up gives away
    nothing about any key.
    """
    key = headers.get(HEADER, "")
    consumer = consumers.get(hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest())
    if not key or consumer is None:
        raise Unauthenticated
    return consumer


def new_key() -> tuple[str, str]:
    """A new API key and its SHA-256 for settings."""
    key = secrets.token_urlsafe(32)
    return key, hashlib.sha256(key.encode()).hexdigest()
