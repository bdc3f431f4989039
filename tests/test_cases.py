"""Whether a case is open and whose it is: as the one-stop says when asked, or as it signed."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.crypto import b64url
from gateway.errors import CaseClosed, CaseUnavailable, SettingsError
from gateway.kit.check import check_access
from gateway.settings import CasesSettings, Settings
from gateway.web.case_token import TokenCases
from mocks.server import Running, running
from tests.conftest import INQUIRY, MAU, MovableClock, open_desk, settings_for
from tests.office import at_work

CASE = INQUIRY["case_id"]
OPEN = {"case_id": CASE, "state": "open", "agencies": ["H08.12"], "officers": ["canbo.mau"]}
OPEN |= {"procedure": "1.001193", "province": "H08"}
HEADER = {"alg": "ES256"}
HS256 = b'{"alg":"HS256"}'


@pytest.fixture
async def stand_ins(clock: MovableClock) -> AsyncIterator[Running]:
    """Registries and a case register whose time is the test's."""
    async with running(now=lambda: clock.now().timestamp()) as served:
        yield served


def asking(stand_ins: Running, **changes: Any) -> Settings:
    """The usual settings, where the one-stop is asked about each case."""
    cases = CasesSettings(**({"url": f"{stand_ins.base_url}/_mocks/cases", "deadline_s": 1.0} | changes))
    return settings_for(stand_ins.base_url).model_copy(update={"cases": cases})


def enter(stand_ins: Running, **changes: Any) -> None:
    assert stand_ins.state.cases.enter(json.dumps(OPEN | changes).encode()) is None


# --- the one-stop is asked -------------------------------------------------------------------------

WRONG = {
    "unknown": ({"state": "unknown"}, ["case_unknown"]),
    "closed": ({"state": "closed"}, ["case_closed"]),
    "of another province": ({"province": "H21"}, ["other_province"]),
    "of another unit": ({"agencies": ["H08.13"]}, ["other_agency"]),
    "of no unit": ({"agencies": []}, ["other_agency"]),
    "of a unit above": ({"agencies": ["H08"]}, ["other_agency"]),
    "given to another officer": ({"officers": ["canbo.khac"]}, ["not_assigned"]),
    "of another procedure": ({"procedure": "2.000908"}, ["other_procedure"]),
    "wrong in everything": (
        {"province": "H21", "agencies": ["H21.1"], "officers": ["x"], "procedure": "2.000908"},
        ["other_province", "other_agency", "not_assigned", "other_procedure"],
    ),
}


@pytest.mark.parametrize(("change", "codes"), WRONG.values(), ids=WRONG)
async def test_a04_a05_a_case_that_is_not_the_officers_to_work_on_is_refused(
    change: dict[str, Any], codes: list[str], stand_ins: Running, clock: MovableClock
) -> None:
    """Unknown, closed, elsewhere or somebody else's: no registry is asked, the problems say which, the ledger knows."""
    enter(stand_ins, **change)
    async with at_work(asking(stand_ins), clock) as office:
        with pytest.raises(CaseClosed) as caught:
            await office.ask()

    assert [one.code for one in caught.value.problems] == codes
    assert all(" / " in one.advice for one in caught.value.problems)
    assert office.told.refusals == ["case_closed"]
    assert not list(stand_ins.journal)


GOOD: dict[str, dict[str, Any]] = {
    "the officer's own": {},
    "of a unit without named officers": {"officers": []},
    "of several units": {"agencies": ["H08.13", "H08.12"]},
    "of which less is known": {"procedure": None, "province": None},
}


@pytest.mark.parametrize("change", GOOD.values(), ids=GOOD)
async def test_an_open_case_of_the_officer_is_worked_on(
    change: dict[str, Any], stand_ins: Running, clock: MovableClock
) -> None:
    """What the one-stop says fits what the inquiry says, so the question is asked."""
    case = {name: value for name, value in (OPEN | change).items() if value is not None}
    stand_ins.state.cases.enter(json.dumps(case).encode())
    async with at_work(asking(stand_ins), clock) as office:
        assert (await office.ask()).answer.outcome.word == "found"


async def test_what_the_one_stop_said_is_believed_for_some_seconds(stand_ins: Running, clock: MovableClock) -> None:
    """Questions of one case ask the one-stop once; after `keep_s` it is asked again, and a case may have closed."""
    enter(stand_ins)
    async with at_work(asking(stand_ins, keep_s=5), clock) as office:
        for _ in range(3):
            await office.ask()
        assert stand_ins.state.cases.asked == 1
        enter(stand_ins, state="closed")
        clock.advance(5)
        with pytest.raises(CaseClosed):
            await office.ask()
        assert stand_ins.state.cases.asked == 2


UNAVAILABLE = {
    "an error": (500, b"{}"),
    "no such page": (404, b"{}"),
    "no JSON": (200, b"<html>"),
    "no object": (200, b"[]"),
    "an answer about another case": (200, json.dumps(OPEN | {"case_id": "H08.12-260301-0002"}).encode()),
    "an answer about no case": (200, b'{"state": "open", "agencies": ["H08.12"]}'),
    "a state that nobody knows": (200, json.dumps(OPEN | {"state": "half-open"}).encode()),
    "no state": (200, json.dumps({"case_id": CASE, "agencies": ["H08.12"]}).encode()),
    "agencies that are none": (200, json.dumps(OPEN | {"agencies": "H08.12"}).encode()),
}


@pytest.mark.parametrize(("status", "body"), UNAVAILABLE.values(), ids=UNAVAILABLE)
async def test_anything_but_a_plain_answer_refuses_the_question(
    status: int, body: bytes, stand_ins: Running, clock: MovableClock
) -> None:
    """Whatever the one-stop says that is not about this very case fails closed, with the time to try again."""
    async with _one_stop(status, body) as url, at_work(asking(stand_ins, url=url), clock) as office:
        with pytest.raises(CaseUnavailable) as caught:
            await office.ask()

    assert caught.value.retry_at == clock.now() + timedelta(seconds=5)
    assert office.told.refusals == ["case_unavailable"]
    assert not list(stand_ins.journal)


async def test_a_one_stop_that_is_away_or_silent_refuses_the_question(stand_ins: Running, clock: MovableClock) -> None:
    """No connection, and no answer within the deadline: neither lets a question through."""
    async with at_work(asking(stand_ins, url="http://127.0.0.1:9/"), clock) as office:
        with pytest.raises(CaseUnavailable):
            await office.ask()
    async with _one_stop(None, b"") as url, at_work(asking(stand_ins, url=url, deadline_s=0.05), clock) as office:
        with pytest.raises(CaseUnavailable, match="no answer within"):
            await office.ask()


async def test_the_front_door_says_503_and_when_to_try_again(stand_ins: Running) -> None:
    """A problem document with the refusal, the operator as actor, and Retry-After."""
    settings = asking(stand_ins, url="http://127.0.0.1:9/")
    async with open_desk(settings) as desk:
        status, problem = await desk.ask("dancu.citizen", MAU)
        _, listed = await desk.get("/v1/registries")

    assert (status, problem["reason"], problem["actor"]) == (503, "case_unavailable", "operator")
    assert problem["retry_at"]
    assert "outcome" not in problem
    assert listed["case_checks"] == "callback"


async def test_check_tries_the_way_to_the_one_stop(stand_ins: Running, clock: MovableClock) -> None:
    """A one-stop that is there, one that is away, and none: said step by step, without asking about a case."""
    found = []
    for settings in (asking(stand_ins), asking(stand_ins, url="http://127.0.0.1:9/"), settings_for(stand_ins.base_url)):
        async with at_work(settings, clock) as office:
            found.append([(one.probe.step, one.probe.ok) for one in await check_access(office.lookup.access)])

    assert found == [
        [("policy", True), ("case_checks", True), ("connection", True), ("credentials", True)],
        [("policy", True), ("case_checks", True), ("connection", False)],
        [("policy", True), ("case_checks", True)],
    ]
    assert stand_ins.state.cases.asked == 0


async def test_without_a_case_port_the_checks_are_off_and_say_so(stand_ins: Running) -> None:
    """`GET /v1/registries` does not pretend."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        _, listed = await desk.get("/v1/registries")

    assert listed["case_checks"] == "off"


async def test_the_stand_ins_register_knows_cases_by_their_numbers(stand_ins: Running) -> None:
    """A number of 2020 is open at the unit it begins with; other numbers are unknown until they are entered."""
    url = f"{stand_ins.base_url}/_mocks/cases"
    old = "000.00.BD.H08-230411-0004"
    async with aiohttp.ClientSession() as session:

        async def ask(case_id: str) -> dict[str, Any]:
            async with session.post(url, json={"case_id": case_id}) as reply:
                return dict(await reply.json())

        assert await ask(CASE) == {"case_id": CASE, "state": "open", "agencies": ["H08.12"], "province": "H08"}
        assert (await ask(old))["state"] == "unknown"
        async with session.put(url, json={"case_id": old, "state": "closed"}) as reply:
            assert reply.status == 204
        assert (await ask(old))["state"] == "closed"
        async with session.put(url, json={"case_id": old, "state": "half"}) as reply:
            assert reply.status == 400


# --- the one-stop signs ----------------------------------------------------------------------------

EC, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def key_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> ECKey | RSAKey:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ECKey.import_key(pem) if isinstance(key, ec.EllipticCurvePrivateKey) else RSAKey.import_key(pem)


def public(folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = EC) -> Path:
    file = folder / "one-stop.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    file.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return file


def signed(clock: MovableClock, **changes: Any) -> str:
    """The one-stop's word on the case, with these claims changed; None takes one out."""
    now = int(clock.now().timestamp())
    claims = OPEN | {"aud": "onestop-gateway", "iat": now, "exp": now + 600} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(HEADER, kept, key_of(EC))


def signing(stand_ins: Running, folder: Path) -> Settings:
    cases = CasesSettings(token_key_file=public(folder))
    return settings_for(stand_ins.base_url).model_copy(update={"cases": cases})


async def test_a_signed_case_is_worked_on(stand_ins: Running, clock: MovableClock, tmp_path: Path) -> None:
    """The claims are the case: one that fits is asked for, one that says otherwise is refused as such."""
    async with at_work(signing(stand_ins, tmp_path), clock) as office:
        result = await office.ask(case_token=signed(clock))
        with pytest.raises(CaseClosed) as caught:
            await office.ask(case_token=signed(clock, officers=["canbo.khac"]))

    assert result.answer.outcome.word == "found"
    assert [one.code for one in caught.value.problems] == ["not_assigned"]


async def test_a_token_signed_with_rsa_is_read_too(stand_ins: Running, clock: MovableClock, tmp_path: Path) -> None:
    """RS256, where the one-stop has an RSA key."""
    key = rsa.generate_private_key(65537, 2048)
    now = int(clock.now().timestamp())
    token = jwt.encode(
        {"alg": "RS256"}, OPEN | {"aud": ["x", "onestop-gateway"], "iat": now, "exp": now + 60}, key_of(key)
    )
    cases = CasesSettings(token_key_file=public(tmp_path, key))
    settings = settings_for(stand_ins.base_url).model_copy(update={"cases": cases})
    async with at_work(settings, clock) as office:
        assert (await office.ask(case_token=token)).answer.outcome.word == "found"


def _bad_tokens(clock: MovableClock, folder: Path) -> dict[str, tuple[str | None, str]]:
    now = int(clock.now().timestamp())
    good = signed(clock)
    head, body, signature = good.split(".")
    claims = OPEN | {"aud": "onestop-gateway", "iat": now, "exp": now + 600}
    changed = f"{body[:-2]}{'A' if body[-2] != 'A' else 'B'}{body[-1]}"
    confused = f"{b64url(HS256)}.{body}"
    by_the_public_key = b64url(hmac.digest(public(folder).read_bytes(), confused.encode(), "sha256"))
    return {
        "none": (None, "case_token_missing"),
        "empty": ("", "case_token_invalid"),
        "no token": ("a.b.c", "case_token_invalid"),
        "another key": (jwt.encode(HEADER, claims, key_of(OTHER)), "case_token_invalid"),
        "a changed letter": (f"{head}.{changed}.{signature}", "case_token_invalid"),
        "no signature": (f"{head}.{body}.", "case_token_invalid"),
        "a head without a bottom": (f"{b64url(b'[' * 5000)}.{body}.{signature}", "case_token_invalid"),
        "alg none": (f"eyJhbGciOiJub25lIn0.{body}.", "case_token_invalid"),
        "HS256 with the public key": (f"{confused}.{by_the_public_key}", "case_token_invalid"),
        "no end": (signed(clock, exp=None), "case_token_invalid"),
        "an end that is no number": (signed(clock, exp="soon"), "case_token_invalid"),
        "past its end": (signed(clock, exp=now - 31), "case_token_expired"),
        "an end in the year 5138": (signed(clock, exp=99_999_999_999), "case_token_expired"),
        "from the future": (signed(clock, iat=now + 120), "case_token_expired"),
        "for another service": (signed(clock, aud="another"), "case_token_other"),
        "for nobody": (signed(clock, aud=None), "case_token_other"),
        "about another case": (signed(clock, case_id="H08.12-260301-0002"), "case_token_other"),
        "without a state": (signed(clock, state=None), "case_token_invalid"),
    }  # fmt: skip


async def test_a_token_that_proves_nothing_is_refused(stand_ins: Running, clock: MovableClock, tmp_path: Path) -> None:
    """Unsigned, forged, expired, endless, or meant for something else: each is refused, and its code says why."""
    async with at_work(signing(stand_ins, tmp_path), clock) as office:
        codes: dict[str, str] = {}
        tokens = _bad_tokens(clock, tmp_path)
        for name, (token, _) in tokens.items():
            with pytest.raises(CaseClosed) as caught:
                await office.ask(case_token=token)
            codes[name] = caught.value.problems[0].code

    assert codes == {name: code for name, (_, code) in tokens.items()}
    assert not list(stand_ins.journal)


@pytest.mark.parametrize("content", [None, b"", b"no key", "private"])
def test_a_key_file_that_cannot_be_used_stops_the_start(content: Any, clock: MovableClock, tmp_path: Path) -> None:
    """Missing, no key, or a private key, which only the one-stop may have: named, and nothing of it quoted."""
    file = tmp_path / "key.pem"
    if content == "private":
        content = key_of(EC).as_pem(private=True)
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=r"cases\.token_key_file .*key\.pem: "):
        TokenCases.load(file, "onestop-gateway", clock)


@asynccontextmanager
async def _one_stop(status: int | None, body: bytes) -> AsyncIterator[str]:
    """A one-stop that answers everything alike, or not at all."""

    async def handle(_: web.Request) -> web.Response:
        if status is None:
            await asyncio.Event().wait()
        return web.Response(status=status or 200, body=body, content_type="application/json")

    application = web.Application()
    application.router.add_post("/cases", handle)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/cases"
    finally:
        await runner.cleanup()
