"""Pairs of a declared and a recorded value with the verdict that is right, as people wrote them down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.domain.compare.addresses import compare_addresses
from gateway.domain.compare.codes import compare_codes
from gateway.domain.compare.dates import compare_dates
from gateway.domain.compare.identifiers import compare_numbers
from gateway.domain.compare.names import compare_names, compare_texts
from gateway.domain.compare.verdict import Compared
from gateway.domain.dates import PartialDate
from gateway.domain.places import packaged
from gateway.domain.records.shared import Address, Code

__all__ = ["COMPARE", "Pair", "pairs"]

FILE = Path(__file__).parent / "data" / "compared_pairs.tsv"


class Pair(NamedTuple):
    line: int
    form: str
    declared: str
    recorded: str
    truth: str

    def compared(self) -> Compared:
        """What the gateway says."""
        return COMPARE[self.form](self.declared, self.recorded)


def pairs(form: str | None = None) -> Iterator[Pair]:
    """The pairs of a form, or all."""
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        found = Pair(number, *(_unescaped(cell) for cell in line.split("\t")))
        if form in {None, found.form}:
            yield found


def _unescaped(cell: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), cell)


def _address(text: str) -> Address:
    return Address(**dict(part.split("=", 1) for part in text.split(";")))


def _code(text: str) -> Code:
    code, _, code_list = text.partition(" ")
    return Code(code=code, list=code_list)


COMPARE: dict[str, Callable[[str, str], Compared]] = {
    "name": compare_names,
    "text": compare_texts,
    "date": lambda one, other: compare_dates(PartialDate.parse(one), PartialDate.parse(other)),
    "day": lambda one, other: compare_dates(PartialDate.parse(one), PartialDate.parse(other), of_birth=False),
    "number": compare_numbers,
    "address": lambda one, other: compare_addresses(_address(one), _address(other), packaged()),
    "code": lambda one, other: compare_codes(_code(one), _code(other)),
}
