"""What registries disagree on is as often as was asked for, is listed, and is met where the list says."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from mocks.bhxh_people import Insurance
from mocks.datdai_land import Land
from mocks.disagreements import Disagreement, disagreements
from mocks.dkdn_businesses import Businesses
from mocks.gplx_people import Licences
from mocks.held import KINDS, REGISTRIES, misspelt
from mocks.hotich_events import CivilEvents
from mocks.names import fold
from mocks.province import CAST, Citizen, Province
from tests.whole_province import everywhere, who

PROVINCE = Province(seed=5, citizens=4000, disagreements=20)
LISTED = list(disagreements(PROVINCE))


def held(one: Disagreement) -> Citizen:
    """The citizen as the registry itself holds him, found by the number that the list gives."""
    match one.registry:
        case "bhxh":
            insured = Insurance(PROVINCE).find(one.key)
            assert insured is not None
            return insured.citizen
        case "datdai":
            lot = Land(PROVINCE).find_certificate(one.key)
            assert lot is not None
            return next(holder for holder in lot.holders if holder.citizen_id == one.citizen_id)
        case "dkdn":
            business = Businesses(PROVINCE).find_household_business(one.key)
            assert business is not None
            return business.owner
        case "gplx":
            licence = Licences(PROVINCE).find(one.key)
            assert licence is not None
            return licence.holder
        case _:
            dossier = CivilEvents(PROVINCE).find(one.key)
            assert dossier is not None
            return dossier.citizen


def test_the_list_is_true_and_whole() -> None:
    """Each entry is met under its number, its registry alone holds it so, and nobody who is not listed is held so."""
    for one in LISTED:
        citizen, met = PROVINCE.find_citizen(one.citizen_id), held(one)
        assert citizen is not None
        told = {"full_name": met.full_name, "residence": met.residence.full_text, "birth_date": met.birth_date}
        assert (told[one.field], one.held != one.registered) == (one.held, True)
        others = [PROVINCE.held.by(registry, citizen) for registry in REGISTRIES if registry != one.registry]
        assert others == [citizen] * 4
    listed = {(one.citizen_id, one.registry) for one in LISTED}
    insurance = Insurance(PROVINCE)
    for citizen in map(PROVINCE.citizen, range(500)):
        insured = insurance.of(citizen)
        if insured is not None and (citizen.citizen_id, "bhxh") not in listed:
            assert insured.citizen == citizen


def test_every_kind_is_met_in_every_registry_that_can_show_it() -> None:
    """With enough people each registry is listed with each kind of its own."""
    met = {(one.registry, one.kind) for one in LISTED}
    assert met == {(registry, kind) for registry, kinds in REGISTRIES.items() for kind in kinds}
    assert {kind for _, kind in met} == set(KINDS)


@pytest.mark.parametrize("percent", [0, 3, 30])
def test_they_are_as_many_as_was_asked_for(percent: int) -> None:
    """Of so many in a hundred something is held otherwise, and of nobody without the setting."""
    province = Province(citizens=CAST, disagreements=percent)
    share = sum(province.held.of(index) is not None for index in range(CAST)) / CAST
    assert abs(share * 100 - percent) < 1.5
    if not percent:
        assert list(disagreements(province)) == []


@pytest.mark.parametrize("name", [one.full_name for one in map(PROVINCE.citizen, range(60))])
def test_a_misspelt_name_is_another_name(name: str) -> None:
    """It differs, and mostly by one tone mark: the letters are the same when marks are left out."""
    assert misspelt(name) != name
    assert abs(len(misspelt(name)) - len(name)) <= 1


def test_most_misspellings_are_seen_by_their_marks_alone() -> None:
    """A comparison without diacritics calls nine in ten of them equal."""
    names = [one.full_name for one in map(PROVINCE.citizen, range(1000))]
    alike = Counter(fold(name) == fold(misspelt(name)) for name in names)
    assert alike[True] / len(names) > 0.8


async def test_a_disagreement_is_met_through_the_gateway() -> None:
    """Population and land, population and insurance tell of one number and of two names, dates or addresses."""
    async with everywhere(PROVINCE) as gateways:
        for kind in ("misspelt_name", "other_birth_day"):
            one = next(one for one in LISTED if (one.registry, one.kind) == ("datdai", kind))
            certificate = await gateways.record("datdai.certificate", {"certificate_number": one.key})
            citizen = PROVINCE.find_citizen(one.citizen_id)
            assert citizen is not None
            person = await gateways.record("dancu.citizen", who(citizen))
            holder = next(each for each in certificate["holders"] if each["citizen_id"] == one.citizen_id)
            assert (holder[one.field], person[one.field].upper()) == (one.held, one.registered.upper())
        one = next(one for one in LISTED if (one.registry, one.field) == ("bhxh", "birth_date"))
        participant = await gateways.record("bhxh.participant", {"insurance_number": one.key})
        assert one.held in json.dumps(participant)
