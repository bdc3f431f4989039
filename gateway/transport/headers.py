"""Headers as they go out and as they come in: nothing that could break the framing, no second word for one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.errors import MalformedAnswer, RegistryRejected

__all__ = ["check", "received"]

_SAID_ONCE = frozenset({"content-encoding", "content-length", "content-type"})


def check(headers: Mapping[str, str]) -> None:
    """Raise RegistryRejected for a header that would end its line."""
    said = "".join((*headers, *headers.values()))
    if "\n" in said or "\r" in said or "\0" in said:
        raise RegistryRejected("a header value holds a line end or NUL; nothing was sent")


def received(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Header values by name in lower case. One that is repeated stands once; several stand in a row with commas
    (RFC 9110, 5.3), so that a second `X-Road-Id` cannot pass for the only one.

    Raises MalformedAnswer for two kinds, lengths or packings of one body.
    """
    values: dict[str, str] = {}
    several: dict[str, dict[str, None]] = {}
    for name, value in headers:
        lower, text = name.lower(), value.strip()
        first = values.setdefault(lower, text)
        if first != text:
            several.setdefault(lower, {first: None})[text] = None
    for name, said in several.items():
        if name in _SAID_ONCE:
            raise MalformedAnswer(f"the answer has several {name}")
        values[name] = ", ".join(said)
    return values
