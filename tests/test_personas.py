"""The same invented person is the same person in every registry."""

from __future__ import annotations

from typing import Any

from mocks.bhxh_people import Insurance
from mocks.gplx_people import Licences
from mocks.lltp_dossiers import JudicialDossiers
from mocks.province import Province
from mocks.server import Running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.whole_province import everywhere, known_everywhere


async def test_a_citizen_has_one_name_and_birth_date_in_every_registry(stand_ins: Running) -> None:
    """Asked for by the personal number alone, population, insurance and licences tell of one person."""
    province = Province()
    insurance, licences = Insurance(province), Licences(province)
    people = [
        one
        for one in map(province.citizen, range(200))
        if licences.of(one) and (card := insurance.of(one)) and card.result == "000"
    ][:5]
    nouns = ("dancu.citizen", "bhxh.card", "gplx.licence")
    settings = settings_for(stand_ins.base_url, bhxh={"contract": "gdbhyt2024"}, gplx={"contract": "tracuu"})
    told = []
    async with open_desk(granting(settings, *nouns)) as desk:
        for one in people:
            query = {"citizen_id": one.citizen_id, "full_name": one.full_name, "birth_date": one.birth_date}
            answers = [(await desk.ask(noun, query))[1] for noun in nouns]
            told.append({(each["record"]["full_name"].upper(), each["record"]["birth_date"]) for each in answers})

    assert told == [{(one.registered_name, one.birth_date)} for one in people]
    assert len(people) == 5


async def test_one_persona_is_consistent_in_all_registries() -> None:
    """Population, civil status, land, permits, trade, tax, licences, insurance, records and results tell of one man."""
    province = Province(seed=5, citizens=2000)
    citizen, questions = known_everywhere(province)
    async with everywhere(province) as gateways:
        told = {dataset: await gateways.record(dataset, query) for dataset, query in questions.items()}

    name, home = citizen.registered_name, citizen.residence.full_text
    person, child = told["dancu.citizen"], told["hotich.result"]["birth"]["child"]
    by_name = [person, child, told["bhxh.card"], told["gplx.licence"], told["hotich.marital_status"]]
    assert {one["full_name"].upper() for one in by_name} == {name}
    assert {one["birth_date"] for one in by_name} == {citizen.birth_date}
    assert {one["citizen_id"] for one in (person, child, told["gplx.licence"])} == {citizen.citizen_id}
    assert name in {one["full_name"] for one in told["cpxd.permit"]["holders"]}
    assert [one["full_name"] for one in told["dkdn.household_business"]["owners"]] == [name]
    assert told["dkdn.household_business"]["name"] == told["taichinh.taxpayer"]["name"] == f"HỘ KINH DOANH {name}"
    assert [one["document_number"] for one in told["khodlg.result"]["results"]] == [
        told["gplx.licence"]["licence_number"]
    ]
    assert told["bhxh.card"]["address"]["full_text"] == told["hotich.marital_status"]["residence_text"] == home
    assert person["permanent_residence"] == child["residence"]
    _same_land(told)
    number = questions["lltp.certificate"]["dossier_number"]
    judicial = JudicialDossiers(province).find(number)
    assert judicial is not None
    assert told["lltp.certificate"]["certificate"]["certificate_number"] == judicial.certificate_number
    assert judicial.applicant == citizen


def _same_land(told: dict[str, Any]) -> None:
    """What a permit is for is a parcel that its holder has."""
    (built_on,) = told["cpxd.permit"]["parcels"]
    held = [parcel for one in told["datdai.owner_parcels"]["holdings"] for parcel in one["parcels"]]
    assert (built_on["map_sheet"], built_on["parcel_number"]) in {
        (parcel["map_sheet"], parcel["parcel_number"]) for parcel in held
    }
