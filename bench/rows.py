"""
The rows of the table. A new one is one more entry here.

Figures are taken to `pass`, the plainest program that does a lookup's network work, unless a row says otherwise.
"""

from __future__ import annotations

import http.client
from collections.abc import Sequence

from bench.cases import CITIZEN, FIRM, question, target
from bench.errors import BenchError
from bench.gateway_settings import API_KEY
from bench.row import Ask, Right, Row
from bench.stage import Server, Stage

__all__ = ["ROWS", "chosen"]

_JSON = {"Content-Type": "application/json"}
_KEY = {"X-API-Key": API_KEY}
_FIRM_NAME = FIRM[1].response.body.partition('"NAME":"')[2].partition('"')[0]
_CITIZEN_NAME = str((CITIZEN[1].record or {})["full_name"])


def _passing(stage: Stage) -> Server:
    return stage.python("bench.bare", "pass", "--to", stage.stub_url + target(FIRM))


_KEPT = Ask(path="/v1/lookups", headers=_JSON | _KEY, body=question(FIRM, max_age_s=3600))


def _keeping(stage: Stage) -> Server:
    """A gateway that has been asked once, so that it has the answer from the first question on that counts."""
    server = stage.gateway()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(_KEPT.method, _KEPT.path, _KEPT.body, dict(_KEPT.headers))
    connection.getresponse().read()
    connection.close()
    return server


ROWS = (
    Row(
        name="stub",
        title="(a) the stub itself, GET",
        start=lambda stage: stage.python("bench.stub"),
        ask=Ask(method="GET", path=target(FIRM)),
        right=Right(markers=(_FIRM_NAME,)),
    ),
    Row(
        name="echo",
        title="(b) bare aiohttp: POST in, 2 KiB out",
        start=lambda stage: stage.python("bench.bare", "echo"),
        ask=Ask(headers=_JSON, body=question(FIRM)),
        right=Right(markers=('{"fixed":',)),
    ),
    Row(
        name="pass",
        title="(c) bare aiohttp pass-through, checks nothing",
        start=_passing,
        ask=Ask(headers=_JSON, body=question(FIRM)),
        right=Right(markers=(_FIRM_NAME,)),
        against=None,
    ),
    Row(
        name="pass-again",
        title="(c) again, another process: the noise",
        start=_passing,
        ask=Ask(headers=_JSON, body=question(FIRM)),
        right=Right(markers=(_FIRM_NAME,)),
    ),
    Row(
        name="cached",
        title="lookup that the cache answers, dkdn.enterprise",
        start=_keeping,
        ask=_KEPT,
        right=Right(markers=('"outcome":"found"', '"via":"cache"', _FIRM_NAME)),
        against="echo",
    ),
    Row(
        name="rest",
        title="lookup over REST, dkdn.enterprise",
        start=lambda stage: stage.gateway(),
        ask=Ask(path="/v1/lookups", headers=_JSON | _KEY, body=question(FIRM)),
        right=Right(markers=('"outcome":"found"', _FIRM_NAME)),
    ),
    Row(
        name="rest-unindexed",
        title="the same, another process feeds the index",
        start=lambda stage: stage.gateway(indexed=False),
        ask=Ask(path="/v1/lookups", headers=_JSON | _KEY, body=question(FIRM)),
        right=Right(markers=('"outcome":"found"', _FIRM_NAME)),
        against="rest",
    ),
    Row(
        name="rest-unrecorded",
        title="the same without ledger and evidence",
        start=lambda stage: stage.gateway(recorded=False),
        ask=Ask(path="/v1/lookups", headers=_JSON | _KEY, body=question(FIRM)),
        right=Right(markers=('"outcome":"found"', _FIRM_NAME)),
        against="rest",
    ),
    Row(
        name="soap",
        title="lookup over SOAP, dancu.citizen",
        start=lambda stage: stage.gateway(),
        ask=Ask(path="/v1/lookups", headers=_JSON | _KEY, body=question(CITIZEN)),
        right=Right(markers=('"outcome":"found"', _CITIZEN_NAME)),
    ),
)


def chosen(names: Sequence[str], rows: Sequence[Row] = ROWS) -> tuple[Row, ...]:
    """The rows of these names, and those that they are compared with, in the table's order. All for no names."""
    by_name = {row.name: row for row in rows}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise BenchError(f"no such row: {', '.join(unknown)}; there are {', '.join(by_name)}")
    wanted, open_ends = set(names), list(names)
    while open_ends:
        against = by_name[open_ends.pop()].against
        if against is not None and against not in wanted:
            wanted.add(against)
            open_ends.append(against)
    return tuple(row for row in rows if row.name in wanted or not names)
