"""Hiding: by a rule that has a name, with two persons' approval, recorded in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.commands import keys
from gateway.crypto import FileSigner, b64url, from_b64url
from gateway.errors import ApprovalError
from gateway.ledger.hiding import Hiding, approval, hidden, signed_by
from gateway.ledger.reading import slots
from gateway.stores.sql import Store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HIDING = Hiding(
    ledger="gateway.test", rule="investigation", until=NOW + timedelta(days=30), case_id="H08.12-260301-0001"
)
AN, BINH, STRANGER = (FileSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(3))
CHI = FileSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
APPROVERS = {"an": AN.public_key, "binh": BINH.public_key, "chi": CHI.public_key, "an-again": AN.public_key}
RULES = {"investigation": "Điều 12"}


def made(*tokens: str, hiding: Hiding = HIDING, now: datetime = NOW) -> dict[str, object]:
    return hidden(hiding, tokens, approvers=APPROVERS, rules=RULES, now=now)


@pytest.mark.parametrize("second", [BINH, CHI], ids=["ES256", "RS256"])
def test_two_persons_may_hide(second: FileSigner) -> None:
    """The record names rule, basis, what, until when and by whom, and keeps both approvals."""
    tokens = [approval(HIDING, AN), approval(HIDING, second)]

    record = made(*tokens)

    assert record == {
        "type": "hidden",
        "at": NOW,
        "rule": "investigation",
        "basis": "Điều 12",
        "case_id": "H08.12-260301-0001",
        "lookup_id": None,
        "until": HIDING.until,
        "approved_by": sorted(["an", "binh" if second is BINH else "chi"]),
        "approvals": tokens,
    }


@pytest.mark.parametrize(
    "signers", [(), (AN,), (AN, AN), (AN, STRANGER)], ids=["nobody", "one", "the same twice", "a stranger"]
)
def test_fewer_than_two_persons_hide_nothing(signers: tuple[FileSigner, ...]) -> None:
    """One person, even under two names, is not two; and nobody unknown counts."""
    with pytest.raises(ApprovalError):
        made(*(approval(HIDING, signer) for signer in signers))


@pytest.mark.parametrize(
    "other",
    [
        replace(HIDING, ledger="other.test"),
        replace(HIDING, rule="secrecy"),
        replace(HIDING, until=HIDING.until + timedelta(days=1)),
        replace(HIDING, case_id="H08.12-260301-0002"),
        replace(HIDING, case_id=None, lookup_id="H08.12-260301-0001"),
    ],
)
def test_an_approval_is_for_one_request_alone(other: Hiding) -> None:
    """Another ledger, rule, end, case, or a lookup instead of a case was not approved."""
    with pytest.raises(ApprovalError, match="binh"):
        made(approval(HIDING, AN), approval(other, BINH))


def mutated(kind: str) -> str:
    header, payload, signature = approval(HIDING, BINH).split(".")
    head = orjson.loads(from_b64url(header))
    match kind:
        case "signature":
            raw = bytearray(from_b64url(signature))
            raw[5] ^= 1
            return f"{header}.{payload}.{b64url(bytes(raw))}"
        case "none":
            return f"{b64url(orjson.dumps(head | {'alg': 'none'}))}.{payload}."
        case "algorithm":
            return f"{b64url(orjson.dumps(head | {'alg': 'RS256'}))}.{payload}.{signature}"
        case "another's key":
            return f"{b64url(orjson.dumps(head | {'kid': CHI.kid}))}.{payload}.{signature}"
        case "another type":
            return f"{b64url(orjson.dumps(head | {'typ': 'JWT'}))}.{payload}.{signature}"
        case "a header more":
            return f"{b64url(orjson.dumps(head | {'jwk': {}}))}.{payload}.{signature}"
        case "two parts":
            return f"{header}.{payload}"
        case "too long":
            return approval(HIDING, BINH) + "A" * 20_000
        case _:
            return "nonsense"


@pytest.mark.parametrize(
    "kind",
    [
        "signature",
        "none",
        "algorithm",
        "another's key",
        "another type",
        "a header more",
        "two parts",
        "too long",
        "nonsense",
    ],
)
def test_a_spoiled_approval_counts_for_nothing(kind: str) -> None:
    """Whatever was changed in an approval after it was signed, it is refused."""
    with pytest.raises(ApprovalError):
        made(approval(HIDING, AN), mutated(kind))


def test_only_rules_of_the_settings_hide_and_only_for_a_time() -> None:
    """A rule that nobody has named, and an end that is past, hide nothing, however many approve."""
    other = replace(HIDING, rule="secrecy")
    with pytest.raises(ApprovalError, match="no rule"):
        made(approval(other, AN), approval(other, BINH), hiding=other)
    with pytest.raises(ApprovalError, match="over already"):
        made(approval(HIDING, AN), approval(HIDING, BINH), now=HIDING.until)


@pytest.mark.parametrize("of", [{}, {"case_id": "a", "lookup_id": "b"}])
def test_a_hiding_is_of_a_case_or_of_a_lookup(of: dict[str, str]) -> None:
    """Neither nothing nor both can be hidden."""
    with pytest.raises(ApprovalError, match="one of them"):
        Hiding(ledger="gateway.test", rule="investigation", until=NOW, **of)


def test_who_signed_is_known_by_the_key() -> None:
    """The name is that of the setting, not of anything in the approval."""
    assert signed_by(HIDING, approval(HIDING, BINH) + "\n", APPROVERS) == "binh"


# --- the commands --------------------------------------------------------------------------------


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """Settings with a ledger, two approvers and their keys."""
    keys.make(tmp_path / "keys", keys.Algorithm.ES256)
    for name, signer in (("an", AN), ("binh", BINH)):
        key = signer._key
        (tmp_path / f"{name}.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (tmp_path / f"{name}-public.pem").write_bytes(
            signer.public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        '[ledger]\nfolder = "ledger"\norigin = "gateway.test"\n'
        '[keys]\nsigning_key_file = "keys/signing-key.pem"\nsecret_files = ["keys/secret"]\n'
        '[store]\nurl = "sqlite:index.db"\n'
        '[approvers]\nan = "an-public.pem"\nbinh = "binh-public.pem"\n'
        '[hiding.rules]\ninvestigation = "Điều 12"\n',
        encoding="utf-8",
    )
    return settings


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(words))
    return result.exit_code, result.output if result.exception is None else f"{result.output}{result.exception}"


def test_a_hiding_goes_from_two_approvals_into_the_ledger_and_the_index(installation: Path) -> None:
    """Two persons sign, one command records it in the admin log, and the rebuilt index hides the case's lookups."""
    folder = installation.parent
    of = ["--rule", "investigation", "--case", "H08.12-260301-0001", "--until", "2099-01-01"]
    for name in ("an", "binh"):
        code, token = run("approval", "sign", "--key", str(folder / f"{name}.pem"), *of, "-s", str(installation))
        assert code == 0, token
        (folder / f"{name}.jws").write_text(token)
    both = ["--approval", str(folder / "an.jws"), "--approval", str(folder / "binh.jws")]

    alone, said = run("ledger", "hide", *of, *both[:2], "-s", str(installation))
    code, text = run("ledger", "hide", *of, *both, "-s", str(installation))

    assert alone != 0
    assert "two different persons" in said
    assert code == 0, text
    (reader,) = slots(folder / "ledger").values()
    record = orjson.loads(next(iter(reader.entries())).record or b"")
    assert (reader.origin, record["type"], record["approved_by"]) == ("gateway.test/admin", "hidden", ["an", "binh"])

    assert run("store", "migrate", "-s", str(installation))[0] == 0
    code, text = run("ledger", "rebuild-index", "-s", str(installation))
    assert (code, text.split(":")[0]) == (0, "admin"), text
    store = Store.open(f"sqlite:{folder / 'index.db'}")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT rule, case_id FROM ledger_hidings").fetchall() == [
            ("investigation", "H08.12-260301-0001")
        ]
    store.close()


def test_without_a_ledger_the_commands_say_so(tmp_path: Path) -> None:
    """Settings that have no ledger are an error that names the section."""
    settings = tmp_path / "gateway.toml"
    settings.write_text("")

    for words in (["ledger", "rebuild-index"], ["store", "migrate"]):
        code, text = run(*words, "-s", str(settings))
        assert code != 0
        assert "ledger" in text
