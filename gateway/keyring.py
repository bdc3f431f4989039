"""
The keys of one installation: the one that signs, those that are published beside it, and the secrets.

Published is a JWK set (RFC 7517): the key in use first, then retired ones, under which older evidence is still
verified, and the next one ahead of its time. A key is named by its thumbprint, so a set can be read in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.crypto import (
    FileSigner,
    PublicKey,
    Secrets,
    Signer,
    public_jwk,
    public_key_from,
    public_key_from_pem,
    thumbprint,
)
from gateway.errors import SettingsError

__all__ = ["KeyRing", "key_set", "public_keys", "read_key_set"]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """
    What signs, what is published, and what makes pseudonyms.

    `published` has every public key by its `kid`, the one in use first.
    """

    signer: Signer
    published: Mapping[str, PublicKey]
    secrets: Secrets

    @classmethod
    def load(cls, signing_key: Path, also_published: Iterable[Path], secrets: tuple[Path, ...]) -> KeyRing:
        """From files. Raises SettingsError naming the file and what to do; nothing is ever made in its place."""
        return cls.of(FileSigner.load(signing_key), map(public_keys, also_published), Secrets.load(secrets))

    @classmethod
    def of(cls, signer: Signer, also_published: Iterable[Mapping[str, PublicKey]], secrets: Secrets) -> KeyRing:
        """With any signer. A key that is published twice stands once."""
        published: dict[str, PublicKey] = {signer.kid: signer.public_key}
        for keys in also_published:
            published |= {kid: key for kid, key in keys.items() if kid not in published}
        return cls(signer, published, secrets)

    @property
    def key_set(self) -> dict[str, Any]:
        """The JWK set to publish."""
        return key_set(self.published.values())


def key_set(keys: Iterable[PublicKey]) -> dict[str, Any]:
    """A JWK set."""
    return {"keys": [public_jwk(key) for key in keys]}


def read_key_set(content: bytes) -> dict[str, PublicKey]:
    """
    Keys by `kid`, from a JWK set or a single JWK.

    Raises ValueError for what is neither, for an empty set, and for any key in it that evidence is not signed
    with: whoever passes a set on should not have to guess which half of it counts.
    """
    value = orjson.loads(content)
    found = value.get("keys") if isinstance(value, dict) and "keys" in value else [value]
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise ValueError("no JWK set")
    keys = [public_key_from(one) for one in found]
    return {thumbprint(key): key for key in keys}


def public_keys(file: Path) -> dict[str, PublicKey]:
    """Keys by `kid`, from a PEM public key or a JWK set. Raises SettingsError naming the file."""
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"public key {file}: {exc.strerror}") from None
    try:
        if not content.lstrip().startswith(b"-----BEGIN"):
            return read_key_set(content)
        key = public_key_from_pem(content)
    except (ValueError, TypeError):
        advice = "no public P-256 or RSA key as PEM or JWK set; `gateway keys new` writes one as public.json"
        raise SettingsError(f"public key {file}: {advice}") from None
    return {thumbprint(key): key}
