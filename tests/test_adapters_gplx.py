"""The licence adapter: whom a day of dossiers is about, what cannot be asked, sessions and keys over a socket."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.reader import load
from gateway.adapters.gplx import ADAPTER, values
from gateway.adapters.gplx.query import DocumentQuery, DossierQuery, DossiersQuery, LicenceQuery
from gateway.domain.dataset import Subject
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.licence_numbers import LicenceNumber
from gateway.domain.records.licence import LicenceDossiers
from gateway.errors import MalformedAnswer
from gateway.settings import load as load_settings
from mocks import gplx
from mocks.faults import Fault
from mocks.gplx_people import Licences
from mocks.province import Province
from mocks.server import Running
from tests.conftest import Desk, open_desk, settings_for
from tests.policies import granting
from tests.test_credentials_leaks import everything_logged

CONTRACT = load("contracts.gplx")
EXAMPLE = Path(__file__).parents[1] / "demo" / "registries" / "gplx.toml"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PERSON = {"full_name": "Trần Ví Dụ", "birth_date": "1980-01-01"}
NUMBER = "990150000001"
TODAY = {"received_on": "2026-02-27", "office": "99001"}


@pytest.mark.parametrize(
    ("rows", "about"),
    [
        ([{"received_on": "2026-02-27"}], True),
        ([{"received_on": "2026-02-27", "office": "99001"}, {"received_on": "2026-02-27"}], True),
        ([{"received_on": "2026-02-27", "office": "99001"}, {}], False),
        ([{"received_on": "2026-02-27", "office": "99002"}], False),
        ([{"received_on": "2026-02-26"}], False),
        ([{"received_on": "2026-02-27"}, {"received_on": "2026-02-28"}], False),
        ([{}], False),
    ],
)
def test_a_list_is_about_its_day_and_office(rows: list[dict[str, str]], about: bool) -> None:
    """One dossier of another day or office, or that tells no day, makes the whole list somebody else's."""
    named = [{"dossier_number": "G17.99-260227-000001", "full_name": "X"} | row for row in rows]
    found = LicenceDossiers.model_validate_json(json.dumps({"dossiers": named}))

    assert DossiersQuery.model_validate(TODAY).is_about(found) is about


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (DossiersQuery.model_validate(TODAY), []),
        (DossiersQuery.model_validate(TODAY | {"received_on": "2026-02"}), ["precision"]),
        (DossiersQuery.model_validate(TODAY | {"received_on": "2026"}), ["precision"]),
        (DossiersQuery.model_validate(TODAY | {"received_on": "2026-03-02"}), ["future"]),
        (LicenceQuery.model_validate(PERSON | {"licence_number": NUMBER}), []),
        (LicenceQuery.model_validate(PERSON | {"licence_number": NUMBER, "birth_date": "1980"}), []),
        (LicenceQuery.model_validate(PERSON | {"licence_number": NUMBER, "birth_date": "1980-01"}), ["precision"]),
        (LicenceQuery.model_validate(PERSON | {"licence_number": NUMBER, "birth_date": "2027"}), ["future"]),
        (LicenceQuery.model_validate(PERSON | {"citizen_id": "000299000001"}), ["future"]),
    ],
)
def test_what_cannot_be_true_of_licences_is_not_asked(query: Any, codes: list[str]) -> None:
    """A day that is not whole, a day or a birth in the future."""
    assert [problem.code for problem in query.problems(NOW.date())] == codes


@pytest.mark.parametrize("more", [{}, {"citizen_id": "000080000001", "licence_number": NUMBER}])
def test_a_licence_is_asked_for_with_one_number(more: dict[str, str]) -> None:
    """None and two numbers are refused, with advice in both languages."""
    with pytest.raises(ValueError, match=r"chỉ nêu một trong .* / give either"):
        LicenceQuery.model_validate(PERSON | more)


@pytest.mark.parametrize("path", ["files/a.pdf", "/../a", "/files/../../a", "/files/a b", "/files/a?x=1", "/"])
def test_a_path_cannot_climb(path: str) -> None:
    """A file's path begins with a slash, holds no dots to climb with and nothing that an address could mean."""
    with pytest.raises(ValueError, match="path"):
        DocumentQuery.model_validate({"path": path, "office": "99001"})


def test_a_dossier_is_the_subject_of_its_question() -> None:
    """Whoever asks for dossiers one by one is noticed as he would be with people; a day is about nobody."""
    number = "G17.99-260227-000001"
    assert DossierQuery.model_validate({"dossier_number": number, "office": "99001"}).subject() == Subject(
        "dossier", number
    )
    assert DocumentQuery.model_validate({"path": "/files/a.pdf", "office": "99001"}).subject() is not None
    assert DossiersQuery.model_validate(TODAY).subject() is None


@pytest.mark.parametrize(
    ("number", "old", "read"),
    [
        ("000080000001", None, (CitizenId("000080000001"), None)),
        ("000080000001", "000000001", (CitizenId("000080000001"), OldCitizenNumber("000000001"))),
        ("000000002", None, (None, OldCitizenNumber("000000002"))),
        ("000000002", "000000001", (None, OldCitizenNumber("000000001"))),
        ("", "", (None, None)),
    ],
)
def test_a_personal_number_is_told_by_its_length(number: str, old: str | None, read: Any) -> None:
    """Twelve digits are the number of today, nine the old one, which its own field knows better."""
    assert values.numbers(number, old, "soCmnd") == read


@pytest.mark.parametrize("number", ["12345", "00008000000A", "0000800000011"])
def test_what_is_no_personal_number_is_malformed(number: str) -> None:
    """Any other length, and letters, are refused by the field's name and quoted nowhere."""
    with pytest.raises(MalformedAnswer, match="soCmnd") as caught:
        values.numbers(number, None, "soCmnd")

    assert number not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["31/02/2026 08:00:00", "2026-02-27", "27/02/2026", "27/02/2026 25:00:00", "٢٧/02/2026 08:00:00"]
)
def test_what_is_no_moment_is_malformed(text: str) -> None:
    """Another form, an impossible day or hour, and other digits are refused by the field's name."""
    with pytest.raises(MalformedAnswer, match="NgayNop"):
        values.moment(text, "NgayNop")


def test_a_licence_number_shows_only_its_end() -> None:
    """Twelve digits, or up to twenty letters and digits of older papers; masked wherever it is printed."""
    assert NUMBER not in f"{LicenceNumber(NUMBER)!r} {LicenceNumber('AB123456')}"
    for text in ("", "12345", "ab123456", "990150000001 ", "9" * 21):
        with pytest.raises(ValueError, match="licence number"):
            LicenceNumber(text)


def test_a_licence_is_offered_where_settings_choose_the_guess() -> None:
    """The versions that were seen offer no licence; the one that offers it is not the default, and says `assumed`."""
    offered = {version: [one.noun for one in ADAPTER.offered(version)] for version in ADAPTER.contracts}

    assert offered == {"dvc": ["dossiers", "dossier", "document"], "gtvt": ["dossiers"], "tracuu": ["licence"]}
    assert ADAPTER.default_contract == "dvc"
    assert CONTRACT.datasets["licence"].basis == CONTRACT.versions["tracuu"].basis == "assumed"


# --- over a socket ---------------------------------------------------------------------------------


def test_the_example_of_licence_settings_is_one() -> None:
    """Three instances of one adapter: the session service, the ministry's list, and the guess."""
    registries = load_settings(EXAMPLE).registries

    assert {name: (one.contract, one.credentials.scheme) for name, one in registries.items()} == {
        "gplx": ("dvc", "session"),
        "gtvt": ("gtvt", "none"),
        "gplx-check": ("tracuu", "session"),
    }


async def asked(desk: Desk, dataset: str, query: dict[str, Any]) -> dict[str, Any]:
    return (await desk.ask(dataset, query))[1]


async def test_a_session_that_ended_is_renewed_in_the_middle(stand_ins: Running) -> None:
    """An ended session costs one log-in and no answer; the list is followed by state and file of what it named."""
    nouns = ("gplx.dossiers", "gplx.dossier", "gplx.document")
    dossier = Licences(Province()).received("99001", datetime(2026, 2, 27, tzinfo=UTC).date())[0]
    async with open_desk(granting(settings_for(stand_ins.base_url, gplx={"contract": "dvc"}), *nouns)) as desk:
        listed = await asked(desk, "gplx.dossiers", TODAY)
        stand_ins.state.stand_ins["gplx"].admin("expire-token")
        state = await asked(desk, "gplx.dossier", {"dossier_number": dossier.number, "office": "99001"})
        file = await asked(desk, "gplx.document", {"path": dossier.file, "office": "99001"})

    assert [answer["outcome"] for answer in (listed, state, file)] == ["found"] * 3
    assert listed["record"]["dossiers"][0]["dossier_number"] == dossier.number
    assert "applicant" not in listed["record"]["dossiers"][0]
    assert listed["withheld"] == ["dossiers.applicant", "dossiers.attachments", "dossiers.contact"]
    assert state["record"]["status"]["code"] == dossier.state
    assert file["record"]["path"] == dossier.file
    log_ins = [one for one in stand_ins.journal if one.operation == "token"]
    assert len(log_ins) == 2


async def test_the_ministry_lists_what_the_session_service_lists(stand_ins: Running) -> None:
    """One office's day has the same dossiers in both services; a Sunday has none."""
    numbers = []
    for contract in ("dvc", "gtvt"):
        settings = granting(settings_for(stand_ins.base_url, gplx={"contract": contract}), "gplx.dossiers")
        async with open_desk(settings) as desk:
            answer = await asked(desk, "gplx.dossiers", TODAY)
            sunday = await asked(desk, "gplx.dossiers", TODAY | {"received_on": "2026-02-22"})
        numbers.append([one["dossier_number"] for one in answer["record"]["dossiers"]])
        assert sunday["outcome"] == "absent"

    assert numbers[0] == numbers[1] != []


async def test_nothing_of_a_day_of_dossiers_is_written_anywhere(
    stand_ins: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, no log of any library, problem or metric holds the key, the password or an applicant."""
    dossier = Licences(Province()).received("99001", datetime(2026, 2, 27, tzinfo=UTC).date())[0]
    told: list[Any] = []
    with everything_logged(caplog):
        for contract in ("dvc", "gtvt"):
            settings = granting(settings_for(stand_ins.base_url, gplx={"contract": contract}), "gplx.dossiers")
            async with open_desk(settings) as desk:
                assert (await asked(desk, "gplx.dossiers", TODAY))["outcome"] == "found"
                for fault in ("down", "garbage", "limit", "error", "swap", "redirect"):
                    stand_ins.faults.set("gplx", Fault(fault, path="g" if contract == "dvc" else "apiGTVT"))
                    told.append(await asked(desk, "gplx.dossiers", TODAY))
                stand_ins.faults.clear("gplx")
                told += [await desk.metrics(), asyncio.all_tasks(), desk.core.catalogue.instances["gplx"]]

    text = caplog.text + "".join(map(str, told))
    citizen = dossier.applicant
    kept_quiet = (gplx.API_KEY, gplx.PASSWORD, "session-not-real", citizen.citizen_id, citizen.registered_name)
    assert not [one for one in (*kept_quiet, dossier.number) if one in text]
