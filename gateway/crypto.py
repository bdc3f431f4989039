"""
The one door to keys: signing, pseudonyms, digests.

Nothing here is ever made silently: a key or secret that is missing stops the start (`gateway keys new` makes them).
A signer is a port: a file today, a hardware module later, anything that can sign and tell its public half.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import SettingsError

__all__ = [
    "LEAST_RSA_BITS",
    "LEAST_SECRET_BYTES",
    "Algorithm",
    "Box",
    "FileSigner",
    "PublicKey",
    "Secrets",
    "Signer",
    "algorithm_of",
    "b64url",
    "certificates",
    "der_signature",
    "ed25519_public_key",
    "ed25519_sign",
    "ed25519_verifies",
    "from_b64url",
    "jws_signature",
    "new_signing_key",
    "public_jwk",
    "public_key_from",
    "public_key_from_pem",
    "spki",
    "thumbprint",
    "verifies",
]

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_BYTES = 32
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_NEW_RSA_BITS = 3072
_NONCE_BYTES = 12
LEAST_RSA_BITS = 2048
LEAST_SECRET_BYTES = 32

Algorithm = Literal["ES256", "RS256"]
_ECDSA = ec.ECDSA(hashes.SHA256())
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Signer(Protocol):
    """
    Signs bytes with one key. `kid` is the RFC 7638 thumbprint of its public half.

    Signing is called from the event loop: what needs longer than a file's key (a module over a network) answers
    from a session that it has opened at start.
    """

    @property
    def alg(self) -> Algorithm:
        """The JWS name of the algorithm."""

    @property
    def kid(self) -> str:
        """What names the key in evidence, checkpoints and the published key set."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature in JWS form: for ES256 the 64 bytes r and s, with the lower of the two possible s."""


class FileSigner:
    """A signer whose private key stands in a PEM file: P-256 or RSA of at least 2,048 bits, parsed once."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._key = key
        self.public_key: PublicKey = key.public_key()
        self.alg: Algorithm = algorithm_of(self.public_key)
        self.kid = thumbprint(self.public_key)

    @classmethod
    def load(cls, file: Path) -> FileSigner:
        """The signer of a PEM file. Raises SettingsError naming the file, never what stands in it."""
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        except OSError as exc:
            advice = "make one with `gateway keys new`"
            raise SettingsError(f"signing key {file}: {exc.strerror}; {advice}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SettingsError(f"signing key {file}: no unencrypted PEM private key") from None
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key)
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS:
            return cls(key)
        raise SettingsError(f"signing key {file}: neither P-256 nor RSA of at least {LEAST_RSA_BITS} bits")

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA))
        # Both s and order - s verify. One of them only is ever ours, so that no signature has a twin.
        return r.to_bytes(32, "big") + min(s, _P256_ORDER - s).to_bytes(32, "big")


def new_signing_key(alg: Algorithm) -> tuple[bytes, FileSigner]:
    """A new private key as PEM, and its signer. For `gateway keys new` alone: nothing else ever makes a key."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if alg == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=_NEW_RSA_BITS)
    )
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain), FileSigner(key)


def verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a JWS signature is the key's over the message; for ES256 with the lower s only."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return True
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if len(signature) != 64 or not 0 < r < _P256_ORDER or not 0 < s <= _P256_ORDER // 2:
            return False
        key.verify(encode_dss_signature(r, s), message, _ECDSA)
    except InvalidSignature:
        return False
    return True


def algorithm_of(key: PublicKey) -> Algorithm:
    """The only algorithm that is used with a key of this type."""
    return "ES256" if isinstance(key, ec.EllipticCurvePublicKey) else "RS256"


def der_signature(signature: bytes) -> bytes:
    """An ES256 signature in the form that notes have (ASN.1), from its JWS form."""
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def jws_signature(der: bytes) -> bytes:
    """The JWS form of an ASN.1 signature over P-256. Raises ValueError where it is none."""
    r, s = decode_dss_signature(der)
    if not 0 < r < _P256_ORDER or not 0 < s < _P256_ORDER:
        raise ValueError("no signature over P-256")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def spki(key: PublicKey) -> bytes:
    """The public key as SubjectPublicKeyInfo, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key_from_pem(pem: bytes) -> PublicKey:
    """The key of a PEM text. Raises ValueError for anything but P-256 and RSA of at least 2,048 bits."""
    try:
        key = serialization.load_pem_public_key(pem)
    except UnsupportedAlgorithm:
        raise ValueError("no public key that is known") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError(f"neither P-256 nor RSA of at least {LEAST_RSA_BITS} bits")


def ed25519_public_key(seed: bytes) -> bytes:
    """The public half, 32 bytes, of an Ed25519 key given as its seed of 32 bytes: what witnesses sign with."""
    public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """An Ed25519 signature, 64 bytes."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is the key's (32 bytes) over the message."""
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_jwk(key: PublicKey) -> dict[str, str]:
    """The public key as a JWK (RFC 7517), with use, algorithm and its thumbprint as `kid`."""
    return {**_members(key), "use": "sig", "alg": algorithm_of(key), "kid": thumbprint(key)}


def public_key_from(jwk: Mapping[str, Any]) -> PublicKey:
    """
    The key of a JWK.

    Raises ValueError for anything but P-256 and RSA of at least 2,048 bits, for a private key (whoever hands one
    out must learn of it), and where `alg` or `kid` belongs to another key. No value is quoted.
    """
    if not jwk.keys().isdisjoint(_PRIVATE_MEMBERS):
        raise ValueError("JWK: holds a private or secret key")
    key = _key_from(jwk)
    if jwk.get("alg", algorithm_of(key)) != algorithm_of(key):
        raise ValueError("JWK: alg is not that of the key")
    if jwk.get("kid", thumbprint(key)) != thumbprint(key):
        raise ValueError("JWK: kid is not the key's thumbprint")
    return key


def _key_from(jwk: Mapping[str, Any]) -> PublicKey:
    try:
        if jwk["kty"] == "EC" and jwk["crv"] == "P-256":
            x, y = (from_b64url(jwk[name]) for name in ("x", "y"))
            if len(x) == len(y) == _P256_BYTES:
                point = ec.EllipticCurvePublicNumbers(_int(x), _int(y), ec.SECP256R1())
                return point.public_key()
        elif jwk["kty"] == "RSA":
            key = rsa.RSAPublicNumbers(_int(from_b64url(jwk["e"])), _int(from_b64url(jwk["n"]))).public_key()
            if key.key_size >= LEAST_RSA_BITS:
                return key
    except KeyError as exc:
        raise ValueError(f"JWK without {exc}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("JWK: no key of that type") from None
    raise ValueError(f"JWK: neither P-256 nor RSA of at least {LEAST_RSA_BITS} bits")


def thumbprint(key: PublicKey) -> str:
    """RFC 7638: SHA-256 of the JWK's required members."""
    members = orjson.dumps(_members(key), option=orjson.OPT_SORT_KEYS)
    return b64url(hashlib.sha256(members).digest())


def _members(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"crv": "P-256", "kty": "EC", "x": _text(point.x, 32), "y": _text(point.y, 32)}
    numbers = key.public_numbers()
    return {"e": _text(numbers.e), "kty": "RSA", "n": _text(numbers.n)}


def certificates(file: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file. Raises SettingsError naming the file."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as exc:
        raise SettingsError(f"certificates {file}: {exc.strerror}") from None
    except ValueError:
        raise SettingsError(f"certificates {file}: no PEM certificates") from None


class Secrets:
    """
    The keyed digests of one installation, derived from secrets in files: the first is used, older ones only
    to find what was written under them.
    """

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        if not secrets or any(len(secret) < LEAST_SECRET_BYTES for secret in secrets):
            raise SettingsError(f"keys.secret_files: at least one secret, each of at least {LEAST_SECRET_BYTES} bytes")
        self._pseudonym = tuple(_keyed(_derived(secret, b"subject pseudonym")) for secret in secrets)
        self._mac = _keyed(_derived(secrets[0], b"raw reply"))
        self._secrets = secrets
        self._places = tuple(_keyed(_derived(secret, b"place of a kept answer")) for secret in secrets)
        self.sealing_keys = self.keys_for(b"kept answers")
        """What kept answers are sealed with."""

    @classmethod
    def load(cls, files: tuple[Path, ...]) -> Secrets:
        """Secrets from files of base64 text, the one in use first. Raises SettingsError naming the file."""
        return cls(tuple(_secret(file) for file in files))

    def pseudonym(self, kind: str, number: str) -> str:
        """
        A subject without its number: HMAC-SHA256 of kind and number, 32 hex digits. Never a plain hash, which
        anybody could turn back by trying all 10^12 numbers.
        """
        return _pseudonym(self._pseudonym[0], kind, number)

    def pseudonyms(self, kind: str, number: str) -> tuple[str, ...]:
        """The pseudonym under each secret, the one in use first: what to look for."""
        return tuple(_pseudonym(key, kind, number) for key in self._pseudonym)

    def mac(self, raw: bytes) -> str:
        """
        Keyed digest of a raw reply, in hex. With a plain one, whoever holds the granted fields could guess
        the withheld ones.
        """
        return _hexdigest(self._mac, raw)

    def place(self, question: bytes) -> bytes:
        """What a kept answer is found by, 32 bytes: they tell nothing of the question, nor that two are alike."""
        mac = self._places[0].copy()
        mac.update(question)
        return mac.digest()

    def older_places(self, question: bytes) -> list[bytes]:
        """The same under the secrets that were in use before: where an answer lies that was kept under them."""
        places = [mac.copy() for mac in self._places[1:]]
        for mac in places:
            mac.update(question)
        return [mac.digest() for mac in places]

    def box(self, purpose: bytes) -> Box:
        """What seals values of one purpose, under the secret in use."""
        return Box(self._secrets[0], purpose)

    def boxes(self, purpose: bytes) -> tuple[Box, ...]:
        """The same under each secret, the one in use first: what was sealed before a change opens with another."""
        return tuple(Box(secret, purpose) for secret in self._secrets)

    def keys_for(self, purpose: bytes) -> tuple[bytes, ...]:
        """Keys to seal what is kept for this purpose, the one in use first: for `crypto_sealing.Sealer`."""
        return tuple(_derived(secret, purpose) for secret in self._secrets)


class Box:
    """
    Seals what is kept for a while (AES-256-GCM under a random nonce, good for 2^32 values), and tells one text from
    another without keeping either (HMAC-SHA256). Each purpose has keys of its own.
    """

    def __init__(self, secret: bytes, purpose: bytes) -> None:
        self._cipher = AESGCM(_derived(secret, purpose + b" sealed"))
        self._digest = _derived(secret, purpose + b" digest")

    def seal(self, value: bytes, *, belongs_to: bytes) -> bytes:
        """The value, readable only for whoever knows the key and names what it belongs to."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, belongs_to)

    def open(self, sealed: bytes, *, belongs_to: bytes) -> bytes | None:
        """The value; None where it was altered, belongs to something else, or was sealed under another key."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], belongs_to)
        except (InvalidTag, ValueError):
            return None

    def digest(self, value: bytes) -> bytes:
        """Keyed digest, 32 bytes."""
        return hmac.digest(self._digest, value, "sha256")


def b64url(value: bytes) -> str:
    """Base64url without padding."""
    # A translation of all of it, as the library's own makes, takes as long as the rest.
    return base64.b64encode(value).replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=").decode()


def from_b64url(text: Any) -> bytes:
    """The bytes. Raises ValueError for padding, white space, other letters, and spare bits that are not zero."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("no base64url text")
    value = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64url(value) != text:
        raise ValueError("no base64url text of the one right form")
    return value


def _keyed(key: bytes) -> hmac.HMAC:
    """The beginning of every digest under the key: a copy of it costs half of what beginning anew does."""
    return hmac.new(key, digestmod="sha256")


def _hexdigest(keyed: hmac.HMAC, message: bytes) -> str:
    mac = keyed.copy()
    mac.update(message)
    return mac.hexdigest()


def _pseudonym(keyed: hmac.HMAC, kind: str, number: str) -> str:
    return _hexdigest(keyed, f"{kind}\0{number}".encode())[:32]


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=b"onestop-gateway " + purpose).derive(secret)


def _secret(file: Path) -> bytes:
    try:
        secret = base64.b64decode(file.read_bytes().strip(), validate=True)
    except OSError as exc:
        raise SettingsError(f"secret file {file}: {exc.strerror}; make one with `gateway keys new`") from None
    except ValueError:
        raise SettingsError(f"secret file {file}: no base64 text") from None
    if len(secret) < LEAST_SECRET_BYTES:
        raise SettingsError(f"secret file {file}: fewer than {LEAST_SECRET_BYTES} bytes")
    return secret


def _text(number: int, length: int | None = None) -> str:
    return b64url(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def _int(value: bytes) -> int:
    return int.from_bytes(value, "big")
