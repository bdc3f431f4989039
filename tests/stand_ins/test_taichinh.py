"""The stand-in for the tax authority: a public look-up, and an exchange of signed messages."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import pytest
from lxml import etree

from contracts.reader import CaseFile, load
from gateway.adapters.taichinh.gip import envelope
from gateway.domain.signature import SignedForm
from gateway.wire.dsig import Signer
from mocks import taichinh
from mocks.faults import Fault
from mocks.server import Running, running
from mocks.stand_in import UnknownCommand, World
from mocks.taichinh_taxpayers import STATES, Taxpayers
from mocks.tax_codes import is_synthetic
from mocks.xml_signature import is_signed
from tests.signing import Issuer, rsa_key
from tests.stand_ins.client import BUSINESSES, PROVINCE, Clock, name_of

CONTRACT = load("contracts.taichinh")
TAXPAYERS = Taxpayers(PROVINCE)
FORM = SignedForm(parts=("HEADER", "BODY"), place="SECURITY")
US = Issuer().issue("us")
LOOK_UPS = [case for case in CONTRACT.cases() if case.dataset == "taxpayer"]
QUESTIONS = [case for case in CONTRACT.cases() if case.dataset == "dues"]
FIRM = PROVINCE.enterprise(0).enterprise_code
NOBODY = next(
    code for code in map(str, range(9900000000, 9900009999)) if is_synthetic(code) and not TAXPAYERS.find(code)
)


@pytest.fixture
async def server(clock: Clock) -> Any:
    async with running(taichinh.STAND_IN, province=PROVINCE, now=clock) as server:
        yield server


def signed(message: str, party: Any = US) -> bytes:
    return envelope.packed(Signer(party.signing_key, FORM).sign(message.encode()))


async def ask_gip(http: aiohttp.ClientSession, server: Running, body: bytes) -> tuple[int, etree._Element | None]:
    """Status, and the message in the answer's envelope."""
    async with http.post(server.url("taichinh") + "/gip", data=body) as reply:
        text = await reply.read()
        if reply.status != 200:
            return reply.status, None
        message = etree.fromstring(text).findtext(".//return") or ""
        return 200, etree.fromstring(message.encode()) if message.startswith("<DATA") else None


def about(code: str) -> str:
    """The found case's question, about somebody else."""
    return re.sub("<MST>.*</MST>", f"<MST>{code}</MST>", CONTRACT.datasets["dues"].case("found").request.body or "")


@pytest.mark.parametrize("case", LOOK_UPS, ids=name_of)
async def test_a_recorded_look_up_is_answered_as_recorded(
    server: Running, http: aiohttp.ClientSession, case: CaseFile
) -> None:
    """What a case file asks of the portal gets its answer, to the letter, with its status."""
    async with http.get(server.url("taichinh") + case.request.path) as reply:
        assert (reply.status, await reply.text()) == (case.response.status, case.response.body)


@pytest.mark.parametrize("case", QUESTIONS, ids=name_of)
async def test_a_recorded_question_to_gip_is_answered_as_recorded(
    server: Running, http: aiohttp.ClientSession, case: CaseFile
) -> None:
    """What a case file asks gets its answer's status, and its body signed."""
    status, message = await ask_gip(http, server, signed(case.request.body or ""))

    assert status == case.response.status
    if message is not None:
        recorded = etree.fromstring(case.response.body.encode())
        bodies = [etree.tostring(part, method="c14n") for part in recorded.findall("BODY")]
        assert [etree.tostring(part, method="c14n") for part in message.findall("BODY")] == bodies
        assert is_signed(etree.tostring(message))


async def test_an_answer_is_to_this_message_and_of_this_day(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A recorded answer says whose question it answers and when; its number is a new one each time."""
    clock.now_s += 10 * 86_400
    question = (CONTRACT.datasets["dues"].case("found").request.body or "").replace("<MSG_ID>", "<MSG_ID>7")

    answers = [(await ask_gip(http, server, signed(question)))[1] for _ in range(2)]

    assert all(one is not None for one in answers)
    assert [one.findtext("HEADER/SEND_DATE") for one in answers if one is not None] == ["03-11-2026"] * 2
    assert {str(one.findtext("HEADER/MSG_REFID"))[0] for one in answers if one is not None} == {"7"}
    assert len({one.findtext("HEADER/MSG_ID") for one in answers if one is not None}) == 2


async def test_an_answer_recorded_for_another_day_stays_one(server: Running, http: aiohttp.ClientSession) -> None:
    """What a case file has otherwise on purpose is not made right."""
    _, old = await ask_gip(http, server, signed(CONTRACT.datasets["dues"].case("another-day").request.body or ""))
    _, other = await ask_gip(http, server, signed(CONTRACT.datasets["dues"].case("another-message").request.body or ""))

    assert old is not None
    assert old.findtext("HEADER/SEND_DATE") == "02-01-2026"
    assert other is not None
    assert other.findtext("HEADER/MSG_REFID") == "00000000000000000001"


@pytest.mark.parametrize("party", [US, Issuer().issue("us", key=rsa_key())], ids=["EC", "RSA"])
async def test_a_question_is_answered_when_it_is_signed(
    server: Running, http: aiohttp.ClientSession, party: Any
) -> None:
    """The library's signature is one to a reader that shares nothing with it; without one, or changed, it is 403."""
    question = signed(CONTRACT.datasets["dues"].case("found").request.body or "", party)
    bare = envelope.packed((CONTRACT.datasets["dues"].case("found").request.body or "").encode())

    assert (await ask_gip(http, server, question))[0] == 200
    assert (await ask_gip(http, server, bare))[0] == 403
    assert (await ask_gip(http, server, question.replace(b"00046", b"00047")))[0] == 403
    assert (await ask_gip(http, server, b"<x/>"))[0] == 501


@pytest.mark.parametrize(
    "code", [FIRM, BUSINESSES.household_business(3).tax_code, BUSINESSES.cooperative(3).tax_code], ids=str
)
async def test_a_taxpayer_is_the_same_in_both(server: Running, http: aiohttp.ClientSession, code: str) -> None:
    """Who is in the province's business registration has a state here and an account there, under the same name."""
    async with http.get(f"{server.url('taichinh')}/api/category/public/dsdkts/{code}/manager") as reply:
        found = await reply.json()
    _, message = await ask_gip(http, server, signed(about(code)))

    assert message is not None
    assert (found["mst"], found["tthai"] in STATES) == (code, True)
    assert message.findtext(".//TEN_NNT") == found["tennnt"]
    assert {one.text for one in message.findall(".//MST")} == {code}


async def test_nobody_is_404_there_and_an_empty_row_here(server: Running, http: aiohttp.ClientSession) -> None:
    """An invented code that nobody has: the portal says what it says of a wrong path, GIP answers about nobody."""
    portal = server.url("taichinh") + "/api/category/public/dsdkts/"
    async with http.get(f"{portal}{NOBODY}/manager") as nobody, http.get(f"{portal}{FIRM}/x") as wrong:
        assert (nobody.status, wrong.status) == (404, 404)
        assert await nobody.text() == await wrong.text()
    _, message = await ask_gip(http, server, signed(about(NOBODY)))

    assert message is not None
    assert [len(one) for one in message.findall(".//THONGTIN_NNT")] == [0]


async def test_a_code_that_might_be_real_is_not_answered(server: Running, http: aiohttp.ClientSession) -> None:
    """501 for whatever is not invented, in both."""
    async with http.get(f"{server.url('taichinh')}/api/category/public/dsdkts/0100109106/manager") as reply:
        assert reply.status == 501
    assert (await ask_gip(http, server, signed(about("0100109106"))))[0] == 501


async def test_a_swapped_answer_is_about_somebody_else(server: Running, http: aiohttp.ClientSession) -> None:
    """The fault `swap` answers both with a well-formed record of another taxpayer."""
    server.faults.set("taichinh", Fault("swap"))
    async with http.get(f"{server.url('taichinh')}/api/category/public/dsdkts/{FIRM}/manager") as reply:
        found = json.loads(await reply.text())
    _, message = await ask_gip(http, server, signed(about(FIRM)))

    assert found["mst"] != FIRM
    assert message is not None
    assert message.findtext(".//MST") == found["mst"]


async def test_the_certificate_is_that_of_the_key(server: Running, http: aiohttp.ClientSession) -> None:
    """The certificate stays until another key is wanted, also after a reset."""
    url = server.url("taichinh") + "/gip/certificate.pem"

    async def certificate() -> str:
        async with http.get(url) as reply:
            return await reply.text()

    first = await certificate()
    server.state.reset()
    second = await certificate()
    server.state.stand_ins["taichinh"].admin("new-key")
    third = await certificate()

    assert first == second != third
    assert first.startswith("-----BEGIN CERTIFICATE-----")


def test_the_stand_in_refuses_unknown_commands(clock: Clock) -> None:
    """A command that it does not know raises, and says which."""
    with pytest.raises(UnknownCommand, match="dance"):
        taichinh.STAND_IN(World(PROVINCE, clock)).admin("dance")
