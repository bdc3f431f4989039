"""Bytes to values: strict JSON, guarded XML, SOAP, the layers that say no."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.reader import installed
from gateway.adapters.dancu import wire as dancu
from gateway.app import installed_adapters
from gateway.domain.exchange import Response
from gateway.domain.outcome import Unknown
from gateway.errors import MalformedAnswer, Reason, RegistryError, RegistryRejected
from gateway.kit.cases import ask_case
from gateway.transport.memory import MemoryTransport
from gateway.wire import json as strict_json
from gateway.wire import xml
from gateway.wire.status import raise_for_status, retry_at
from gateway.wire.wrappers import WRAPPERS
from tests.conftest import MovableClock

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"

BROKEN_JSON = {
    "J02 duplicate keys": b'{"a": 1, "a": 2}',
    "J02 duplicate keys, escaped": b'{"a": 1, "\\u0061": 2}',
    "J02 duplicate keys, deep": b'{"x": [{"a": 1, "a": 2}]}',
    "J03 NaN": b'{"a": NaN}',
    "J03 Infinity": b"[-Infinity]",
    "J03 too large": b"[1e999]",
    "J04 depth": b"[" * 100_000 + b"]" * 100_000,
    "J04 depth 65": b"[" * 65 + b"]" * 65,
    "J04 digits": b"[" + b"9" * 5_000 + b"]",
    "J04 byte-order mark": b"\xef\xbb\xbf{}",
    "J04 UTF-16": '{"a": 1}'.encode("utf-16"),
    "J04 bad UTF-8": b'{"a": "\xff"}',
    "J04 empty": b"",
    "J04 trailing": b"{} {}",
    "lone surrogate": b'["\\ud800"]',
    "single quotes": b"{'a': 1}",
    "comment": b"{} // no",
}


@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON.keys())
def test_broken_json_is_refused(body: bytes) -> None:
    """What a careful reader would call broken is an error, never a value."""
    with pytest.raises(strict_json.JsonError):
        strict_json.parse(body)


def test_brackets_inside_a_text_do_not_count_as_depth() -> None:
    """A text of a thousand brackets is a text."""
    assert strict_json.parse(b'["' + b"[" * 1000 + b'"]') == ["[" * 1000]


def test_a_fraction_keeps_every_digit() -> None:
    """Amounts are exact: no digit of 21 is lost on the way."""
    assert strict_json.parse(b"[123456789012345678.125]") == [Decimal("123456789012345678.125")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_good_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    """Strictness costs nothing that was right."""
    assert strict_json.parse(json.dumps(value).encode()) == json.loads(json.dumps(value))


def _xml(inside: str = "", before: str = "") -> bytes:
    return f'{before}<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{inside}</a>'.encode()


HOSTILE_XML = {
    "X01 billion laughs": _xml("&b;", '<!DOCTYPE a [<!ENTITY c "ha"><!ENTITY b "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'),
    "X03 external entity": _xml("&e;", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'),
    "X04 external DTD": _xml("", '<!DOCTYPE a SYSTEM "http://canary.invalid/dtd">'),
    "X05 bare doctype": _xml("", "<!DOCTYPE a>"),
    "X07 20,000 attributes": b"<a " + b" ".join(b'x%d="1"' % n for n in range(20_000)) + b"/>",
    "X09 depth 200": b"<a>" * 200 + b"</a>" * 200,
    "X09 depth 100,000": b"<a>" * 100_000 + b"</a>" * 100_000,
    "X10 text of 9 MB": _xml("x" * 9_000_000),
    "X11 200,000 elements": _xml("<b/>" * 200_000),
    "X15 processing instruction": _xml("NGUYEN<?x y?>VAN"),
    "X22 xsi:type": _xml('<b xsi:type="xsd:string"/>'),
    "X24 false label": '<?xml version="1.0" encoding="ISO-8859-1"?><a>Mẫu</a>'.encode(),
    "X24 UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a>Mẫu</a>'.encode("utf-16"),
    "X26 truncated": b"<a><b>",
    "X27 HTML": b"<!DOCTYPE html><html><body>Error</body></html>",
    "X27 empty": b"",
    "X27 JSON": b"{}",
}


@pytest.mark.parametrize("body", HOSTILE_XML.values(), ids=HOSTILE_XML.keys())
def test_hostile_or_broken_xml_is_malformed(body: bytes) -> None:
    """The guard refuses before anybody reads a value, and quotes nothing of it."""
    with pytest.raises(MalformedAnswer) as caught:
        xml.parse(body)

    assert len(str(caught.value)) < 100


def test_x16_a_comment_inside_a_name_is_joined() -> None:
    """A name with a comment in its middle is read whole."""
    assert xml.parse("<a>NGUYỄN <!-- x -->VĂN MẪU</a>".encode()).text == "NGUYỄN VĂN MẪU"


def _answer(collection: str, clock: MovableClock, *, status: int = 200) -> Response:
    body = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{collection}</s:Body></s:Envelope>'
    return Response(status=status, body=body.encode(), received_at=clock.now())


def _collection(people: str) -> str:
    return f'<CongdanCollection xmlns="{ANSWER}">{people}</CongdanCollection>'


PERSON = (
    "<CongDan><SoDinhDanh>000099000001</SoDinhDanh><HoVaTen><Ten>NGUYỄN VĂN MẪU</Ten></HoVaTen>"
    "<GioiTinh>1</GioiTinh><NgayThangNamSinh><Nam>1999</Nam></NgayThangNamSinh></CongDan>"
)


def test_an_answer_is_read_by_namespace_whatever_its_prefixes(clock: MovableClock) -> None:
    """The same message with a default namespace instead of prefixes is the same message."""
    found = dancu.SERVICE.read(_answer(_collection(PERSON), clock), "op", dancu.Collection)

    assert [person.name.given for person in found.people] == ["NGUYỄN VĂN MẪU"]


SOAP_BREAKS = {
    "X12 required element missing": _collection(PERSON.replace("<HoVaTen><Ten>NGUYỄN VĂN MẪU</Ten></HoVaTen>", "")),
    "X14 letters in a number": _collection(PERSON.replace("000099000001", "12abc")),
    "X14 Arabic digits": _collection(PERSON.replace("000099000001", "٠٠٠٠٩٩٠٠٠٠٠١")),
    "X18 two payloads": _collection(PERSON) * 2,
    "X18 empty body": "",
    "X21 nil": _collection('<CongDan xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'),
    "another root": f'<Other xmlns="{ANSWER}"/>',
    "another namespace": _collection(PERSON).replace(ANSWER, "http://example.invalid"),
    "impossible date": _collection(PERSON.replace("<Nam>1999</Nam>", "<NgayThangNam>19993131</NgayThangNam>")),
}


@pytest.mark.parametrize("payload", SOAP_BREAKS.values(), ids=SOAP_BREAKS.keys())
def test_a_soap_answer_that_breaks_its_schema_is_malformed(payload: str, clock: MovableClock) -> None:
    """No half answer becomes a record, and none becomes "nobody"."""
    with pytest.raises(MalformedAnswer) as caught:
        dancu.SERVICE.read(_answer(payload, clock), "op", dancu.Collection)

    assert "NGUY" not in str(caught.value)


NOT_NOBODY = {
    "an unknown leaf with text": _collection("<MaLoi>99</MaLoi>"),
    "an unknown attribute": _collection("").replace("<CongdanCollection", '<CongdanCollection Loi="x"'),
    "a person of another namespace": _collection('<CongDan xmlns="urn:x">000099000001</CongDan>'),
    "an unknown record, then an empty one": _collection("<NguoiDan><SoDinhDanh>0</SoDinhDanh></NguoiDan><NguoiDan/>"),
    "text after an unknown element": _collection("<x/>Loi he thong"),
    "a count of people": _collection("").replace("<CongdanCollection", '<CongdanCollection SoCongDan="1"'),
    "a note": _collection("").replace("<CongdanCollection", '<CongdanCollection GhiChu="Loi he thong"'),
    "text beside the payload": "Loi" + _collection(""),
    "an element beside the body": _collection("") + f"</s:Body><x/><s:Body xmlns:s='{SOAP}'>",
}


@pytest.mark.parametrize("payload", NOT_NOBODY.values(), ids=NOT_NOBODY.keys())
async def test_an_empty_collection_that_says_more_is_malformed(payload: str, clock: MovableClock) -> None:
    """Nobody is absent in an answer that holds, beside the empty collection, anything that nobody understands."""
    adapter, contract = installed_adapters()["dancu"], installed()["dancu"]
    transport = MemoryTransport(lambda _: _answer(payload, clock))

    answer = await ask_case(adapter, contract, "citizen", contract.datasets["citizen"].case("absent"), transport)

    assert answer.outcome == Unknown(Reason.MALFORMED)


NO_FIRM = {
    "an unknown message": b'{"Data":{"MainInformation":null,"ErrorMessage":"down"},"Status":"1"}',
    "a message of failure": b'{"Data":{"MainInformation":null},"Status":"1","Message":"maintenance"}',
    "an address": b'{"Data":{"MainInformation":null,"HOAdress":{"CityID":"99"}},"Status":"1"}',
    "bare, with a message": b'{"MainInformation":null,"Message":"Error 500"}',
}


@pytest.mark.parametrize("body", NO_FIRM.values(), ids=NO_FIRM.keys())
async def test_an_answer_without_a_firm_that_says_more_is_malformed(body: bytes, clock: MovableClock) -> None:
    """No firm is absent in an answer that speaks of one, of a failure, or of something unknown."""
    adapter, contract = installed_adapters()["dkdn"], installed()["dkdn"]
    transport = MemoryTransport(lambda _: Response(status=200, body=body, received_at=clock.now()))

    answer = await ask_case(adapter, contract, "enterprise", contract.datasets["enterprise"].case("absent"), transport)

    assert answer.outcome == Unknown(Reason.MALFORMED)


def test_x26_an_answer_cut_anywhere_is_malformed(clock: MovableClock) -> None:
    """At no byte offset does a truncated answer become a record or an absence."""
    whole = _answer(_collection(PERSON), clock).body
    for end in range(len(whole)):
        with pytest.raises(MalformedAnswer):
            dancu.SERVICE.read(Response(status=200, body=whole[:end], received_at=clock.now()), "op", dancu.Collection)


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("<>&'\"\r\n\t"),
    min_size=1,
    max_size=40,
)


@settings(max_examples=200)
@given(texts, st.booleans(), st.booleans())
def test_a_filled_template_is_zeeps_own_envelope(name: str, old: bool, year: bool) -> None:
    """For any text and any choice of elements, the compiled template and zeep write the same document."""
    values = {
        "MaYeuCau": name,
        "MaDVC": "1.001193",
        "MaTichHop": "037",
        "MaCanBo": name,
        "SoCMND" if old else "SoDinhDanh": "000000001",
        "HoVaTen": name,
        "NgayThangNamSinh": {"Nam": name} if year else {"NgayThangNam": "19990131"},
    }

    (ours,) = dancu.SERVICE.envelope("TraCuuThongTinCongDan", values)
    zeeps = dancu.SERVICE.message("TraCuuThongTinCongDan", values)

    assert _tree(ours) == _tree(zeeps)


def _tree(document: object) -> list[tuple[str, str | None]]:
    assert isinstance(document, bytes)
    return [(str(element.tag), element.text) for element in xml.parse(document).iter()]


def test_an_empty_text_is_rejected_before_it_is_sent() -> None:
    """An element that says nothing would be dropped or misread, so it is never written."""
    with pytest.raises(RegistryRejected, match="HoVaTen"):
        dancu.SERVICE.envelope("TraCuuThongTinCongDan", {"HoVaTen": ""})


@pytest.mark.parametrize("text", ["\x00", "\x0b", "\ud800", "\ufffe"], ids=ascii)
def test_a_text_that_xml_cannot_carry_is_rejected_before_it_is_sent(text: str) -> None:
    """A character outside XML never reaches a registry, and the message names only the element."""
    with pytest.raises(RegistryRejected, match="HoVaTen"):
        dancu.SERVICE.envelope("TraCuuThongTinCongDan", {"HoVaTen": f"CANARY{text}"})


LAYERS = {
    "WSO2 expired token, JSON": (401, {}, b'{"fault":{"code":900901,"message":"Invalid Credentials"}}', "refused"),
    "WSO2 not subscribed": (403, {}, b'{"fault":{"code":"900908"}}', "refused"),
    "WSO2 throttled": (429, {}, b'{"fault":{"code":900802}}', "throttled"),
    "WSO2 fault in XML": (
        500,
        {},
        b'<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900900</ams:code></ams:fault>',
        "unreachable",
    ),
    "WSO2 back end timed out": (504, {}, b'{"fault":{"code":101504}}', "timeout"),
    "WSO2 back end refused": (500, {}, b'{"fault":{"code":101503}}', "unreachable"),
    "WSO2 incomplete payload": (400, {}, b'{"fault":{"code":102511}}', "rejected"),
    "WSO2 unknown code": (403, {}, b'{"fault":{"code":999999}}', "refused"),
    "X-Road network": (500, {"x-road-error": "Server.ServerProxy.NetworkError"}, b"{}", "unreachable"),
    "X-Road client": (400, {"x-road-error": "Client.BadRequest"}, b"{}", "rejected"),
    "X-Road right": (500, {"x-road-error": "Server.ServerProxy.AccessDenied"}, b"{}", "refused"),
    "X-Road error with status 200": (200, {"x-road-error": "Server.ServerProxy.ServiceFailed"}, b"{}", "unreachable"),
    "a body that says fault": (500, {}, b'{"fault": "canary"}', "unreachable"),
    "redirect": (307, {"location": "http://elsewhere.invalid"}, b"", "malformed"),
    "no such path": (404, {}, b"not found", "not_connected"),
    "too early": (503, {"retry-after": "7"}, b"", "unreachable"),
    "teapot": (418, {}, b"", "rejected"),
    "created": (201, {}, b"{}", "malformed"),
}


@pytest.mark.parametrize(("status", "headers", "body", "reason"), LAYERS.values(), ids=LAYERS.keys())
def test_each_layer_that_says_no_has_its_reason(
    status: int, headers: dict[str, str], body: bytes, reason: str, clock: MovableClock
) -> None:
    """X-Road, the API manager and bare HTTP are told apart, and none of them ever means "no such record"."""
    with pytest.raises(RegistryError) as caught:
        raise_for_status(Response(status=status, headers=headers, body=body, received_at=clock.now()), "op")

    assert caught.value.reason.value == reason
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999", 3600),
        ("Sun, 01 Mar 2026 01:31:00 GMT", 60),
        ("Sun, 01 Mar 2020 01:31:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٧", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_honoured_clamped_or_ignored(text: str, seconds: int | None, clock: MovableClock) -> None:
    """Seconds and dates are understood, an hour is the longest wait, garbage is no answer."""
    response = Response(status=429, headers={"retry-after": text}, received_at=clock.now())

    assert retry_at(response) == (None if seconds is None else clock.now() + timedelta(seconds=seconds))


WRAPPED = {
    "thai_nguyen": b'{"code": 200, "status": "OK", "correlationId": "x", "response": {"a": 1.50}}',
    "ho_chi_minh": b'{"StatusCode": 200, "Status": "SUCCESS", "ThrowException": false, "ResultObject": {"a": 1.50}}',
    "error_code": b'{"error_code": "0", "result": {"a": 1.50}, "message": ""}',
    "opencps": b'{"status": 200, "message": "{\\"a\\": \\"1.50\\"}"}',
    "json_text": b'"{\\"a\\": \\"1.50\\"}"',
}
FAILED = {
    "thai_nguyen": (b'{"code": 500, "status": "ERROR", "response": null}', "unreachable"),
    "thai_nguyen throttles": (b'{"code": "429", "status": "ERROR"}', "throttled"),
    "ho_chi_minh": (b'{"StatusCode": 200, "Status": "SUCCESS", "ThrowException": true}', "rejected"),
    "ho_chi_minh refuses": (b'{"StatusCode": 401, "Status": "FAIL", "Description": "CANARY"}', "refused"),
    "error_code": (b'{"error_code": -1, "result": null, "message": "CANARY"}', "rejected"),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_platforms_wrapper_is_taken_off(name: str, clock: MovableClock) -> None:
    """What the service answered is inside, and no digit of an amount is lost."""
    unwrapped = WRAPPERS[name](Response(status=200, body=WRAPPED[name], received_at=clock.now()))

    assert strict_json.parse(unwrapped.body) == {"a": "1.50"}


def test_a_wrapped_amount_with_an_exponent_is_written_out(clock: MovableClock) -> None:
    """As Java writes large numbers: on its way as a text it stays one that everybody reads alike."""
    body = b'{"error_code": "0", "result": {"a": 1.5E9, "b": 1.50E-2}}'

    unwrapped = WRAPPERS["error_code"](Response(status=200, body=body, received_at=clock.now()))

    assert strict_json.parse(unwrapped.body) == {"a": "1500000000", "b": "0.0150"}


@pytest.mark.parametrize(("name", "body", "reason"), [(name, *rest) for name, rest in FAILED.items()], ids=FAILED)
def test_a_platforms_own_failure_is_never_an_empty_answer(
    name: str, body: bytes, reason: str, clock: MovableClock
) -> None:
    """A wrapper that says failure under HTTP 200 has the reason that its code means, and quotes nothing."""
    with pytest.raises(RegistryError) as caught:
        WRAPPERS[name.partition(" ")[0]](Response(status=200, body=body, received_at=clock.now()))

    assert caught.value.reason.value == reason
    assert "CANARY" not in str(caught.value)


def test_a_wrapper_that_is_not_there_is_malformed(clock: MovableClock) -> None:
    """An answer without the promised envelope is not guessed at."""
    with pytest.raises(MalformedAnswer):
        WRAPPERS["ho_chi_minh"](Response(status=200, body=b"{}", received_at=clock.now()))
