"""
Addresses of registries as settings may write them: one spelling for each, so that no two parsers disagree.

`127.1`, `0x7f000001`, `2130706433`, `[::ffff:127.0.0.1]`, circled digits, a backslash or a tab mean one host to
one library and another host, or nothing, to the next. All of them are refused at start.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

__all__ = ["checked", "literal"]

_WHOLE = re.compile(r"(?P<scheme>https?)://(?P<host>\[[^\]/]*\]|[^:/\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/.*)?")
_PLAIN = re.compile(r"[!-~]+")  # printable ASCII without the space
_FORBIDDEN = re.compile(r"[\\@?#\"<>^`{|}]")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def checked(url: str) -> str:
    """The address itself. Raises ValueError saying what to write instead, without quoting it."""
    if not _PLAIN.fullmatch(url) or _FORBIDDEN.search(url):
        raise ValueError(
            "write plain ASCII without spaces, user, query or backslash; a name with other letters as xn--…"
        )
    parts = _WHOLE.fullmatch(url)
    if parts is None:
        raise ValueError("write http:// or https://, a host, perhaps a port and a path")
    _check_host(parts["host"])
    if parts["port"] is not None and not 1 <= int(parts["port"]) <= 65535:
        raise ValueError("the port must be 1 to 65535")
    if any(segment in {".", ".."} for segment in (parts["path"] or "").lower().replace("%2e", ".").split("/")):
        raise ValueError("the path must not hold segments of dots")
    return url


def literal(url: str) -> str | None:
    """The IP address that stands as host in a checked address, without brackets; None where a name stands."""
    parts = _WHOLE.fullmatch(url)
    host = parts["host"] if parts else ""
    if host.startswith("["):
        return host[1:-1]
    return host if _NUMERIC.fullmatch(host.rpartition(".")[2]) else None


def _check_host(host: str) -> None:
    if host.startswith("["):
        _check_v6(host[1:-1])
        return
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        _check_v4(host)
    elif len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the host must be a name of letters, digits and hyphens between single dots, none at its end")


def _check_v4(host: str) -> None:
    try:
        IPv4Address(host)  # refuses short, octal, hexadecimal and leading-zero forms
    except AddressValueError:
        raise ValueError("write an IPv4 address as four decimal numbers") from None


def _check_v6(host: str) -> None:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise ValueError("what stands in brackets must be an IPv6 address") from None
    if address.ipv4_mapped is not None:
        raise ValueError("write an IPv4 address as four decimal numbers, not inside an IPv6 address")
    if str(address) != host or address.scope_id is not None:
        raise ValueError("write the IPv6 address in its short form, in small letters, without a zone")
