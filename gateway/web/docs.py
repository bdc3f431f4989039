"""
`/openapi.json`, and `/docs`: Swagger UI from an installed package, so that it works without the internet.

Only the package's static files are used; the framework that it belongs to is never imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

__all__ = ["add_routes"]

Guard = Callable[[web.Request], Awaitable[object]]
Handler = Callable[[web.Request], Awaitable[web.Response]]

_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_PAGE = """<!doctype html>
<html lang="vi">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Cổng tích hợp cơ sở dữ liệu quốc gia: API</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <main id="docs"></main>
  <noscript>Trang này cần JavaScript; tài liệu máy đọc ở /openapi.json.</noscript>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
  persistAuthorization: false, defaultModelsExpandDepth: 0
});
"""


def add_routes(app: web.Application, document: Callable[[], dict[str, Any]], guard: Guard | None = None) -> None:
    """
    Serve the document, made when somebody first asks for it, and the page that shows it; `guard` raises for whoever may
    not see them.
    """
    body = _once(lambda: orjson.dumps(document()))
    folder = _static_folder()

    def get(path: str, handler: Handler) -> None:
        app.router.add_get(path, handler if guard is None else _guarded(handler, guard))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=await body(), content_type="application/json")

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)

    async def start(_: web.Request) -> web.Response:
        return web.Response(text=_START, content_type="text/javascript", headers=_HEADERS)

    get("/openapi.json", openapi)
    get("/docs", page)
    get("/docs/start.js", start)
    for name, media_type in _FILES.items():
        get(f"/docs/{name}", _file(folder / name, media_type))


def _once(made: Callable[[], bytes]) -> Callable[[], Awaitable[bytes]]:
    """What is made in a thread of its own for the first who asks, and kept for all others."""
    making: asyncio.Future[bytes] | None = None

    async def body() -> bytes:
        nonlocal making
        if making is None:
            making = asyncio.ensure_future(asyncio.to_thread(made))
        return await asyncio.shield(making)

    return body


def _guarded(handler: Handler, guard: Guard) -> Handler:
    async def guarded(request: web.Request) -> web.Response:
        await guard(request)
        return await handler(request)

    return guarded


def _file(path: Path, media_type: str) -> Handler:
    content = path.read_bytes()

    async def file(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type=media_type, headers=_HEADERS)

    return file


def _static_folder() -> Path:
    spec = find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("flask-swagger-ui is not installed; it holds the files of /docs")
    return Path(spec.origin).parent / "dist"
