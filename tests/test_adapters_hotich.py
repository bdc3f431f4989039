"""The civil-status adapter: states, words, dates and names in several forms, whom an answer is about."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.reader import load
from gateway import app
from gateway.adapters.hotich import ADAPTER, texts, values
from gateway.adapters.hotich.gen1.xml_text import records_in
from gateway.adapters.hotich.papers.wire import DateParts, NameParts, Place, gathered
from gateway.adapters.hotich.query import DossierQuery, HotichOptions, MaritalStatusQuery
from gateway.domain.dataset import Kind, Question, Sensitivity, Subject
from gateway.domain.exchange import Response
from gateway.domain.outcome import Found, Outcome
from gateway.errors import MalformedAnswer, SettingsError
from gateway.kit.cases import inquiry_of
from mocks.hotich_events import EVENTS, CivilEvents
from mocks.province import Province
from mocks.server import Running
from tests.conftest import open_desk, settings_for
from tests.policies import granting

CONTRACT = load("contracts.hotich")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NUMBER = "H99.01-260301-0001"
QUERY = {"dossier_number": NUMBER, "event": "birth", "commune_code": "99903"}
BIRTH = {"nksHoTen": "TRẦN THỊ MẪU", "soDangKy": "990001/2026"}


def outcome_of(contract: str, noun: str, body: Any, **changes: Any) -> Outcome[Any]:
    """What the adapter makes of an answer."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    query = DossierQuery.model_validate(QUERY | changes)
    options = HotichOptions(province_code="99")
    exchanges = dataset.ask[contract](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, options))
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW))
    outcome: Outcome[Any] = end.value.value
    return outcome


def entry(state: Any, result: Any = None, **more: Any) -> dict[str, Any]:
    """An answer of the interlinked flow about that dossier."""
    one = {"maHoSoMCDT": NUMBER, "module": "LTKS", "trangThai": state, "ketQuaXuLy": result}
    return {"status": 1, "value": [one | more]}


def test_dossiers_are_polled_and_nothing_is_kept() -> None:
    """Dossiers are polls, marital status is a question about a person, and all of it is sensitive."""
    kinds = {dataset.noun: dataset.kind for dataset in ADAPTER.datasets}

    assert kinds == {"dossier": Kind.POLL, "result": Kind.POLL, "marital_status": Kind.ONE}
    assert {(dataset.sensitivity, dataset.freshness_s) for dataset in ADAPTER.datasets} == {(Sensitivity.SENSITIVE, 0)}


@pytest.mark.parametrize(
    ("state", "stage"),
    [("1", "submitted"), (2, "supplement_needed"), ("3", "in_progress"), (4, "ready"), ("6", "declined")],
)
@pytest.mark.parametrize("noun", ["dossier", "result"])
def test_each_state_of_the_interlinked_flow_has_its_stage(noun: str, state: Any, stage: str) -> None:
    """Number or text, a listed state has a stage; a result is told in one of them alone."""
    outcome = outcome_of("gen2", noun, entry(state, BIRTH))

    assert isinstance(outcome, Found)
    assert (outcome.record.stage, outcome.record.state.code) == (stage, str(state))
    told = outcome.record.result if noun == "dossier" else outcome.record.registration
    assert (told is not None) is (stage == "ready")


@pytest.mark.parametrize("state", [0, "5", 7, 9, -1, "x"])
def test_a_state_beyond_the_list_leaves_everything_open(state: Any) -> None:
    """Neither found nor absent: a client reads it as "does not exist", which nobody has confirmed."""
    with pytest.raises(MalformedAnswer, match="trangThai"):
        outcome_of("gen2", "dossier", entry(state))


@pytest.mark.parametrize(
    ("state", "stage"), [(1, "accepted"), ("2", "supplement_needed"), (3, "in_progress"), ("4", "ready")]
)
def test_the_older_answers_name_no_dossier(state: Any, stage: str) -> None:
    """The state is the envelope's own status; whether it is about the dossier that was asked about cannot be told."""
    outcome = outcome_of("gen1", "dossier", {"status": state})

    assert isinstance(outcome, Found)
    assert (outcome.record.stage, outcome.record.dossier_number) == (stage, None)
    assert DossierQuery.model_validate(QUERY).is_about(outcome.record) is None


@pytest.mark.parametrize(
    ("more", "about"),
    [
        ({}, True),
        ({"maHoSoMCDT": "H99.01-260301-0002"}, False),
        ({"maHoSoMCDT": None, "maHoSoLT": NUMBER}, True),
        ({"maHoSoMCDT": None, "maHoSoLT": "G99-260301-000002"}, False),
        ({"module": "KS"}, True),
        ({"module": None}, True),
        ({"module": "LTKT"}, False),
        ({"module": "KH"}, False),
    ],
)
def test_an_answer_is_about_a_number_and_an_event(more: dict[str, Any], about: bool) -> None:
    """Either number will do, under the module that was asked for or none; another module is another dossier."""
    outcome = outcome_of("gen2", "dossier", entry(3, **more))

    assert isinstance(outcome, Found)
    assert DossierQuery.model_validate(QUERY).is_about(outcome.record) is about


@pytest.mark.parametrize("more", [{"module": "HN"}, {"maHoSoMCDT": None}, {"maHoSoMCDT": "1"}, {"errors": 5}])
def test_a_dossier_that_cannot_be_placed_is_malformed(more: dict[str, Any]) -> None:
    """Without a number, with something that is none, or under a module that nobody asks for, nothing is told."""
    with pytest.raises(MalformedAnswer):
        outcome_of("gen2", "dossier", entry(3, **more))


@pytest.mark.parametrize(
    ("text", "received", "nowhere"),
    [
        ("Hồ sơ đã được tiếp nhận", True, False),
        ("HỒ SƠ ĐÃ ĐƯỢC TIẾP NHẬN, KHÔNG THỂ CẬP NHẬT", True, False),
        ("đa\u0303 đươ\u0323c tiê\u0301p nhâ\u0323n", True, False),
        ("chưa đã được tiếp nhận", False, False),
        ("chưa được tiếp nhận", False, False),
        ("RECORD_NOT_FOUND - Không tồn tại, xem lại số phiếu.", False, True),
        ("Hồ sơ không tồn tại", False, True),
        ("meDanToc không tồn tại trong danh mục", False, False),
        (None, False, False),
    ],
)
def test_words_are_compared_without_case_and_composition(text: str | None, received: bool, nowhere: bool) -> None:
    """Capitals and decomposed letters say the same; a catalogue's complaint and a denial do not."""
    assert texts.say_received(text) is received
    assert texts.say_no_such_dossier(text) is nowhere


@pytest.mark.parametrize(
    ("written", "iso", "words"),
    [
        ("20.02.2026", "2026-02-20", None),
        ("20/02/2026", "2026-02-20", None),
        ("20260220", "2026-02-20", None),
        ("02.2026", "2026-02", None),
        ("02/2026", "2026-02", None),
        ("1936", "1936", None),
        ("khoảng năm 1936", None, "khoảng năm 1936"),
        ("2026-02-20", None, "2026-02-20"),
        ("20.02/2026", None, "20.02/2026"),
        ("", None, None),
        (None, None, None),
        ({"namSinh": 2026, "thangSinh": "2", "ngaySinh": 20}, "2026-02-20", None),
        ({"namSinh": "1936", "thangSinh": 0, "ngaySinh": ""}, "1936", None),
        ({"namSinh": None}, None, None),
    ],
)
def test_a_date_is_read_in_its_known_forms_or_kept_as_words(written: Any, iso: str | None, words: str | None) -> None:
    """Dots, slashes, neither, or parts; whatever else stands there is told as it stands, and no date is made of it."""
    value = DateParts.model_validate(written) if isinstance(written, dict) else written
    read, text = values.partial(value, "nksNgaySinh")

    assert (read.isoformat() if read else None, text) == (iso, words)


@pytest.mark.parametrize(
    "written",
    [
        "31.02.2026",
        "20261301",
        "20022026",
        "13/2026",
        "00/2026",
        {"thangSinh": 2},
        {"namSinh": 2026, "ngaySinh": 5},
        {"namSinh": "１９９９"},
        {"namSinh": "1_999"},
    ],
)
def test_a_date_that_does_not_exist_is_malformed(written: Any) -> None:
    """In a known form an impossible date is refused by the field's name, and not kept as words."""
    value = DateParts.model_validate(written) if isinstance(written, dict) else written
    with pytest.raises(MalformedAnswer, match="nksNgaySinh"):
        values.partial(value, "nksNgaySinh")


def test_a_day_of_registration_is_a_whole_day() -> None:
    """What the books must have exactly is a day or nothing."""
    assert values.day("02.03.2026", "ngayDangKy") == date(2026, 3, 2)
    assert values.day("", "ngayDangKy") is None
    for text in ("2026", "03.2026", "hôm qua", "2026-03-02"):
        with pytest.raises(MalformedAnswer, match="ngayDangKy"):
            values.day(text, "ngayDangKy")


def test_a_moment_is_vietnams() -> None:
    """A time without a zone is seven hours ahead of UTC; another form or an impossible time is refused."""
    read = values.moment("02/03/2026 09:15:00", "thoiGianThucHien")

    assert read is not None
    assert read.astimezone(UTC) == datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
    for text in ("2026-03-02T09:15:00", "02/03/2026", "02/03/2026 25:00:00"):
        with pytest.raises(MalformedAnswer, match="thoiGianThucHien"):
            values.moment(text, "thoiGianThucHien")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("TRẦN THỊ MẪU", "TRẦN THỊ MẪU"),
        ({"Ho": "TRẦN", "ChuDem": "THỊ", "Ten": "MẪU"}, "TRẦN THỊ MẪU"),
        ({"Ho": "TRẦN", "ChuDem": None, "Ten": " MẪU "}, "TRẦN MẪU"),
        ({"Ho": "", "Ten": "H' BIA NIÊ"}, "H' BIA NIÊ"),
        ({}, None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_whole_in_one_part_or_three(written: Any, name: str | None) -> None:
    """Parts are joined in their order, and empty ones leave no gap."""
    assert values.full_name(NameParts.model_validate(written) if isinstance(written, dict) else written) == name


def test_codes_get_their_zeros_back() -> None:
    """Numbers of two, three and five digits are filled up; 0 and nothing are none; a longer one is refused."""
    place = values.place(Place.model_validate({"maTinh": 1, "maHuyen": 0, "maXa": 4}))

    assert place is not None
    assert (place.province_code, place.district_code, place.commune_code) == ("01", None, "00004")
    assert values.place(Place()) is None
    for fields in ({"maTinh": 123}, {"maXa": "x"}, {"maHuyen": "-1"}):
        with pytest.raises(MalformedAnswer):
            values.place(Place.model_validate(fields))


@pytest.mark.parametrize(
    ("value", "code_list"),
    [("01", "hotich.ethnic_group"), ("63001", "moj.ethnic_group"), ("6300", "hotich.ethnic_group")],
)
def test_an_ethnic_group_keeps_the_list_of_its_code(value: str, code_list: str) -> None:
    """The ministry's own numbers have five digits; neither list is translated into the other."""
    group = values.ethnic_group(value)

    assert group is not None
    assert (group.code, group.list) == (value, code_list)


def test_people_are_gathered_by_their_prefix_and_nothing_is_lost() -> None:
    """What begins like a person's prefix and is no person's field stays where it was."""
    flat = {"meHoTen": "A", "menh": 1, "chaSoDDCN": "B", "nksNoiSinh": "C", "so": 5, "voHoTen": "D"}

    assert gathered(flat, ("nks", "me", "cha")) == {
        "menh": 1,
        "nksNoiSinh": "C",
        "so": 5,
        "voHoTen": "D",
        "me": {"HoTen": "A"},
        "cha": {"SoDDCN": "B"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "<hoso/>",
        "<hotich><x/></hotich>",
        "<hotich><hoso><a/><a/></hoso></hotich>",
        "<hotich>",
        '<!DOCTYPE hotich SYSTEM "file:///etc/passwd"><hotich><hoso/></hotich>',
        "<?go now?><hotich><hoso/></hotich>",
        '<?xml version="1.0" encoding="windows-1258"?><hotich><hoso/></hotich>',
        '<hotich xmlns="urn:x"><hoso/></hotich>',
    ],
)
def test_xml_in_a_text_passes_the_same_guard(text: str) -> None:
    """Another root, a field twice, a document type, an instruction or another encoding is refused, quoting nothing."""
    with pytest.raises(MalformedAnswer):
        records_in(text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event": "divorce"}, "event"),
        ({"commune_code": "9990"}, "commune_code"),
        ({"commune_code": "٩٩٩٠٣"}, "commune"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(changes: dict[str, str], field: str) -> None:
    """An event that nobody registers here, or a commune's code that is none, never leaves."""
    with pytest.raises(ValidationError, match=field):
        DossierQuery.model_validate(QUERY | changes)
    assert DossierQuery.model_validate(QUERY).subject() == Subject("dossier", NUMBER)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, []),
        ({"citizen_id": "000299000001"}, ["query.citizen_id"]),
        ({"birth_date": "2027"}, ["query.birth_date"]),
        ({"birth_date": "2026-03-02"}, ["query.birth_date"]),
    ],
)
def test_nobody_unborn_is_asked_about(changes: dict[str, str], problem: list[str]) -> None:
    """A number or a birth date of the future belongs to nobody."""
    query = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999"} | changes

    found = MaritalStatusQuery.model_validate(query).problems(NOW.date())

    assert [one.location for one in found] == problem


def test_whose_dossiers_they_are_must_be_set() -> None:
    """Without the province's code the interlinked flow cannot be asked, so nothing starts; the others can."""
    with pytest.raises(SettingsError, match=r"registries\.hotich\.options\.province_code: missing: hotich@gen2"):
        app.build(settings_for("http://127.0.0.1:9", hotich={"contract": "gen2", "options": {}}))
    for contract in ("gen1", "province"):
        assert app.build(settings_for("http://127.0.0.1:9", hotich={"contract": contract, "options": {}}))


async def test_what_a_registration_says_of_others_is_given_by_name_alone(stand_ins: Running) -> None:
    """Declarant, cause of death and the paper are withheld from a rule that names none of them."""
    case = CONTRACT.datasets["result"].case("death")
    async with open_desk(granting(settings_for(stand_ins.base_url, hotich={}), "hotich.result")) as desk:
        status, answer = await desk.ask("hotich.result", dict(case.query))

    assert (status, answer["outcome"], answer["record"]["stage"]) == (200, "found", "ready")
    assert answer["record"]["death"]["died_on"] == "2026-03-01"
    assert {"cause", "declarant"}.isdisjoint(answer["record"]["death"])
    assert {"document", "death.cause", "death.declarant"} <= set(answer["withheld"])


@pytest.mark.parametrize("event", EVENTS)
async def test_one_event_is_the_same_record_in_every_form(event: str, stand_ins: Running) -> None:
    """Texts or parts, an object or XML: what was registered comes out alike, but for what a form does not tell."""
    civil = CivilEvents(Province())
    told: dict[str, list[Any]] = {}
    found = [one for one in (civil.dossier(event, index) for index in range(400)) if one and one.registered_on][:6]
    for contract in ("gen2", "gen1"):
        settings = settings_for(stand_ins.base_url, hotich={"contract": contract})
        async with open_desk(granting(settings, "hotich.result")) as desk:
            for one in found:
                query = {"dossier_number": one.number, "event": event, "commune_code": one.commune_code}
                _, answer = await desk.ask("hotich.result", query)
                assert (answer["outcome"], answer["record"]["stage"]) == ("found", "ready")
                told.setdefault(contract, []).append(_alike(answer["record"]))

    assert len(found) == 6
    assert told["gen2"] == told["gen1"]


def _alike(value: Any) -> Any:
    """Without what names the dossier and the state, and what only one of the forms tells."""
    apart = {"dossier_number", "interlink_number", "state", "ethnic_group", "country"}
    if isinstance(value, dict):
        return {name: _alike(inner) for name, inner in value.items() if name not in apart}
    return value
