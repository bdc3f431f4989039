"""What a comparison can say, and why: two closed lists of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AGREES", "Compared", "Verdict", "Why", "weakest"]


class Verdict(StrEnum):
    """What a comparison of one claim says. Only `match` and `match_after_merger` leave nothing to look at."""

    MATCH = "match"
    MATCH_AFTER_MERGER = "match_after_merger"
    """The same spot, of which one side has the unit before 2025-07-01 and the other that of today."""
    MATCH_AT_MONTH = "match_at_month"
    MATCH_AT_YEAR = "match_at_year"
    DIACRITICS_DIFFER = "diacritics_differ"
    """Equal but for diacritics, spaces or marks: the commonest error of data entry, and a different name as often."""
    NOT_COMPARABLE = "not_comparable"
    """The two say nothing about one another, such as an old number and a new one."""
    NOT_RECORDED = "not_recorded"
    """The registry has nothing in this field."""
    MISMATCH = "mismatch"


AGREES = (Verdict.MATCH, Verdict.MATCH_AFTER_MERGER)
_WORSE = {verdict: place for place, verdict in enumerate(Verdict)}


class Why(StrEnum):
    """The reason of a verdict. Each belongs to one verdict, and has one sentence in each language."""

    EQUAL = "equal"
    SPELLED_OTHERWISE = "spelled_otherwise"
    SAME_PLACE_NOW = "same_place_now"
    MONTH_ONLY = "month_only"
    YEAR_ONLY = "year_only"
    FIRST_OF_JANUARY = "first_of_january"
    ONLY_DIACRITICS = "only_diacritics"
    ANOTHER_ALPHABET = "another_alphabet"
    GARBLED = "garbled"
    FREE_TEXT = "free_text"
    OTHER_FORM = "other_form"
    ANOTHER_LIST = "another_list"
    COMMUNE_SPLIT = "commune_split"
    PLACE_UNKNOWN = "place_unknown"
    PLACE_UNCLEAR = "place_unclear"
    PLACE_COARSER = "place_coarser"
    DETAIL_NOT_RECORDED = "detail_not_recorded"
    EMPTY = "empty"
    I_OR_Y = "i_or_y"
    OTHER_ORDER = "other_order"
    DIFFERENT = "different"
    UNIT_OF_FIRM = "unit_of_firm"
    OTHER_PLACE = "other_place"
    NONE_OF_THEM = "none_of_them"


@dataclass(frozen=True, slots=True)
class Compared:
    """A verdict and its reason. No value stands in it."""

    verdict: Verdict
    why: Why

    @property
    def rank(self) -> int:
        """How far it is from `match`, which is 0."""
        return _WORSE[self.verdict]


def weakest(several: Iterable[Compared]) -> Compared:
    """The one that is farthest from `match`. Raises ValueError for none."""
    return max(several, key=lambda one: one.rank)
