"""Provinces, districts and communes through the merger of 2025-07-01."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.domain.compare.addresses import compare_addresses
from gateway.domain.compare.located import located
from gateway.domain.compare.verdict import Verdict
from gateway.domain.place_names import PlaceName
from gateway.domain.places import Era, Places, Relation, packaged
from gateway.domain.records.shared import Address

PLACES = packaged()
OLD, NEW = PLACES.communes[Era.BEFORE], PLACES.communes[Era.NOW]

# domain.md, 3.3: the provinces of now that several went into
MERGERS = {
    "08": "02 08", "15": "10 15", "19": "06 19", "24": "24 27", "25": "17 25 26", "31": "30 31", "33": "33 34",
    "37": "35 36 37", "44": "44 45", "48": "48 49", "51": "51 62", "52": "52 64", "56": "56 58", "66": "54 66",
    "68": "60 67 68", "75": "70 75", "79": "74 77 79", "80": "72 80", "82": "82 87", "86": "83 84 86", "91": "89 91",
    "92": "92 93 94", "96": "95 96",
}  # fmt: skip


def test_every_unit_is_there() -> None:
    """63 provinces became 34; there are as many units as the sources counted, and each lies in one above it."""
    assert [len(PLACES.provinces[era]) for era in Era] == [63, 34]
    assert (len(PLACES.districts), len(OLD), len(NEW)) == (696, 10_040, 3_321)
    assert all(PLACES.commune(era, code) for era in Era for code in PLACES.communes[era])
    assert sum(len(unit.now) > 1 for unit in OLD.values()) == 471


def test_provinces_went_where_the_law_put_them() -> None:
    """Which old provinces each new one is made of, for all that are made of several."""
    came: dict[str, list[str]] = {}
    for code, unit in PLACES.provinces[Era.BEFORE].items():
        (now,) = unit.now
        came.setdefault(now, []).append(code)

    assert {now: " ".join(sorted(olds)) for now, olds in came.items() if len(olds) > 1} == MERGERS


def test_a_commune_went_nowhere_but_into_its_own_province() -> None:
    """Every commune of before lies, whole or in parts, in the province that its own became."""
    for code, unit in OLD.items():
        before = PLACES.commune(Era.BEFORE, code)
        assert before is not None
        (province,) = PLACES.provinces[Era.BEFORE][before.province].now
        assert unit.now
        assert {NEW[now].above for now in unit.now} == {province}


def test_gia_lai_is_made_of_two_provinces() -> None:
    """135 communes, of which 58 lie in what was Bình Định and 77 in what was Gia Lai."""
    came: dict[str, set[str]] = {}
    for code, unit in OLD.items():
        for now in unit.now:
            place = PLACES.commune(Era.BEFORE, code)
            assert place is not None
            came.setdefault(now, set()).add(place.province)
    ours = {code for code, unit in NEW.items() if unit.above == "52"}

    assert len(ours) == 135
    assert sum(came[code] == {"52"} for code in ours) == 58
    assert sum(came[code] == {"64"} for code in ours) == 77


def test_a_code_that_went_on_is_a_part_of_what_it_was() -> None:
    """A number that is used before and now names communes that have ground in common: the two are never strangers."""
    assert all(code in OLD[code].now for code in OLD.keys() & NEW.keys())


def test_every_old_commune_stands_rightly_to_every_new_one_it_went_into() -> None:
    """Whole communes are merged, divided ones split, from both sides alike, and all others are other places."""
    places = {code: place for code in NEW if (place := PLACES.commune(Era.NOW, code)) is not None}
    strangers = dict(pairwise(sorted(NEW)))
    for code, unit in OLD.items():
        old = PLACES.commune(Era.BEFORE, code)
        assert old is not None
        for now in unit.now:
            new, stranger = places[now], places[strangers.get(now, min(NEW))]
            expected = Relation.MERGED if len(unit.now) == 1 else Relation.SPLIT
            assert PLACES.relation(old, new) is PLACES.relation(new, old) is expected
            if stranger.commune not in unit.now:
                assert PLACES.relation(old, stranger) is Relation.OTHER


def test_every_commune_is_found_by_its_name() -> None:
    """The name with province, and before the merger with district, leads to the commune, however it is spelled."""
    for code in [*sorted(NEW)[::97], "21628"]:
        place = PLACES.commune(Era.NOW, code)
        assert place is not None
        address = Address(
            province_name=PLACES.provinces[Era.NOW][place.province].name.lower(), commune_name=NEW[code].name.upper()
        )
        assert place in located(address, PLACES)
    for code in sorted(OLD)[::97]:
        place = PLACES.commune(Era.BEFORE, code)
        assert place is not None
        address = Address(
            province_name=PLACES.provinces[Era.BEFORE][place.province].name,
            district_name=PLACES.districts[str(place.district)].name,
            commune_name=OLD[code].name,
        )
        assert located(address, PLACES) == {place}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Phường 1", "P. 01"),
        ("Thành phố Hồ Chí Minh", "TP.HCM"),
        ("thành phố hồ chí minh", "TP. Hồ Chí Minh"),
        ("Tỉnh Bà Rịa - Vũng Tàu", "Bà Rịa-Vũng Tàu"),
        ("Xã Hoà An", "xã Hòa An"),
        ("Huyện M'Drắk", "huyện M’Drắk"),
        ("Thị xã An Nhơn", "TX. An Nhơn"),
    ],
)
def test_a_unit_has_one_name_however_it_is_written(one: str, other: str) -> None:
    """Abbreviated kinds, numbers with a zero, tone marks and apostrophes make no other unit."""
    assert PlaceName.of(one).fits(PlaceName.of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Xã An Hòa", "Phường An Hòa"), ("Phường 1", "Phường 10"), ("Xã Ia Mơ", "Xã Ia Mơ Nông"), ("Hòa An", "Hoa An")],
)
def test_two_units_are_never_one(one: str, other: str) -> None:
    """Another kind, another number, a longer name or another diacritic is another unit."""
    assert not PlaceName.of(one).fits(PlaceName.of(other))


def test_a_bare_province_code_is_read_in_both_eras() -> None:
    """52 alone may be Bình Định or Gia Lai; 64 can only be what was Gia Lai until the merger."""
    assert {place.era for place in located(Address(province_code="52"), PLACES)} == set(Era)
    assert {place.era for place in located(Address(province_code="64"), PLACES)} == {Era.BEFORE}


def test_a_name_tells_the_era_of_a_code() -> None:
    """52 with the name Bình Định is of before, with the name Gia Lai of now."""
    assert {one.era for one in located(Address(province_code="52", province_name="Bình Định"), PLACES)} == {Era.BEFORE}
    assert {one.era for one in located(Address(province_code="52", province_name="Gia Lai"), PLACES)} == {Era.NOW}


def test_lost_zeros_are_found_again() -> None:
    """A code that some system took for a number is the same place."""
    whole = Address(province_code="01", commune_code="00004")

    assert compare_addresses(Address(province_code="1", commune_code="4"), whole, PLACES).verdict is Verdict.MATCH


@pytest.mark.parametrize("line", ["C\t00001\tXã", "X\t1\t2\t3", "nothing"])
def test_a_line_that_is_no_unit_is_refused(line: str) -> None:
    """A damaged file is not read half."""
    with pytest.raises(ValueError, match="columns"):
        Places.read([line])
