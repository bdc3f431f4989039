"""The synthetic province: invented, repeatable, and found again by number."""

from __future__ import annotations

import tracemalloc
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.vn import mst

from mocks.chance import Permutation
from mocks.dkdn_businesses import COOPERATIVES, HOUSEHOLD_BUSINESSES, Businesses
from mocks.names import fold
from mocks.province import Province
from mocks.tax_codes import is_synthetic

LARGE = Province(seed=7, citizens=3_000_000, enterprises=1_000_000)
SMALL = Province(seed=7, citizens=500, enterprises=100)
BUSINESSES = Businesses(SMALL)
TODAY = date(2026, 3, 1)


@given(st.integers(1, 1 << 20).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_a_permutation_has_an_inverse(size_and_index: tuple[int, int]) -> None:
    """Whatever is shuffled within a size stays within it and is found again."""
    size, index = size_and_index
    order = Permutation(3, "test", size)

    place = order.place(index)

    assert 0 <= place < size
    assert order.index(place) == index


def test_a_permutation_gives_every_place_once() -> None:
    """All indexes together fill all places."""
    order = Permutation(3, "test", 1000)
    assert sorted(order.place(index) for index in range(1000)) == list(range(1000))


@given(st.integers(0, 2_999_999))
def test_a_citizen_is_found_by_each_of_his_numbers(index: int) -> None:
    """The number, and the old one where there is one, lead back to the person who has it."""
    citizen = LARGE.citizen(index)

    assert LARGE.find_citizen(citizen.citizen_id) == citizen
    if citizen.old_number is not None:
        assert LARGE.find_citizen(citizen.old_number) == citizen


@given(st.integers(0, 2_999_999))
def test_a_personal_number_tells_sex_and_year(index: int) -> None:
    """The fourth digit is of century and sex, the next two are of the year; the prefix is no province's."""
    citizen = LARGE.citizen(index)
    number = citizen.citizen_id

    assert number[:3] in {"100", "003", "000"}
    assert len(number) == 12
    assert int(number[3]) % 2 == int(citizen.sex) - 1
    assert (19 + int(number[3]) // 2) * 100 + int(number[4:6]) == citizen.born.year
    assert citizen.born < TODAY


@given(st.text(st.sampled_from("0123456789"), min_size=12, max_size=12))
def test_a_number_that_nobody_has_finds_nobody(number: str) -> None:
    """A number finds a person only when it is that person's to the last digit."""
    found = LARGE.find_citizen(number)
    assert found is None or number == found.citizen_id


@given(st.integers(0, 499), st.sampled_from("0123456789"))
def test_another_century_digit_finds_nobody(index: int, digit: str) -> None:
    """The serial alone is not enough: century, sex and year must agree."""
    number = SMALL.citizen(index).citizen_id
    changed = number[:3] + digit + number[4:]

    assert (SMALL.find_citizen(changed) is not None) == (changed == number)


@pytest.mark.parametrize("number", ["", "1", "10009900000x", "１００１９９０００００１", "052099000001", "100 9900001"])
def test_what_is_no_number_of_the_province_finds_nobody(number: str) -> None:
    """Text, full-width digits and real provinces' prefixes find nobody."""
    assert LARGE.find_citizen(number) is None


@given(st.integers(0, 999_999))
def test_an_enterprise_is_found_by_its_code(index: int) -> None:
    """The tax code has a valid check digit, begins with 99, and leads back to its firm."""
    firm = LARGE.enterprise(index)

    assert mst.is_valid(firm.enterprise_code)
    assert is_synthetic(firm.enterprise_code)
    assert LARGE.find_enterprise(firm.enterprise_code) == firm


@given(st.integers(0, 99))
def test_an_enterprise_is_represented_by_a_grown_citizen(index: int) -> None:
    """The representative is a person of the province, found under the same number and name, and of age."""
    person = SMALL.enterprise(index).representative

    assert SMALL.find_citizen(person.citizen_id) == person
    assert person.born.year + 20 <= TODAY.year


@given(st.integers(0, 499))
def test_a_household_holds_its_people_once(index: int) -> None:
    """Whoever is asked about, his household is the same, with him in it, the oldest first, all at one address."""
    together = SMALL.household(index)

    assert SMALL.citizen(index) in together
    assert {SMALL.household(one.index) for one in together} == {together}
    assert [one.born for one in together] == sorted(one.born for one in together)
    assert len({one.residence for one in together}) == 1
    assert 1 <= len(together) <= 4


@given(st.integers(0, HOUSEHOLD_BUSINESSES - 1))
def test_a_household_business_is_found_by_its_code(index: int) -> None:
    """The code has a valid check digit and prefix 99, leads back to its business, and is no firm's or cooperative's."""
    business = BUSINESSES.household_business(index)

    assert mst.is_valid(business.tax_code)
    assert is_synthetic(business.tax_code)
    assert BUSINESSES.find_household_business(business.tax_code) == business
    assert SMALL.find_enterprise(business.tax_code) is None
    assert BUSINESSES.find_cooperative(business.tax_code) is None
    assert business.founded_on <= business.first_registered_on < TODAY


@given(st.integers(0, COOPERATIVES - 1))
def test_a_cooperative_is_found_by_its_code(index: int) -> None:
    """The code has a valid check digit and prefix 99, leads back to its cooperative, and is nobody else's."""
    cooperative = BUSINESSES.cooperative(index)

    assert mst.is_valid(cooperative.tax_code)
    assert is_synthetic(cooperative.tax_code)
    assert BUSINESSES.find_cooperative(cooperative.tax_code) == cooperative
    assert SMALL.find_enterprise(cooperative.tax_code) is None
    assert BUSINESSES.find_household_business(cooperative.tax_code) is None


def test_some_people_run_a_business_under_their_own_number() -> None:
    """A few grown people do, no child does, and the business names its owner."""
    found = {person: BUSINESSES.find_household_business(person.citizen_id) for person in map(SMALL.citizen, range(500))}
    owners = {person: business for person, business in found.items() if business is not None}

    assert 10 < len(owners) < 100
    assert all(
        business.owner == person and business.tax_code == person.citizen_id for person, business in owners.items()
    )
    assert all(person.born.year + 20 <= TODAY.year for person in owners)


@pytest.mark.parametrize("code", ["", "9900000023-001", "052099000001", "9９00000023", "100 9900001", "0100000000"])
def test_what_is_no_business_of_the_province_finds_none(code: str) -> None:
    """Dependent units, real provinces' numbers and other digits find neither business nor cooperative."""
    assert BUSINESSES.find_household_business(code) is None
    assert BUSINESSES.find_cooperative(code) is None


def test_no_business_lives_beyond_the_last_index() -> None:
    """An index outside is an error."""
    for index in (-1, HOUSEHOLD_BUSINESSES):
        with pytest.raises(IndexError):
            BUSINESSES.household_business(index)
    for index in (-1, COOPERATIVES):
        with pytest.raises(IndexError):
            BUSINESSES.cooperative(index)


@given(st.from_regex(r"[0-9]{10}(-[0-9]{3})?", fullmatch=True))
def test_a_synthetic_tax_code_is_a_valid_one_of_prefix_99(code: str) -> None:
    """Codes are told apart by prefix, check digit and a suffix other than 000."""
    assert is_synthetic(code) == (code.startswith("99") and mst.is_valid(code))


@pytest.mark.parametrize("code", ["9900000023-001", "0100000000", "", "99000000２3"])
def test_what_is_no_code_of_the_province_finds_no_enterprise(code: str) -> None:
    """Dependent units, other prefixes and other digits find no firm."""
    assert LARGE.find_enterprise(code) is None


def test_the_same_seed_is_the_same_province() -> None:
    """Two provinces of one seed agree, whatever their size; another seed is another province."""
    assert SMALL.citizen(42) == LARGE.citizen(42)
    assert Province(seed=8).citizen(42) != LARGE.citizen(42)


def test_nobody_lives_beyond_the_last_index() -> None:
    """An index outside the province is an error, and a number of a larger province finds nobody."""
    for index in (-1, 500):
        with pytest.raises(IndexError):
            SMALL.citizen(index)
    assert SMALL.find_citizen(LARGE.citizen(500).citizen_id) is None
    assert SMALL.find_enterprise(LARGE.enterprise(100).enterprise_code) is None
    with pytest.raises(ValueError, match="citizens"):
        Province(citizens=3_000_001)


def test_a_million_citizens_take_no_room() -> None:
    """A large province takes no more memory than a small one."""
    tracemalloc.start()
    Province(citizens=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_people_are_as_varied_as_in_the_highlands() -> None:
    """There are year-only births, old numbers, unknown parents, and names of several peoples."""
    people = [LARGE.citizen(index) for index in range(4000)]

    assert 0.01 < sum(person.year_only for person in people) / 4000 < 0.2
    assert any(person.old_number for person in people)
    assert any(person.father_name is None for person in people)
    assert {person.ethnic_code for person in people} >= {"01", "10", "12", "13"}
    assert any(person.full_name.startswith("H'") for person in people)
    assert any(person.full_name.endswith("Niê") for person in people)
    assert {"Hòa", "Hoà"} <= {person.full_name.split()[-1] for person in people}


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nguyễn Văn Mẫu", "NGUYENVANMAU"),
        ("Đỗ Thị Thuỷ", "DOTHITHUY"),
        ("H' Bia Niê", "HBIANIE"),
        ("Kpă Y Wăt", "KPAYWAT"),
        ("Ðinh Thị Lan", "DINHTHILAN"),  # with the letter eth, as some registers hold it
    ],
)
def test_a_folded_name_is_letters_only(name: str, folded: str) -> None:
    """Folding drops diacritics, spaces and signs, and takes Đ for D."""
    assert fold(name) == folded
