"""`/.well-known/jwks.json`: the public keys that evidence and checkpoints are verified with."""

from __future__ import annotations

import orjson
from aiohttp import web

from gateway.keyring import KeyRing

__all__ = ["JWKS_PATH", "add_routes"]

JWKS_PATH = "/.well-known/jwks.json"
# Whoever keeps it that long sees a new key in time, if the key was published ahead of its first signature.
_MAX_AGE_S = 300


def add_routes(app: web.Application, keys: KeyRing | None) -> None:
    """Serve the key set to everybody; an empty one where the gateway has no keys and so signs nothing."""
    body = orjson.dumps(keys.key_set if keys is not None else {"keys": []})

    async def jwks(_: web.Request) -> web.Response:
        headers = {"Cache-Control": f"public, max-age={_MAX_AGE_S}", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, content_type="application/jwk-set+json", headers=headers)

    app.router.add_get(JWKS_PATH, jwks)
