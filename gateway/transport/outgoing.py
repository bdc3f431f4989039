"""A request on its way out: secrets filled in, address built, ready for the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import orjson

from gateway.domain.exchange import Part, Request, Secret, Text
from gateway.errors import RegistryRejected, SettingsError

__all__ = ["Outgoing", "filled"]

_DOTS = re.compile(r"\.{1,2}")
_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*").fullmatch
"""A text of unreserved characters that is no dots: it stands for itself (RFC 3986, 2.3)."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes for the network. Never printed: URL, headers and body may hold secrets and personal data."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)

    def with_headers(self, headers: Mapping[str, str]) -> Outgoing:
        """The same with these headers added or replaced."""
        return Outgoing(self.method, self.url, {**self.headers, **headers}, self.body)


def filled(request: Request, endpoint: str, secrets: Mapping[str, str]) -> Outgoing:
    """
    Put secrets in their places, each escaped for where it stands, and build the address.

    Raises SettingsError for a secret that settings do not give, RegistryRejected for a path segment that
    could climb out of the endpoint.
    """
    path = "".join(f"/{_segment(_text(part, secrets))}" for part in request.path)
    query = "&".join(f"{_value(name)}={_value(_text(value, secrets))}" for name, value in request.query)
    headers = dict(request.headers)
    if request.media_type is not None:
        headers["Content-Type"] = request.media_type
    body = b"".join(_bytes(part, request.media_type, secrets) for part in request.body)
    return Outgoing(
        request.method,
        endpoint.rstrip("/") + path + (f"?{query}" if query else ""),
        headers,
        body if request.body else None,
    )


def _text(part: Text, secrets: Mapping[str, str]) -> str:
    return _secret(part, secrets) if isinstance(part, Secret) else part


def _segment(text: str) -> str:
    if _PLAIN(text):
        return text
    if not text or _DOTS.fullmatch(text):
        raise RegistryRejected("a path segment is empty or dots")
    return quote(text, safe="")


def _value(text: str) -> str:
    return text if _PLAIN(text) else quote_plus(text)


def _bytes(part: Part, media_type: str | None, secrets: Mapping[str, str]) -> bytes:
    if not isinstance(part, Secret):
        return part
    text = _secret(part, secrets)
    kind = (media_type or "").partition(";")[0]
    if kind.endswith("json"):
        return orjson.dumps(text)[1:-1]
    if kind.endswith("xml"):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()
    if kind == "application/x-www-form-urlencoded":
        return quote_plus(text).encode()
    return text.encode()


def _secret(secret: Secret, secrets: Mapping[str, str]) -> str:
    try:
        return secrets[secret.name]
    except KeyError:
        raise SettingsError(f"credentials: the adapter needs the secret {secret.name!r}") from None
