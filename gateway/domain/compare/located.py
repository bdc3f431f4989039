"""Where an address lies: its codes and names, or the end of its text, as places of before or after the merger."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.canonical import canonical
from gateway.domain.places import Era, Place, Places
from gateway.domain.records.shared import Address

__all__ = ["is_vietnam", "located", "spread"]

_COUNTRY = frozenset({canonical("Việt Nam"), "viet nam", "vietnam", "vn", "vnm"})


def is_vietnam(country: str) -> bool:
    """Whether a text names this country, by name or code."""
    return canonical(country) in _COUNTRY


def located(address: Address, places: Places) -> frozenset[Place]:
    """
    Every place that the address can mean; empty where it names none that is known.

    With a district it is of before the merger. Without one it is of now wherever it can be: an address of two levels is
    how one writes since then. A code that stands alone is both, unless only one era has it. A name beside a code tells
    the era where it is that of one alone.
    """
    districted = bool(address.district_code or address.district_name)
    before = frozenset(_in_era(address, places, Era.BEFORE))
    if districted:
        return before
    now = frozenset(_in_era(address, places, Era.NOW))
    if address.commune_code and address.commune_name:
        named = {place for place in now | before if places.is_named(place, address.commune_name)}
        now, before = (now & named, before & named) if named else (now, before)
    has_both_levels = bool(address.province_code or address.province_name) and _has_commune(address)
    # ASSUMED: no registry leaves out the district of an address of before; none was seen that does.
    return (now or before) if has_both_levels else now | before


def spread(address: Address, places: Places) -> Address:
    """
    An address that is nothing but one text, with the names at its end taken apart: `…, xã A, huyện B, tỉnh C` or
    `…, xã A, tỉnh C`. Where they name nothing that is known it stays as it is.
    """
    if address.full_text is None or _names_something(address):
        return address
    parts = [part.strip() for part in address.full_text.split(",") if part.strip()]
    if parts and is_vietnam(parts[-1]):
        parts.pop()
    for names in (("commune_name", "district_name", "province_name"), ("commune_name", "province_name")):
        if len(parts) < len(names):
            continue
        rest, ends = parts[: -len(names)], parts[-len(names) :]
        apart = Address(**dict(zip(names, ends, strict=True)), detail=", ".join(rest) or None, country=address.country)
        if located(apart, places):
            return apart
    return address


def _in_era(address: Address, places: Places, era: Era) -> Iterator[Place]:
    provinces = _provinces(address, places, era)
    if provinces == []:  # one is named, and it is none of this era
        return
    for place in _units(address, places, era, provinces):
        if provinces is None or any(place.province == one.province for one in provinces):
            yield place


def _provinces(address: Address, places: Places, era: Era) -> list[Place] | None:
    """What the address says of its province; None where it says nothing. The code counts, the name helps to choose."""
    code, name = _code(address.province_code, 2), address.province_name
    if code is None and name is None:
        return None
    if code is None:
        return places.provinces_named(era, str(name))
    found = places.province(era, code)
    if found is None or (
        name is not None and found not in places.provinces_named(era, name) and _fits_other(places, era, code, name)
    ):
        return []
    return [found]


def _fits_other(places: Places, era: Era, code: str, name: str) -> bool:
    """Whether code and name belong together in the other era: `52, Bình Định` is of before."""
    other = Era.NOW if era is Era.BEFORE else Era.BEFORE
    return places.province(other, code) in places.provinces_named(other, name)


def _units(address: Address, places: Places, era: Era, provinces: list[Place] | None) -> Iterator[Place]:
    districts = _districts(address, places, era, provinces)
    if districts == []:
        return
    if not _has_commune(address):
        yield from districts if districts is not None else provinces or ()
        return
    code, name = _code(address.commune_code, 5), address.commune_name
    if code is not None:
        found = [place for place in (places.commune(era, code),) if place is not None]
    else:
        found = [
            place for province in provinces or () for place in places.communes_named(era, province.province, str(name))
        ]
    for place in found:
        if districts is None or any(place.district == one.district for one in districts):
            yield place


def _districts(address: Address, places: Places, era: Era, provinces: list[Place] | None) -> list[Place] | None:
    code, name = _code(address.district_code, 3), address.district_name
    if code is None and name is None:
        return None
    if era is Era.NOW:
        return []
    if code is not None:
        found = places.district(code)
        return [found] if found is not None else []
    return [place for one in provinces or () for place in places.districts_named(one.province, str(name))]


def _has_commune(address: Address) -> bool:
    return bool(address.commune_code or address.commune_name)


def _names_something(address: Address) -> bool:
    codes = (address.province_code, address.district_code, address.commune_code)
    names = (address.province_name, address.district_name, address.commune_name)
    return any((*codes, *names))


def _code(code: str | None, digits: int) -> str | None:
    """A code with the leading zeros that a system may have lost: domain.md, 2.3."""
    return code.strip().zfill(digits) if code else None
