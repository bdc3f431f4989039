"""The population stand-in in its three generations and its other operations."""

from __future__ import annotations

import aiohttp
import pytest
from lxml import etree

from mocks.faults import Fault
from mocks.server import Running
from tests.stand_ins.client import DANCU, PROVINCE, Clock, ask_dancu, asked_as, citizens, first, signed


@pytest.mark.parametrize("case", ["found", "found-2021", "found-gtel"])
async def test_a_verdict_says_whether_all_three_are_right(
    case: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A citizen's number, name and birth date are a yes in every generation; with one of them wrong they are a no."""
    citizen = PROVINCE.citizen(3)
    expected = {
        asked_as("verification", case, citizen): "true",
        asked_as("verification", case, citizen, name="KHAC"): "false",
        asked_as("verification", case, citizen, born="1801-01-01"): "false",
    }
    schema = etree.XMLSchema(etree.fromstring(DANCU.schema("dancu-verification-answer.xsd")))
    for body, verdict in expected.items():
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        (answer,) = etree.fromstring(text.encode()).find("{*}Body")  # type: ignore[misc]
        schema.assertValid(answer)
        assert (status, answer.findtext("{*}TonTai")) == (200, verdict)


@pytest.mark.parametrize("case", ["found", "found-2021"])
async def test_a_household_names_those_who_live_together(
    case: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Whoever of a household is asked about, all its people come, with one head and one address."""
    together = PROVINCE.household(4)
    for citizen in together:
        status, _, text = await ask_dancu(http, server, asked_as("household", case, citizen), signed(clock.now_s))
        people = citizens(text)
        (collection,) = {person.getparent() for person in people}
        assert collection is not None
        etree.XMLSchema(etree.fromstring(DANCU.schema("dancu-answer.xsd"))).assertValid(collection)
        assert status == 200
        assert [person.findtext("{*}SoDinhDanh") for person in people] == [one.citizen_id for one in together]
        assert {person.findtext("{*}ChuHo/{*}SoDinhDanh") for person in people} == {together[0].citizen_id}
        assert len({person.findtext("{*}ThuongTru/{*}ChiTiet") for person in people}) == 1


async def test_the_early_generation_names_relatives_in_parts(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Asked in the early namespace, a citizen comes in the early shape."""
    citizen = first("father_name")

    status, _, text = await ask_dancu(http, server, asked_as("citizen", "found-gtel", citizen), signed(clock.now_s))

    (found,) = citizens(text)
    collection = found.getparent()
    assert collection is not None
    etree.XMLSchema(etree.fromstring(DANCU.schema("gtel-answer.xsd"))).assertValid(collection)
    assert status == 200
    assert found.findtext("{*}Cha/{*}HoVaTen/{*}Ten") == (citizen.father_name or "").upper()


@pytest.mark.parametrize("form", ["1999-01-31", "19990131</dan:NgayThangNam><dan:NgayThangNam>19990131"])
async def test_the_service_of_2025_takes_one_form_of_a_date(
    form: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Other forms of a date than yyyyMMdd are those of platforms before it: a fault that blames the client."""
    body = (DANCU.datasets["citizen"].case("found").request.body or "").replace("19990131", form)

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))

    assert (status, "soapenv:Client" in text) == (500, True)


@pytest.mark.parametrize(
    ("dataset", "case"), [("verification", "found"), ("household", "found"), ("citizen", "found-gtel")]
)
async def test_a_swapped_answer_of_every_operation_is_well_formed_and_wrong(
    dataset: str, case: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A swapped verdict is the other one, a swapped household that of strangers."""
    server.faults.set("dancu", Fault("swap"))
    for index in (0, 1, 1999):
        citizen = PROVINCE.citizen(index)
        _, _, text = await ask_dancu(http, server, asked_as(dataset, case, citizen), signed(clock.now_s))
        if dataset == "verification":
            assert "<dan:TonTai>false</dan:TonTai>" in text
        else:
            assert citizens(text)
            assert citizen.citizen_id not in text
