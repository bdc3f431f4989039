"""The first reader of the contracts: every file against its schema, its sources and its neighbours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import jsonschema
import pytest
import zeep
from lxml import etree
from stdnum.vn import mst

from contracts.reader import BASES, CaseFile, Contract, ContractError, DatasetContract, Version, load
from tests.registries import OURS

CONTRACTS = {name: load(f"contracts.{name}") for name in OURS}
CASES = [(contract, case) for contract in CONTRACTS.values() for case in contract.cases()]
DANCU = list(CONTRACTS["dancu"].cases())
DKDN = list(CONTRACTS["dkdn"].cases())
TAXPAYERS, DUES = (list(CONTRACTS["taichinh"].datasets[name].cases) for name in ("taxpayer", "dues"))
JSON = [(contract, case) for contract, case in CASES if contract.registry != "dancu" and case not in DUES]

REQUIRED = {
    "found": ("found", None),
    "absent": ("absent", None),
    "refused": ("unknown", "refused"),
    "rejected": ("unknown", "rejected"),
    "throttled": ("unknown", "throttled"),
    "unknown-extra-field": ("found", None),
    "missing-field": ("unknown", "malformed"),
    "somebody-else": ("unknown", "mismatched"),
}
BREAKS_THE_CONTRACT = {"not_connected", "unreachable", "timeout", "refused", "rejected", "throttled", "malformed"}
# Well-formed answers that are refused for what they say.
REFUSED_FOR_ITS_SENSE = {
    "people-too-early",
    "absent-but-failed",
    "another-root-2021",
    "another-type",
    "beside-wrapper-another-dkkd",
    "counts-disagree",
    "cut-short",
    "cut-short-gtvt",
    "data-one-ilis",
    "dossier-twice",
    "empty-but-failed",
    "failure-with-reports",
    "flags-disagree-ilis",
    "json-text-broken",
    "list-cut",
    "member-twice",
    "no-account",
    "no-date-gen1",
    "no-day",
    "no-holder",
    "no-reports",
    "no-such-day",
    "nobody-with-a-text",
    "numbers-disagree",
    "of-two-dossiers",
    "result-100",
    "result-101",
    "result-500",
    "two-head-offices-dkkd",
    "two-heads",
    "two-rows",
    "two-spellings-gen1",
    "without-parcel",
    "xml-doctype-gen1",
    "xml-field-twice-gen1",
    "years-disagree",
}
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
FOLDER = Path(__file__).parents[1] / "contracts"


def case_id(value: object) -> str:
    return value.registry if isinstance(value, Contract) else getattr(value, "name", str(value))


def payload(body: str) -> etree._Element:
    """The one element inside the SOAP body."""
    (found,) = etree.fromstring(body.encode()).find(f"{SOAP}Body")  # type: ignore[misc]
    return found


def schema_of(contract: str, name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(CONTRACTS[contract].schema(name)))


def request_schema(case: CaseFile) -> etree.XMLSchema:
    if case.contract == "unseen":
        return schema_of("dancu", "unseen-request.xsd")
    if "http://gtel.vn/qldc" in (case.request.body or ""):
        return schema_of("dancu", "gtel-request.xsd")
    flat = case.contract == "gtel" or case.options.get("date_form") == "flat"
    return schema_of("dancu", "dancu-request-flat.xsd" if flat else "dancu-request.xsd")


def answer_schema(case: CaseFile) -> etree.XMLSchema:
    body = case.response.body
    if case.contract == "unseen":
        return schema_of("dancu", f"unseen-{'life' if case.dataset == 'life_status' else 'request'}-answer.xsd")
    if "CongdanCollection" not in body:
        return schema_of("dancu", "dancu-verification-answer.xsd")
    if "MaDanToc" in body or "MaDonViHanhChinh" in body:
        return schema_of("dancu", "dancu-answer-qcvn109.xsd")
    return schema_of("dancu", "gtel-answer.xsd" if case.contract == "gtel" else "dancu-answer.xsd")


def json_schema(contract: Contract, case: CaseFile) -> dict[str, object]:
    """The schema of the dataset in its version, or where all datasets of a version answer alike, of the version."""
    own = FOLDER / contract.registry / "schema" / f"{case.dataset}.{case.contract}.schema.json"
    schema: dict[str, object] = json.loads(
        contract.schema(own.name if own.exists() else f"{case.contract}.schema.json")
    )
    return schema


def without_unlisted(root: etree._Element, case: CaseFile) -> etree._Element:
    for element in list(root.iter()):
        parent = element.getparent()
        if parent is not None and etree.QName(element).localname in case.unlisted:
            parent.remove(element)
    return root


def personal_numbers(text: str) -> Iterator[str]:
    """Everything of 12 digits, but moments of treatments (yyyyMMddHHmm) and licences, which have as many."""
    moments = r'"(ngayVao|ngayRa|tuNgay|denNgay|thoiGianKT)":"20[0-9]{10}"'
    licences = r'("sogplx":|licence_number = )"990[0-9]{9}"'
    yield from re.findall(r"(?<![0-9-])[0-9]{12}(?![0-9])", re.sub(f"{moments}|{licences}", "", text))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=case_id)
def test_every_contract_names_versions_sources_and_assumptions(contract: Contract) -> None:
    """A contract says for each version and dataset what it rests on, and lists what it assumes."""
    assert contract.assumptions
    assert all(assumption.source for assumption in contract.assumptions)
    entries: list[Version | DatasetContract] = [*contract.versions.values(), *contract.datasets.values()]
    for entry in entries:
        assert entry.basis in BASES
        assert ".md" in entry.source


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=case_id)
def test_every_case_file_rests_on_a_source(contract: Contract) -> None:
    """A case file names the document and section that it was written from, or the fault that it shows."""
    for case in contract.cases():
        assert re.search(r"\.md, [0-9A-Z]", case.source), case.name
        assert case.contract in contract.datasets[case.dataset].versions, case.name


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=case_id)
def test_every_dataset_has_the_cases_that_any_registry_can_show(contract: Contract) -> None:
    """Each dataset has in each version the eight cases, with the outcome that the name promises, or says why not."""
    for dataset in contract.datasets.values():
        named = {dataset.name_in(version, name) for version, name in product(dataset.versions, REQUIRED)}
        assert set(dataset.lacks) <= named
        for version, (name, ending) in product(dataset.versions, REQUIRED.items()):
            if {name, dataset.name_in(version, name)} & set(dataset.lacks):
                assert dataset.name_in(version, name) not in {case.name for case in dataset.cases}
                continue
            case = dataset.case(dataset.name_in(version, name))
            assert (case.contract, case.outcome, case.reason) == (version, *ending), name


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=case_id)
def test_no_two_cases_ask_the_same(contract: Contract) -> None:
    """Within one dataset and version no two cases ask about one subject."""
    for dataset in contract.datasets.values():
        asked = [(case.contract, next(iter(case.query.values()))) for case in dataset.cases]
        assert len(asked) == len(set(asked))


@pytest.mark.parametrize("case", DANCU, ids=case_id)
def test_every_soap_request_fits_the_request_schema(case: CaseFile) -> None:
    """A recorded question to the population database is valid against the schema of questions."""
    request_schema(case).assertValid(payload(case.request.body or ""))


@pytest.mark.parametrize(
    "case",
    [case for case in DANCU if re.search("CongdanCollection|XacThuc|GetRequestResult", case.response.body)],
    ids=case_id,
)
def test_every_soap_answer_fits_its_schema_unless_it_is_malformed(case: CaseFile) -> None:
    """A recorded collection or verdict is valid, what is unlisted left out, unless its outcome calls it malformed."""
    root = without_unlisted(payload(case.response.body), case)

    assert answer_schema(case).validate(root) == (case.reason != "malformed" or case.name in REFUSED_FOR_ITS_SENSE)


@pytest.mark.parametrize("case", [case for case in DANCU if case.unlisted], ids=case_id)
def test_what_is_unlisted_is_not_in_the_schema(case: CaseFile) -> None:
    """An answer with elements that the schema does not know is invalid as long as they are in it."""
    assert not answer_schema(case).validate(payload(case.response.body))


def is_well_formed(case: CaseFile) -> bool:
    """Whether the answer keeps to its schema: what a service says no with under HTTP 200 does too."""
    says_no = case.response.status == 200 and case.reason in {"refused", "rejected"}
    return says_no or case.reason not in BREAKS_THE_CONTRACT or case.name in REFUSED_FOR_ITS_SENSE


@pytest.mark.parametrize(("contract", "case"), JSON, ids=case_id)
def test_every_json_answer_fits_its_schema_unless_something_failed(contract: Contract, case: CaseFile) -> None:
    """A JSON answer is valid against the schema, unless the platform or the registry failed."""
    if is_well_formed(case):
        jsonschema.validate(json.loads(case.response.body), json_schema(contract, case))
    else:
        with pytest.raises((jsonschema.ValidationError, json.JSONDecodeError)):
            jsonschema.validate(json.loads(case.response.body), json_schema(contract, case))


@pytest.mark.parametrize(("contract", "case"), [pair for pair in JSON if pair[1].unlisted], ids=case_id)
def test_unlisted_json_fields_are_in_the_answer_and_not_in_the_schema(contract: Contract, case: CaseFile) -> None:
    """A field called unlisted stands in the answer, and the schema does not name it."""
    named = json.dumps(json_schema(contract, case))
    for field in case.unlisted:
        assert f'"{field}"' in case.response.body
        assert f'"{field}"' not in named


@pytest.mark.parametrize("case", DUES, ids=case_id)
def test_every_question_for_dues_fits_its_schema(case: CaseFile) -> None:
    """A recorded question to the tax authority is valid against the schema of questions."""
    schema_of("taichinh", "dues.gip-request.xsd").assertValid(etree.fromstring(case.request.body or ""))


@pytest.mark.parametrize(
    "case",
    [case for case in DUES if case.response.status == 200 and case.response.body.startswith("<DATA>")],
    ids=case_id,
)
def test_every_answer_about_dues_fits_its_schema_unless_it_is_malformed(case: CaseFile) -> None:
    """A recorded account is valid, what is unlisted left out, unless its outcome calls it malformed."""
    schema = schema_of("taichinh", "dues.gip-answer.xsd")
    well_formed = case.reason != "malformed" or case.name in REFUSED_FOR_ITS_SENSE

    assert schema.validate(without_unlisted(etree.fromstring(case.response.body), case)) == well_formed
    assert schema.validate(etree.fromstring(case.response.body)) == (well_formed and not case.unlisted)


@pytest.mark.parametrize("case", TAXPAYERS + DUES, ids=case_id)
def test_every_code_of_a_taxpayer_is_invented(case: CaseFile) -> None:
    """Tax codes begin with 99, which is not in use, and have a valid check digit; or are invented personal numbers."""
    asked = case.query["tax_code"]
    named = re.findall(r'"mst": ?"([^"]+)"|<MST>([^<]+)</MST>', case.response.body)
    assert asked in case.request.path + (case.request.body or "")
    for code in {asked, *("".join(pair) for pair in named)}:
        assert (
            code.startswith(("000", "003", "100")) if len(code) == 12 else code.startswith("99") and mst.is_valid(code)
        )


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=case_id)
def test_every_personal_number_is_invented(contract: Contract) -> None:
    """Personal numbers begin with 000, 003 or 100, which no province has; old numbers with 000."""
    for case in contract.cases():
        text = (FOLDER / contract.registry / case.dataset / f"{case.name}.toml").read_text()
        assert all(number.startswith(("000", "003", "100")) for number in personal_numbers(text)), case.name
        assert all(number.startswith("000") for number in re.findall(r"<ns1:SoCMND>([0-9]+)", text)), case.name


@pytest.mark.parametrize("case", DANCU, ids=case_id)
def test_every_citizen_asked_about_was_born_in_the_year_of_his_number(case: CaseFile) -> None:
    """The number that is asked about agrees with the birth date that is asked about."""
    number, born = case.query.get("citizen_id", ""), case.query.get("birth_date", "")
    if number:
        assert number[4:6] == born[2:4]
        assert 19 + int(number[3]) // 2 == int(born[:2])


@pytest.mark.parametrize("case", DKDN, ids=case_id)
def test_every_tax_code_is_invented_and_well_formed(case: CaseFile) -> None:
    """Tax codes begin with 99, which is not in use, and have a valid check digit; or are invented personal numbers."""
    named = re.findall(r'(?:GDT_CODE|MaSoDoanhNghiep|MaSoHTX|MaSoHKD)":"([^"]+)"', case.response.body)
    asked = () if case.dataset in {"dossiers", "dossier"} else (next(iter(case.query.values())),)
    assert set(asked) <= set(case.request.query.values())
    for code in {*asked, *named} - {"99A8000001"}:  # no tax code, which is what its case file is about
        if len(code) == 12:
            assert code.startswith(("000", "003", "100"))
        else:
            assert code.startswith("99")
            assert mst.is_valid(code)


@pytest.mark.parametrize("case", list(CONTRACTS["cpxd"].cases()), ids=case_id)
def test_every_construction_permit_is_invented(case: CaseFile) -> None:
    """Numbers begin with 99, and offices are of H99, which is no agency."""
    numbers = [case.query["permit_number"], *re.findall(r'"SoGiayPhep(?:Goc)?":"([^"]+)"', case.response.body)]
    assert all(number.startswith("99") for number in numbers)
    assert all(code.startswith("H99") for code in re.findall(r'"MaCoQuanCap":"([^"]+)"', case.response.body))


@pytest.mark.parametrize("case", list(CONTRACTS["tkds"].cases()), ids=case_id)
def test_every_indicator_is_invented(case: CaseFile) -> None:
    """Indicators begin with 99, which is no list's."""
    assert case.query["indicator_code"].startswith("99")


@pytest.mark.parametrize("case", list(CONTRACTS["qhns"].cases()), ids=case_id)
def test_every_budget_code_is_invented(case: CaseFile) -> None:
    """Serials begin with 99, which is far from those that are given out."""
    named = re.findall(r'"MA_[A-Z_]*(?:DVQHNS|DVQHNS_CHA|CHU_DAU_TU)":"?([0-9A-Z]{7})', case.response.body)
    assert all(code[1:3] == "99" for code in (next(iter(case.query.values())), *named))


@pytest.mark.parametrize("case", list(CONTRACTS["datdai"].cases()), ids=case_id)
def test_every_land_certificate_and_dossier_is_invented(case: CaseFile) -> None:
    """Serial numbers are of the series ZZ, which is not in use; dossiers are of H99, which is no agency."""
    text = (case.request.body or "") + case.response.body
    assert all(number.startswith("ZZ") for number in re.findall(r'"soPhatHanh":"([^"]+)"', text))
    assert all(number.startswith("H99.") for number in re.findall(r'"SoBienNhan":"([^"]+)"', text))


@pytest.mark.parametrize("case", [case for case in DKDN if case.dataset in {"dossiers", "dossier"}], ids=case_id)
def test_every_dossier_of_business_registration_is_invented(case: CaseFile) -> None:
    """Offices and the numbers of receipts begin with 99, and whoever is named lives nowhere."""
    text = case.response.body
    numbers = re.findall(r'"(?:IN_JOURNAL_NO|SITE_ID)":"?([0-9]+)', text)
    asked = [case.query.get("office"), (case.query.get("dossier_number") or "").lstrip("0")]
    assert all(number.startswith("99") for number in [*numbers, *filter(None, asked)])
    assert set(re.findall(r'"CONTACT_(?:PHONE|EMAIL)":"([^"]+)"', text)) <= {"0000000000", "mau@vidu.invalid"}


@pytest.mark.parametrize("case", list(CONTRACTS["khodlg"].cases()), ids=case_id)
def test_every_digital_result_is_invented(case: CaseFile) -> None:
    """Numbers of papers begin with 99 or ZZ, and files lie under G99, which is no ministry."""
    numbers = re.findall(r'"SoKyHieu":"?([^",]+)', (case.request.body or "") + case.response.body)
    assert all(number.startswith(("99", "ZZ", "1999999", "null")) for number in numbers)
    assert all(path.startswith("/G99/") for path in re.findall(r'"DuongDan":"([^"]+)"', case.response.body))


DESCRIPTIONS = {
    "dancu.wsdl": ("citizen/found", "citizen/found-2021", "verification/found-2021", "household/found"),
    "dancu-flat.wsdl": ("citizen/found-flat-date-2021", "verification/flat-date-2021", "verification/found-gtel"),
    "gtel.wsdl": ("citizen/found-gtel", "citizen/found-year-only-gtel", "citizen/found-old-number-gtel"),
}


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in DESCRIPTIONS.items() for name in names])
def test_the_service_description_builds_the_recorded_requests(file: str, name: str) -> None:
    """A SOAP library that knows the packaged description alone writes the recorded elements in their order."""
    client = zeep.Client(str(FOLDER / "dancu" / "schema" / file))  # type: ignore[no-untyped-call]
    dataset, _, case = name.partition("/")
    recorded = payload(CONTRACTS["dancu"].datasets[dataset].case(case).request.body or "")

    values: dict[str, object] = {etree.QName(child).localname: child.text for child in recorded}
    if len(recorded[-1]):
        values["NgayThangNamSinh"] = {etree.QName(part).localname: part.text for part in recorded[-1]}
    shuffled = dict(sorted(values.items()))
    operation = etree.QName(recorded).localname
    built = client.create_message(client.service, operation, **shuffled)  # type: ignore[no-untyped-call]

    assert [(e.tag, (e.text or "").strip()) for e in built[0][0].iter()] == [
        (e.tag, (e.text or "").strip()) for e in recorded.iter()
    ]


def test_no_schema_points_outside_its_folder() -> None:
    """The service descriptions and their schemas import neighbours only, by name."""
    folder = FOLDER / "dancu" / "schema"
    locations = [
        place for file in folder.iterdir() for place in re.findall(r'schemaLocation="([^"]+)"', file.read_text())
    ]
    assert {name for name in locations if name.endswith("-answer.xsd")} == {
        "dancu-answer.xsd",
        "dancu-verification-answer.xsd",
        "gtel-answer.xsd",
        "unseen-life-answer.xsd",
        "unseen-request-answer.xsd",
    }
    assert all((folder / name).is_file() and "/" not in name for name in locations)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A contract with one case of each dataset, to be broken."""
    source = FOLDER / "dkdn"
    for name in ("contract.toml", *(f"{dataset}/found.toml" for dataset in CONTRACTS["dkdn"].datasets)):
        target = tmp_path / "dkdn" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())
    return tmp_path / "dkdn"


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("enterprise/found.toml", "[query]", "colour = 1\n[query]", "enterprise/found.toml: colour"),
        ("enterprise/found.toml", "status = 200", 'status = "200"', "found.toml: response.status: must be of type int"),
        ("enterprise/found.toml", "status = 200", "status = true", "found.toml: response.status: must be of type int"),
        ("enterprise/found.toml", 'outcome = "found"', 'outcome = "unknown"', "found.toml: reason: is missing"),
        ("enterprise/found.toml", 'outcome = "found"', 'outcome = "absent"', "found.toml: record"),
        ("enterprise/found.toml", 'basis = "observed"', 'basis = "rumour"', "found.toml: basis: must be one of"),
        ("enterprise/found.toml", 'contract = "ngsp"', 'contract = "other"', "found.toml: contract: must be one of"),
        ("enterprise/found.toml", "[request]", "[request", "found.toml: cannot be read"),
        ("contract.toml", 'owner = "Bộ Tài chính"', "", "contract.toml: owner: is missing"),
        ("contract.toml", 'kind = "one"', 'kind = "two"', "contract.toml: datasets.enterprise.kind"),
        ("contract.toml", 'account = "canbo.mau"', 'login = "x"', "contract.toml: inquiry.officer.account"),
        ("contract.toml", 'versions = ["ngsp", ', 'versions = ["x", ', "contract.toml: datasets.enterprise.versions"),
        ("contract.toml", "particulars.hcm]", "particulars.x]", "contract.toml: datasets.enterprise.particulars"),
        ("contract.toml", 'id = "dkdn-T1"', 'number = "1"', "contract.toml: traps[0].id: is missing"),
        ("contract.toml", 'tests = ["test_of_several', 'proof = ["x', "traps[22].cases: or tests must name what shows"),
    ],
)
def test_a_broken_contract_is_refused_by_file_and_key(
    copy: Path, file: str, old: str, new: str, complaint: str
) -> None:
    """An unknown, missing or unfit key is an error that names its file and itself."""
    path = copy / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(ContractError, match=re.escape(complaint)):
        load(copy)


def test_a_contract_reads_the_same_from_a_folder_and_a_package(copy: Path) -> None:
    """A folder and a package with the same files are the same contract."""
    assert load(FOLDER / "dkdn") == CONTRACTS["dkdn"]
    assert load(copy).datasets["enterprise"].case("found") == CONTRACTS["dkdn"].datasets["enterprise"].case("found")
