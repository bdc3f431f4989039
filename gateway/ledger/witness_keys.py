"""A witness's own key, and how others write it down: name+id+key, a vkey of C2SP signed-note."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from gateway.crypto import ed25519_public_key
from gateway.errors import SettingsError
from gateway.ledger.notes import WitnessKey

__all__ = ["Identity", "vkey", "witness_key"]

_TYPE = b"\x04"  # Ed25519 cosignature/v1
_SEED_BYTES = 32
_NAME = re.compile(r"[^\s+]{1,200}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A witness's name and its Ed25519 key, as a seed of 32 bytes."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def key(self) -> WitnessKey:
        """What others know of it."""
        return WitnessKey(self.name, ed25519_public_key(self.seed))

    @classmethod
    def load(cls, name: str, file: Path) -> Identity:
        """A key from its file: base64 of 32 bytes. Raises SettingsError naming the file, never what stands in it."""
        try:
            seed = base64.b64decode(file.read_bytes().strip(), validate=True)
        except OSError as exc:
            raise SettingsError(
                f"witness key {file}: {exc.strerror}; make one with `gateway witness new-key`"
            ) from None
        except ValueError:
            seed = b""
        if len(seed) != _SEED_BYTES:
            raise SettingsError(f"witness key {file}: no base64 of {_SEED_BYTES} bytes")
        return cls(checked_name(name), seed)

    @classmethod
    def new(cls, name: str) -> Identity:
        """A new key for a witness of that name. Raises SettingsError for a name that no note can carry."""
        return cls(checked_name(name), secrets.token_bytes(_SEED_BYTES))

    @property
    def content(self) -> bytes:
        """What the key's file holds."""
        return base64.b64encode(self.seed) + b"\n"


def checked_name(name: str) -> str:
    """The name itself. Raises SettingsError."""
    if not _NAME.fullmatch(name):
        raise SettingsError("a witness's name has neither spaces nor plus signs, such as nghean.gov.vn/witness")
    return name


def vkey(key: WitnessKey) -> str:
    """What the log's side writes into its settings."""
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(_TYPE + key.public).decode()}"


def witness_key(text: str) -> WitnessKey:
    """The key that a vkey names. Raises ValueError saying what is wrong with it."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        material = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        material = b""
    key = WitnessKey(name, material[1:])
    if not _NAME.fullmatch(name) or material[:1] != _TYPE or len(key.public) != 32 or key_id != key.id.hex():
        raise ValueError("write a witness's key as name+id+key, as `gateway witness new-key` prints it")
    return key
