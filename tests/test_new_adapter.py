"""A package made from one example, installed and run without a hand on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import XML

import pytest

from gateway.errors import SettingsError
from gateway.kit.new_adapter import new_adapter
from gateway.kit.scaffold.contract import cases_of
from gateway.kit.scaffold.example import read_example, read_service
from gateway.kit.scaffold.names import field_name, field_names
from gateway.kit.scaffold.openapi import example_of
from tests.commands import run
from tests.test_third_party import environment, gateway

GIVEN: dict[str, Any] = {
    "dataset": "permit",
    "title": 'Giấy phép "ví dụ"',
    "request": {"method": "GET", "path": "/api/traCuu", "query": {"soGiayPhep": "GP-990001", "loai": "A"}},
    "response": {
        "body": {
            "ketQua": 1,
            "thongBao": "Thành công",
            "duLieu": {
                "giayPhep": {
                    "soGiayPhep": "GP-990001",
                    "chuGiayPhep": "CÔNG TY TNHH VÍ DỤ",
                    "dienTich": 12.50,
                    "class": None,
                    "diaChi": {"xa": "Xã Ví Dụ", "soNha": None},
                    "hangMuc": [{"ma": "1", "ten": "Nhà"}, {"ma": "2"}],
                    "ghiChu": ["một", "hai"],
                }
            },
        }
    },
    "absent": {"body": {"ketQua": 1, "thongBao": "Không có", "duLieu": {"giayPhep": None}}},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "nested": GIVEN,
    "listed": {
        "dataset": "firm",
        "request": {"method": "POST", "path": "/firms", "body": {"code": "9900000023", "page": {"from": 1}}},
        "response": {"body": {"code": "00", "items": [{"code": "9900000023", "name": "CÔNG TY", "active": True}]}},
        "absent": {"body": {"code": "01", "items": []}},
    },
    "flat": {
        "dataset": "state",
        "request": {"method": "GET", "path": "/state", "query": {"id": "X1"}},
        "response": {"body": {"TRANG_THAI": "đang xử lý", "soLan": 3}},
    },
}


def edited(**changes: Any) -> bytes:
    """The example with other members; `request__path` is a member of `request`, and `...` takes one out."""
    value = json.loads(json.dumps(GIVEN))
    for key, change in changes.items():
        *above, name = key.split("__")
        place = value
        for one in above:
            place = place[one]
        place[name] = change
        if change is ...:
            del place[name]
    return json.dumps(value).encode()


def test_a_package_is_made_installed_and_proven(tmp_path: Path) -> None:
    """Made by the command and installed by pip, it is found by entry point and passes its contract test."""
    (tmp_path / "example.json").write_text(json.dumps(GIVEN), encoding="utf-8")
    made = gateway(tmp_path, "new-adapter", "vidu", "--example", "example.json", "--folder", "made")
    assert made.returncode == 0, made.stderr
    assert "pip install pytest -e made && " in made.stdout, "what runs the tests is not there by itself"

    quietly = ("-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-build-isolation")
    ran(tmp_path, *quietly, "--no-index", "--target", str(tmp_path / "site"), str(tmp_path / "made"))
    tested = gateway(tmp_path / "site", "contract", "test", "vidu", "--json")

    report = json.loads(tested.stdout)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert {one["basis"] for one in report["cases"]} == {"assumed"}
    assert {one["case"] for one in report["cases"]} == {
        *("found", "absent", "somebody-else", "unlisted", "missing", "refused", "rejected", "throttled")
    }


DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Giấy phép ví dụ", "version": "1"},
    "paths": {
        "/api/traCuu": {
            "parameters": [{"$ref": "#/components/parameters/So"}],
            "get": {
                "operationId": "traCuuGiayPhep",
                "summary": "Tra cứu giấy phép",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/TraLoi"},
                                "examples": {"notFound": {"value": {"ketQua": 1, "giayPhep": None}}},
                            }
                        },
                    }
                },
            },
        },
        "/api/danhSach": {
            "post": {
                "parameters": [{"name": "trang", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Hoi"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/GiayPhep"}}}}
                },
            }
        },
    },
    "components": {
        "parameters": {"So": {"name": "soGiayPhep", "in": "query", "schema": {"type": "string", "maxLength": 12}}},
        "schemas": {
            "Hoi": {"type": "object", "properties": {"soGiayPhep": {"type": "string", "maxLength": 12}}},
            "TraLoi": {
                "type": "object",
                "properties": {"ketQua": {"type": "integer"}, "giayPhep": {"$ref": "#/components/schemas/GiayPhep"}},
            },
            "GiayPhep": {
                "allOf": [
                    {"type": "object", "properties": {"soGiayPhep": {"type": "string", "maxLength": 12}}},
                    {
                        "type": "object",
                        "properties": {
                            "ngayCap": {"type": "string", "format": "date"},
                            "conHan": {"type": ["boolean", "null"]},
                            "loai": {"enum": ["A", "B"]},
                            "maXa": {"type": "string", "pattern": "^[0-9]{5}$"},
                            "dienTich": {"type": "number", "example": 12.5},
                            "hangMuc": {"type": "array", "items": {"type": "object", "properties": {"ma": {}}}},
                        },
                    },
                ]
            },
        },
    },
}


WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="http://vidu.invalid/giayphep"
             targetNamespace="http://vidu.invalid/giayphep">
  <types>
    <xs:schema targetNamespace="http://vidu.invalid/giayphep" elementFormDefault="qualified">
      <xs:element name="TraCuu">
        <xs:complexType><xs:sequence>
          <xs:element name="SoGiayPhep" type="t:So"/><xs:element name="Ngay" type="xs:date" minOccurs="0"/>
        </xs:sequence></xs:complexType>
      </xs:element>
      <xs:element name="TraCuuResponse">
        <xs:complexType><xs:sequence>
          <xs:element name="SoGiayPhep" type="t:So"/>
          <xs:element name="Chu"><xs:complexType><xs:sequence>
            <xs:element name="Ten" type="xs:string"/><xs:element name="Loai" type="t:Loai"/>
          </xs:sequence></xs:complexType></xs:element>
          <xs:element name="HangMuc" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType>
      </xs:element>
      <xs:simpleType name="So">
        <xs:restriction base="xs:string"><xs:maxLength value="20"/></xs:restriction>
      </xs:simpleType>
      <xs:simpleType name="Loai"><xs:restriction base="xs:string">
        <xs:enumeration value="A"/><xs:enumeration value="B"/>
      </xs:restriction></xs:simpleType>
    </xs:schema>
  </types>
  <message name="Hoi"><part name="p" element="t:TraCuu"/></message>
  <message name="Dap"><part name="p" element="t:TraCuuResponse"/></message>
  <portType name="Cong">
    <operation name="TraCuu"><input message="t:Hoi"/><output message="t:Dap"/></operation>
  </portType>
  <binding name="NoiKet" type="t:Cong">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="TraCuu"><soap:operation soapAction="urn:tra-cuu"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
    </operation>
  </binding>
  <service name="DichVu"><port name="CongMot" binding="t:NoiKet">
    <soap:address location="http://mock.invalid/vidu"/>
  </port></service>
</definitions>
"""


@dataclass(frozen=True)
class Source:
    """What a package is made from: the option, its file, and what else is said."""

    option: str
    text: str
    more: tuple[str, ...] = ()


SOURCES = {
    **{name: Source("--example", json.dumps(given)) for name, given in EXAMPLES.items()},
    "get": Source("--openapi", json.dumps(DOCUMENT), ("--operation", "traCuuGiayPhep")),
    "post": Source("--openapi", json.dumps(DOCUMENT), ("--operation", "POST /api/danhSach")),
    "soap": Source("--wsdl", WSDL),
}


@dataclass(frozen=True)
class Made:
    """A package, what was said while it was made, and how many of its own tests have passed."""

    folder: Path
    said: str
    passed: int

    @property
    def cases(self) -> set[str]:
        return {file.stem for file in self.folder.glob("gateway_*/contract/*/*.toml")}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """A package from each source, by the command. Their own tests run in one process, for its start is most of it."""
    folder = tmp_path_factory.mktemp("packages")
    said = {}
    for name, source in SOURCES.items():
        (folder / f"{name}.source").write_text(source.text, encoding="utf-8")
        asked = (source.option, str(folder / f"{name}.source"), *source.more, "--folder", str(folder / name))
        made = run("new-adapter", f"vidu{name}", *asked)
        assert made.returncode == 0, made.stderr
        said[name] = made.stderr
    told = ("-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "--junit-xml", "tests.xml")
    ran(folder, "-m", "pytest", "-q", *told, *(f"{name}/tests" for name in SOURCES), paths=list(SOURCES))
    results = XML(folder.joinpath("tests.xml").read_text(encoding="utf-8"))
    passed = Counter(str(one.get("classname")).partition(".")[0] for one in results.iter("testcase"))
    return {name: Made(folder / name, said[name], passed[name]) for name in SOURCES}


@pytest.mark.parametrize("source", SOURCES)
def test_what_was_made_passes_its_own_tests(packages: dict[str, Made], source: str) -> None:
    """By the command, from examples and from documents: adapter and stand-in agree on every case file."""
    made = packages[source]

    assert made.passed == 2 * len(made.cases) + 1
    assert {"found", "unlisted", "missing"} <= made.cases
    assert ("absent" in made.cases) == (source in {"nested", "listed", "get"}), "where it is told how nobody is told"
    assert ("somebody-else" in made.cases) == (source != "flat"), "where the number stands in question and answer"


def test_what_was_made_is_code_without_a_fault(packages: dict[str, Made]) -> None:
    """ruff finds nothing in any of it."""
    folder = packages["nested"].folder.parent
    ran(folder, "-m", "ruff", "check", "--isolated", "--select", "E,F,B,UP,N", "--line-length", "120", *SOURCES)


def test_parameters_that_are_not_sent_are_named(packages: dict[str, Made]) -> None:
    """What an OpenAPI document lets a caller leave out is left out, and said."""
    assert [name for name, made in packages.items() if "not sent: trang (query)" in made.said] == ["post"]


def test_the_action_of_an_operation_is_sent(packages: dict[str, Made]) -> None:
    """As the WSDL's binding names it."""
    mapping = (packages["soap"].folder / "gateway_vidusoap" / "mapping.py").read_text(encoding="utf-8")

    assert r"""headers={"SOAPAction": "\"urn:tra-cuu\""}""" in mapping


WRONG_SERVICES = [
    (b"{}", None, "not well-formed"),
    (WSDL.encode(), "Khac", "--operation: one of TraCuu"),
    (
        WSDL.replace("<xs:element name=", '<xs:import namespace="x"/><xs:element name=', 1).encode(),
        None,
        "one schema inside",
    ),
    (
        WSDL.replace('type="xs:date"', 'type="t:Trong"')
        .replace(
            '<xs:simpleType name="So">',
            '<xs:complexType name="Trong"><xs:sequence>'
            '<xs:element name="A" type="xs:string"/></xs:sequence></xs:complexType>'
            '<xs:simpleType name="So">',
        )
        .encode(),
        None,
        "elements inside elements",
    ),
    *(
        (WSDL.replace("xs:date", f"xs:{kind}").encode(), None, f"Ngay: a value of the kind {kind} is not invented")
        for kind in ("time", "hexBinary", "gYearMonth", "base64Binary", "duration", "QName")
    ),
    (WSDL.replace("t:Loai", "t:So").replace('base="xs:string"', 'base="t:Loai"', 1).encode(), None, "the kind Loai"),
    (WSDL.replace('style="document"', 'style="rpc"').encode(), None, "document/literal"),
    (WSDL.replace('use="literal"', 'use="encoded"').encode(), None, "document/literal"),
    (WSDL.replace("/wsdl/soap/", "/wsdl/soap12/").encode(), None, "SOAP 1.2"),
    (WSDL.replace('<operation name="TraCuu"><soap', '<operation name="X"><soap').encode(), None, "in no binding"),
]


@pytest.mark.parametrize(("document", "operation", "said"), WRONG_SERVICES, ids=range(len(WRONG_SERVICES)))
def test_a_wsdl_of_no_use_is_refused(document: bytes, operation: str | None, said: str) -> None:
    """What is missing, or cannot be made by itself, is named."""
    with pytest.raises(SettingsError, match=said):
        read_service("vidu", document, operation)


@pytest.mark.parametrize("kind", ["unsignedInt", "unsignedLong", "byte", "gYear", "dateTime", "token"])
def test_an_invented_message_is_as_the_schema_wants_it(kind: str) -> None:
    """Each built-in kind that is taken gives a value that it allows."""
    example = read_service("vidu", WSDL.replace("xs:date", f"xs:{kind}").encode(), None)

    assert len(list(cases_of(example))) > 5


def test_what_no_value_fits_is_refused(tmp_path: Path) -> None:
    """A limit that the invented value breaks is found before anything is written."""
    limited = WSDL.replace('<xs:maxLength value="20"/>', '<xs:maxLength value="20"/><xs:minLength value="15"/>')

    with pytest.raises(SettingsError, match=r"that the schema takes: answer\.xsd: SoGiayPhep"):
        new_adapter(read_service("vidu", limited.encode(), None), tmp_path / "made", ())
    assert not (tmp_path / "made").exists()


def wanting(path: str, method: str, where: str, name: str) -> bytes:
    """The document with a parameter more, which an operation cannot do without."""
    document = json.loads(json.dumps(DOCUMENT))
    more = {"name": name, "in": where, "required": True, "schema": {"type": "string"}}
    document["paths"][path][method].setdefault("parameters", []).append(more)
    return json.dumps(document).encode()


def test_a_header_that_is_no_parameter_is_in_nobodys_way() -> None:
    """`Accept`, `Content-Type` and `Authorization` among the parameters mean nothing, as OpenAPI says."""
    assert example_of(wanting("/api/traCuu", "get", "header", "Accept"), "traCuuGiayPhep")


WRONG_DOCUMENTS = [
    (wanting("/api/danhSach", "post", "query", "nam"), "POST /api/danhSach", r"wants nam \(query\)"),
    (wanting("/api/danhSach", "post", "header", "maTinh"), "POST /api/danhSach", r"wants maTinh \(header\)"),
    (wanting("/api/traCuu", "get", "header", "maTinh"), "traCuuGiayPhep", r"traCuuGiayPhep: wants maTinh \(header\)"),
    (b"openapi: 3.0.3", None, "in YAML must be written as JSON"),
    (json.dumps({"swagger": "2.0"}).encode(), None, "must be 3.0 or 3.1"),
    (json.dumps(DOCUMENT).encode(), None, "--operation: one of traCuuGiayPhep, POST /api/danhSach"),
    (json.dumps(DOCUMENT).replace("/api/traCuu", "/api/{so}").encode(), "traCuuGiayPhep", "stands in the path"),
    (json.dumps(DOCUMENT).replace("#/components/schemas/TraLoi", "b.json").encode(), "traCuuGiayPhep", "leads out of"),
    (json.dumps(DOCUMENT).replace("parameters/So", "parameters/X").encode(), "traCuuGiayPhep", "leads nowhere"),
    (json.dumps(DOCUMENT).replace("application/json", "text/xml").encode(), "traCuuGiayPhep", "nothing of application"),
]


@pytest.mark.parametrize(("document", "operation", "said"), WRONG_DOCUMENTS, ids=[said for *_, said in WRONG_DOCUMENTS])
def test_a_document_of_no_use_is_refused(document: bytes, operation: str | None, said: str) -> None:
    """What is missing, or cannot be made by itself, is named."""
    with pytest.raises(SettingsError, match=said):
        example_of(document, operation)


def ran(folder: Path, *arguments: str, paths: Sequence[str] = (".",)) -> subprocess.CompletedProcess[str]:
    """Python in a folder; `paths` below it are where packages are found."""
    found = os.pathsep.join(str((folder / one).resolve()) for one in paths)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(folder, {"PYTHONPATH": found}),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_every_question_is_another(tmp_path: Path) -> None:
    """No two case files ask the same, and what is known to nobody is said in the contract."""
    new_adapter(read_example("vidu", json.dumps(EXAMPLES["flat"]).encode()), tmp_path / "made", ())

    folder = tmp_path / "made" / "gateway_vidu" / "contract"
    asked = [tomllib.loads(file.read_text(encoding="utf-8"))["query"] for file in folder.glob("state/*.toml")]
    lacks = tomllib.loads((folder / "contract.toml").read_text(encoding="utf-8"))["datasets"]["state"]["lacks"]
    assert len({json.dumps(one) for one in asked}) == len(asked) == 6
    assert set(lacks) == {"absent", "somebody-else"}


REFUSED = [
    (b"{", "--example: not JSON"),
    (edited(reply={}), "--example: reply: is not known"),
    (edited(response=...), "--example: response: is missing"),
    (edited(dataset="class"), "--example: dataset"),
    (edited(request__method="PUT"), "--example: request.method"),
    (edited(request__path="/a/../b"), "--example: request.path"),
    (edited(request__path="/a?x=1"), "--example: request.path"),
    (edited(request__body={}), "--example: request.body: POST has one"),
    (edited(request__method="POST", request__body={"so": "1", "tien": 1.5}), "request.body: has a fraction"),
    (edited(request__query={}), "--example: request: something must be asked"),
    (edited(request__query={"ten": "Nguyễn"}), "--example: request: one of the keys must have a digit"),
    (edited(response__status=404), "--example: response.status"),
    (edited(response__body=[]), "--example: response.body: a JSON object"),
    (edited(absent__body={"ketQua": 2, "duLieu": GIVEN["response"]["body"]["duLieu"]}), "--example: absent.body"),
    (edited(absent__body={"ketQua": "1", "duLieu": None}), "response.body.ketQua: integer here and string there"),
]


@pytest.mark.parametrize(("example", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_an_example_of_no_use_is_refused(example: bytes, said: str, tmp_path: Path) -> None:
    """The member at fault is named, and nothing is written."""
    with pytest.raises(SettingsError) as refused:
        new_adapter(read_example("vidu", example), tmp_path / "made", ())

    assert said in str(refused.value)
    assert not (tmp_path / "made").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A folder that is there, a registry that is installed and a name that is none are refused."""
    for name, folder, said in (("vidu", ".", "is there already"), ("dkdn", "x", "installed"), ("Vidu", "x", "NAME")):
        with pytest.raises(SettingsError, match=said):
            new_adapter(read_example(name, edited()), tmp_path / folder, {"dkdn"})


def test_names_are_names_of_python() -> None:
    """A registry's names become fields of their own, whatever they are."""
    assert field_name("soGiayPhep") == field_name("SO_GIAY_PHEP") == field_name("SoGiayPhep") == "so_giay_phep"
    assert [field_name(one) for one in ("class", "1a", "Địa chỉ", "json", "…")] == [
        "class_",
        "field_1_a",
        "dia_chi",
        "json_",
        "field",
    ]
    assert field_names(["maSo", "MaSo", "ma_so"]) == {"maSo": "ma_so", "MaSo": "ma_so_2", "ma_so": "ma_so_3"}
