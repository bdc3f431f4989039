"""
Rows that only we can read and nobody can alter, move or exchange: AES-256-GCM, bound to where a row stands.

No nonce is used twice under one key, and no chance is needed for it: each process encrypts under a key of its own,
derived with 16 random bytes that it draws when it begins, and counts. A copy of an old file that is put back changes
nothing about that, nor does a fork: a child draws bytes of its own.

    sealed   0x01, key id (8), salt (16), counter (12, which is the nonce), ciphertext with tag (16)
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["Altered", "KeyGone", "Sealer"]

_VERSION = b"\x01"
_ID, _SALT, _NONCE = 8, 16, 12
_HEAD = len(_VERSION) + _ID + _SALT + _NONCE
_MOST_UNDER_ONE_SALT = 1 << 32


class Altered(Exception):
    """Not what was sealed, or not for this place."""


class KeyGone(Exception):
    """Sealed under a secret that is not there any more."""


class Sealer:
    """Seals under the first of these keys of 32 bytes, and opens what was sealed under any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {hashlib.sha256(b"key id" + key).digest()[:_ID]: key for key in keys}
        self._id = next(iter(self._keys))
        self._lock = threading.Lock()
        self._process = 0
        self._begin()

    def __repr__(self) -> str:
        return "Sealer()"

    @property
    def begins(self) -> tuple[bytes, ...]:
        """What a row begins with that can be opened."""
        return tuple(_VERSION + key_id for key_id in self._keys)

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """The row's bytes; `bound` has to be the same when it is opened."""
        with self._lock:
            if self._count >= _MOST_UNDER_ONE_SALT or self._process != os.getpid():
                self._begin()
            nonce = self._count.to_bytes(_NONCE, "big")
            self._count += 1
            salt, cipher = self._salt, self._cipher
        return b"".join((_VERSION, self._id, salt, nonce, cipher.encrypt(nonce, plain, bound)))

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """What was sealed. Raises KeyGone, Altered."""
        if len(sealed) < _HEAD or sealed[:1] != _VERSION:
            raise Altered
        key = self._keys.get(sealed[1 : 1 + _ID])
        if key is None:
            raise KeyGone
        salt, nonce = sealed[1 + _ID : _HEAD - _NONCE], sealed[_HEAD - _NONCE : _HEAD]
        try:
            return _cipher(key, salt).decrypt(nonce, sealed[_HEAD:], bound)
        except InvalidTag:
            raise Altered from None

    def _begin(self) -> None:
        self._salt = os.urandom(_SALT)
        self._cipher = _cipher(self._keys[self._id], self._salt)
        self._count = 0
        self._process = os.getpid()


@lru_cache(maxsize=256)
def _cipher(key: bytes, salt: bytes) -> AESGCM:
    info = b"onestop-gateway sealed rows"
    return AESGCM(HKDF(hashes.SHA256(), length=32, salt=salt, info=info).derive(key))
