"""One request to a registry and its response, as values. Who sends them is not said here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

__all__ = ["BOUNDS", "LARGE_BODY", "Bounds", "Part", "Request", "Response", "Secret", "Text"]


LARGE_BODY = 64 * 1024
"""A longer answer is read in a thread, so that it holds nobody else's question."""


@dataclass(frozen=True, slots=True)
class Secret:
    """
    A hole in a request that `transport/credentials` fills: the adapter knows the place, never the value.

    The value is escaped for where it stands: the query string, a path segment, or the body's media type.
    """

    name: str


Text = str | Secret
Part = bytes | Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What to send. `path` is relative to the instance's endpoint, segment by segment, so that no value can
    climb out of it; `query` keeps its order; `body` is the bytes with holes where secrets go.

    `message_id` is the channel's: a transport that can carry one sends it and checks its echo. So is `sent`: a
    transport calls it each time that the request leaves, the second time too, and not for a log-in.
    """

    operation: str
    method: Literal["GET", "POST"] = "POST"
    path: tuple[Text, ...] = field(default=(), repr=False)
    query: tuple[tuple[str, Text], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    media_type: str | None = None
    body: tuple[Part, ...] = field(default=(), repr=False)
    message_id: str | None = None
    sent: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)

    def numbered(self, message_id: str, sent: Callable[[], None]) -> Request:
        """The same request with the channel's id for it; `sent` is told each time that it leaves."""
        return Request(
            operation=self.operation,
            method=self.method,
            path=self.path,
            query=self.query,
            headers=self.headers,
            media_type=self.media_type,
            body=self.body,
            message_id=message_id,
            sent=sent,
        )

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The same request with these headers added or replaced."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    How large an answer may be to be read at all: bytes, elements, attributes on one element, nesting, and how
    many children one element may have (a schema's validation takes seconds to complain about 50,000).
    """

    max_bytes: int = 2 * 1024 * 1024
    max_elements: int = 50_000
    max_attributes: int = 32
    max_depth: int = 64
    max_children: int = 2_000


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """
    What came back, whole. Header names are in lower case; `received_at` is our clock's time.

    Readers note in `unlisted` the names of what the contract does not know (drift; never values), and whether
    there was anything in it: what nobody understands might be the record that was asked for, or a complaint.

    `fresh` is true when the connection carried no other question, or the registry echoed our message id:
    only then may an answer that names nobody be believed.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    received_at: datetime
    packed: bytes | None = field(default=None, repr=False)
    """The body as it came, where a platform had packed another's answer into its own."""
    fresh: bool = True
    bounds: Bounds = BOUNDS
    unlisted: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def raw(self) -> bytes:
        """The bytes that the registry, or the platform before it, really sent."""
        return self.body if self.packed is None else self.packed

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case; empty when the registry sent none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
