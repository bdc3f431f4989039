"""The third reader of the contracts: stand-ins that answer over real sockets, and fail on request."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
import jsonschema
import pytest
from lxml import etree

from contracts.reader import CaseFile, load
from mocks import dancu, dkdn
from mocks.faults import KINDS, Fault
from mocks.province import Citizen, Province
from mocks.server import Running, running
from mocks.stand_in import UnknownCommand, World

DANCU, DKDN = load("contracts.dancu"), load("contracts.dkdn")
PROVINCE = Province(seed=5, citizens=2000, enterprises=50)
FIRM = "/apiCSDLDKDN/1.0/chiTietDoanhNghiep"
HANGS_FOR_S = 0.2


def name_of(case: CaseFile) -> str:
    return case.name


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_772_328_600.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    async with running(dancu.STAND_IN, dkdn.STAND_IN, province=PROVINCE, now=clock) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def signed(now_s: float, *, ticks: int = 1000, secret: str = dancu.SECRET, **changes: Any) -> dict[str, str]:
    """The headers of a good client of the population database, with changes; None leaves one out."""
    timestamp = str(int(now_s * ticks))
    digest = hashlib.sha256(f"{dancu.SV_URL}{dancu.USERNAME}{timestamp}{secret}".encode()).hexdigest()
    headers: dict[str, Any] = {
        "Content-Type": "application/xml",
        "SOAPAction": '""',
        "Timestamp": timestamp,
        "Authorization": "Basic " + base64.b64encode(f"{dancu.USERNAME}:{digest}".encode()).decode(),
        "X-Road-Client": dancu.XROAD_CLIENT,
        "ApiKey": dancu.API_KEY,
    }
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value
    return {name: value for name, value in headers.items() if value is not None}


def question(number: str, name: str, born: str) -> str:
    """The found case's question, about somebody else."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    tag = "SoDinhDanh" if len(number) == 12 else "SoCMND"
    day = f"<dan:Nam>{born}</dan:Nam>" if len(born) == 4 else f"<dan:NgayThangNam>{born}</dan:NgayThangNam>"
    old_day = "<dan:NgayThangNam>19990131</dan:NgayThangNam>"
    return (
        body.replace("<dan:SoDinhDanh>000099000001</dan:SoDinhDanh>", f"<dan:{tag}>{number}</dan:{tag}>")
        .replace("NGUYENVANMAU", escape(name))
        .replace(old_day, day)
    )


async def ask_dancu(
    http: aiohttp.ClientSession, server: Running, body: str, headers: dict[str, str]
) -> tuple[int, dict[str, str], str]:
    async with http.post(server.url("dancu") + "/", data=body.encode(), headers=headers) as reply:
        return reply.status, dict(reply.headers), await reply.text()


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


async def token(http: aiohttp.ClientSession, server: Running) -> str:
    headers = basic(dkdn.CONSUMER_KEY, dkdn.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(server.url("dkdn") + "/token", data=form, headers=headers) as reply:
        assert reply.status == 200
        return str((await reply.json())["access_token"])


async def ask_dkdn(
    http: aiohttp.ClientSession, server: Running, code: str, bearer: str | None, path: str = FIRM
) -> tuple[int, dict[str, str], str]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    async with http.get(server.url("dkdn") + path, params={"msdn": code}, headers=headers) as reply:
        return reply.status, dict(reply.headers), await reply.text()


def citizens(body: str) -> list[etree._Element]:
    return etree.fromstring(body.encode()).findall(".//{*}CongDan")


def first(predicate: str) -> Citizen:
    """The first citizen of whom the attribute is true."""
    return next(c for c in map(PROVINCE.citizen, range(2000)) if getattr(c, predicate))


# The population database


@pytest.mark.parametrize("case", list(DANCU.cases()), ids=name_of)
async def test_the_population_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A recorded question gets the recorded status, headers and body, whoever asks and under whatever request id."""
    body = (case.request.body or "").replace("GW-000000000001", "GW-000000000777").replace("H08.12", "H08.99")

    status, headers, text = await ask_dancu(http, server, body, signed(clock.now_s))

    assert (status, text) == (case.response.status, case.response.body)
    assert headers.items() >= dict(case.response.headers).items()
    assert [entry.matched for entry in server.journal] == [f"case:{case.name}"]


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
        person = dancu._person(PROVINCE.citizen(index))
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


# The business registration database


@pytest.mark.parametrize("case", list(DKDN.cases()), ids=name_of)
async def test_the_business_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status, headers and body."""
    bearer = await token(http, server)

    status, headers, text = await ask_dkdn(http, server, case.request.query["msdn"], bearer, case.request.path)

    assert (status, text) == (case.response.status, case.response.body)
    assert headers.items() >= dict(case.response.headers).items()
    assert [entry.matched for entry in server.journal] == ["nothing", f"case:{case.name}"]


async def test_a_firm_of_the_province_is_found(server: Running, http: aiohttp.ClientSession) -> None:
    """A firm is found by its code, in an answer that fits the schema and names a citizen of the province."""
    bearer = await token(http, server)
    schema = jsonschema.Draft202012Validator(json.loads(DKDN.schema("enterprise.ngsp.schema.json")))
    for index in range(50):
        firm = PROVINCE.enterprise(index)
        status, _, text = await ask_dkdn(http, server, firm.enterprise_code, bearer)
        body = json.loads(text)
        schema.validate(body)
        assert (status, body["Data"]["MainInformation"]["ENTERPRISE_GDT_CODE"]) == (200, firm.enterprise_code)
        assert f'"CAPITAL_AMOUNT":{firm.capital_vnd}.000' in text
        (person,) = body["Data"]["Representatives"]
        assert PROVINCE.find_citizen(person["PERS_DOC_NO"]) == firm.representative


async def test_a_free_code_is_absent_and_a_possible_one_not_covered(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """A code of prefix 99 that no firm has is absent; any other, well-formed or not, is answered by 501."""
    bearer = await token(http, server)
    status, _, text = await ask_dkdn(http, server, "9999999997", bearer)
    absent = DKDN.datasets["enterprise"].case("absent").response.body
    assert (status, json.loads(text)) == (200, json.loads(absent))
    for code in ("0100000000", "9900000024", "", "9900000023-000"):
        status, _, text = await ask_dkdn(http, server, code, bearer)
        assert status == 501
        assert not code or code not in text


async def test_the_same_token_is_given_until_it_ends(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Two log-ins get one token with the seconds that it has left; after its end there is another."""
    headers = basic(dkdn.CONSUMER_KEY, dkdn.CONSUMER_SECRET)
    seen = []
    for step_s in (0, 600, 3000):
        clock.now_s += step_s
        form = {"grant_type": "client_credentials"}
        async with http.post(server.url("dkdn") + "/token", data=form, headers=headers) as reply:
            seen.append(await reply.json())
    assert [body["expires_in"] for body in seen] == [3600, 3000, 3600]
    assert seen[0]["access_token"] == seen[1]["access_token"] != seen[2]["access_token"]
    assert {body["token_type"] for body in seen} == {"Bearer"}


async def test_credentials_may_stand_in_the_form(server: Running, http: aiohttp.ClientSession) -> None:
    """Key and secret are taken from the form as well, and refused from either place when they are wrong."""
    url = server.url("dkdn") + "/token"
    good = {"client_id": dkdn.CONSUMER_KEY, "client_secret": dkdn.CONSUMER_SECRET}
    for form, headers, status, error in [
        (good, None, 200, None),
        (good | {"client_secret": "guess"}, None, 401, "invalid_client"),
        ({}, basic(dkdn.CONSUMER_KEY, "guess"), 401, "invalid_client"),
        ({}, None, 401, "invalid_client"),
        (good | {"grant_type": "password"}, None, 400, "unsupported_grant_type"),
    ]:
        async with http.post(url, data={"grant_type": "client_credentials"} | form, headers=headers) as reply:
            assert (reply.status, (await reply.json()).get("error")) == (status, error)


async def test_a_call_without_a_living_token_is_a_platform_fault(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """No token is 900902, a wrong or ended one 900901, an unknown path 900906."""
    bearer = await token(http, server)
    code = "9900000023"
    assert (await ask_dkdn(http, server, code, bearer))[0] == 200
    clock.now_s += 3600
    for used, path, expected in [
        (None, FIRM, (401, 900902)),
        ("guess", FIRM, (401, 900901)),
        (bearer, FIRM, (401, 900901)),
        (bearer, "/other/1.0/chiTietDoanhNghiep", (403, 900906)),
        (bearer, "", (403, 900906)),
    ]:
        status, _, text = await ask_dkdn(http, server, code, used, path)
        assert (status, json.loads(text)["fault"]["code"]) == expected


async def test_platform_faults_are_xml_unless_json_is_asked_for(server: Running, http: aiohttp.ClientSession) -> None:
    """Without Accept: application/json a platform fault comes as XML."""
    async with http.get(server.url("dkdn") + FIRM) as reply:
        root = etree.fromstring(await reply.read())
    assert root.tag == "{http://wso2.org/apimanager/security}fault"
    assert root.findtext("{*}code") == "900902"


async def test_a_token_can_be_ended_early(server: Running, http: aiohttp.ClientSession) -> None:
    """The command `expire-token` ends the token now; an unknown command is 404."""
    bearer = await token(http, server)
    async with http.post(f"{server.base_url}/_mocks/dkdn/expire-token") as reply:
        assert reply.status == 204
    assert (await ask_dkdn(http, server, "9900000023", bearer))[0] == 401
    for path in ("dkdn/dance", "dancu/expire-token", "other/reset"):
        async with http.post(f"{server.base_url}/_mocks/{path}") as reply:
            assert reply.status == 404


def test_a_stand_in_refuses_unknown_commands(clock: Clock) -> None:
    """A command that a stand-in does not know raises, and says which."""
    stand_in = dkdn.STAND_IN(World(PROVINCE, clock))
    with pytest.raises(UnknownCommand, match="dance"):
        stand_in.admin("dance")


# Faults


@pytest.fixture
async def ask(server: Running, http: aiohttp.ClientSession, clock: Clock) -> Any:
    """Asks the population stand-in about its first case, and gives status and text."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""

    async def asked() -> tuple[int, str]:
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        return status, text

    return asked


async def test_silence_never_answers_and_ends_with_its_client(server: Running, ask: Any) -> None:
    """A silent registry keeps a client waiting; other registries answer, and so does this one when it is over."""
    server.faults.set("dancu", Fault("silence"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(), HANGS_FOR_S)

    server.faults.clear("dancu")
    assert (await ask())[0] == 200
    assert [(entry.fault, entry.status) for entry in server.journal] == [("silence", 0), ("", 200)]


@pytest.mark.parametrize("kind", ["silence", "stall", "slow"])
async def test_a_server_stops_although_a_client_waits(kind: str, http: aiohttp.ClientSession, clock: Clock) -> None:
    """Stopping the server ends every request that a fault holds back."""
    body = (DANCU.datasets["citizen"].case("found").request.body or "").encode()
    async with running(dancu.STAND_IN, province=PROVINCE, now=clock) as server:
        server.faults.set("dancu", Fault(kind, delay_s=60))
        waiting = asyncio.create_task(
            ask_dancu(http, server, body.decode(), signed(clock.now_s)),
        )
        async with asyncio.timeout(1):
            while not len(server.journal):  # noqa: ASYNC110  the journal has nobody to notify
                await asyncio.sleep(0.005)
        started = time.monotonic()
    assert time.monotonic() - started < 0.5
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_slow_registry_answers_late(server: Running, ask: Any) -> None:
    """A slow registry answers as ever, after its delay."""
    server.faults.set("dancu", Fault("slow", delay_s=0.1))
    started = time.monotonic()

    status, text = await ask()

    assert time.monotonic() - started >= 0.1
    assert (status, len(citizens(text))) == (200, 1)


async def test_a_stalled_body_stops_half_way(server: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
    """Headers and half of the body come at once, the rest never."""
    server.faults.set("dancu", Fault("stall"))
    case = DANCU.datasets["citizen"].case("found")
    body = (case.request.body or "").encode()
    async with http.post(server.url("dancu"), data=body, headers=signed(clock.now_s)) as reply:
        assert reply.status == 200
        got = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS_FOR_S):
                async for piece in reply.content.iter_any():
                    got += piece
    assert got == case.response.content[: len(case.response.content) // 2]
    assert reply.content_length == len(case.response.content)


async def test_a_reset_connection_is_an_error_at_once(server: Running) -> None:
    """A registry that resets sends RST: the client's read fails instead of ending."""
    server.faults.set("dancu", Fault("reset"))
    port = int(server.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /dancu HTTP/1.1\r\nHost: mock\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize(("kind", "status"), [("garbage", 200), ("html", 200), ("throttle", 429), ("error", 500)])
async def test_a_broken_answer_is_no_collection(
    kind: str, status: int, server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Garbage and web pages come with 200, a throttled call says when to ask again, an error is 500."""
    server.faults.set("dancu", Fault(kind))
    body = (DANCU.datasets["citizen"].case("found").request.body or "").encode()
    async with http.post(server.url("dancu"), data=body, headers=signed(clock.now_s)) as reply:
        assert reply.status == status
        assert reply.headers.get("Retry-After") == ("7" if kind == "throttle" else None)
        assert b"Envelope" not in await reply.read()


async def test_swapped_answers_are_about_somebody_else(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A swapped answer is well-formed and names another person, or firm, than the question did."""
    bearer = await token(http, server)
    for registry in ("dancu", "dkdn"):
        server.faults.set(registry, Fault("swap"))
    for index in (0, 1, 2):
        citizen, firm = PROVINCE.citizen(index), PROVINCE.enterprise(index)
        body = question(citizen.citizen_id, citizen.folded_name, citizen.birth_date.replace("-", ""))
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        (other,) = citizens(text)
        assert status == 200
        assert other.findtext("{*}SoDinhDanh") != citizen.citizen_id
        _, _, text = await ask_dkdn(http, server, firm.enterprise_code, bearer)
        assert json.loads(text)["Data"]["MainInformation"]["ENTERPRISE_GDT_CODE"] != firm.enterprise_code


async def test_a_surplus_answer_follows_on_the_same_connection(server: Running, clock: Clock) -> None:
    """After the answer a second complete one comes on the same connection, about somebody else."""
    server.faults.set("dancu", Fault("surplus"))
    case = DANCU.datasets["citizen"].case("found")
    body = (case.request.body or "").encode()
    port = int(server.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed(clock.now_s).items())
    writer.write(f"POST /dancu HTTP/1.1\r\nHost: mock\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    bodies = []
    async with asyncio.timeout(HANGS_FOR_S):
        for _ in range(2):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200")
            length = next(line for line in head.splitlines() if line.lower().startswith("content-length"))
            bodies.append((await reader.readexactly(int(length.partition(":")[2]))).decode())
    writer.close()
    await writer.wait_closed()
    numbers = [citizens(text)[0].findtext("{*}SoDinhDanh") for text in bodies]
    assert numbers[0] == "000099000001"
    assert numbers[1] != numbers[0]


async def test_a_fault_ends_after_its_times_and_hits_its_share(server: Running, ask: Any) -> None:
    """A fault hits as many requests as it says, about as many of a hundred as it says, and only its path."""
    server.faults.set("dancu", Fault("error", times=2))
    assert [(await ask())[0] for _ in range(4)] == [500, 500, 200, 200]

    server.faults.set("dancu", Fault("error", percent=50))
    hit = [(await ask())[0] for _ in range(60)].count(500)
    assert 10 < hit < 50

    server.faults.set("dancu", Fault("error", path="/token"))
    assert (await ask())[0] == 200


@pytest.mark.parametrize(
    "wrong", [{"kind": "dance"}, {"times": 0}, {"percent": 101}, {"delay_s": -1}, {"delay_s": float("nan")}], ids=str
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """A fault has a known kind and figures within bounds."""
    with pytest.raises(ValueError, match="must be"):
        Fault(**({"kind": "silence"} | wrong))


# The server


async def test_faults_are_set_and_cleared_over_http(server: Running, http: aiohttp.ClientSession, ask: Any) -> None:
    """PUT sets a fault, DELETE ends it, the list names both; what is no fault is answered by 400."""
    url = f"{server.base_url}/_mocks/faults/dancu"
    async with http.put(url, json={"fault": "error", "percent": 100, "times": None}) as reply:
        assert reply.status == 204
    assert (await ask())[0] == 500
    async with http.get(f"{server.base_url}/_mocks/") as reply:
        served = await reply.json()
    assert served["faults"]["dancu"]["kind"] == "error"
    assert served["registries"]["dancu"]["cases"] == len(list(DANCU.cases()))
    assert served["kinds"] == list(KINDS)
    async with http.delete(url) as reply:
        assert reply.status == 204
    assert (await ask())[0] == 200
    for body in (b"", b"[]", b'{"fault": "dance"}', b'{"fault": "slow", "colour": 1}', b'{"fault":"slow","path":1}'):
        async with http.put(url, data=body) as reply:
            assert reply.status == 400
    async with http.put(f"{server.base_url}/_mocks/faults/other", json={"fault": "error"}) as reply:
        assert reply.status == 404


async def test_a_reset_forgets_everything(server: Running, http: aiohttp.ClientSession, ask: Any) -> None:
    """After a reset there are no faults, no journal and no tokens."""
    bearer = await token(http, server)
    server.faults.set("dancu", Fault("error"))
    await ask()
    async with http.post(f"{server.base_url}/_mocks/reset") as reply:
        assert reply.status == 204
    assert (len(server.journal), dict(server.faults.current())) == (0, {})
    assert (await ask_dkdn(http, server, "9900000023", bearer))[0] == 401


async def test_the_journal_names_nobody(server: Running, http: aiohttp.ClientSession, clock: Clock, ask: Any) -> None:
    """The journal tells registry, operation, status and what decided, and holds no identifier and no name."""
    citizen = first("citizen_id")
    await ask()
    body = question(citizen.citizen_id, citizen.folded_name, citizen.birth_date.replace("-", ""))
    await ask_dancu(http, server, body, signed(clock.now_s))
    await ask_dkdn(http, server, PROVINCE.enterprise(0).enterprise_code, await token(http, server))
    async with http.get(f"{server.base_url}/_mocks/journal") as reply:
        text = await reply.text()
    entries = json.loads(text)["entries"]
    assert [(e["registry"], e["operation"], e["status"], e["matched"]) for e in entries] == [
        ("dancu", "TraCuuThongTinCongDan", 200, "case:found"),
        ("dancu", "TraCuuThongTinCongDan", 200, "province"),
        ("dkdn", "token", 200, "nothing"),
        ("dkdn", "chiTietDoanhNghiep", 200, "province"),
    ]
    for secret in ("000099000001", citizen.citizen_id, citizen.folded_name, PROVINCE.enterprise(0).enterprise_code):
        assert secret not in text


async def test_what_is_not_served_is_not_found(server: Running, http: aiohttp.ClientSession) -> None:
    """A registry without a stand-in is 404."""
    for path in ("/", "/other/x", "/dancux"):
        async with http.get(server.base_url + path) as reply:
            assert reply.status == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_told_to_stop(number: int, http: aiohttp.ClientSession) -> None:
    """`python -m mocks` serves on loopback, and a signal ends it with exit code 0 although a client is waiting."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (sys.executable, "-m", "mocks", "--port", str(port), "--citizens", "10", "--fault", "dancu=silence")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    first_line = (await process.stdout.readline()).decode()
    assert first_line.split() == ["dancu", f"http://127.0.0.1:{port}/dancu"]
    waiting = asyncio.create_task(http.post(f"http://127.0.0.1:{port}/dancu"))
    async with http.get(f"http://127.0.0.1:{port}/_mocks/") as reply:
        assert reply.status == 200
    process.send_signal(number)
    async with asyncio.timeout(5):
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    with pytest.raises(aiohttp.ClientError):
        await waiting
