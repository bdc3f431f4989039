"""The same invented person is the same person in every registry."""

from __future__ import annotations

from mocks.bhxh_people import Insurance
from mocks.gplx_people import Licences
from mocks.province import Province
from mocks.server import Running
from tests.conftest import open_desk, settings_for
from tests.policies import granting


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
