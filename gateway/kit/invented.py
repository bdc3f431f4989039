"""
Invented values in the place of real ones, each real value always by the same. What may stand at a place is told by
the case files alone: every value that goes out is one of theirs, or a number counted on from one of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from gateway.errors import RecordingRefused
from gateway.kit.leaves import INNER
from gateway.kit.sorts import KEPT, day_of, folded, in_the_form_of, next_number, on_day, sort_of

__all__ = ["Examples", "Invented"]

_TRIES = 5_000


class Examples:
    """What stands at which place in the case files."""

    def __init__(self, found: Iterable[tuple[str, Any]]) -> None:
        self._values: dict[str, list[Any]] = {}
        for place, value in found:
            values = self._values.setdefault(place, [])
            if value is not INNER and value not in values:
                values.append(value)

    def __contains__(self, place: str) -> bool:
        return place in self._values

    def has(self, place: str, value: Any) -> bool:
        """Whether a case file has just this value there."""
        return any(str(one) == str(value) for one in self._values.get(place, ()))

    def of(self, place: str, sort: str) -> list[str]:
        """The values there of a sort, as texts."""
        return [str(one) for one in self._values.get(place, ()) if sort_of(one) == sort]

    def known_above(self, place: str) -> str:
        """The nearest place above that case files have: a name that they do not have might itself be personal."""
        while place and place not in self:
            place = place[: max(place.rfind("."), place.rfind("["), place.rfind("~"), 0)]
        return place or "the top"

    def numbers(self) -> set[str]:
        """Every number anywhere, to be avoided where a new one is made."""
        return {folded(str(one)) for values in self._values.values() for one in values if sort_of(one) == "number"}


class Invented:
    """Real value to invented one, for one exchange. Holds personal values: never printed, never kept."""

    __slots__ = ("_by_value", "_taken", "_used")

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._by_value: dict[tuple[str, Any], Any] = {}
        self._used: set[str] = set()

    def value(
        self, examples: Examples, place: str, value: Any, *, fits: Callable[[str], bool] = lambda _: True, new: bool
    ) -> Any:
        """
        What stands for a value. `new`: a number that no case file has, which `fits`; otherwise one of the case files'
        numbers may stand for it. Raises RecordingRefused where the case files do not tell what the value is.
        """
        if place not in examples:
            above = examples.known_above(place)
            raise RecordingRefused(f"{above}: below it stands something that no case file has: nobody can tell what")
        if value is INNER:
            return value
        sort, text = sort_of(value), str(value)
        if sort in KEPT:
            return value
        if place.endswith("@xmlns") and not examples.has(place, value):
            raise RecordingRefused(f"{place.removesuffix('.@xmlns')}: its namespace is in no case file")
        known = self._by_value.get(_key(sort, text))
        if known is None and sort == "year":
            known = next(
                (day[0] for (of, real), day in self._by_value.items() if of == "date" and real[0] == text), None
            )
        if known is None:
            if examples.has(place, value) and not (new and sort == "number"):
                return value
            known = self._by_value[_key(sort, text)] = self._chosen(examples, place, sort, text, fits, new=new)
        return _as_written(value, sort, known)

    def _chosen(
        self, examples: Examples, place: str, sort: str, text: str, fits: Callable[[str], bool], *, new: bool
    ) -> Any:
        candidates = examples.of(place, sort)
        if not candidates:
            raise RecordingRefused(f"{place}: a {sort}, which no case file has there: nobody can tell what it is")
        alike = [one for one in candidates if _skeleton(one) == _skeleton(text)] or candidates
        fresh = next((one for one in alike if folded(one) not in self._used), None)
        if sort == "number" and (new or fresh is None):
            counted = islice(next_number(alike[0]), _TRIES)
            fresh = next((one for one in counted if folded(one) not in self._taken | self._used and fits(one)), None)
            if fresh is None:
                raise RecordingRefused(f"{place}: no number could be made that fits and that no case file has")
        chosen = fresh or alike[0]
        self._used.add(folded(chosen))
        return day_of(chosen) if sort == "date" else chosen


def _key(sort: str, text: str) -> tuple[str, Any]:
    return sort, day_of(text) if sort == "date" else folded(text) or text


def _skeleton(text: str) -> str:
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text)


def _as_written(original: Any, sort: str, invented: Any) -> Any:
    """The invented value as the original was written: a number as a number, a date in its form."""
    if sort == "date":
        written = on_day(str(original), invented)
    elif sort in {"number", "text"}:
        written = in_the_form_of(str(original), invented)
    else:
        written = str(invented)
    if isinstance(original, int | Decimal):
        try:
            return int(written) if isinstance(original, int) else Decimal(written.replace(",", "."))
        except (ValueError, InvalidOperation):
            raise RecordingRefused("a number stands where case files have a text: nobody can tell what it is") from None
    return written
