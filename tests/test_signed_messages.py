"""Signed messages on their way: keys from settings, an exchange over a socket, and what is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from contracts.reader import load
from gateway import app
from gateway.domain.exchange import Request, Response, Secret
from gateway.domain.signature import SignedForm
from gateway.errors import MalformedAnswer, MismatchedAnswer, RegistryThrottled, SettingsError
from gateway.kit.contract_test import run_instance
from gateway.settings import Settings
from gateway.transport.memory import MemoryTransport
from gateway.transport.signed import Signed
from gateway.trust import Pinned, SigningKey
from gateway.wire.dsig import Signer, Verifier
from mocks.server import Running
from tests.conftest import MovableClock, open_desk, settings_for
from tests.policies import granting
from tests.signing import NOW, Issuer, Party

CONTRACT = load("contracts.taichinh")
FOUND = CONTRACT.datasets["dues"].case("found")
US, GIP = Issuer().issue("us"), Issuer().issue("gip")
WHOLE = SignedForm()
ASK = Request(operation="ask", body=(b"<QUESTION/>",))


def way(answer: Callable[[Request], Response], clock: MovableClock, form: SignedForm = WHOLE) -> Signed:
    """A signed way to a function that answers."""
    signer, verifier = Signer(US.signing_key, form), Verifier(Pinned([GIP.certificate]), form)
    return Signed(MemoryTransport(answer), signer=signer, verifier=verifier, form=form, clock=clock)


def answered(body: bytes, *, party: Party | None = GIP, status: int = 200, **headers: str) -> Response:
    content = Signer(party.signing_key, WHOLE).sign(body) if party else body
    return Response(status=status, headers=headers, body=content, received_at=NOW)


async def test_what_leaves_is_signed_and_what_comes_is_what_was_signed(clock: MovableClock) -> None:
    """The registry gets our signature; the adapter gets the covered bytes, and the raw ones are kept beside them."""
    sent: list[bytes] = []

    def answer(request: Request) -> Response:
        sent.append(b"".join(map(bytes, request.body)))  # type: ignore[arg-type]
        return answered(b"<ANSWER>1</ANSWER>")

    response = await way(answer, clock).send(ASK)

    assert Verifier(Pinned([US.certificate]), WHOLE).covered(sent[0], now=NOW) == b"<QUESTION></QUESTION>"
    assert response.body == b"<ANSWER>1</ANSWER>"
    assert b"SignatureValue" in response.raw


@pytest.mark.parametrize("party", [None, US], ids=["unsigned", "our-own"])
async def test_an_answer_that_nobody_signed_does_not_come_in(party: Party | None, clock: MovableClock) -> None:
    """Without the registry's signature there is no answer, also where it is our own that is sent back."""
    with pytest.raises(MalformedAnswer, match="signature"):
        await way(lambda _: answered(b"<ANSWER/>", party=party), clock).send(ASK)


async def test_what_fails_before_there_is_a_message_is_told_by_its_status(clock: MovableClock) -> None:
    """A platform that throttles signs nothing, and is heard all the same."""
    headers = {"retry-after": "7"}

    with pytest.raises(RegistryThrottled):
        await way(lambda _: answered(b"<x/>", party=None, status=429, **headers), clock).send(ASK)


async def test_an_answer_counts_once(clock: MovableClock) -> None:
    """Content that has been given is not given again, though it is signed anew; the next content is."""
    bodies = [b"<A>1</A>", b"<A>1</A>", b"<A>2</A>"]
    signed = way(lambda _: answered(bodies.pop(0)), clock)
    await signed.send(ASK)

    with pytest.raises(MismatchedAnswer, match="before"):
        await signed.send(ASK)
    assert (await signed.send(ASK)).body == b"<A>2</A>"


async def test_a_large_answer_is_verified_off_the_loop_and_refused_alike(clock: MovableClock) -> None:
    """What a thread reads is the same answer, and what it refuses the same error."""
    large = b"<A>" + b"x" * 70_000 + b"</A>"
    answers = [answered(large), replace(answered(large), body=answered(large).body.replace(b"xx", b"yy", 1))]
    signed = way(lambda _: answers.pop(0), clock)

    assert (await signed.send(ASK)).body == large
    with pytest.raises(MalformedAnswer, match="does not fit"):
        await signed.send(ASK)


async def test_a_secret_cannot_stand_in_a_signed_message(clock: MovableClock) -> None:
    """A hole that is filled after the signature would break it."""
    request = Request(operation="ask", body=(b"<A>", Secret("key"), b"</A>"))

    with pytest.raises(SettingsError, match="secret"):
        await way(lambda _: answered(b"<A/>"), clock).send(request)


def test_a_key_is_parsed_once(tmp_path: Path) -> None:
    """What signs is the key that was read at the start: its file is not looked at again, and no text is kept of it."""
    key_file, certificate_file = US.written(tmp_path, "us")
    key = SigningKey.load(key_file, certificate_file)
    signer = Signer(key, WHOLE)
    key_file.unlink()
    certificate_file.unlink()

    assert all(signer.sign(b"<A/>") for _ in range(3))
    assert isinstance(key.key, ec.EllipticCurvePrivateKey)


# --- settings ------------------------------------------------------------------------------------


def signed_settings(stand_ins: Running | None, folder: Path, **changes: Any) -> Settings:
    """GIP and the portal towards the stand-in, with its certificate pinned; None leaves a key of the section out."""
    key, certificate = US.written(folder, "us")
    pinned = folder / "gip.pem"
    if stand_ins is not None:
        pinned.write_bytes(stand_ins.state.stand_ins["taichinh"].hand.certificate)  # type: ignore[attr-defined]
    section = {"key_file": key, "certificate_file": certificate, "signer_file": pinned} | changes
    registry: dict[str, Any] = {
        "adapter": "taichinh",
        "contract": "gip",
        "endpoint": f"{_portal(stand_ins)}/gip",
        "deadline_s": 5,
        "options": {"sender_code": "99999999"},
        "xml_signature": {name: value for name, value in section.items() if value is not None},
    }
    base = settings_for("http://127.0.0.1:9")
    portal = {"adapter": "taichinh", "endpoint": _portal(stand_ins), "deadline_s": 5}
    registries = {"gip": registry, "taichinh": portal}
    made = Settings(consumers=base.consumers, registries=registries)  # type: ignore[arg-type]
    return granting(made, "gip.dues", "taichinh.taxpayer")


def _portal(stand_ins: Running | None) -> str:
    return f"{stand_ins.base_url if stand_ins else 'http://127.0.0.1:9'}/taichinh"


async def test_dues_are_asked_for_and_answered_signed(stand_ins: Running, tmp_path: Path) -> None:
    """Over a socket: found, absent, and fields that nobody granted are not there."""
    async with open_desk(signed_settings(stand_ins, tmp_path)) as desk:
        status, found = await desk.ask("gip.dues", dict(FOUND.query))
        _, absent = await desk.ask("gip.dues", dict(CONTRACT.datasets["dues"].case("absent").query))
        _, taxpayer = await desk.ask("taichinh.taxpayer", dict(CONTRACT.datasets["taxpayer"].case("found").query))

    assert (status, found["outcome"], absent["outcome"]) == (200, "found", "absent")
    assert [line["amount"] for line in found["record"]["dues"]] == ["1500000", "29220000"]
    assert "address" in found["withheld"]
    assert "chassis_number" not in str(found["record"])
    assert (found["provenance"]["contract"], found["provenance"]["basis"]) == ("taichinh@gip", "assumed")
    assert taxpayer["record"]["status"] == {"code": "00", "list": "taichinh.taxpayer_status"}


async def test_an_answer_by_another_key_is_refused(stand_ins: Running, tmp_path: Path) -> None:
    """Somebody who answers in the registry's place, in its form and with a certificate of his own, is not believed."""
    settings = signed_settings(stand_ins, tmp_path)
    stand_ins.state.stand_ins["taichinh"].admin("new-key")
    async with open_desk(settings) as desk:
        status, problem = await desk.ask("gip.dues", dict(FOUND.query))

    assert (status, problem["reason"]) == (502, "malformed")


async def test_a28_replay_over_a_socket(stand_ins: Running, tmp_path: Path) -> None:
    """An answer that is recorded for another day, message or receiver is well signed, and mismatched."""
    async with open_desk(signed_settings(stand_ins, tmp_path)) as desk:
        for name in ("another-day", "another-message", "another-receiver", "our-own"):
            status, problem = await desk.ask("gip.dues", dict(CONTRACT.datasets["dues"].case(name).query))

            assert (status, problem["reason"]) == (502, "mismatched"), name


async def test_the_case_files_hold_over_a_signed_way(stand_ins: Running, tmp_path: Path) -> None:
    """The suite that runs in memory runs unchanged through signatures, in both contract versions."""
    for name, least in (("gip", 25), ("taichinh", 20)):
        report = await run_instance(app.build(signed_settings(stand_ins, tmp_path)), name)
        results = report.results

        assert len(results) > least
        assert [(one.case, one.problems) for one in results if not one.passed] == []


async def test_nobody_is_absent_at_the_portal_beside_somebody_known(stand_ins: Running, tmp_path: Path) -> None:
    """Over a socket: with `known_tax_code` a 404 is nobody; without, it is not connected."""
    nobody = dict(CONTRACT.datasets["taxpayer"].case("not-found").query)
    known = CONTRACT.datasets["taxpayer"].case("found").query["tax_code"]
    settings = signed_settings(stand_ins, tmp_path)
    async with open_desk(settings) as desk:
        _, without = await desk.ask("taichinh.taxpayer", nobody)
    registry = settings.registries["taichinh"].model_copy(update={"options": {"known_tax_code": known}})
    changed = settings.model_copy(update={"registries": {**settings.registries, "taichinh": registry}})
    async with open_desk(changed) as desk:
        _, beside = await desk.ask("taichinh.taxpayer", nobody)

    assert without["reason"] == "not_connected"
    assert (beside["outcome"], beside["provenance"]["operation"]) == ("absent", "dsdkts")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"key_file": Path("/nowhere")}, r"registries\.gip\.xml_signature\.key_file /nowhere: No such file"),
        ({"signer_file": Path("/nowhere")}, r"registries\.gip\.xml_signature\.certificates /nowhere"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    """The setting is named with the file."""
    with pytest.raises(SettingsError, match=complaint):
        app.build(signed_settings(None, tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"signer_file": None}, "set one of them"),
        ({"ca_file": Path("x"), "signer_name": "CN=x"}, "set one of them"),
        ({"signer_file": None, "ca_file": Path("x")}, "belong together"),
        ({"signer_name": "CN=x"}, "belong together"),
        ({"crl_file": Path("x")}, "goes with ca_file"),
    ],
)
def test_trust_is_pinned_or_chained_to_a_name(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    """Neither both nor none, and an authority never without the name of who may sign."""
    with pytest.raises(ValidationError, match=complaint):
        signed_settings(None, tmp_path, **changes)


def test_a_signed_contract_wants_its_keys_and_sender_before_it_starts(tmp_path: Path) -> None:
    """Without keys, without a sender code, or with keys where nothing is signed the gateway does not start."""
    GIP.written(tmp_path, "gip")
    good = signed_settings(None, tmp_path)
    gip, taichinh = good.registries["gip"], good.registries["taichinh"]
    for name, registry, complaint in (
        ("gip", gip.model_copy(update={"xml_signature": None}), r"gip\.xml_signature: missing"),
        ("gip", gip.model_copy(update={"options": {}}), r"gip\.options\.sender_code: missing"),
        ("taichinh", taichinh.model_copy(update={"xml_signature": gip.xml_signature}), "are not signed: take it out"),
    ):
        with pytest.raises(SettingsError, match=complaint):
            app.build(good.model_copy(update={"registries": {**good.registries, name: registry}}))
    assert app.build(good).catalogue.instances["gip"].connected
