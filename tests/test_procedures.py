"""The catalogue of procedures and papers: what is packaged, what a province adds, and how its faults are told."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from gateway import app, app_papers
from gateway.errors import SettingsError
from gateway.kit.paper_grants import ungranted
from gateway.kit.policy import deciding
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.fitting import not_installed
from gateway.procedures.reading import packaged, read_catalogue
from gateway.procedures.words import Publication
from gateway.settings import load
from mocks.server import Running
from tests.conftest import Desk, open_desk, settings_for
from tests.policies import policy, rule, with_policy

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 3, 1)
OWN = """
[procedures."9.000001"]
title = "Thủ tục của tỉnh"
title_en = "A procedure of the province"
levels = ["province"]
decision = "1/QĐ-UBND"
source = "portal"
[[procedures."9.000001".cases]]
id = "general"
papers = [{id = "identity", kind = "identity", role = "applicant", clause = "A"}]
"""


def folder(tmp_path: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        app_papers.procedures(folder(tmp_path, own=text), app.installed_adapters())
    return [line.strip().removeprefix(f"{tmp_path}/own.toml: ") for line in str(refused.value).splitlines()[1:]]


# --- what is packaged ----------------------------------------------------------------------------


def test_the_packaged_catalogue_holds_the_procedures_that_have_a_source() -> None:
    """Thirty-eight procedures, each with the decision that published it, a source and at least one paper."""
    procedures = packaged().procedures

    assert len(procedures) == 38
    assert all(re.search(r"[0-9]+/QĐ-[A-Z]+", one.decision) for one in procedures.values())


def test_nothing_counts_as_published_until_the_province_says_so() -> None:
    """The packaged files publish nothing, so that every paper stays required."""
    catalogue = packaged()

    assert catalogue.published == {}
    assert {catalogue.publication(one, None, None, TODAY) for one in catalogue.datasets()} == {"not_published"}


def test_every_key_of_a_question_is_one_that_can_be_asked() -> None:
    """Of each installed registry the keys, the fields that must match and those that may be fetched are there."""
    adapters = app.installed_adapters()
    catalogue = app_papers.procedures(None, adapters)

    assert not set(not_installed(catalogue, adapters)) & {"dancu.citizen", "dkdn.enterprise"}


def test_no_paper_is_named_without_saying_what_is_guessed() -> None:
    """No source says whose paper it is in the words of a role: every paper marks that."""
    for procedure in packaged().procedures.values():
        assert all("role" in paper.assumed for case in procedure.cases for paper in case.papers)


# --- codes, days, publication --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.001193", "1.001193"),
        ("1.001193.000.00.00.H56", "1.001193"),
        ("2.000908.H56", "2.000908"),
        ("1.009999.000.00.00.H08", "1.001193"),
        ("1.009999", None),
        ("1.001193.", None),
        ("1.001193.0000.H08", None),
        ("", None),
    ],
)
def test_a_local_code_means_a_national_one(tmp_path: Path, written: str, meant: str | None) -> None:
    """The province's table goes first, then a local suffix is left out; anything else means nothing."""
    own = '[local_codes]\n"1.009999.000.00.00.H08" = "1.001193"\n'

    assert read_catalogue(folder(tmp_path, own=own)).code(written) == meant


def test_a_paper_is_asked_for_on_the_days_that_it_holds(tmp_path: Path) -> None:
    """Both days of validity count; outside of them the paper is not there, and an unknown case is nothing."""
    own = OWN.replace('clause = "A"', 'clause = "A", valid_from = 2026-02-01, valid_until = 2026-03-01')
    catalogue = read_catalogue(folder(tmp_path, own=own))
    procedure = catalogue.procedures["9.000001"]

    def ids(day: date) -> list[str]:
        return [paper.id for paper in catalogue.papers(procedure, "general", day) or ()]

    assert ids(date(2026, 2, 1)) == ids(TODAY) == ["identity"]
    assert ids(date(2026, 1, 31)) == ids(date(2026, 3, 2)) == []
    assert catalogue.papers(procedure, "special", TODAY) is None


def test_a_dataset_counts_from_its_day_and_within_its_coverage(tmp_path: Path) -> None:
    """Before its day nothing is published; where it covers a part, whoever asks says whether this is of it."""
    own = '[published]\n"datdai.certificate" = 2026-03-01\n'
    catalogue = read_catalogue(folder(tmp_path, own=own))
    (way,) = catalogue.kinds["residential_land"].alternatives
    assert way.coverage is not None

    def published(covered: bool | None, day: date = TODAY) -> Publication:
        return catalogue.publication("datdai.certificate", way.coverage, covered, day)

    assert published(True) is Publication.PUBLISHED
    assert published(False) is Publication.OUTSIDE
    assert published(None) is Publication.UNSAID
    assert published(True, date(2026, 2, 28)) is Publication.NOT_PUBLISHED
    assert catalogue.publication("datdai.certificate", None, None, TODAY) is Publication.PUBLISHED


# --- a province's own files ----------------------------------------------------------------------


def test_a_province_adds_procedures_and_replaces_packaged_ones(tmp_path: Path) -> None:
    """An own code is added, a packaged one is replaced as a whole, and the version tells the contents apart."""
    replaced = OWN.replace("9.000001", "1.001193")
    catalogue = read_catalogue(folder(tmp_path, a=OWN, b=replaced))

    assert len(catalogue.procedures) == 39
    assert catalogue.procedures["1.001193"].title == "Thủ tục của tỉnh"
    assert catalogue.version != packaged().version


def test_two_files_of_a_folder_never_say_the_same_thing(tmp_path: Path) -> None:
    """What stands in two of a province's files is a fault that names both."""
    with pytest.raises(SettingsError, match=r"b\.toml: procedures\.9\.000001: .* in .*a\.toml"):
        read_catalogue(folder(tmp_path, a=OWN, b=OWN))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('kind = "identity"', 'kind = "identiy"', "procedures.9.000001.cases.general.papers.identity.kind"),
        ('kind = "identity"', 'kind = "identiy"', "did you mean 'identity'?"),
        ('role = "applicant"', 'role = "owner"', ".papers.identity.role"),
        ('clause = "A"', 'clause = "E"', "procedures.9.000001.cases[0].papers[0].clause"),
        ('clause = "A"', 'claus = "A"', "did you mean 'clause'?"),
        ('clause = "A"', 'clause = "A", assumed = ["klause"]', "did you mean 'clause'?"),
        ('clause = "A"', 'clause = "A", valid_from = 2026-02-01, valid_until = 2026-01-01', "lies before valid_from"),
        ('source = "portal"', 'source = "heard"', "procedures.9.000001.source"),
        ('levels = ["province"]', 'levels = ["district"]', "procedures.9.000001.levels[0]"),
        ('title = "Thủ tục của tỉnh"', "", "procedures.9.000001.title: thiếu khóa này"),
        ('"9.000001"]\n', '"9.00001"]\n', "a procedure code such as 1.001193"),
        ("papers = [{", "papers = [{" + 'id = "identity", kind = "birth", role = "child", clause = "A"}, {', "twice"),
    ],
)
def test_every_fault_is_named_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    """A name that is not there, a wrong word, a missing key: the line says where, and what was probably meant."""
    assert OWN.count(before) >= 1

    assert any(told in line for line in faults(tmp_path, OWN.replace(before, after, 1)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[published]\n"dancu.citizens" = 2026-01-01', "published.dancu.citizens"),
        ('[published]\n"dancu.citizen" = "soon"', "published.dancu.citizen"),
        ('[local_codes]\n"1.009999" = "9.999999"', "local_codes.1.009999"),
        ('[local_codes]\n"x" = "1.001193"', "a code such as 1.004616.000.00.00.H08"),
        ("published = 3", "published"),
        ("[", "not TOML"),
    ],
)
def test_other_faults_are_named_too(tmp_path: Path, text: str, told: str) -> None:
    """What is published, local codes and the file itself are checked as strictly."""
    assert any(told in line for line in faults(tmp_path, text))


PAPER = """title = "Giấy tờ"
title_en = "Paper"
basis = "Luật"
source = "portal"
citizen = "Không phải nộp."
citizen_en = "Need not be handed in."
"""
KIND = f"""
[kinds.own]
{PAPER}[[kinds.own.alternatives]]
[[kinds.own.alternatives.questions]]
dataset = "dancu.citizen"
keys = ["citizen_id", "full_name", "birth_date"]
match = ["full_name"]
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("dancu.citizen", "dancu.person", "is no question of dancu"),
        ("dancu.citizen", "danku.citizen", "did you mean 'dancu'?"),
        ('"citizen_id"', '"citizen"', "is no key of its query"),
        (', "birth_date"]', "]", "the query needs birth_date"),
        ('match = ["full_name"]', 'match = ["fullname"]', "did you mean 'full_name'?"),
        ('match = ["full_name"]', 'match = ["full_name"]\nmay_fetch = ["salary"]', "is no field of its record"),
        ('match = ["full_name"]', "match = []", "must not be empty"),
        ('source = "portal"', 'source = "portal"\nresult = "KQ.15"', "KQ.G15.000031"),
    ],
)
def test_a_kind_of_paper_asks_only_what_can_be_asked(tmp_path: Path, before: str, after: str, told: str) -> None:
    """A dataset, a key or a field that is not there is named before anybody relies on it."""
    assert any(told in line for line in faults(tmp_path, KIND.replace(before, after, 1)))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A wrong path is a fault of the settings, not an empty catalogue."""
    with pytest.raises(SettingsError, match="is no folder"):
        read_catalogue(tmp_path / "nowhere")


# --- the API -------------------------------------------------------------------------------------


async def test_a_caller_sees_every_procedure_and_its_papers(desk: Desk) -> None:
    """The list has a line for each, and one procedure says of each paper what replaces it and from when."""
    status, listed = await desk.get("/v1/procedures")
    assert status == 200
    assert len(listed["procedures"]) == 38
    assert next(one for one in listed["procedures"] if one["code"] == "1.001193")["cases"] == ["general"]

    status, birth = await desk.get("/v1/procedures/1.001193.000.00.00.H08")
    assert status == 200
    assert (birth["code"], birth["catalogue"]) == ("1.001193", listed["catalogue"])
    papers = {paper["id"]: paper for paper in birth["cases"][0]["papers"]}
    (question,) = papers["identity"]["alternatives"][0]["questions"]
    assert (question["asked_as"], question["published_from"]) == ("dancu.citizen", None)
    assert papers["medical_birth"]["alternatives"] == []


async def test_what_is_not_configured_is_asked_as_nothing(stand_ins: Running, tmp_path: Path) -> None:
    """A registry that no settings name has no `asked_as`, and what the province published has its day."""
    settings = settings_for(stand_ins.base_url)
    own = {"folder": folder(tmp_path, own='[published]\n"datdai.certificate" = 2026-01-01')}
    async with open_desk(
        settings.model_copy(update={"procedures": settings.procedures.model_copy(update=own)})
    ) as desk:
        _, security = await desk.get("/v1/procedures/1.011441")

    (question,) = security["cases"][0]["papers"][0]["alternatives"][0]["questions"]
    assert (question["asked_as"], question["published_from"]) == (None, "2026-01-01")


async def test_the_catalogue_wants_a_key_and_knows_no_other_code(desk: Desk) -> None:
    """Without a key 401; a code that is not in the catalogue is 404, as any address that is not there."""
    assert (await desk.get("/v1/procedures", key="wrong"))[0] == 401
    assert (await desk.get("/v1/procedures/9.999999"))[0] == 404


def test_the_demo_publishes_what_its_registries_have() -> None:
    """`make demo` counts population and business data as published, and nothing that it has not."""
    settings = load(ROOT / "demo" / "gateway.toml")
    catalogue: Catalogue = app_papers.procedures(settings.procedures.folder, app.installed_adapters())

    assert set(catalogue.published) == {"dancu.citizen", "dkdn.enterprise"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('{field = "status", source = "portal"}', "say one of holds, last_day, nothing"),
        ('{field = "status", holds = ["1"], nothing = true, source = "portal"}', "say one of"),
        ('{field = "founded_on", last_day = true, ended = ["2"], source = "portal"}', "say one of"),
        ('{field = "status", holds = ["1"], open_ended = true, source = "portal"}', "say one of"),
        ('{field = "status", holds = ["Giải thể"], ended = ["GIẢI THỂ"], source = "portal"}', "both in holds and in"),
        ('{field = "status", holds = ["1"], source = "nowhere"}', "is no source"),
        ('{field = "statuss", holds = ["1"], source = "portal"}', "did you mean 'status'?"),
        ('{field = "founded_on", holds = ["1"], source = "portal"}', "is no field that says so in this way"),
        ('{field = "status", last_day = true, source = "portal"}', "is no field that says so in this way"),
        ('{field = "legal_representatives.birth_date", last_day = true, source = "portal"}', "is no field that says"),
        ('{field = "status", nothing = true, source = "portal"}', "is no field that says so in this way"),
    ],
)
def test_a_condition_that_cannot_be_looked_at_is_named(tmp_path: Path, condition: str, said: str) -> None:
    """One way to look at a field that can be looked at so, and a source: anything else is a fault with its place."""
    text = f"""
[kinds.firm]
title = "Giấy"
title_en = "Paper"
basis = "Luật"
source = "portal"
citizen = "Không"
citizen_en = "No"
[[kinds.firm.alternatives]]
questions = [{{dataset = "dkdn.enterprise", keys = ["enterprise_code"], match = ["name"], in_force = [{condition}]}}]
"""

    assert any(said in line and "in_force" in line for line in faults(tmp_path, text))


CHAIN = f"""
[published]
"dancu.citizen" = 2026-01-01
"dkdn.enterprise" = 2026-01-01

[kinds.chain]
{PAPER}[[kinds.chain.alternatives]]
[[kinds.chain.alternatives.questions]]
dataset = "dkdn.enterprise"
of = "firm"
keys = ["enterprise_code"]
match = ["name"]
[[kinds.chain.alternatives.questions]]
dataset = "dancu.citizen"
keys = ["full_name", "birth_date"]
taken = [{{key = "citizen_id", dataset = "dkdn.enterprise", field = "legal_representatives.document.number"}}]
match = ["full_name"]
[[kinds.chain.alternatives]]
first = true
[[kinds.chain.alternatives.questions]]
dataset = "khodlg.result"
keys = ["citizen_id"]
constants = [{{key = "result_code", value = "KQ.G15.000031"}}]
match = ["results.document_number"]
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("document.number", "document.numbr", "taken.citizen_id: không có 'legal_representatives.document.numbr'"),
        ("document.number", "document.numbr", "did you mean 'legal_representatives.document.number'?"),
        ("legal_representatives.document.number", "legal_representatives", "that can be passed on"),
        ('dataset = "dkdn.enterprise", field', 'dataset = "dancu.citizen", field', "only in a circle"),
        ('dataset = "dkdn.enterprise", field', 'dataset = "bhxh.card", field', "is no question further up"),
        (
            'match = ["name"]',
            'match = ["name"]\ntaken = [{key = "x", dataset = "dancu.citizen", field = "sex"}]',
            "circle",
        ),
        ('key = "citizen_id", dataset', 'key = "citizen", dataset', "did you mean 'citizen_id'?"),
        ('key = "citizen_id", dataset', 'key = "full_name", dataset', "twice: 'full_name'"),
        ('of = "firm"', 'of = "company"', "chain.alternatives[0].dkdn.enterprise.of: không có 'company'"),
        ('value = "KQ.G15.000031"', 'value = "KQ.15"', "constants.result_code: sai dạng"),
        ('key = "result_code"', 'key = "code"', "is no key of its query"),
        ('constants = [{key = "result_code", value = "KQ.G15.000031"}]', "", "the query needs result_code"),
        ('keys = ["enterprise_code"]', "keys = []", "dkdn.enterprise.keys: không được để trống"),
        ("first = true", "frist = true", "did you mean 'first'?"),
    ],
)
def test_what_a_question_takes_can_be_taken(tmp_path: Path, before: str, after: str, told: str) -> None:
    """A field that is not there, a circle, a key twice, a constant that the query does not take: each has its line."""
    assert CHAIN.count(before) == 1

    assert any(told in line for line in faults(tmp_path, CHAIN.replace(before, after)))


def test_a_field_that_no_rule_passes_on_is_a_fault_of_the_check(tmp_path: Path) -> None:
    """For a paper in force whose data is published the check names paper, question and field; a rule makes it good."""
    text = CHAIN + OWN.replace('kind = "identity"', 'kind = "chain"')
    rules = rule({"dkdn.enterprise": ["*"], "dancu.citizen": ["*"]})
    passes = '[rules.passes]\n"dkdn.enterprise" = ["legal_representatives.document"]\n'
    own = {"folder": folder(tmp_path, own=text)}

    def checked(*written: str) -> list[str]:
        settings = with_policy(settings_for("http://127.0.0.1:9"), policy(*written))
        core = deciding(settings.model_copy(update={"procedures": settings.procedures.model_copy(update=own)}))
        return ungranted(core.procedures.current, core, TODAY)

    (line,) = checked(rules)
    assert line.startswith(
        "procedures.9.000001.cases.general.papers.identity: kinds.chain.alternatives[0].dancu.citizen"
    )
    assert line.endswith("no rule of policy.toml passes on dkdn.enterprise legal_representatives.document.number")
    assert checked(rules + passes) == []
    assert checked(rules.replace('"*"]\npurposes', '"*"]\nvalid_until = 2026-01-01\npurposes', 1) + passes)
