"""A token issuer for tests: keys of its own, good tokens, and the ways in which one can be wrong."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

__all__ = ["AUDIENCE", "CLIENT", "ISSUER", "Issuer", "b64", "in_der", "parts", "with_other_s"]

ISSUER = "https://issuer.invalid/realms/province"
AUDIENCE = "onestop-gateway"
CLIENT = "one-stop-client"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Issuer:
    """Signs tokens with a key named `kid`; `now` is the moment that times count from."""

    def __init__(self, now: datetime, *, kid: str = "key-1", rsa: bool = False) -> None:
        self.now = int(now.timestamp())
        self.kid = kid
        self.alg = "RS256" if rsa else "ES256"
        self.key: RSAKey | ECKey = RSAKey.generate_key(2048) if rsa else ECKey.generate_key("P-256")

    def jwk(self) -> dict[str, Any]:
        """The public key as it stands in a key set."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.alg}

    def jwks(self, *others: Issuer) -> bytes:
        """The key set."""
        return json.dumps({"keys": [one.jwk() for one in (self, *others)]}).encode()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims with these changed; None takes one out."""
        good: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "client_id": CLIENT,
            "iat": self.now - 1,
            "exp": self.now + 300,
            "jti": secrets.token_hex(8),
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A signed token with these claims and members of the header changed."""
        return self.sign(json.dumps(self.claims(**claims)).encode(), header)

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None, key: Any = None) -> str:
        """The payload, whatever it is, under a header with these members changed."""
        protected = {"alg": self.alg, "kid": self.kid, "typ": "at+jwt"} | dict(header or {})
        protected = {name: value for name, value in protected.items() if value is not None}
        head = b64(json.dumps(protected).encode())
        signing_input = f"{head}.{b64(payload)}".encode()
        signer = jws.JWSRegistry.algorithms[self.alg]
        return f"{signing_input.decode()}.{b64(signer.sign(signing_input, key or self.key))}"

    def hmac_with_the_public_key(self, payload: bytes) -> str:
        """HS256 whose secret is the PEM of the public key: the classic confusion."""
        head = b64(json.dumps({"alg": "HS256", "kid": self.kid}).encode())
        signing_input = f"{head}.{b64(payload)}".encode()
        return f"{signing_input.decode()}.{b64(hmac.digest(self.key.as_pem(private=False), signing_input, 'sha256'))}"


def parts(token: str) -> tuple[str, bytes]:
    """What was signed, and the signature."""
    signed, _, signature = token.rpartition(".")
    return signed, base64.urlsafe_b64decode(signature + "==")


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def in_der(token: str) -> str:
    """The same signature as DER instead of r and s."""
    signed, signature = parts(token)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return f"{signed}.{b64(encode_dss_signature(r, s))}"


def with_other_s(token: str) -> str:
    """The twin of a signature, with order - s: as good to ECDSA as the first."""
    signed, signature = parts(token)
    other = _P256_ORDER - int.from_bytes(signature[32:], "big")
    return f"{signed}.{b64(signature[:32] + other.to_bytes(32, 'big'))}"
