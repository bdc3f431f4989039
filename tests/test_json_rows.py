"""Bad JSON and bad fields, row by row: as a caller's body and as a registry's answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import FIRM, INQUIRY, MAU, Desk, open_desk, settings_for
from tests.raw import Registry, serving

GOOD = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
MAIN = {"ENTERPRISE_GDT_CODE": "9900000023", "NAME": "CÔNG TY VÍ DỤ", "NUMBER_CHANGES": 2, "CAPITAL_AMOUNT": 1}
"""The least that a firm's record holds, and two numbers."""


def texts_of(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **options).encode("utf-8", "surrogatepass")


def answer_with(**main: Any) -> bytes:
    """A registry's answer about the firm, with these fields of its main part changed."""
    return texts_of({"Status": "1", "Data": {"MainInformation": MAIN | main}})


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with serving() as served:
        yield served


@pytest.fixture
async def asking(registry: Registry) -> AsyncIterator[Desk]:
    """A gateway whose business registration answers whatever `registry.body` says."""
    anonymous = {"endpoint": registry.url, "credentials": {"scheme": "none"}}
    async with open_desk(settings_for(registry.url, dkdn=anonymous)) as desk:
        yield desk


BROKEN = {
    "J02 a key twice": b'{"a": 1, "a": 2}',
    "J02 a key twice, once as an escape": b'{"a": 1, "\\u0061": 2}',
    "J02 a key twice, deep inside": b'{"x": [{"a": 1, "a": 2}]}',
    "J02 a key twice, hidden by a colon in an escape": b'{"a": 1, "a": 2, "b": "\\u003a"}',
    "J02 a key twice, hidden by a colon in capitals": b'{"a": 1, "a": 2, "b": "\\u003A"}',
    "J02 a key twice, the first with colons": b'{"a": ":::", "a": ":"}',
    "J03 NaN": b'{"a": NaN}',
    "J03 Infinity": b'{"a": Infinity}',
    "J03 minus Infinity": b'{"a": -Infinity}',
    "J03 1e999": b'{"a": 1e999}',
    "J03 an exponent beyond every number": b'{"a": 1e99999999999999999999}',
    "J03 an exponent below every number": b'{"a": 1.5e-99999999999999999999}',
    "J04 depth 100,000": b"[" * 30_000 + b"]" * 30_000,
    "J04 depth 65": b'{"a":' * 65 + b"1" + b"}" * 65,
    "J04 an integer of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "J04 a byte-order mark": b"\xef\xbb\xbf{}",
    "J04 UTF-16": '{"a": 1}'.encode("utf-16"),
    "J04 UTF-32": '{"a": 1}'.encode("utf-32"),
    "J04 bad UTF-8": b'{"a": "\xff"}',
    "J04 a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "J04 a lone surrogate": b'{"a": "\\ud800"}',
    "J04 empty": b"",
    "J04 spaces": b"  \r\n",
    "J04 trailing bytes": b"{} {}",
    "J04 a trailing NUL": b"{}\0",
    "J04 packed": gzip.compress(b"{}"),
    "J14 a name in TCVN3's bytes": '{"full_name": "NguyÔn V¨n MÉu"}'.encode("latin-1"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_j02_j03_j04_a_broken_body_is_one_problem(body: bytes, asking: Desk) -> None:
    """A body that is not strict JSON is 400, said once, with the advice what it should be."""
    status, problem = await asking.post("/v1/lookups", body)

    assert (status, [one["code"] for one in problem["problems"]]) == (400, ["json"])


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_j02_j03_j04_a_broken_answer_is_malformed(body: bytes, asking: Desk, registry: Registry) -> None:
    """An answer that is not strict JSON says nothing about the firm, least of all that there is none."""
    registry.body = body
    status, problem = await asking.ask("dkdn.enterprise", FIRM)

    assert (status, problem["outcome"], problem["reason"]) == (502, "unknown", "malformed")


async def test_j04_100_000_levels_in_an_answer_are_malformed(asking: Desk, registry: Registry) -> None:
    """Nesting that would overflow a stack is refused by a worker thread as well."""
    registry.body = b"[" * 100_000 + b"]" * 100_000
    assert (await asking.ask("dkdn.enterprise", FIRM))[1]["reason"] == "malformed"


UNLISTED = {
    "one": {"extra": 1},
    "__proto__": {"__proto__": {"admin": True}},
    "constructor": {"constructor": None},
    "thousands": {f"a{place}": 1 for place in range(4_000)},
    "a key of 60,000 letters": {"a" * 60_000: 1},
    "an empty key": {"": 1},
}


@pytest.mark.parametrize("extra", UNLISTED.values(), ids=UNLISTED.keys())
@pytest.mark.parametrize("place", ["body", "query", "inquiry", "officer"])
async def test_j07_a_member_that_is_not_listed_is_refused(extra: dict[str, Any], place: str, asking: Desk) -> None:
    """Nothing that the gateway does not know is dropped in silence: it is 400, and the answer stays small."""
    officer = INQUIRY["officer"] | extra if place == "officer" else INQUIRY["officer"]  # type: ignore[operator]
    inquiry = INQUIRY | {"officer": officer} | (extra if place == "inquiry" else {})
    body = GOOD | {"query": MAU | (extra if place == "query" else {}), "inquiry": inquiry}
    status, problem = await asking.post("/v1/lookups", texts_of(body | (extra if place == "body" else {})))

    assert status == 400
    assert {one["code"] for one in problem["problems"]} == {"extra_forbidden"}
    assert len(json.dumps(problem)) < 20_000


@pytest.mark.parametrize(
    "extra",
    [{f"a{place}": 1 for place in range(100_000)}, {"a" * 1_000_000: 1}, {"__proto__": {"x": 1}}],
    ids=["100,000 keys", "a key of 1 MB", "__proto__"],
)
async def test_j07_a_registry_may_send_more_than_we_know(
    extra: dict[str, Any], asking: Desk, registry: Registry
) -> None:
    """Whatever stands beside the record in an answer, the record is the same and nothing of it goes out."""
    registry.body = answer_with(**extra)
    status, answer = await asking.ask("dkdn.enterprise", FIRM)

    assert (status, answer["record"]["name"]) == (200, "CÔNG TY VÍ DỤ")
    assert not answer["record"].keys() & extra.keys()


ODD_NUMBERS = {
    "J08 Arabic-Indic digits": "٠٠٠٠٩٩٠٠٠٠٠١",
    "J08 full-width digits": "００００９９０００００１",
    "J09 a line end": "000099000001\n",
    "J09 spaces": "000 099 000 001",
    "J09 dots": "000.099.000.001",
    "J09 a hyphen": "000099-000001",
    "J09 a narrow space": "000099\u202f000001",
    "J09 a plus": "+00099000001",
    "J09 a zero-width space": "000099000001\u200b",
    "J09 a JSON number": 99000001,
    "J09 a list": ["000099000001"],
}


@pytest.mark.parametrize("number", ODD_NUMBERS.values(), ids=ODD_NUMBERS.keys())
@pytest.mark.parametrize("field", ["query.citizen_id", "inquiry.officer.id"])
async def test_j08_j09_a_number_in_another_spelling_is_refused(number: Any, field: str, asking: Desk) -> None:
    """A personal number is twelve ASCII digits in a text; nothing else is repaired into one."""
    officer = {"id": number, "account": "canbo.mau"} if field == "inquiry.officer.id" else INQUIRY["officer"]
    query = MAU | {"citizen_id": number} if field == "query.citizen_id" else MAU
    status, problem = await asking.ask("dancu.citizen", query, inquiry=INQUIRY | {"officer": officer})

    assert (status, [one["field"] for one in problem["problems"]]) == (422, [field])


@pytest.mark.parametrize(
    "code", ["９９０００００００２３", "٩٩٠٠٠٠٠٠٢٣", "9900000023\n", "99000 00023", "+990000023", 9900000023]
)
async def test_j08_j09_a_code_in_another_spelling_is_malformed(code: Any, asking: Desk, registry: Registry) -> None:
    """A registry's code that is not written as codes are names nobody, so the answer is none."""
    registry.body = answer_with(ENTERPRISE_GDT_CODE=code)
    assert (await asking.ask("dkdn.enterprise", FIRM))[1]["reason"] == "malformed"


ODD_DATES = [
    *(946684800, 946684800.0, "946684800", "946684800000", "1999-01-02T00:00:00", "1999-01-02Z", "02/01/1999"),
    *("1999-02-31", "1900-02-29", "0001-01-01", "9999-12-31", "1999-13-01", "1999-1-2", "99-01-02", "19990102", ""),
    *("1999-01-02\n", " 1999", "١٩٩٩", "1999-00-00", "-1999", None, True, ["1999"]),
]


@pytest.mark.parametrize("birth_date", ODD_DATES, ids=repr)
async def test_j11_a_date_in_another_form_is_refused(birth_date: Any, asking: Desk) -> None:
    """A date is yyyy-MM-dd, yyyy-MM or yyyy and exists; no number of seconds becomes one."""
    status, problem = await asking.ask("dancu.citizen", MAU | {"birth_date": birth_date})

    assert (status, [one["field"] for one in problem["problems"]]) == (422, ["query.birth_date"])


@pytest.mark.parametrize("founded", ["31/02/2019", "29/02/1900", "13/13/2019", "2019-03-05", "5/3/2019", "05/03/19"])
async def test_j11_a_registrys_date_in_another_form_is_malformed(
    founded: str, asking: Desk, registry: Registry
) -> None:
    """A date of a registry that does not exist, or could be read in two ways, is no date."""
    registry.body = answer_with(FOUNDING_DATE=founded)
    assert (await asking.ask("dkdn.enterprise", FIRM))[1]["reason"] == "malformed"


@pytest.mark.parametrize("seconds", [True, 1.0, "1", "1_000", "yes", None, -1, 1e3, [1]], ids=repr)
async def test_j12_a_whole_number_is_nothing_else(seconds: Any, asking: Desk) -> None:
    """A boolean, a fraction or a text is no whole number, whatever Python would make of it."""
    status, problem = await asking.ask("dancu.citizen", MAU, max_age_s=seconds)

    assert status in {400, 422}
    assert [one["field"] for one in problem["problems"]] == ["max_age_s"]


@pytest.mark.parametrize("count", [True, 1.5, "1_000", "١", "+2", "2\n", [2]], ids=repr)
async def test_j12_a_registrys_count_is_nothing_else(count: Any, asking: Desk, registry: Registry) -> None:
    """A registry's count that is not digits is malformed, not one or a thousand."""
    registry.body = answer_with(NUMBER_CHANGES=count)
    assert (await asking.ask("dkdn.enterprise", FIRM))[1]["reason"] == "malformed"


ODD_NAMES = {
    "spaces only": "   ",
    "zero-width": "Nguyễn\u200b Văn",
    "zero-width only": "\u200b\u200d",
    "NUL": "Nguyễn\0Văn",
    "right-to-left override": "Nguyễn \u202eVăn",
    "10,000 combining marks": "A" + "\u0301" * 10_000,
    "emoji": "Nguyễn 🙂",
    "emoji only": "🙂",
    "TCVN3 read as Latin-1": "NguyÔn ®øc",
    "a line end": "Nguyễn\nVăn",
    "a no-break space": "Nguyễn\u00a0Văn",
    "private use": "Nguyễn \ue000",
    "a byte-order mark": "\ufeffNguyễn",
    "no Latin letter": "Нгуен",
    "digits": "12345",
    "a number": 5,
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
async def test_j14_a_name_with_what_nobody_sees_is_refused(name: Any, asking: Desk) -> None:
    """What would silently fail to match at the registry is named to the caller instead."""
    status, problem = await asking.ask("dancu.citizen", MAU | {"full_name": name})

    assert status in {400, 422}
    assert [one["field"] for one in problem["problems"]] == ["query.full_name"]
