"""
The body of a batch, read strictly while it comes: one JSON line that says what is asked, then an item a line, as JSON
or as a table with a row of names. Every problem names its line, from 1, and quotes no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

import orjson

from gateway.batches.job import BatchItem, BatchJob, Line, checked
from gateway.batches.sheet import BOM, Columns, cells
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.catalogue import Catalogue, Entry
from gateway.lookup.claims import claims_model
from gateway.lookup.request import parse_as, read

__all__ = ["Form", "Reader"]

Form = Literal["jsonl", "csv"]

_LONGEST = 64 * 1024
_MOST_PROBLEMS = 32
_BOM = BOM.encode()


class Reader:
    """
    Reads one body. `read` and `end` give the items whose lines are whole; `end` raises InvalidQuestion with the
    problems of all lines together. The job is there once its line has been read; `begins` is told it at once, and may
    refuse it.
    """

    def __init__(
        self, form: Form, catalogue: Catalogue, today: date, *, most: int, begins: Callable[[BatchJob, Entry], None]
    ) -> None:
        self.job: BatchJob | None = None
        self.items = 0
        self.claimed: dict[str, None] = {}
        """Every field that some item makes a claim about, in the order of their coming."""
        self._form = form
        self._catalogue = catalogue
        self._today = today
        self._most = most
        self._begins = begins
        self._entry: Entry | None = None
        self._columns: Columns | None = None
        self._rest = b""
        self._number = 0
        self._problems: list[FieldProblem] = []
        self._shape = False

    def read(self, data: bytes) -> Iterator[Line]:
        """The items of the lines that end in this piece. Raises InvalidQuestion where nothing more can be read."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            yield from self._line(line)
        if len(self._rest) > _LONGEST:
            self._number += 1
            raise self._fatal("line_too_long", f"dòng dài quá {_LONGEST} byte / more than {_LONGEST} bytes in a line")

    def end(self) -> Iterator[Line]:
        """The last line, where nothing ends it. Raises InvalidQuestion for the whole body."""
        rest, self._rest = self._rest, b""
        if rest:
            yield from self._line(rest)
        if not self._problems and not self.items:
            self._number += 1
            raise self._fatal("no_items", "lô không có mục nào / a batch has at least one item")
        if self._problems:
            raise self._refused()

    def _line(self, raw: bytes) -> Iterator[Line]:
        self._number += 1
        line = raw.rstrip(b"\r")
        if len(line) > _LONGEST:
            raise self._fatal("line_too_long", f"dòng dài quá {_LONGEST} byte / more than {_LONGEST} bytes in a line")
        if self._number == 1:
            line = line.removeprefix(_BOM)
        if not line.strip():
            return
        if self._entry is None or self.job is None:
            self._begin(line)
            return
        if self._form == "csv" and self._columns is None:
            self._head(line, self.job, self._entry)
            return
        self.items += 1
        if self.items > self._most:
            raise self._fatal("batch_too_large", f"nhiều nhất {self._most} mục một lô / at most {self._most} items")
        try:
            item = self._item(line)
            claims = checked(self.job, self._entry, item, self._today)
        except InvalidQuestion as exc:
            self._note(exc)
            return
        self.claimed |= dict.fromkeys(claims)
        if not self._problems:  # else nothing of it will be kept
            yield Line(self._number, orjson.dumps(item.model_dump(mode="json", exclude_none=True)))

    def _begin(self, line: bytes) -> None:
        try:
            job = parse_as(BatchJob, line)
            entry = self._catalogue.find(job.dataset)
            if job.fields is not None and job.asks == "verifications":
                advice = "lô so sánh không trả trường nào / verifications give no fields"
                raise InvalidQuestion(problems=(FieldProblem("fields", "extra_forbidden", advice),))
            self._begins(job, entry)
        except InvalidQuestion as exc:
            self._note(exc)
            raise self._refused() from None
        self.job, self._entry = job, entry

    def _head(self, line: bytes, job: BatchJob, entry: Entry) -> None:
        claims = claims_model(entry.dataset.record) if job.asks == "verifications" else None
        try:
            self._columns = Columns(cells(_text(line.removeprefix(_BOM))), entry.dataset.query, claims)
        except InvalidQuestion as exc:
            self._note(exc)
            raise self._refused() from None

    def _item(self, line: bytes) -> BatchItem:
        if self._columns is None:
            return parse_as(BatchItem, line)
        return read(BatchItem, self._columns.item(cells(_text(line))))

    def _note(self, exc: InvalidQuestion) -> None:
        self._shape = self._shape or exc.status == 400
        room = _MOST_PROBLEMS - len(self._problems)
        self._problems += [
            FieldProblem(f"lines.{self._number}.{one.location}".rstrip("."), one.code, one.advice)
            for one in exc.problems[:room]
        ]
        if len(self._problems) >= _MOST_PROBLEMS:
            raise self._refused()

    def _fatal(self, code: str, advice: str) -> InvalidQuestion:
        self._problems = [*self._problems[: _MOST_PROBLEMS - 1], FieldProblem(f"lines.{self._number}", code, advice)]
        return self._refused()

    def _refused(self) -> InvalidQuestion:
        return InvalidQuestion(problems=tuple(self._problems), status=400 if self._shape else 422)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        advice = "tệp phải là UTF-8 / the body must be UTF-8"
        raise InvalidQuestion(problems=(FieldProblem("", "utf8", advice),)) from None
