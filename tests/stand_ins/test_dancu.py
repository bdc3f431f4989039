"""The population stand-in: what it answers as recorded, whom it refuses, whom of the province it finds."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from typing import Any

import aiohttp
import pytest
from lxml import etree

from contracts.reader import CaseFile
from mocks import dancu, dancu_answers
from mocks.server import Running, running
from tests.stand_ins.client import DANCU, PROVINCE, Clock, ask_dancu, citizens, first, name_of, question, signed


@pytest.mark.parametrize("case", list(DANCU.cases()), ids=name_of)
async def test_the_population_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A recorded question gets the recorded status, headers and body, whoever asks and under whatever request id."""
    body = (case.request.body or "").replace("GW-000000000001", "GW-000000000777").replace("H08.12", "H08.99")
    operation = DANCU.datasets[case.dataset].operation_in(case.contract)

    status, headers, text = await ask_dancu(http, server, body, signed(clock.now_s))

    assert (status, text) == (case.response.status, case.response.body)
    assert headers.items() >= dict(case.response.headers).items()
    assert [(entry.matched, entry.operation) for entry in server.journal] == [(f"case:{case.name}", operation)]


@pytest.mark.parametrize(
    "change",
    [
        {"Authorization": None},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer x"},
        {"ApiKey": None},
        {"ApiKey": "another-key"},
        {"Timestamp": None},
        {"Timestamp": "1"},
        {"Timestamp": "１７７２３２８６０００００"},
    ],
    ids=str,
)
async def test_wrong_credentials_are_refused(
    change: dict[str, Any], server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A missing or wrong credential is answered by 401 and a fault that blames the client."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s, **change))

    assert status == 401
    assert "soapenv:Client" in text


@pytest.mark.parametrize("off_s", [-301, 301])
async def test_a_time_stamp_too_far_off_is_refused(
    off_s: int, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A well-signed time stamp counts for five minutes either way, and no longer."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    near = clock.now_s + off_s - (1 if off_s > 0 else -1)

    assert (await ask_dancu(http, server, body, signed(near)))[0] == 200
    assert (await ask_dancu(http, server, body, signed(clock.now_s + off_s)))[0] == 401


async def test_a_digest_with_another_secret_is_refused(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The digest must be made with the secret."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""

    assert (await ask_dancu(http, server, body, signed(clock.now_s, secret="guess")))[0] == 401


async def test_the_digest_counts_the_configured_address(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A digest over the address that is called, instead of the one that was agreed upon, is refused."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    timestamp = str(int(clock.now_s * 1000))
    digest = hashlib.sha256(f"{server.url('dancu')}{dancu.USERNAME}{timestamp}{dancu.SECRET}".encode()).hexdigest()
    called = "Basic " + base64.b64encode(f"{dancu.USERNAME}:{digest}".encode()).decode()

    assert (await ask_dancu(http, server, body, signed(clock.now_s)))[0] == 200
    assert (await ask_dancu(http, server, body, signed(clock.now_s, Authorization=called)))[0] == 401


async def test_time_stamps_may_count_seconds(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A stand-in that is told so takes seconds, and then no milliseconds."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    stand_in = partial(dancu.DancuStandIn, timestamp_unit="s")
    async with running(stand_in, province=PROVINCE, now=clock) as server:
        assert (await ask_dancu(http, server, body, signed(clock.now_s, ticks=1)))[0] == 200
        assert (await ask_dancu(http, server, body, signed(clock.now_s)))[0] == 401


@pytest.mark.parametrize(("client", "status"), [(None, 400), ("DEMO/GOV/0000/OTHER", 500)])
async def test_the_exchange_platform_stops_strangers(
    client: str | None, status: int, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Without X-Road-Client, or with another, the platform's own error comes back, marked by its header."""
    answer = await ask_dancu(http, server, "", signed(clock.now_s, X_Road_Client=client))

    assert answer[0] == status
    assert json.loads(answer[2])["type"] == answer[1]["X-Road-Error"]


@pytest.mark.parametrize("change", [{"Content_Type": "text/xml"}, {"SOAPAction": ""}, {"SOAPAction": '"x"'}], ids=str)
async def test_other_soap_headers_are_a_client_fault(
    change: dict[str, Any], server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Another content type or SOAP action than the service takes is a fault that blames the client."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s, **change))

    assert status == 500
    assert "soapenv:Client" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<dan:MaDVC>1.001193</dan:MaDVC>", ""),
        ("000099000001", "00009900000x"),
        ("000099000001", "００００９９０００００１"),
        ("<dan:Ma", "<dan:Mà"),
        ("19990131", "1999-01-31"),
        ("</soapenv:Envelope>", ""),
        ("<soapenv:Body>", "<soapenv:Body><x/>"),
        ("<soapenv:Envelope", '<!DOCTYPE x [<!ENTITY a "b">]><soapenv:Envelope'),
    ],
)
async def test_a_question_against_the_schema_is_a_client_fault(
    old: str, new: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """What is no valid question is a fault that blames the client, and repeats nothing of it."""
    body = (DANCU.datasets["citizen"].case("found").request.body or "").strip().replace(old, new)

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))

    assert status == 500
    assert "soapenv:Client" in text
    assert "NGUYENVANMAU" not in text


async def test_another_operation_is_not_covered(server: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
    """An operation that the stand-in does not know is answered by 501."""
    body = (DANCU.datasets["citizen"].case("found").request.body or "").replace("TraCuuThongTinCongDan", "GetRequests")

    status, headers, _ = await ask_dancu(http, server, body, signed(clock.now_s))

    assert (status, headers["Content-Type"]) == (501, "application/problem+json")


@pytest.mark.parametrize("number", ["052099000001", "210000001"])
async def test_a_number_outside_the_province_is_not_covered(
    number: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A number that could be a real one is answered by 501, which repeats nothing of the question."""
    status, _, text = await ask_dancu(http, server, question(number, "NGUYENVANMAU", "1999"), signed(clock.now_s))

    assert status == 501
    assert number not in text
    assert "MAU" not in text


@pytest.mark.parametrize("trait", ["citizen_id", "year_only", "old_number"])
async def test_a_citizen_of_the_province_is_found(
    trait: str, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A citizen is found by number, folded name and birth date, in an answer that fits the schema."""
    citizen = first(trait)
    number = citizen.old_number if trait == "old_number" else citizen.citizen_id
    assert number is not None
    body = question(number, citizen.folded_name, citizen.birth_date.replace("-", ""))

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))

    assert status == 200
    (found,) = citizens(text)
    assert found.findtext("{*}SoDinhDanh") == citizen.citizen_id
    assert found.findtext("{*}HoVaTen/{*}Ten") == citizen.full_name.upper()
    assert (found.find("{*}NgayThangNamSinh/{*}NgayThangNam") is None) == citizen.year_only
    collection = found.getparent()
    assert collection is not None
    etree.XMLSchema(etree.fromstring(DANCU.schema("dancu-answer.xsd"))).assertValid(collection)


async def test_every_answer_about_the_province_fits_the_schema(clock: Clock) -> None:
    """Whoever is asked about, the collection is valid."""
    schema = etree.XMLSchema(etree.fromstring(DANCU.schema("dancu-answer.xsd")))
    for index in range(300):
        person = dancu_answers.person(PROVINCE.citizen(index))
        schema.assertValid(
            etree.fromstring(
                f'<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">{person}</ns1:CongdanCollection>'
            )
        )


async def test_a_wrong_name_or_birth_date_finds_nobody(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A number with another name or birth date gets an empty collection, a year alone is enough."""
    citizen = first("citizen_id")
    day = citizen.birth_date.replace("-", "")
    expected = {
        (citizen.folded_name, day): 1,
        (citizen.folded_name, day[:4]): 1,
        (citizen.full_name.lower(), day): 1,
        (citizen.folded_name + "X", day): 0,
        (citizen.folded_name, "18000101"): 0,
    }
    for (name, born), count in expected.items():
        body = question(citizen.citizen_id, name, born)
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        assert (status, len(citizens(text))) == (200, count)
        assert "CongdanCollection" in text
