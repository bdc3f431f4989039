"""
zeep behind an aiohttp handler: a question as JSON in, one SOAP call, what zeep read of its answer as JSON out.

`python -m bench.peers.zeep_json async --to URL --port 8080` is zeep's own AsyncClient, which sends with httpx;
`messages` lets zeep build the envelope and read the reply, and sends with aiohttp's client. No key, no rights, no
guard, no record: it is what one writes from zeep's documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files
from typing import Any

import aiohttp
import httpx
import orjson
import requests
import uvloop
import zeep
import zeep.helpers
import zeep.transports
from aiohttp import web
from lxml import etree
from zeep.proxy import AsyncServiceProxy

from bench.cases import CITIZEN
from bench.peers.fastapi_httpx import UNLIMITED

__all__ = ["OPERATION", "values"]

OPERATION = "TraCuuThongTinCongDan"
_WSDL = str(files("contracts.dancu") / "schema" / "dancu.wsdl")
_BINDING = "{http://dancuquocgia.bca}DanCuBinding"
Call = Callable[[], Awaitable[Any]]


def values() -> dict[str, Any]:
    """What the recorded request says, as zeep wants it: by element's name a text, or what lies inside."""
    envelope = etree.fromstring((CITIZEN[1].request.body or "").strip().encode())
    question = envelope.find(f".//{{*}}{OPERATION}")
    return dict(_inside(question)) if question is not None else {}


def _inside(element: Any) -> Any:
    for child in element:
        yield etree.QName(child).localname, dict(_inside(child)) if len(child) else child.text


@asynccontextmanager
async def with_httpx(url: str) -> AsyncIterator[Call]:
    """zeep's AsyncClient; its httpx clients are given, so that nothing of the environment and no limit slows them."""
    async with httpx.AsyncClient(limits=UNLIMITED, timeout=None, trust_env=False) as sending:
        transport = zeep.transports.AsyncTransport(client=sending, wsdl_client=httpx.Client(trust_env=False))
        asked = values()
        client = zeep.AsyncClient(_WSDL, transport=transport)
        # Its create_service() gives a proxy that does not await.
        service = AsyncServiceProxy(client, client.wsdl.bindings[_BINDING], address=url)
        yield lambda: service[OPERATION](**asked)


@asynccontextmanager
async def with_aiohttp(url: str) -> AsyncIterator[Call]:
    """zeep's envelope and zeep's reading of the reply around aiohttp's client, in its leanest form."""
    client = zeep.Client(_WSDL)
    service = client.create_service(_BINDING, url)
    binding, asked = client.wsdl.bindings[_BINDING], values()
    operation = binding.get(OPERATION)
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=240),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:

        async def call() -> Any:
            envelope = etree.tostring(client.create_message(service, OPERATION, **asked))
            async with session.post(url, data=envelope, headers=headers) as answer:
                reply = requests.Response()  # what zeep reads replies from
                reply.status_code, reply._content = answer.status, await answer.read()
                reply.headers.update(answer.headers)
            return binding.process_reply(client, operation, reply)

        yield call


def answering(calls: Callable[[str], AbstractAsyncContextManager[Call]], url: str) -> web.Application:
    """POST in, one call, its result as JSON out."""
    call: Call

    async def connected(_: web.Application) -> AsyncIterator[None]:
        nonlocal call
        async with calls(url) as call:
            yield

    async def handle(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        record = zeep.helpers.serialize_object(await call(), dict)
        return web.Response(body=orjson.dumps(record, default=str), content_type="application/json")

    app = web.Application()
    app.cleanup_ctx.append(connected)
    app.router.add_post("/", handle)
    return app


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.zeep_json")
    parser.add_argument("what", choices=("async", "messages"))
    parser.add_argument("--to", required=True, help="where the SOAP service answers")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    app = answering(with_httpx if options.what == "async" else with_aiohttp, options.to)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None, shutdown_timeout=1, loop=loop)


if __name__ == "__main__":
    main()
