"""
Who calls: by API key, access token or client certificate, and with a signature where settings ask for one.

Whatever a request shows must be the same consumer's. Where a consumer's settings require several at once, all of
them must be there. Nothing that was shown is ever repeated in an error or a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from aiohttp import hdrs, web

from gateway.clock import Clock
from gateway.errors import CheckUnavailable, QuestionRefused, Unauthenticated
from gateway.lookup.access import Consumer
from gateway.telemetry import Metrics
from gateway.web.authentication.certificates import Certificates, peer_of
from gateway.web.authentication.keys import HEADER, digest, new_key
from gateway.web.authentication.message import Message
from gateway.web.authentication.refusals import refused
from gateway.web.authentication.tokens import Tokens
from gateway.web.body import body_of

if TYPE_CHECKING:  # its library is loaded where somebody signs
    from gateway.web.authentication.signatures import Signatures

__all__ = ["HEADER", "ONLY_KEYS", "Authenticator", "Identity", "Method", "new_key"]

Identity = Literal["certificate", "token", "api_key"]
"""What says who calls; where a request shows several, the first of these is what the consumer is known `by`."""

Method = Literal["certificate", "token", "api_key", "signature"]

ONLY_KEYS: tuple[Method, ...] = ("api_key",)

_BEARER = "bearer"
_SIGNED = ("Signature-Input", "Signature")


class Authenticator:
    """Finds the consumer of a request. Each part is there only where it is configured."""

    def __init__(
        self,
        consumers: Mapping[str, Consumer],
        *,
        metrics: Metrics,
        clock: Clock,
        keys: Mapping[str, str],
        tokens: Tokens | None = None,
        certificates: Certificates | None = None,
        signatures: Signatures | None = None,
        required: Mapping[str, frozenset[Method]] | None = None,
        base_url: str | None = None,
    ) -> None:
        """
        `consumers` and `required` go by the consumer's name, `keys` gives the name for the digest of a key.
        `base_url` is how callers address the gateway, where that is not what reaches it.
        """
        self._known = {
            (name, by): replace(consumer, by=by) for name, consumer in consumers.items() for by in get_args(Identity)
        }
        self._clock = clock
        self._keys = keys
        self.tokens = tokens
        self._certificates = certificates
        self._signatures = signatures
        self._required = {name: methods for name, methods in (required or {}).items() if methods}
        self._base_url = base_url
        self._looks_at_peers = certificates is not None or tokens is not None
        # Where nothing but keys is configured a known key says all: every request pays for what it passes here.
        only_keys = tokens is None and certificates is None and signatures is None
        self._by_digest = {key: self._known[name, "api_key"] for key, name in keys.items()} if only_keys else {}
        self._metrics = metrics
        self._ok = {by: metrics.authentications.labels(by, "ok") for by in get_args(Method)}

    async def consumer_of(self, request: web.Request) -> Consumer:
        """
        The consumer that sent the request, with `by`. The body is read only where a signature covers it.

        Raises Unauthenticated with the codes of what is missing or wrong; CheckUnavailable where that cannot
        be told; the HTTP error of a body that cannot be read.
        """
        keys = request.headers.getall(HEADER, ())
        key = keys[0] if len(keys) == 1 else None
        if key and (consumer := self._by_digest.get(digest(key))) is not None:
            self._ok["api_key"].inc()
            return consumer
        tried: Method | Literal["none"] = "none"
        shown: dict[Method, str] = {}  # in the order of Identity
        unknown: Unauthenticated | None = None
        try:
            peer = peer_of(request) if self._looks_at_peers else None
            if peer is not None and self._certificates is not None:
                tried = "certificate"
                try:
                    shown["certificate"] = self._certificates.consumer(peer, self._clock.now())
                except Unauthenticated as refusal:
                    # It may be good for a token that is bound to it, or a proxy's: then something else says who calls.
                    unknown = refusal
            if self.tokens is not None and (token := _token(request)) is not None:
                tried = "token"
                shown["token"] = await self.tokens.consumer(token, peer)
            if len(keys) > 1:  # each server on the way might go by another of them
                tried = "api_key"
                raise refused("consumers_differ")
            if key:
                tried = "api_key"
                shown["api_key"] = self._consumer_with(key)
            if len(shown) == 1:
                ((_, name),) = shown.items()
            else:
                tried = "certificate" if unknown is not None and not shown else "none"
                name = _the_one(shown, unknown)
            if self._signatures is not None and self._signatures.has_keys(name) and _is_signed(request):
                tried = "signature"
                await self._signatures.check(name, await self._message(request))
                shown["signature"] = name
            if name in self._required:
                tried = "none"
                self._check_required(name, shown)
        except QuestionRefused as refusal:
            result = "unavailable" if isinstance(refusal, CheckUnavailable) else "refused"
            self._metrics.authentications.labels(tried, result).inc()
            raise
        for method in shown:
            self._ok[method].inc()
        return self._known[name, next(iter(shown))]

    async def close(self) -> None:
        """Let go of what fetches keys."""
        if self.tokens is not None:
            await self.tokens.close()

    def _consumer_with(self, key: str) -> str:
        name = self._keys.get(digest(key))
        if name is None:
            raise refused("api_key_unknown")
        return name

    def _check_required(self, name: str, shown: Mapping[Method, str]) -> None:
        missing = self._required[name] - set(shown)
        if missing:
            raise refused(*sorted(f"{method}_missing" for method in missing))

    async def _message(self, request: web.Request) -> Message:
        # Not request.host: without the header it would ask the resolver for a name of this machine.
        base = self._base_url or f"{request.scheme}://{request.headers.get(hdrs.HOST, '')}"
        return Message(request.method, base + request.raw_path, request.headers, await body_of(request))


def _the_one(shown: Mapping[Method, str], unknown: Unauthenticated | None) -> str:
    names = set(shown.values())
    if len(names) > 1:
        raise refused("consumers_differ")
    if not names:
        raise unknown or refused("credentials_missing")
    return names.pop()


def _token(request: web.Request) -> str | None:
    values = request.headers.getall(hdrs.AUTHORIZATION, ())
    if len(values) > 1:
        raise refused("token_malformed")
    scheme, _, token = values[0].partition(" ") if values else ("", "", "")
    return token.strip(" ") if scheme.lower() == _BEARER else None


def _is_signed(request: web.Request) -> bool:
    return any(name in request.headers for name in _SIGNED)
