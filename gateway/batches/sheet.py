"""
Spreadsheets: CSV in and out, and what a cell may not begin with.

A program that opens a table calculates what begins like a formula. So each cell that would is given an apostrophe
first: the officer sees what stands there, and nothing is run.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from gateway.errors import FieldProblem, InvalidQuestion

__all__ = ["BOM", "Columns", "cells", "harmless", "row"]

BOM = "\ufeff"
"""Without it the usual spreadsheet reads Vietnamese letters as something else."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_OWN = ("ref", "case_id", "case_token")
_FLAGS = {"true": True, "false": False}
_MOST_DIGITS = 18


class Columns:
    """The columns of a table of items, from its first row."""

    def __init__(self, names: list[str], query: type[BaseModel], claims: type[BaseModel] | None) -> None:
        """Raises InvalidQuestion naming each column that nothing could be read from."""
        self._places: list[tuple[tuple[str, ...], type | None]] = []
        claimable = {} if claims is None else {one.alias or name: one for name, one in claims.model_fields.items()}
        problems = []
        for number, name in enumerate(names, start=1):
            place = _place(name, query, claimable)
            if place is None:
                advice = (
                    "cột phải là ref, case_id, case_token, query.<trường> hoặc claims.<trường> của tập dữ liệu / "
                    "a column is ref, case_id, case_token, query.<field> or claims.<field> of the dataset"
                )
                problems.append(FieldProblem(f"column {number}", "unknown_column", advice))
            elif any(_overlap(place[0], other) for other, _ in self._places):
                advice = (
                    "cột trùng với cột khác hoặc là một phần của nó / this column is there already, or a part of it"
                )
                problems.append(FieldProblem(f"column {number}", "column_twice", advice))
            else:
                self._places.append(place)
        if problems:
            raise InvalidQuestion(problems=tuple(problems))

    def item(self, values: list[str]) -> dict[str, Any]:
        """One row as an item; an empty cell is a field that is not there. Raises InvalidQuestion."""
        if len(values) != len(self._places):
            advice = f"dòng có {len(values)} ô, bảng có {len(self._places)} cột / not as many cells as columns"
            raise InvalidQuestion(problems=(FieldProblem("", "cells", advice),))
        item: dict[str, Any] = {}
        for (path, kind), text in zip(self._places, values, strict=True):
            if text == "":
                continue
            above = item
            for step in path[:-1]:
                above = above.setdefault(step, {})
            above[path[-1]] = _value(kind, text)
        return item


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _place(
    name: str, query: type[BaseModel], claimable: Mapping[str, Any]
) -> tuple[tuple[str, ...], type | None] | None:
    if name in _OWN:
        return (name,), None
    above, _, rest = name.partition(".")
    if above == "query":
        first, *inner = rest.split(".")
        if first in query.model_fields and all(inner):
            return (above, first, *inner), _kind(query.model_fields[first].annotation) if not inner else None
    if above == "claims":
        # `legal_representatives.full_name` is one claim, `permanent_residence.detail` a part of one.
        steps = rest.split(".")
        for length in range(len(steps), 0, -1):
            field = claimable.get(".".join(steps[:length]))
            if field is not None and all(steps):
                inner = steps[length:]
                return (above, ".".join(steps[:length]), *inner), _kind(field.annotation) if not inner else None
    return None


def _kind(annotation: Any) -> type | None:
    """`int` or `bool` where a field takes nothing else, for which a cell's text does not stand by itself."""
    kinds = {one for one in (get_args(annotation) or (annotation,)) if one is not type(None)}
    return next(iter(kinds)) if kinds in ({int}, {bool}) else None


def _value(kind: type | None, text: str) -> Any:
    if kind is bool:
        return _FLAGS.get(text, text)
    if kind is int and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return text


def cells(text: str) -> list[str]:
    """One line of a table. Raises InvalidQuestion where it is none."""
    try:
        (found,) = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError):
        advice = "dòng không phải CSV: một bản ghi một dòng, ô có dấu phẩy đặt trong ngoặc kép / not one record of CSV"
        raise InvalidQuestion(problems=(FieldProblem("", "csv", advice),)) from None
    return found


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def row(values: Iterable[object]) -> str:
    """One line of a table, with its end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL).writerow(
        ["" if value is None else harmless(str(value)) for value in values]
    )
    return out.getvalue()
