"""
Public corpora of hostile input, through the front door and as a registry's answer.

They lie beside the repository, not in it: JSONTestSuite's `test_parsing` (318 files) and the Big List of Naughty
Strings (515 strings). Where they are missing, these tests are skipped.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.telemetry import configure_logs
from gateway.web.problems import TYPE
from mocks.server import running
from tests.conftest import FIRM, INQUIRY, MAU, Desk, open_desk, settings_for
from tests.raw import Registry, serving

CORPORA = Path(__file__).parents[2] / "shared" / "corpora"
FILES = sorted((CORPORA / "json" / "test_parsing").glob("*.json"))
NAUGHTY = CORPORA / "strings" / "blns.json"
STRINGS: list[str] = json.loads(NAUGHTY.read_text(encoding="utf-8")) if NAUGHTY.exists() else []
ANONYMOUS = {"credentials": {"scheme": "none"}}
AT_ONCE = 16

json_suite = pytest.mark.skipif(not FILES, reason="JSONTestSuite does not lie beside the repository")
naughty_strings = pytest.mark.skipif(
    not STRINGS, reason="the list of naughty strings does not lie beside the repository"
)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with serving() as served:
        yield served


@pytest.fixture
async def asking(registry: Registry) -> AsyncIterator[Desk]:
    """A gateway of which both registries answer whatever `registry.body` says, without a limit of questions."""
    to_it = {"endpoint": registry.url} | ANONYMOUS
    async with open_desk(unlimited(settings_for(registry.url, dkdn=to_it, dancu=to_it))) as desk:
        yield desk


def unlimited(settings: Settings) -> Settings:
    """The same without a limit of questions a minute."""
    free = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 1_000_000})
    return settings.model_copy(update={"consumers": {"one-stop": free}})


async def each(ask: Callable[[str], Awaitable[None]]) -> None:
    """Every naughty string, a few at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(text: str) -> None:
        async with places:
            await ask(text)

    await asyncio.gather(*map(one, STRINGS))


def is_typed(status: int, answer: dict[str, Any]) -> bool:
    """An answer with status 200, or a problem document that says what is wrong; never a bug."""
    if status == 200:
        return answer["outcome"] in {"found", "absent"}
    word = answer["type"].removeprefix(TYPE)
    return status == answer["status"] and status != 500 and bool(answer["detail"]) and word == answer["reason"]


LINES = {
    "event": r"lookup\.(answered|refused)|contract\.drift",
    "level": "info|warning",
    "timestamp": r"[0-9TZ:.-]+",
    "lookup_id": "[0-9a-f-]{36}",
    "request_id": "[0-9a-f-]{36}",
    "consumer": "one-stop",
    "dataset": r"dancu\.citizen|dkdn\.enterprise",
    "outcome": "found|absent|unknown",
    "reason": "None|[a-z_]+",
    "refusal": "[a-z_]+",
    "route": "xroad|lgsp",
    "via": "live",
    "attempts": "[0-9]",
    "requests": "[0-9]{1,2}",
    "unclear": r"\[\]",
    "mismatches": r"\[('[a-z_.]+'(, )?)*\]",
    "elapsed_s": "[0-9.e-]+",
}
"""What each key of a log line may hold. `detail` and `problems` are words of our own and are looked at apart."""


def assert_nothing_leaked(stream: io.BytesIO) -> None:
    """No line of the log holds more than the closed lists, and no naughty string stands in what is free."""
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines
    for line in lines:
        free = f"{line.pop('detail', '')} {line.pop('problems', '')}"
        for key, value in line.items():
            assert re.fullmatch(LINES[key], str(value)), key
        assert re.fullmatch(r"[A-Za-z0-9 :,;.()'\[\]_-]*", free)
        assert not [text for text in STRINGS if len(text) > 8 and text in free.replace("-Infinity is not JSON", "")]


@json_suite
async def test_j01_no_file_of_the_json_suite_is_a_question(asking: Desk, registry: Registry) -> None:
    """Every one of the 318 files is refused as a body: not JSON, not an object, not the right one, or too long."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    seen = set()
    for file in FILES:
        status, problem = await asking.post("/v1/lookups", file.read_bytes())
        word = problem["type"].removeprefix(TYPE)
        codes = [one["code"] for one in problem.get("problems", ())]
        assert (status, word) in {(400, "invalid"), (413, "too_large")}, file.name
        if file.name.startswith("n_") and status != 413:
            assert codes == ["json"], file.name
        if file.name.startswith("y_"):
            assert codes != ["json"] or "duplicate" in file.name, file.name
        seen.add(file.name[0])

    assert seen == {"n", "y", "i"}
    assert not registry.asked
    assert_nothing_leaked(stream)


@json_suite
async def test_j01_no_file_of_the_json_suite_is_an_answer(asking: Desk, registry: Registry) -> None:
    """Every one of the 318 files as a registry's answer is malformed: never a record, never an absence."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    for file in FILES:
        registry.body = file.read_bytes()
        status, problem = await asking.ask("dkdn.enterprise", FIRM)
        assert (status, problem["outcome"], problem["reason"]) == (502, "unknown", "malformed"), file.name

    assert registry.asked == len(FILES)
    assert_nothing_leaked(stream)


FIELDS = {
    "dataset": lambda text: {"dataset": text},
    "query.citizen_id": lambda text: {"query": MAU | {"citizen_id": text}},
    "query.full_name": lambda text: {"query": MAU | {"full_name": text}},
    "query.birth_date": lambda text: {"query": MAU | {"birth_date": text}},
    "inquiry.case_id": lambda text: {"inquiry": INQUIRY | {"case_id": text}},
    "inquiry.procedure": lambda text: {"inquiry": INQUIRY | {"procedure": text}},
    "inquiry.agency": lambda text: {"inquiry": INQUIRY | {"agency": text}},
    "inquiry.officer.id": lambda text: {"inquiry": INQUIRY | {"officer": {"id": text, "account": "canbo.mau"}}},
    "inquiry.officer.account": lambda text: {"inquiry": INQUIRY | {"officer": {"id": "000080000009", "account": text}}},
    "inquiry.purpose": lambda text: {"inquiry": INQUIRY | {"purpose": text}},
    "fields.0": lambda text: {"fields": [text]},
}


@naughty_strings
@pytest.mark.parametrize("field", FIELDS)
async def test_j16_a_naughty_string_in_a_question_harms_nobody(field: str) -> None:
    """Each of the 515 strings in each text of a question is refused by name or answered, and stands in no log."""
    stream = io.BytesIO()
    good = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
    refused = answered = 0

    async with running() as stand_ins, open_desk(unlimited(settings_for(stand_ins.base_url))) as desk:
        configure_logs("debug", stream)

        async def ask(text: str) -> None:
            nonlocal refused, answered
            status, answer = await desk.post("/v1/lookups", good | FIELDS[field](text))
            assert is_typed(status, answer)
            if status in {400, 422}:
                assert [one["field"] for one in answer["problems"]] == [field]
                refused += 1
            elif status == 403:  # well formed, and nothing that any rule names
                assert field in {"inquiry.agency", "inquiry.purpose"}
                refused += 1
            else:
                # What reads as a name goes to the registry, which understands it and knows nobody of that name.
                assert (status, answer["outcome"]) == (200, "absent" if field == "query.full_name" else "found")
                answered += 1

        await each(ask)

    assert refused + answered == len(STRINGS)
    assert refused > len(STRINGS) // 3
    assert_nothing_leaked(stream)


@naughty_strings
async def test_j16_a_naughty_string_as_a_firms_name_comes_out_as_it_came_in(asking: Desk, registry: Registry) -> None:
    """A name in a JSON answer is given on exactly, or the answer is malformed; the log has none of it."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    for text in STRINGS:
        main = {"ENTERPRISE_GDT_CODE": "9900000023", "NAME": text}
        registry.body = json.dumps({"Status": "1", "Data": {"MainInformation": main}}).encode()
        status, answer = await asking.ask("dkdn.enterprise", FIRM)
        assert is_typed(status, answer)
        if text:
            assert answer["record"]["name"] == text
        else:
            assert answer["reason"] == "malformed"

    assert_nothing_leaked(stream)


PERSON = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<a:CongdanCollection xmlns:a="http://www.mic.gov.vn/dancu/1.0"><a:CongDan><a:SoDinhDanh>000099000001</a:SoDinhDanh>
<a:HoVaTen><a:Ten>{}</a:Ten></a:HoVaTen><a:GioiTinh>1</a:GioiTinh><a:NgayThangNamSinh><a:Nam>1999</a:Nam>
</a:NgayThangNamSinh></a:CongDan></a:CongdanCollection></s:Body></s:Envelope>"""
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@naughty_strings
async def test_j16_a_naughty_string_as_a_persons_name_comes_out_as_it_came_in(asking: Desk, registry: Registry) -> None:
    """A name in an XML answer is given on exactly, or the answer is malformed; the log has none of it."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    registry.media_type = "text/xml"
    exact = 0
    for text in STRINGS:
        registry.body = PERSON.format(escape(text).replace("\r", "&#13;")).encode()
        status, answer = await asking.ask("dancu.citizen", MAU)
        assert is_typed(status, answer)
        if status == 200:
            name = answer["record"].get("full_name", "")
            assert unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", text)
            exact += 1
        else:
            assert answer["reason"] == "malformed"

    assert exact > len(STRINGS) * 0.9
    assert_nothing_leaked(stream)
