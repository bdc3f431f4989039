"""Results as they leave: a line of JSON an item, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.batches.sheet import BOM, row

__all__ = ["Table"]

_FIRST = ("line", "ref", "outcome", "reason", "detail", "lookup_id")
_LAST = ("evidence", "ledger.log", "ledger.index")


class Table:
    """
    A table of results. Of lookups `names` are the record's fields, what lies in one is JSON; of verifications the
    fields that were claimed, with verdict and sentence of each.
    """

    def __init__(self, names: Sequence[str], *, verdicts: bool) -> None:
        self._names = names
        self._verdicts = verdicts

    def head(self) -> str:
        """The row of names."""
        inner = [f"record.{name}" for name in self._names]
        if self._verdicts:
            inner = [column for name in self._names for column in (f"verdict.{name}", f"reason_vi.{name}")]
        return BOM + row([*_FIRST, *inner, *_LAST])

    def row(self, result: bytes) -> str:
        """One item's row."""
        said: dict[str, Any] = orjson.loads(result)
        answer, problem = said.get("answer") or {}, said.get("problem") or {}
        lookup_id = answer.get("lookup_id") or problem.get("lookup_id")
        ledger = answer.get("ledger") or {}
        first = [said["line"], said["ref"], said["outcome"], said["reason"], problem.get("detail"), lookup_id]
        return row([*first, *self._inner(answer), answer.get("evidence"), ledger.get("log"), ledger.get("index")])

    def _inner(self, answer: dict[str, Any]) -> list[object]:
        if not self._verdicts:
            record = answer.get("record") or {}
            return [_plain(record.get(name)) for name in self._names]
        verdicts = {one["field"]: one for one in answer.get("verdicts") or ()}
        told = [verdicts.get(name, {}) for name in self._names]
        return [part for one in told for part in (one.get("verdict"), one.get("reason_vi"))]


def _plain(value: Any) -> object:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
