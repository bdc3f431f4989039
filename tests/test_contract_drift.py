"""The shape of an answer against the case files, without a look at its values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.reader import CaseFile, installed
from gateway.errors import SettingsError
from gateway.kit.drift import Drift, drift, drift_of
from tests.test_cli import run

CONTRACTS = installed()
FIRM = CONTRACTS["dkdn"].datasets["enterprise"].case("found").response.body
PERSON = CONTRACTS["dancu"].datasets["citizen"].case("found").response.body
EVERY = [
    pytest.param(name, case, id=f"{name}-{case.dataset}-{case.name}")
    for name, contract in CONTRACTS.items()
    for case in contract.cases()
    if case.outcome == "found" and not case.unlisted
]


@pytest.mark.parametrize(("registry", "case"), EVERY)
def test_what_is_recorded_does_not_drift(registry: str, case: CaseFile) -> None:
    """An answer of a case file has nothing unknown, and lacks nothing."""
    assert drift_of(CONTRACTS[registry], case.dataset, case.contract, case.response.content) == Drift((), ())


def test_what_is_new_and_what_is_gone_is_named_once() -> None:
    """Of a new branch the top is named, of a vanished member its place; a value never is."""
    firm = FIRM.replace('"NAME":"CÔNG', '"LABEL":{"canary":[1]},"TITLE":"CANARY').replace('"FULL_NAME"', '"FullName"')
    person = PERSON.replace("<ns1:GioiTinh>1</ns1:GioiTinh>", '<ns1:GioiTinh canary="CANARY">1</ns1:GioiTinh>')

    found = drift("dkdn.enterprise", None, firm.encode())

    assert found.unknown == (
        "Data.MainInformation.LABEL",
        "Data.MainInformation.TITLE",
        "Data.Representatives[].FullName",
    )
    assert found.vanished == ("Data.MainInformation.NAME", "Data.Representatives[].FULL_NAME")
    assert "CANARY" not in str(found)
    assert drift("dancu.citizen", "2025", person.encode()).unknown == (
        "Envelope.Body.CongdanCollection.CongDan.GioiTinh.@canary",
    )


def test_what_every_record_has_is_missed() -> None:
    """What all case files with a record have is `vanished` where it is missing; what is below an empty place is not."""
    person = PERSON.replace("<ns1:SoDinhDanh>000099000001</ns1:SoDinhDanh>", "")
    nobody = CONTRACTS["dancu"].datasets["citizen"].case("absent").response.body

    assert drift("dancu.citizen", "2025", person.encode()).vanished == (
        "Envelope.Body.CongdanCollection.CongDan.SoDinhDanh",
    )
    assert not drift("dancu.citizen", "2025", nobody.encode())


def test_what_is_not_installed_is_named() -> None:
    """A dataset or version that is not there is said, with those that are."""
    with pytest.raises(SettingsError, match=r"dancu\.nobody: not installed"):
        drift("dancu.nobody", None, b"{}")
    with pytest.raises(SettingsError, match=r"--contract: dancu\.household is offered in 2025, 2021"):
        drift("dancu.household", "gtel", b"{}")


def test_the_command_says_by_its_exit_code_whether_something_differs(tmp_path: Path) -> None:
    """0 without drift, 1 with it, and JSON where that is asked for."""
    (tmp_path / "same.json").write_text(FIRM, encoding="utf-8")
    (tmp_path / "new.json").write_text(FIRM.replace('"NAME_F"', '"NAME_G"'), encoding="utf-8")

    same = run("contract", "drift", "dkdn.enterprise", str(tmp_path / "same.json"))
    new = run("contract", "drift", "dkdn.enterprise", str(tmp_path / "new.json"), "--json")

    assert (same.returncode, new.returncode) == (0, 1)
    assert json.loads(new.stdout)["unknown"] == ["Data.MainInformation.NAME_G"]
