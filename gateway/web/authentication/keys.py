"""API keys, known here only by their hash."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["HEADER", "digest", "new_key"]

HEADER = "X-API-Key"


def digest(key: str) -> str:
    """
    SHA-256 of a key, in hex, as settings hold it.

    Keys are 256 random bits, so a plain SHA-256 cannot be guessed back, and looking a hash up gives away
    nothing about any key.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key() -> tuple[str, str]:
    """A new API key and its SHA-256 for settings."""
    key = secrets.token_urlsafe(32)
    return key, digest(key)
