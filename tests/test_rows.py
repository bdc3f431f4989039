"""The list of faults and bad inputs that the gateway must survive, and that each has its test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FAMILIES = {
    "F": (1, 2, 3, 6, 7, 9, 10, 11, 15, 16, 18, 20, 21, 24, 26, 27, 28, 30, 31, 32, 33, 35, 36, 40, 41, 42, 47),
    "X": (1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 14, 15, 16, 18, 21, 22, 23, 24, 26, 27, 31, 32),
    "J": (1, 2, 3, 4, 7, 8, 9, 11, 12, 14, 16, 18),
    "H": (1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 14, 15, 16, 17, 18, 22, 24, 26),
    "T": (1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 16, 17),
    # A13 waits for a cache, A28 for a registry that signs XML.
    "A": (1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 18, 19, 20, 21, 23, 24, 26, 30),
    "E": (1, 2, 3),
    "L": (1, 2, 3, 4, 5, 6, 9, 13),
    "S": (1, 2, 3, 5, 7, 8, 10, 12, 13),
}
ROWS = [f"{family}{number:02}" for family, numbers in FAMILIES.items() for number in numbers]
_NAME = re.compile(r"test_((?:[a-z][0-9]{2}_)+)")


def _named_after() -> dict[str, list[str]]:
    """The tests of each row: `test_j08_j09_…` is named after two."""
    found: dict[str, list[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (match := _NAME.match(node.name)):
                for row in match[1].strip("_").split("_"):
                    found.setdefault(row.upper(), []).append(f"{file.name}::{node.name}")
    return found


NAMED = _named_after()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test_named_after_it(row: str) -> None:
    """A fault that the gateway promises to survive is tried, under its own name."""
    assert NAMED.get(row)


def test_every_test_says_in_one_sentence_what_holds() -> None:
    """Read in order, the sentences of the tests are the specification."""
    silent = [
        f"{file.name}:{node.lineno} {node.name}"
        for file in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]

    assert silent == []
