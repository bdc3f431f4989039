"""A request before its question is read: what no handler takes, and its body within time and size."""

from __future__ import annotations

import asyncio

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web

from gateway.web.limits import LIMITS

__all__ = ["VERSIONS", "body_of", "refuse_odd"]

VERSIONS = frozenset({HttpVersion10, HttpVersion11})
"""What is spoken here; aiohttp's parser lets 0.9 and 2.0 through."""


def refuse_odd(request: web.Request) -> None:
    """
    Raise the HTTP error for a request that is well formed and that the gateway takes for no route at all.

    Only its head is looked at. `Upgrade: h2c`, which Java's client sends with each first request, is no reason:
    whoever does not offer it passes over it.
    """
    headers = request.headers
    if request.method == hdrs.METH_CONNECT:
        raise web.HTTPMethodNotAllowed(request.method, ())
    if not request.raw_path.startswith("/"):  # for a proxy, or about the whole server
        raise web.HTTPBadRequest
    if request.version not in VERSIONS:
        raise web.HTTPBadRequest
    coding = headers.get(hdrs.TRANSFER_ENCODING)
    if coding is not None and (coding.lower() != "chunked" or request.version < HttpVersion11):
        raise web.HTTPBadRequest
    if headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        raise web.HTTPBadRequest
    if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType


async def body_of(request: web.Request) -> bytes:
    """The whole body. Raises the HTTP error for one that is too long, too slow or not framed as it says."""
    try:
        if request.content.is_eof():  # it came with the head: the usual case, and no timer is needed
            return await request.read()
        async with asyncio.timeout(request.app[LIMITS].body_timeout_s):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ConnectionError, web.RequestPayloadError):
        # Where the caller has gone nobody reads this, and it is no fault of ours.
        raise web.HTTPBadRequest from None
