"""What happens in the synthetic province happens in every registry that holds the fact, and is undone by a reset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from mocks.bhxh_people import REDUCED, Insurance
from mocks.datdai_land import Land
from mocks.events import EVENTS, Impossible, happen, set_clock
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.life import MOST
from mocks.names import MAN, WOMAN
from mocks.province import MOST_CITIZENS, Citizen, Province
from tests.whole_province import Everywhere, everywhere, who

SOMEWHERE = {"commune": "99007", "detail": "Số 7 đường Mẫu"}


@pytest.fixture
def province() -> Province:
    return Province(seed=5, citizens=2000, enterprises=50)


@pytest.fixture
async def gateways(province: Province) -> AsyncIterator[Everywhere]:
    async with everywhere(province) as opened:
        yield opened


def someone(province: Province, sex: str, marital: str, *, others_than: tuple[Citizen, ...] = ()) -> Citizen:
    """A grown person of that sex and marital status who is insured, not of a household of `others_than`."""
    homes = {province.home(one.index) for one in others_than}
    insurance = Insurance(province)
    for citizen in map(province.citizen, range(province.citizens)):
        fits = citizen.sex == sex and citizen.marital_code == marital and 1970 < citizen.born.year < 2000
        insured = insurance.of(citizen)
        if fits and insured is not None and insured.result == "000" and province.home(citizen.index) not in homes:
            return citizen
    raise LookupError


async def test_a_marriage_is_known_wherever_marriages_are(gateways: Everywhere) -> None:
    """Both are married to each other in the population database and in civil status, which has registered it today."""
    province = gateways.province
    husband = someone(province, MAN, "1")
    wife = someone(province, WOMAN, "1", others_than=(husband,))

    came = happen(province, "marriage", {"husband": husband.citizen_id, "wife": wife.citizen_id})

    result = await gateways.record(
        "hotich.result",
        {"dossier_number": came["dossier"], "event": "marriage", "commune_code": came["commune"]},
    )
    assert result["marriage"]["husband"]["citizen_id"] == husband.citizen_id
    assert result["marriage"]["wife"]["citizen_id"] == wife.citizen_id
    assert result["registration"]["registered_on"] == province.today.isoformat()
    for one, other in ((husband, wife), (wife, husband)):
        status = await gateways.record("dancu.marital_status", who(one))
        confirmed = await gateways.record("hotich.marital_status", who(one))
        assert (status["marital_status"]["code"], status["spouse"]["full_name"]) == ("2", other.registered_name)
        assert confirmed["marital_status_text"] == "Hiện tại đang có vợ hoặc chồng"


async def test_what_is_registered_stays_when_people_move_away(gateways: Everywhere) -> None:
    """The dossier of a marriage is found in its commune and names the same homes, wherever the couple lives by now."""
    province = gateways.province
    husband = someone(province, MAN, "1")
    wife = someone(province, WOMAN, "1", others_than=(husband,))
    came = happen(province, "marriage", {"husband": husband.citizen_id, "wife": wife.citizen_id})
    asked = {"dossier_number": came["dossier"], "event": "marriage", "commune_code": came["commune"]}
    before = await gateways.record("hotich.result", asked)
    assert came["commune"] != SOMEWHERE["commune"]

    for one in (husband, wife):
        happen(province, "move", {"citizen": one.citizen_id, **SOMEWHERE})

    assert await gateways.record("hotich.result", asked) == before


async def test_a_move_is_known_wherever_addresses_are(gateways: Everywhere) -> None:
    """Population, household, insurance, civil status and statistics agree on the new address; land stays."""
    province = gateways.province
    lot = next(lot for lot in Land(province).lots() if lot.place.commune_code != SOMEWHERE["commune"])
    citizen = next(one for one in lot.holders if Insurance(province).of(one) and one.marital_code != "0")
    together = {one.citizen_id for one in province.household(citizen.index)}
    counted = {"indicator_code": "9901", "area_code": SOMEWHERE["commune"], "period": "2026"}
    before = await gateways.record("tkds.indicator", counted)

    happen(province, "move", {"citizen": citizen.citizen_id, "household": True, **SOMEWHERE})

    person = await gateways.record("dancu.citizen", who(citizen))
    household = await gateways.record("dancu.household", who(citizen))
    confirmed = await gateways.record("hotich.marital_status", who(citizen))
    after = await gateways.record("tkds.indicator", counted)
    residence = province.citizen(citizen.index).residence
    assert (person["permanent_residence"]["commune_code"], person["permanent_residence"]["detail"]) == (
        SOMEWHERE["commune"],
        SOMEWHERE["detail"],
    )
    assert {one["citizen_id"] for one in household["member_numbers"]} == together
    assert confirmed["residence_text"] == residence.full_text
    assert int(after["figures"][0]["value"]) == int(before["figures"][0]["value"]) + len(together)
    insured = Insurance(province).of(province.citizen(citizen.index))
    if insured is not None and insured.result == "000":
        card = await gateways.record("bhxh.card", who(citizen))
        assert card["address"]["full_text"] == residence.full_text
    held = await gateways.record("datdai.owner_parcels", {"citizen_id": citizen.citizen_id})
    assert {parcel["commune_code"] for one in held["holdings"] for parcel in one["parcels"]} == {lot.place.commune_code}


async def test_a_death_is_known_wherever_deaths_are(gateways: Everywhere) -> None:
    """
    Civil status has it registered and confirms nothing any more, the population database says since when, the household
    and the statistics are one fewer, the card is no longer paid for, the land database names the year, and whoever was
    married is so no longer.
    """
    province = gateways.province
    couple = next(
        pair
        for home in range(province.citizens // 4)
        if (pair := province.couple_at_first(home))
        and (insured := Insurance(province).of(pair[0]))
        and insured.result == "000"
        and Land(province).held_by(pair[0].citizen_id)
    )
    husband, wife = couple
    everyone = {"indicator_code": "9901", "area_code": "99", "period": "2026"}
    lot = Land(province).held_by(husband.citizen_id)[0]

    came = happen(province, "death", {"citizen": husband.citizen_id, "declarant": wife.citizen_id})

    result = await gateways.record(
        "hotich.result", {"dossier_number": came["dossier"], "event": "death", "commune_code": came["commune"]}
    )
    assert result["death"]["deceased"]["citizen_id"] == husband.citizen_id
    assert result["death"]["died_on"] == province.today.isoformat()
    assert result["death"]["declarant"]["full_name"] == wife.registered_name
    life = await gateways.record("dancu.life_status", who(husband))
    assert (life["life_status"]["code"], life["status_since"]) == ("1", result["death"]["died_on"])
    assert await gateways.ask("hotich.marital_status", who(husband)) == ("absent", None)
    assert (await gateways.record("dancu.marital_status", who(wife)))["marital_status"]["code"] == "3"
    widowed = await gateways.record("hotich.marital_status", who(wife))
    assert widowed["marital_status_text"].startswith("Đã ly hôn hoặc vợ, chồng đã chết")
    left = await gateways.record("dancu.household", who(wife))
    assert husband.citizen_id not in {one["citizen_id"] for one in left["member_numbers"]}
    assert await gateways.ask("dancu.household", who(husband)) == ("absent", None)
    assert (await gateways.record("bhxh.card", who(husband)))["result"]["code"] == REDUCED
    assert (await gateways.record("tkds.indicator", everyone))["figures"][0]["value"] == str(province.citizens - 1)
    certificate = await gateways.record("datdai.certificate", {"certificate_number": lot.certificate_number})
    assert [one["died_in"] for one in certificate["holders"] if one["full_name"] == husband.full_name] == [
        province.today.year
    ]


async def test_a_birth_makes_a_citizen_in_every_registry(gateways: Everywhere) -> None:
    """The child is found by number in the population database, in its mother's household, and with its registration."""
    province = gateways.province
    mother = someone(province, WOMAN, "2")
    father = someone(province, MAN, "2")

    came = happen(province, "birth", {"mother": mother.citizen_id, "father": father.citizen_id, "sex": "2"})

    child = province.find_citizen(came["citizen_id"])
    assert child is not None
    person = await gateways.record("dancu.citizen", who(child))
    household = await gateways.record("dancu.household", who(mother))
    result = await gateways.record(
        "hotich.result", {"dossier_number": came["dossier"], "event": "birth", "commune_code": came["commune"]}
    )
    papers = await gateways.record("khodlg.result", {"citizen_id": child.citizen_id, "result_code": "KQ.G15.000031"})
    assert (person["full_name"], person["birth_date"]) == (child.registered_name, province.today.isoformat())
    assert child.citizen_id in {one["citizen_id"] for one in household["member_numbers"]}
    assert result["birth"]["child"]["citizen_id"] == child.citizen_id
    assert result["birth"]["mother"]["full_name"] == mother.registered_name
    assert [one["document_number"] for one in papers["results"]] == [came["registration_number"]]


async def test_land_and_licences_change_hands_everywhere(gateways: Everywhere) -> None:
    """Who got land holds it in the land database and the store of results, and who gave it no longer does."""
    province = gateways.province
    lot = next(lot for lot in Land(province).lots() if not lot.is_mortgaged)
    giver = lot.holders[0]
    taker = next(
        one
        for one in map(province.citizen, range(100, 2000))
        if one.born.year < 2000 and Licences(province).of(one) is None
    )

    happen(province, "land_transfer", {"certificate": lot.certificate_number, "to": taker.citizen_id})
    licence = happen(province, "licence", {"citizen": taker.citizen_id})

    certificate = await gateways.record("datdai.certificate", {"certificate_number": lot.certificate_number})
    assert [one["citizen_id"] for one in certificate["holders"]] == [taker.citizen_id]
    for one, holds in ((taker, True), (giver, False)):
        _, papers = await gateways.ask("khodlg.result", {"citizen_id": one.citizen_id, "result_code": "KQ.G10.001147"})
        numbers = [paper["document_number"] for paper in papers["results"]] if papers else []
        assert (lot.certificate_number in numbers) is holds
    told = await gateways.record("gplx.licence", who(taker))
    (paper,) = (
        await gateways.record("khodlg.result", {"citizen_id": taker.citizen_id, "result_code": "KQ.G01.000185"})
    )["results"]
    assert told["licence_number"] == paper["document_number"] == licence["licence_number"]
    assert {one["issued_on"] for one in told["classes"]} == {province.today.isoformat()}


async def test_statistics_count_who_lives_where_after_any_events(gateways: Everywhere) -> None:
    """People and households of the province and of a commune are those that a walk over everybody finds."""
    province = gateways.province
    people = [province.citizen(index) for index in range(0, 400, 7)]
    for nth, one in enumerate(people):
        wanted: dict[str, Any] = {"citizen": one.citizen_id}
        match nth % 4:
            case 0:
                happen(province, "move", wanted | SOMEWHERE)
            case 1:
                happen(province, "move", wanted | {"join": people[nth - 1].citizen_id})
            case 2:
                happen(province, "death", wanted)
            case _:
                happen(province, "move", wanted | SOMEWHERE | {"household": True})
    others = map(province.citizen, range(500, 600))  # nothing has happened to them yet
    for mother in [one for one in others if one.sex == WOMAN and 1975 < one.born.year < 2005]:
        happen(province, "birth", {"mother": mother.citizen_id})
    living = [one for one in map(province.citizen, range(province.population)) if one.died_on is None]
    oldest = {province.home(one.index): one for one in sorted(living, key=lambda one: one.born, reverse=True)}

    for area in ("99", SOMEWHERE["commune"], people[2].residence.commune_code):
        for code, whom in (("9901", living), ("9902", list(oldest.values()))):
            asked = {"indicator_code": code, "area_code": area, "period": "2026"}
            told = await gateways.record("tkds.indicator", asked)
            counted = sum(one.residence.commune_code.startswith(area) for one in whom)
            assert told["figures"][0]["value"] == str(counted), (area, code)


def test_a_divorce_ends_a_marriage_for_both(province: Province) -> None:
    """Whoever is known to be the other one is divorced too, and both may marry again."""
    husband, wife = next(filter(None, map(province.couple_at_first, range(500))))

    happen(province, "divorce", {"citizen": wife.citizen_id})

    assert {province.citizen(one.index).marital_code for one in (husband, wife)} == {"3"}
    assert province.spouse(husband.index) is None
    happen(province, "marriage", {"husband": husband.citizen_id, "wife": wife.citizen_id})
    spouse = province.spouse(husband.index)
    assert spouse is not None
    assert spouse.citizen_id == wife.citizen_id


def test_people_move_out_and_together(province: Province) -> None:
    """One alone founds a household; who joins somebody lives with him, and every household is counted as it is."""
    first, second = province.citizen(0), province.citizen(40)
    happen(province, "move", {"citizen": first.citizen_id, **SOMEWHERE})
    happen(province, "move", {"citizen": second.citizen_id, "join": first.citizen_id})

    together = province.household(first.index)
    assert {one.index for one in together} == {0, 40}
    assert {one.residence.commune_code for one in together} == {SOMEWHERE["commune"]}
    assert 0 not in {one.index for one in province.household(1)}
    assert 40 not in {one.index for one in province.household(41)}


@pytest.mark.parametrize("event", ["move", "divorce"])
def test_the_clock_stays_behind_what_leaves_no_date(province: Province, event: str) -> None:
    """Nobody moves or parts on a day that has not come yet."""
    set_clock(province, date(2026, 9, 1))
    citizen = someone(province, MAN, "2")
    happen(province, event, {"citizen": citizen.citizen_id, **(SOMEWHERE if event == "move" else {})})

    with pytest.raises(Impossible, match="2026-09-01"):
        set_clock(province, date(2026, 8, 31))
    province.life.forget()
    set_clock(province, date(2026, 3, 2))


def test_the_clock_moves_but_never_before_what_has_happened(province: Province) -> None:
    """Ages and births stay as computed, the day is another; back before an event it does not go."""
    before = [province.citizen(index) for index in range(50)]
    set_clock(province, date(2026, 9, 1))
    assert [province.citizen(index) for index in range(50)] == before
    happen(province, "licence", {"citizen": _without_licence(province).citizen_id})

    with pytest.raises(Impossible, match="2026-09-01"):
        set_clock(province, date(2026, 8, 31))
    province.life.forget()
    assert (province.today, province.population) == (province.began_on, 2000)


@pytest.mark.parametrize(
    ("event", "members"),
    [
        ("feast", {}),
        ("marriage", {}),
        ("marriage", {"husband": "100000000000", "wife": "100000000000"}),
        ("marriage", {"husband": "W", "wife": "H"}),
        ("marriage", {"husband": "H", "wife": "W", "guest": "x"}),
        ("divorce", {"citizen": "C"}),
        ("birth", {"mother": "H"}),
        ("birth", {"mother": "W", "sex": "3"}),
        ("birth", {"mother": "W", "father": "B"}),
        ("move", {"citizen": "H"}),
        ("move", {"citizen": "H", "commune": "00001"}),
        ("move", {"citizen": "H", "join": "H"}),
        ("move", {"citizen": "H", "commune": "99001", "household": "yes"}),
        ("licence", {"citizen": "C"}),
        ("land_transfer", {"certificate": "ZZ99999999", "to": "H"}),
        ("death", {"citizen": 7}),
    ],
)
def test_what_cannot_be_does_not_happen(province: Province, event: str, members: dict[str, Any]) -> None:
    """Nothing changes, and the reason names no person."""
    husband = someone(province, MAN, "2")
    people = {
        "H": husband,
        "W": someone(province, WOMAN, "2", others_than=(husband,)),
        "C": next(one for one in map(province.citizen, range(2000)) if one.born.year > 2015),
        "B": next(one for one in map(province.citizen, range(2000)) if one.born.year > 2015 and one.sex == MAN),
    }
    asked = {name: people[value].citizen_id if value in people else value for name, value in members.items()}

    with pytest.raises(Impossible) as why:
        happen(province, event, asked)

    assert province.life.count == 0
    assert all(province.citizen(index) == province.at_first(index) for index in range(2000))
    assert not any(one.citizen_id in str(why.value) for one in people.values())


def test_the_dead_do_nothing_more(province: Province) -> None:
    """Who has died neither marries nor moves, and dies once."""
    citizen = someone(province, MAN, "1")
    happen(province, "death", {"citizen": citizen.citizen_id})

    for event in ("death", "move", "licence"):
        with pytest.raises(Impossible, match="died"):
            happen(province, event, {"citizen": citizen.citizen_id, **(SOMEWHERE if event == "move" else {})})


def test_events_take_no_more_room_than_is_set_aside(province: Province) -> None:
    """After so many, nothing happens until a reset."""
    province.life.count = MOST
    with pytest.raises(Impossible, match="reset"):
        happen(province, "divorce", {"citizen": province.citizen(0).citizen_id})


def test_nobody_is_born_when_no_number_is_left() -> None:
    """As many people as there are numbers, and then not one more."""
    province = Province(citizens=MOST_CITIZENS - 1)
    mother = someone(province, WOMAN, "2")
    happen(province, "birth", {"mother": mother.citizen_id})

    with pytest.raises(Impossible, match="all the numbers"):
        happen(province, "birth", {"mother": mother.citizen_id})
    assert (province.population, province.life.count) == (MOST_CITIZENS, 1)


def test_every_civil_event_has_a_dossier_that_is_found(province: Province) -> None:
    """Each number leads back to its event, and the newest dossier about somebody is what he is asked about."""
    civil, wives = CivilEvents(province), [one for one in map(province.citizen, range(400)) if one.sex == WOMAN]
    mothers = [one for one in wives if 1975 < one.born.year < 2005][:20]
    numbers = [happen(province, "birth", {"mother": one.citizen_id})["dossier"] for one in mothers]

    found = [civil.find(number) for number in numbers]
    assert [one.number for one in found if one is not None] == numbers
    assert len(set(numbers)) == len(mothers) == 20
    assert {one.event for one in found if one is not None} == {"birth"}
    assert set(EVENTS) == {"birth", "marriage", "divorce", "move", "licence", "land_transfer", "death"}


def _without_licence(province: Province) -> Citizen:
    licences = Licences(province)
    people = map(province.citizen, range(2000))
    return next(one for one in people if one.born.year < 1995 and licences.of(one) is None)
