"""
The rows of the table. A new one is one more entry here; peers and pieces have entries of their own beside theirs.

Figures are taken to `pass`, the plainest program that does a lookup's network work, unless a row says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.asking import (
    CITIZEN_FOUND,
    FIRM_FOUND,
    FIRM_HANDED_ON,
    FIRM_KEPT,
    GET_FIRM,
    LOOKUP_CITIZEN,
    LOOKUP_FIRM,
    LOOKUP_KEPT_FIRM,
    POST_FIRM,
)
from bench.cases import FIRM, target
from bench.check import answer
from bench.errors import BenchError
from bench.peers.rows import PEERS
from bench.pieces.rows import PIECES
from bench.row import Right, Row
from bench.stage import Server, Stage
from bench.stand_ins import CITIZENS, FIRM_OF_THE_PROVINCE, GET_TAXPAYER

__all__ = ["ROWS", "chosen"]


def _passing(stage: Stage) -> Server:
    return stage.python("bench.bare", "pass", "--to", stage.stub_url + target(FIRM))


def _keeping(stage: Stage) -> Server:
    """A gateway that has been asked once, so that it has the answer from the first question on that counts."""
    server = stage.gateway()
    answer("cached", server, LOOKUP_KEPT_FIRM)
    return server


ROWS = (
    Row(
        name="stub",
        title="(a) the stub itself, GET",
        start=lambda stage: stage.python("bench.stub"),
        ask=GET_FIRM,
        right=FIRM_HANDED_ON,
        quick=False,
    ),
    Row(
        name="echo",
        title="(b) bare aiohttp: POST in, 2 KiB out",
        start=lambda stage: stage.python("bench.bare", "echo"),
        ask=POST_FIRM,
        right=Right(markers=('{"fixed":',)),
    ),
    Row(
        name="pass",
        title="(c) bare aiohttp pass-through, checks nothing",
        start=_passing,
        ask=POST_FIRM,
        right=FIRM_HANDED_ON,
        against=None,
    ),
    Row(
        name="pass-again",
        title="(c) again, another process: the noise",
        start=_passing,
        ask=POST_FIRM,
        right=FIRM_HANDED_ON,
        quick=False,
    ),
    Row(
        name="cached",
        title="lookup that the cache answers, dkdn.enterprise",
        start=_keeping,
        ask=LOOKUP_KEPT_FIRM,
        right=FIRM_KEPT,
        against="echo",
    ),
    Row(
        name="rest",
        title="lookup over REST, dkdn.enterprise",
        start=lambda stage: stage.gateway(),
        ask=LOOKUP_FIRM,
        right=FIRM_FOUND,
    ),
    Row(
        name="rest-unindexed",
        title="(k) the index fed by another process",
        start=lambda stage: stage.gateway(indexed=False),
        ask=LOOKUP_FIRM,
        right=FIRM_FOUND,
        against="rest",
        quick=False,
    ),
    Row(
        name="rest-unrecorded",
        title="(k) without ledger and evidence",
        start=lambda stage: stage.gateway(recorded=False),
        ask=LOOKUP_FIRM,
        right=FIRM_FOUND,
        against="rest",
        quick=False,
    ),
    Row(
        name="soap",
        title="lookup over SOAP, dancu.citizen",
        start=lambda stage: stage.gateway(),
        ask=LOOKUP_CITIZEN,
        right=CITIZEN_FOUND,
    ),
    Row(
        name="stand-in",
        title="(m) the stand-ins, taichinh.taxpayer",
        start=lambda stage: stage.python("mocks", "--citizens", str(CITIZENS)),
        ask=GET_TAXPAYER,
        right=FIRM_OF_THE_PROVINCE,
        against="echo",
        quick=False,
    ),
    *PEERS,
    *PIECES,
)


def chosen(names: Sequence[str], rows: Sequence[Row] = ROWS, *, quick: bool = False) -> tuple[Row, ...]:
    """
    The rows of these names, and those that they are compared with, in the table's order. For no names all, or those
    of a quick run.
    """
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
    return tuple(row for row in rows if row.name in wanted or (not names and (row.quick or not quick)))
