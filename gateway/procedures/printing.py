"""The table of decisions as the documentation has it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.procedures.table import TABLE, Text

__all__ = ["printed"]

_HEAD = (
    "tình huống / situation",
    "từ / word",
    "quyết định / decision",
    "căn cứ không thay / cause",
    "cán bộ / officer",
    "người dân / citizen",
)


def printed() -> str:
    """The table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in _lines())


def _lines() -> Iterator[tuple[str, ...]]:
    yield _HEAD
    yield ("---",) * len(_HEAD)
    for situation, row in TABLE.items():
        words = (f"`{situation.value}`", f"`{row.decision.value}`", f"`{row.cause.value}`" if row.cause else "–")
        yield (_both(row.when), *words, _both(row.officer), _both(row.citizen))


def _both(text: Text) -> str:
    return f"{text.vietnamese} / {text.english}"
