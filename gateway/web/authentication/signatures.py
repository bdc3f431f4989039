"""Signed requests (RFC 9421): the library checks the signature, and we say what it must cover and how old it may be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureAlgorithm, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PSS_SHA512
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.structures import VerifyResult

from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.stores.state import State
from gateway.web.authentication.message import Message
from gateway.web.authentication.refusals import refused

__all__ = ["Signatures", "VerificationKey", "key_in"]

VerificationKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_LEAST_RSA_BITS = 2048
_LONGEST_NONCE = 128
_AHEAD_S = 5
_TARGET = frozenset({'"@target-uri"'})
_TARGET_IN_PARTS = frozenset({'"@authority"', '"@path"', '"@query"'})
_BODY = frozenset({'"content-digest"', '"content-type"'})
_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class _Parameters(Protocol):
    """One member of `Signature-Input`: its parameters by name."""

    params: Mapping[str, Any]


def key_in(file: Path, place: str) -> VerificationKey:
    """A public key from a PEM file. Raises SettingsError naming the setting and the file."""
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except OSError as exc:
        raise SettingsError(f"{place} {file}: {exc.strerror}") from exc
    except ValueError:
        raise SettingsError(f"{place} {file}: no public key in PEM") from None
    if not isinstance(key, VerificationKey) or _algorithm(key) is None:
        raise SettingsError(f"{place} {file}: neither P-256, P-384, Ed25519 nor RSA of at least {_LEAST_RSA_BITS} bits")
    return key


class Signatures:
    """Checks the signatures of all consumers; each key is one consumer's."""

    def __init__(
        self, keys: Mapping[str, Mapping[str, VerificationKey]], state: State, clock: Clock, *, max_age_s: int = 60
    ) -> None:
        """`keys` are each consumer's own, by `keyid`."""
        self._keys = keys
        self._state = state
        self._clock = clock
        self._max_age_s = max_age_s

    def has_keys(self, consumer: str) -> bool:
        """Whether this consumer could sign."""
        return consumer in self._keys

    async def check(self, consumer: str, message: Message) -> None:
        """
        Raise Unauthenticated unless one signature by a key of this consumer covers method, address and body,
        is young, fits, and has a nonce that was never seen.
        """
        verifier = _Verifier(self._keys[consumer], int(self._clock.now().timestamp()), self._max_age_s)
        try:
            (result,) = verifier.verify(message, max_age=timedelta(seconds=self._max_age_s))
        except HTTPMessageSignaturesException:
            raise refused(verifier.fault or "signature_malformed") from None
        _check_coverage(message, result)
        try:
            verifier.verify_body(message, [result], message.body)
        except HTTPMessageSignaturesException:
            raise refused("signature_digest") from None
        await self._refuse_replay(consumer, result)

    async def _refuse_replay(self, consumer: str, result: VerifyResult) -> None:
        name = hashlib.sha256(f"{consumer}\0{result.nonce}".encode()).hexdigest()
        life_s = self._max_age_s + _AHEAD_S + 1
        if not await self._state.put_if_absent(f"nonce:{name}", b"", ttl_s=life_s):
            raise refused("signature_replayed")


class _Verifier(HTTPMessageVerifier, HTTPSignatureKeyResolver):
    """
    The library's verifier for one request, with our keys, our clock and our limits.

    `fault` is what went wrong last. The key decides the algorithm: what the message says of it must agree.
    """

    def __init__(self, keys: Mapping[str, VerificationKey], now: int, max_age_s: int) -> None:
        super().__init__(signature_algorithm=ECDSA_P256_SHA256, key_resolver=self)
        self._keys = keys
        self._now = now
        self._max_age_s = max_age_s
        self.fault: str | None = None

    def validate_created_and_expires(self, sig_input: _Parameters, max_age: timedelta | None = None) -> None:
        """What the library asks first of each signature: here all of its parameters are looked at."""
        said = sig_input.params
        nonce, created, expires = said.get("nonce"), said.get("created"), said.get("expires", self._now)
        if not isinstance(nonce, str) or not 0 < len(nonce) <= _LONGEST_NONCE or type(created) is not int:
            self._refuse("signature_malformed")
        if not self._now - self._max_age_s <= created <= self._now + _AHEAD_S or expires < self._now:
            self._refuse("signature_age")
        key = self._keys.get(str(said.get("keyid")))
        algorithm = None if key is None else _algorithm(key)
        if algorithm is None:
            self._refuse("signature_key_unknown")
        self.signature_algorithm = algorithm
        self.fault = "signature_wrong"

    def resolve_public_key(self, key_id: str) -> VerificationKey | None:
        return self._keys.get(key_id)

    def _refuse(self, fault: str) -> NoReturn:
        self.fault = fault
        raise HTTPMessageSignaturesException(fault)


def _algorithm(key: VerificationKey) -> type[HTTPSignatureAlgorithm] | None:
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return ECDSA_P256_SHA256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return ECDSA_P384_SHA384
        case ed25519.Ed25519PublicKey():
            return ED25519
        case rsa.RSAPublicKey() if key.key_size >= _LEAST_RSA_BITS:
            return RSA_PSS_SHA512
    return None


def _check_coverage(message: Message, result: VerifyResult) -> None:
    covered = set(result.covered_components)
    needed = {'"@method"'} if message.method in _WITHOUT_BODY and not message.body else {'"@method"', *_BODY}
    if not needed <= covered or not (covered >= _TARGET or covered >= _TARGET_IN_PARTS):
        raise refused("signature_components")
