"""Addresses: the place through the merger of 2025-07-01, then what is written beside it."""

from __future__ import annotations

from gateway.domain.compare.located import is_vietnam, located, spread
from gateway.domain.compare.names import compare_texts
from gateway.domain.compare.verdict import AGREES, Compared, Verdict, Why, weakest
from gateway.domain.places import Places, Relation
from gateway.domain.records.shared import Address

__all__ = ["compare_addresses"]

_EQUAL = Compared(Verdict.MATCH, Why.EQUAL)
_RELATIONS = {
    Relation.SAME: _EQUAL,
    Relation.MERGED: Compared(Verdict.MATCH_AFTER_MERGER, Why.SAME_PLACE_NOW),
    Relation.OTHER: Compared(Verdict.MISMATCH, Why.OTHER_PLACE),
    Relation.SPLIT: Compared(Verdict.NOT_COMPARABLE, Why.COMMUNE_SPLIT),
    Relation.COARSER: Compared(Verdict.NOT_COMPARABLE, Why.PLACE_COARSER),
}
_UNKNOWN = Compared(Verdict.NOT_COMPARABLE, Why.PLACE_UNKNOWN)
_UNCLEAR = Compared(Verdict.NOT_COMPARABLE, Why.PLACE_UNCLEAR)
_PLACE = ("province_code", "province_name", "district_code", "district_name", "commune_code", "commune_name")


def compare_addresses(declared: Address, recorded: Address, places: Places) -> Compared:
    """The verdict on an address, as precisely as it was declared."""
    ours, theirs = spread(declared, places), spread(recorded, places)
    country = _compared_countries(ours.country, theirs.country)
    if country is not None and country.verdict is Verdict.MISMATCH:
        return country
    found = [_compared_places(ours, theirs, places)] if _says_where(ours) else []
    if found and found[0].verdict not in AGREES:
        return found[0]
    if ours.detail is not None:
        found.append(_compared_details(ours.detail, theirs.detail))
    if not found and ours.full_text is not None:
        found.append(_compared_details(ours.full_text, theirs.full_text))
    if found and country is not None:
        found.append(country)
    # Of a country alone, or of a text that says something else than the units beside it, nothing is said.
    if found and declared.full_text is not None and _says_where(declared):
        written = compare_addresses(Address(full_text=declared.full_text), recorded, places)
        found += [] if written.verdict in AGREES else [_UNCLEAR]
    return weakest(found) if found else _UNKNOWN


def _compared_places(ours: Address, theirs: Address, places: Places) -> Compared:
    declared, recorded = located(ours, places), located(theirs, places)
    if not declared or not recorded:
        return _by_the_letter(ours, theirs)
    relations = {places.relation(one, other) for one in declared for other in recorded}
    # Where a side can mean several places, only what holds for all of them is said.
    if len(relations) == 1:
        return _RELATIONS[relations.pop()]
    return _EQUAL if relations <= {Relation.SAME, Relation.MERGED} else _UNCLEAR


def _by_the_letter(ours: Address, theirs: Address) -> Compared:
    """Units that are not in the list, such as newer ones: equal codes are one place, all else says nothing."""
    told = [name for name in _PLACE if getattr(ours, name) and getattr(theirs, name)]
    alike = all(compare_texts(getattr(ours, name), getattr(theirs, name)).verdict is Verdict.MATCH for name in told)
    as_deep = all(
        bool(getattr(ours, f"{level}_code") and getattr(theirs, f"{level}_code"))
        or bool(getattr(ours, f"{level}_name") and getattr(theirs, f"{level}_name"))
        for level in ("province", "district", "commune")
        if getattr(ours, f"{level}_code") or getattr(ours, f"{level}_name")
    )
    return _EQUAL if told and alike and as_deep else _UNKNOWN


def _compared_details(ours: str, theirs: str | None) -> Compared:
    if theirs is None:
        return Compared(Verdict.NOT_COMPARABLE, Why.DETAIL_NOT_RECORDED)
    return compare_texts(ours, theirs)


def _compared_countries(ours: str | None, theirs: str | None) -> Compared | None:
    """None where nothing speaks against it. Only codes of two letters say of two that they are two: names vary."""
    if not ours or not theirs:
        return None
    codes = {"VN" if is_vietnam(one) else one.strip().upper() for one in (ours, theirs)}
    if len(codes) == 1:
        return None
    return _RELATIONS[Relation.OTHER] if all(len(one) == 2 and one.isascii() for one in codes) else _UNCLEAR


def _says_where(address: Address) -> bool:
    return any(getattr(address, name) for name in _PLACE)
