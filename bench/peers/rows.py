"""The peers as rows: pass-through beside (c), zeep beside the lookup over SOAP."""

from __future__ import annotations

from importlib.util import find_spec

from bench.asking import CITIZEN_NAME, FIRM_HANDED_ON, POST_CITIZEN, POST_FIRM
from bench.cases import CITIZEN, FIRM, target
from bench.peers import proxies
from bench.row import Right, Row

__all__ = ["PEERS"]


def _uninstalled(*libraries: str) -> str | None:
    gone = [name for name in libraries if find_spec(name) is None]
    return f"not installed: {', '.join(gone)} (they are in the extra `dev`)" if gone else None


PEERS = (
    Row(
        name="nginx",
        title="(d) nginx as pass-through",
        start=lambda stage: proxies.nginx(stage, target(FIRM)),
        ask=POST_FIRM,
        right=FIRM_HANDED_ON,
        missing=proxies.missing("nginx"),
        quick=False,
    ),
    Row(
        name="haproxy",
        title="(d) HAProxy as pass-through",
        start=lambda stage: proxies.haproxy(stage, target(FIRM)),
        ask=POST_FIRM,
        right=FIRM_HANDED_ON,
        missing=proxies.missing("haproxy"),
        quick=False,
    ),
    Row(
        name="fastapi",
        title="(e) FastAPI + httpx pass-through, checks nothing",
        start=lambda stage: stage.python("bench.peers.fastapi_httpx", "--to", stage.stub_url + target(FIRM)),
        ask=POST_FIRM,
        right=FIRM_HANDED_ON,
        missing=lambda: _uninstalled("fastapi", "httptools", "httpx", "uvicorn"),
    ),
    Row(
        name="zeep",
        title="(f) zeep's AsyncClient (httpx) in an aiohttp handler",
        start=lambda stage: stage.python("bench.peers.zeep_json", "async", "--to", stage.stub_url + target(CITIZEN)),
        ask=POST_CITIZEN,
        right=Right(markers=(CITIZEN_NAME,)),
        missing=lambda: _uninstalled("httpx"),
    ),
    Row(
        name="zeep-messages",
        title="(f) zeep's messages over the aiohttp client",
        start=lambda stage: stage.python("bench.peers.zeep_json", "messages", "--to", stage.stub_url + target(CITIZEN)),
        ask=POST_CITIZEN,
        right=Right(markers=(CITIZEN_NAME,)),
        missing=lambda: _uninstalled("httpx"),
        quick=False,
    ),
)
