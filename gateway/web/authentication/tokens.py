"""OAuth2 access tokens: signed JWTs of one issuer (RFC 9068 in spirit), read by joserfc under a short list of rules."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from gateway.clock import Clock
from gateway.stores.state import State
from gateway.web.authentication.certificates import Peer
from gateway.web.authentication.jwks import Key, KeySource
from gateway.web.authentication.refusals import refused
from gateway.wire import json as strict_json

__all__ = ["Algorithm", "Rules", "Tokens"]

Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
"""Signatures that only the issuer can make. `none` and the HS family are not among them and cannot be set."""

_LONGEST_TOKEN = 8000
_LONGEST_NAME = 256
_KEPT_S = 60.0
_MOST_KEPT = 10_000
_LATEST = 253_402_300_799  # the last second of the year 9999: later ones have no date
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_OWN_KEY = frozenset({"jku", "jwk", "x5u", "x5c"})
_ESSENTIAL = ("iss", "aud", "exp", "iat", "jti")
_CODES: Final = {"iss": "token_issuer", "aud": "token_audience", "nbf": "token_not_yet", "iat": "token_not_yet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a token must say. `client_claim` names the claim that says which system it was given to."""

    issuer: str
    audience: str
    algorithms: tuple[Algorithm, ...] = ("ES256", "RS256")
    leeway_s: int = 30
    max_lifetime_s: int = 3600
    single_use: bool = False
    client_claim: Literal["client_id", "azp", "sub"] = "client_id"


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that has passed: whose it is, the certificate it is bound to, until when it is not looked at again."""

    consumer: str
    thumbprint: str | None
    kept_until: float


class Tokens:
    """Verifies tokens, and keeps those it has verified for a minute at most: a signature costs a hundred lookups."""

    def __init__(self, rules: Rules, keys: KeySource, clients: Mapping[str, str], state: State, clock: Clock) -> None:
        """`clients` gives the consumer's name for the value of the client claim."""
        self._rules = rules
        self._keys = keys
        self._clients = clients
        self._state = state
        self._clock = clock
        self._registry = JWSRegistry(algorithms=list(rules.algorithms), strict_check_header=False)
        self._registry.max_header_length = 2048
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            leeway=rules.leeway_s,
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "value": rules.audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        self._kept: dict[bytes, _Verified] = {}

    async def consumer(self, token: str, peer: Peer | None) -> str:
        """
        The name of the consumer that the token was given to.

        `peer` is the certificate of the connection, for tokens that are bound to one. Raises Unauthenticated,
        and CheckUnavailable where the issuer's keys or the state cannot be had.
        """
        raw = token.encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(raw).digest()
        verified = self._kept.get(digest)
        if verified is None or verified.kept_until <= self._clock.monotonic():
            verified = await self._verified(raw, digest)
        if verified.thumbprint is not None and not self._is_shown(verified.thumbprint, peer):
            raise refused("token_certificate")
        return verified.consumer

    def _is_shown(self, thumbprint: str, peer: Peer | None) -> bool:
        """Whether the connection's certificate is that one, and not over: the connection may outlive it."""
        return (
            peer is not None and hmac.compare_digest(thumbprint, peer.thumbprint) and self._clock.now() <= peer.ends_at
        )

    async def probe(self) -> str:
        """Try whether the issuer's keys can be had."""
        return await self._keys.probe()

    async def close(self) -> None:
        """Let go of what fetches keys."""
        await self._keys.close()

    async def _verified(self, raw: bytes, digest: bytes) -> _Verified:
        claims = self._checked(_payload(await self._signed(raw)))
        consumer = self._clients.get(str(claims.get(self._rules.client_claim)))
        if consumer is None:
            raise refused("token_client_unknown")
        thumbprint = _bound_to(claims)
        left_s = claims["exp"] - self._clock.now().timestamp()
        await self._refuse_replay(claims, digest, left_s + self._rules.leeway_s)
        verified = _Verified(consumer, thumbprint, self._clock.monotonic() + min(_KEPT_S, left_s))
        if not self._rules.single_use:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[digest] = verified
        return verified

    async def _signed(self, raw: bytes) -> CompactSignature:
        """The token with its signature checked by a key of ours, chosen by `kid` and fit for the algorithm."""
        if len(raw) > _LONGEST_TOKEN:
            raise refused("token_malformed")
        try:
            token = jws.extract_compact(raw, registry=self._registry)
        except (JoseError, ValueError, RecursionError):
            raise refused("token_malformed") from None
        header = token.headers()
        _check_header(header, self._rules)
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise refused("token_key_unknown")
        if not self._fits(token, key, header["alg"]):
            raise refused("token_signature")
        return token

    def _fits(self, token: CompactSignature, key: Key, alg: str) -> bool:
        if key.get("alg", alg) != alg:
            return False
        try:
            return jws.validate_compact(token, key, registry=self._registry)
        except (JoseError, ValueError):  # a key of another kind or curve
            return False

    def _checked(self, claims: dict[str, Any]) -> dict[str, Any]:
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise refused("token_expired") from None
        except ClaimError as exc:
            well_formed = _is_well_formed(claims)
            raise refused(_CODES.get(exc.claim, "token_claims") if well_formed else "token_claims") from None
        if not _is_well_formed(claims):
            raise refused("token_claims")
        if not 0 < claims["exp"] - claims["iat"] <= self._rules.max_lifetime_s:
            raise refused("token_lifetime")
        return claims

    async def _refuse_replay(self, claims: dict[str, Any], digest: bytes, life_s: float) -> None:
        """
        One `jti` is one token: for the same `jti` in another one, even one that differs only in how its signature
        is written, and with `single_use` for the same token again, Unauthenticated is raised.
        """
        name = hashlib.sha256(f"{claims['iss']}\0{claims['jti']}".encode("utf-8", "surrogateescape")).hexdigest()
        key = f"jti:{name}"
        if await self._state.put_if_absent(key, digest, ttl_s=max(1.0, life_s)):
            return
        if self._rules.single_use or await self._state.get(key) != digest:
            raise refused("token_replayed")


def _check_header(header: Mapping[str, Any], rules: Rules) -> None:
    """Nothing in a header chooses a key but a plain `kid`, and no extension of the format is understood."""
    kid = header.get("kid", "")
    if (
        header.get("alg") not in rules.algorithms
        or str(header.get("typ", "jwt")).lower() not in _TYPES
        or "crit" in header
        or not _OWN_KEY.isdisjoint(header)
        or not isinstance(kid, str)
        or len(kid) > _LONGEST_NAME
    ):
        raise refused("token_header")


def _payload(token: CompactSignature) -> dict[str, Any]:
    try:
        claims = strict_json.parse(token.payload or b"")
    except strict_json.JsonError:
        raise refused("token_claims") from None
    if not isinstance(claims, dict):
        raise refused("token_claims")
    return claims


def _is_well_formed(claims: Mapping[str, Any]) -> bool:
    times = (claims.get("exp"), claims.get("iat"), claims.get("nbf", 0))
    jti = claims.get("jti")
    return (
        all(claims.get(name) for name in _ESSENTIAL)
        and all(type(time) is int and 0 <= time <= _LATEST for time in times)
        and isinstance(claims["iss"], str)
        and isinstance(jti, str)
        and len(jti) <= _LONGEST_NAME
    )


def _bound_to(claims: Mapping[str, Any]) -> str | None:
    """
    The thumbprint of the certificate that the token is bound to (RFC 8705); None for a plain bearer token.

    A token that is bound in a way which is not understood here is refused: it must not become a plain one.
    """
    if "cnf" not in claims:
        return None
    confirmation = claims["cnf"]
    if isinstance(confirmation, dict) and set(confirmation) == {"x5t#S256"}:
        thumbprint = confirmation["x5t#S256"]
        if isinstance(thumbprint, str) and thumbprint.isascii():
            return thumbprint
    raise refused("token_certificate")
