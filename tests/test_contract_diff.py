"""What breaks between two versions of a contract's folder, and what does not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import ContractError
from gateway.kit.changes import Change
from gateway.kit.diff import diff
from tests.test_cli import run

ROOT = Path(__file__).parents[1]
REQUEST = "dancu/schema/dancu-request.xsd"
ANSWER = "dancu/schema/dancu-answer.xsd"
FIRM = "dkdn/schema/enterprise.ngsp.schema.json"
PHONE = '<xs:element name="SoDienThoai"'


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., list[Change]]:
    """Differences after one replacement in one file of a contract; every place where it stands is replaced."""

    def edited(file: str, old: str, new: str) -> list[Change]:
        registry = file.partition("/")[0]
        shutil.copytree(ROOT / "contracts" / registry, tmp_path / registry)
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
        return diff(ROOT / "contracts" / registry, tmp_path / registry)

    return edited


@pytest.mark.parametrize("registry", [file.parent.name for file in (ROOT / "contracts").glob("*/contract.toml")])
def test_a_contract_does_not_differ_from_itself(registry: str) -> None:
    """Every contract that is here can be read, and compared with itself nothing is different."""
    assert diff(ROOT / "contracts" / registry, ROOT / "contracts" / registry) == []


BREAKING = [
    ("dkdn/contract.toml", 'operation = "chiTietHopTacXa"', 'operation = "chiTiet"', "datasets.cooperative.operation"),
    ("dkdn/contract.toml", 'kind = "one"', 'kind = "list"', "datasets.cooperative.kind"),
    (REQUEST, PHONE, '<xs:element name="LyDo" type="xs:string"/>' + PHONE, "TraCuuThongTinCongDan.LyDo"),
    (REQUEST, 'name="SoDienThoai"', 'name="DienThoai"', "TraCuuThongTinCongDan.SoDienThoai"),
    (REQUEST, '<xs:maxLength value="100"/>', '<xs:maxLength value="50"/>', "TraCuuThongTinCongDan.HoVaTen"),
    (ANSWER, 'name="NhomMau"', 'name="MauNhom"', "CongdanCollection.CongDan.NhomMau"),
    (FIRM, '"FOUNDING_DATE":', '"FOUNDED":', "Data.MainInformation.FOUNDING_DATE"),
    (FIRM, '"required": ["ENTERPRISE_GDT_CODE", "NAME"]', '"required": ["NAME"]', "ENTERPRISE_GDT_CODE"),
    (FIRM, '"^[0-9]{10}(-[0-9]{3})?$"', '"^[0-9]{10}$"', "ENTERPRISE_GDT_CODE"),
    (FIRM, '"minLength": 1, "maxLength": 1000', '"minLength": 1, "maxLength": 9', "MainInformation.NAME"),
    (FIRM, '"enum": ["0", "1", 0, 1]', '"enum": ["0", "1"]', "Status"),
    (FIRM, '"enum": ["0", "1", 0, 1]', '"enum": ["0", "1", "2", 0, 1]', "Status"),
    ("dancu/schema/dancu.wsdl", 'element="ct:CongdanCollection"', 'element="ct:DanhSach"', "operation.TraCuu"),
    ("dkdn/enterprise/absent.toml", 'outcome = "absent"', 'outcome = "unknown"\nreason = "rejected"', "absent outcome"),
    ("dkdn/enterprise/found.toml", "/1.0/", "/2.0/", "enterprise/found request"),
    ("dkdn/enterprise/found.toml", 'foreign_name = "EXAMPLE CO., LTD"\n', "", "enterprise/found record"),
]


@pytest.mark.parametrize(("file", "old", "new", "place"), BREAKING, ids=lambda one: one[-30:])
def test_what_an_adapter_leaned_on_is_gone(
    compared: Callable[..., list[Change]], file: str, old: str, new: str, place: str
) -> None:
    """Less in an answer, more asked of a request, another name or another end breaks, and the place is named."""
    assert any(place in one.place for one in compared(file, old, new) if one.breaks)


ASSUMED = 'summary = "x"\nbasis = "assumed"\nsource = "x"\n'
HARMLESS = [
    ("dkdn/contract.toml", '[versions.ngsp]\nsummary = "', '[versions.ngsp]\nsummary = "REST: '),
    ("dkdn/contract.toml", "[versions.hcm]", f"[versions.next]\n{ASSUMED}[versions.hcm]"),
    (REQUEST, PHONE, '<xs:element name="LyDo" type="xs:string" minOccurs="0"/>' + PHONE),
    (REQUEST, '<xs:maxLength value="100"/>', '<xs:maxLength value="200"/>'),
    (FIRM, '"MainInformation": {', '"Remarks": {"type": "string"}, "MainInformation": {'),
    (FIRM, '"minLength": 1, "maxLength": 1000', '"minLength": 1, "maxLength": 2000'),
    ("dkdn/enterprise/found.toml", "change_count = 2\n", 'change_count = 2\nnew_member = "x"\n'),
    ("dkdn/enterprise/found.toml", 'basis = "observed"', 'basis = "official"'),
]


@pytest.mark.parametrize(("file", "old", "new"), HARMLESS, ids=lambda one: one[:30])
def test_what_an_adapter_may_ignore_is_harmless(
    compared: Callable[..., list[Change]], file: str, old: str, new: str
) -> None:
    """What is optional, wider or new in an answer breaks nothing."""
    assert [one for one in compared(file, old, new) if one.breaks] == []


def test_case_files_that_went_break_and_new_ones_do_not(tmp_path: Path) -> None:
    """A removed case file is breaking, an added one harmless; of a removed dataset the whole is named."""
    shutil.copytree(ROOT / "contracts" / "dkdn", tmp_path / "dkdn")
    (tmp_path / "dkdn" / "enterprise" / "found.toml").rename(tmp_path / "dkdn" / "enterprise" / "found-again.toml")

    changes = diff(ROOT / "contracts" / "dkdn", tmp_path / "dkdn")

    assert [(one.breaks, one.place) for one in changes] == [
        (True, "enterprise/found"),
        (False, "enterprise/found-again"),
    ]


def test_a_removed_version_and_dataset_break(tmp_path: Path) -> None:
    """What is no longer offered is named once, with its name; the other way round it is new, and harmless."""
    shutil.copytree(ROOT / "contracts" / "dkdn", tmp_path / "dkdn")
    text = (tmp_path / "dkdn" / "contract.toml").read_text(encoding="utf-8")
    for table in ("versions.hcm", "datasets.enterprise.particulars.hcm", "datasets.cooperative"):
        text = re.sub(rf"^\[{table}\]\n(?:\w.*\n)+", "", text, flags=re.MULTILINE)
    text = text.replace('["ngsp", "dkkd", "hcm"]', '["ngsp", "dkkd"]')
    (tmp_path / "dkdn" / "contract.toml").write_text(text, encoding="utf-8")
    for file in (tmp_path / "dkdn" / "enterprise").glob("*-hcm.toml"):
        file.unlink()

    there, back = (ROOT / "contracts" / "dkdn", tmp_path / "dkdn"), (tmp_path / "dkdn", ROOT / "contracts" / "dkdn")
    gone = {"versions.hcm", "datasets.cooperative", "datasets.enterprise.versions"}
    assert gone == {one.place for one in diff(*there) if one.breaks and not one.place.startswith("enterprise/")}
    assert not any(one.breaks for one in diff(*back))


def test_the_command_says_by_its_exit_code_whether_something_breaks(tmp_path: Path) -> None:
    """0 where nothing breaks, 1 where something does, 2 for a folder that is no contract, which is named."""
    old = ROOT / "contracts" / "dkdn"
    shutil.copytree(old, tmp_path / "dkdn")
    (tmp_path / "dkdn" / "enterprise" / "found.toml").unlink()
    (tmp_path / "empty").mkdir()

    same = run("contract", "diff", str(old), str(old))
    broken = run("contract", "diff", str(old), str(tmp_path / "dkdn"), "--json")
    nothing = run("contract", "diff", str(old), str(tmp_path / "empty"))

    assert (same.returncode, broken.returncode, nothing.returncode) == (0, 1, 2)
    assert json.loads(broken.stdout) == [
        {"breaking": True, "place": "enterprise/found", "change": "the case file was removed"}
    ]
    assert "contract.toml" in nothing.stderr


def test_a_schema_that_cannot_be_read_is_named(compared: Callable[..., list[Change]]) -> None:
    """A broken schema file is an error that names the file, never a difference."""
    with pytest.raises(ContractError, match=r"enterprise\.ngsp\.schema\.json: is no JSON"):
        compared(FIRM, '"oneOf": [{', '"oneOf": [{{')
