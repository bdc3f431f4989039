"""The tax authority's adapter: what may be believed of an answer, and what an answer that is believed says."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.reader import load
from gateway import app, settings
from gateway.adapters.taichinh import ADAPTER
from gateway.adapters.taichinh.gip import envelope, mapping
from gateway.adapters.taichinh.query import DuesQuery, TaichinhOptions, TaxpayerQuery
from gateway.domain.dataset import Question
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Absent, Found, Outcome
from gateway.errors import MalformedAnswer, MismatchedAnswer, NotConnected, RegistryRefused, RegistryUnreachable
from gateway.kit.cases import inquiry_of, options_of
from gateway.wire import plain

CONTRACT = load("contracts.taichinh")
NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
ASKED, KNOWN = "9900000023", "9900000030"
FOUND = CONTRACT.datasets["dues"].case("found")


def answer(body: str | bytes, status: int = 200, **headers: str) -> Response:
    content = body.encode() if isinstance(body, str) else body
    return Response(status=status, headers=headers, body=content, received_at=NOW)


NOT_FOUND = answer('{"status":404,"error":"Not Found"}', 404)


def taxpayer(code: str) -> Response:
    return answer(f'{{"mst":"{code}","tennnt":"X","tthai":"00"}}')


def looked_up(*answers: Response, known: str | None = KNOWN, code: str = ASKED) -> tuple[Outcome[Any], list[str]]:
    """The outcome of a look-up that is answered like this, and whom it asked about."""
    dataset = ADAPTER.dataset("taxpayer")
    assert dataset is not None
    options = TaichinhOptions.model_validate({} if known is None else {"known_tax_code": known})
    query = TaxpayerQuery.model_validate({"tax_code": code})
    exchanges = dataset.ask["hddt"](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, options))
    request: Request = next(exchanges)
    paths = [request.path]
    try:
        for one in answers:
            paths.append(exchanges.send(one).path)
    except StopIteration as end:
        return end.value, [str(path[-2]) for path in paths]
    raise AssertionError("it asks on")


def owed(body: str, *, now: datetime = NOW, request_id: str = "GW-000000000001", **options: str) -> Outcome[Any]:
    """The outcome of the found case's question, answered like this."""
    dataset = ADAPTER.dataset("dues")
    assert dataset is not None
    query = DuesQuery.model_validate(dict(FOUND.query))
    values = TaichinhOptions.model_validate(options_of(CONTRACT, FOUND) | options)
    exchanges = dataset.ask["gip"](Question(query, inquiry_of(CONTRACT), request_id, now, values))
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(answer(body))
    outcome: Outcome[Any] = end.value.value
    return outcome


# --- the portal ----------------------------------------------------------------------------------


def test_a_404_is_nobody_only_beside_somebody_who_is_there() -> None:
    """The same address, asked in the same question, gives somebody who is known to be there: then 404 means nobody."""
    assert looked_up(NOT_FOUND, taxpayer(KNOWN)) == (Absent(), [ASKED, KNOWN])
    assert isinstance(looked_up(taxpayer(ASKED))[0], Found)


@pytest.mark.parametrize(
    ("answers", "known", "error"),
    [
        ((NOT_FOUND, NOT_FOUND), KNOWN, NotConnected),
        ((NOT_FOUND,), None, NotConnected),
        ((NOT_FOUND,), ASKED, NotConnected),
        ((NOT_FOUND, taxpayer(ASKED)), KNOWN, MalformedAnswer),
        ((NOT_FOUND, answer("{}", 403)), KNOWN, RegistryRefused),
        ((NOT_FOUND, answer("<html></html>")), KNOWN, MalformedAnswer),
        ((answer('{"fault":{"code":303001,"message":"x"}}', 404),), KNOWN, RegistryUnreachable),
    ],
    ids=["both", "nobody-known", "known-is-asked", "another-witness", "refused", "page", "platform"],
)
def test_a_wrong_address_makes_nobody_absent(answers: tuple[Response, ...], known: str | None, error: type) -> None:
    """A 404 without a witness, with one who is not found either, or from a platform before the portal, is no answer."""
    with pytest.raises(error):
        looked_up(*answers, known=known)


def test_an_x_road_error_with_404_is_x_roads() -> None:
    """What the security server says is not taken for the portal's word."""
    headers = {"x-road-error": "Server.ServerProxy.AccessDenied"}

    with pytest.raises(RegistryRefused):
        looked_up(answer("{}", 404, **headers))


@pytest.mark.parametrize(("code", "problems"), [("000299000001", ["future"]), ("000080000001", []), (ASKED, [])])
@pytest.mark.parametrize("query", [TaxpayerQuery, DuesQuery])
def test_a_taxpayer_who_is_not_born_yet_is_not_asked_for(
    query: type[TaxpayerQuery], code: str, problems: list[str]
) -> None:
    """A personal number whose year lies in the future belongs to nobody."""
    found = query.model_validate({"tax_code": code}).problems(NOW.date())

    assert [problem.code for problem in found] == problems


# --- GIP: whose answer it is ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "form", "written"),
    [
        (datetime(2026, 5, 31, 18, 5, 9, tzinfo=UTC), "dd-MMM-yyyy HH:mm:ss", "01-Jun-2026 01:05:09"),
        (datetime(2026, 12, 31, 16, 59, tzinfo=UTC), "dd-MMM-yyyy HH:mm:ss", "31-Dec-2026 23:59:00"),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), "dd-MM-yyyy HH:mm:ss", "01-01-2027 00:00:00"),
    ],
)
def test_a_question_is_dated_in_vietnam_with_an_english_month(now: datetime, form: str, written: str) -> None:
    """The office's own time, whatever the machine's is, and the month as the service reads it."""
    options = TaichinhOptions.model_validate({"sender_code": "99999999", "send_date_form": form})
    query = DuesQuery.model_validate({"tax_code": ASKED})
    dataset = ADAPTER.dataset("dues")
    assert dataset is not None
    request: Request = next(dataset.ask["gip"](Question(query, inquiry_of(CONTRACT), "GW-1", now, options)))

    assert f"<SEND_DATE>{written}</SEND_DATE>".encode() in b"".join(map(bytes, request.body))  # type: ignore[arg-type]


def test_a_message_id_is_twenty_digits_of_the_question_alone() -> None:
    """Two questions have two; the same one has the same, and nothing personal is in it."""
    ids = {mapping.message_id(f"GW-{number}") for number in range(1000)}

    assert len(ids) == 1000
    assert all(len(one) == 20 and one.isascii() and one.isdigit() for one in ids)
    assert mapping.message_id("GW-000000000001") in (FOUND.request.body or "")


@pytest.mark.parametrize(("hours", "taken"), [(0, True), (20, True), (48, False), (24 * 400, False), (-48, False)])
def test_a28_replay(hours: int, taken: bool) -> None:
    """An answer counts for its own day: an older one, without a word about what it answers, is somebody else's."""
    body = FOUND.response.body.replace(
        f"<MSG_REFID>{mapping.message_id('GW-000000000001')}</MSG_REFID>", "<MSG_REFID/>"
    )
    moment = datetime.fromtimestamp(NOW.timestamp() + hours * 3600, UTC)

    if taken:
        assert isinstance(owed(body, now=moment), Found)
    else:
        with pytest.raises(MismatchedAnswer, match="another day"):
            owed(body, now=moment)
    with pytest.raises(MismatchedAnswer, match="another message"):
        owed(FOUND.response.body, request_id="GW-000000000002")


@pytest.mark.parametrize("text", ["2026-03-01", "1-3-2026", "31-31-2026", "01-Mär-2026", "01-Foo-2026", "٠٣-٠١-٢٠٢٦"])
def test_a_day_in_no_known_form_is_malformed(text: str) -> None:
    """What cannot be read is not taken for today."""
    with pytest.raises(MalformedAnswer, match="SEND_DATE"):
        owed(FOUND.response.body.replace("<SEND_DATE>03-01-2026", f"<SEND_DATE>{text}"))


def test_the_same_numbers_are_another_day_in_the_other_order() -> None:
    """03-01 is the first of March or the third of January, as settings say, and only one of these is today."""
    with pytest.raises(MismatchedAnswer, match="another day"):
        owed(FOUND.response.body, answer_date_form="dd-MM-yyyy")


# --- GIP: what it says ---------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["1_000", "1,5", "1e3", "NaN", "+5", "٥", "0x10", "5 VND", "", "1" * 19])
def test_what_is_no_amount_is_malformed(amount: str) -> None:
    """Whatever Python alone would take for a number, and whatever a person would, is refused."""
    with pytest.raises(MalformedAnswer, match="NO_CUOI_KY"):
        owed(FOUND.response.body.replace("<NO_CUOI_KY>1500000<", f"<NO_CUOI_KY>{amount}<"))


def test_an_amount_keeps_every_digit() -> None:
    """Amounts are exact."""
    outcome = owed(FOUND.response.body.replace("<NO_CUOI_KY>1500000<", "<NO_CUOI_KY>123456789012345678.120000<"))

    assert isinstance(outcome, Found)
    assert outcome.record.dues[0].amount == Decimal("123456789012345678.120000")


@pytest.mark.parametrize("old", ["<SOTHUE>", "<ROW_SOTHUE>", "<THONGTINCHUNG>", "<HEADER>", "<BODY>"])
def test_text_between_elements_is_malformed(old: str) -> None:
    """Words beside the elements may mean anything."""
    with pytest.raises(MalformedAnswer, match="text stands beside"):
        owed(FOUND.response.body.replace(old, f"{old}x"))


def test_an_element_of_another_namespace_is_another_element() -> None:
    """A name counts with its namespace: the same name in another one fills no field."""
    body = FOUND.response.body.replace("<TEN_NNT>", '<x:TEN_NNT xmlns:x="urn:x">').replace("</TEN_NNT>", "</x:TEN_NNT>")

    with pytest.raises(MalformedAnswer, match="TEN_NNT"):
        owed(body)


def test_one_and_several_elements_are_values() -> None:
    """A document becomes what its elements say: a text, nothing, a list; attributes have a name of their own."""
    body = '<A b="1"><C> x </C><D/><E>1</E><E>2</E><E><F/></E></A>'

    assert plain.document(answer(body), "x", "A") == {"@b": "1", "C": "x", "D": None, "E": ["1", "2", {"F": None}]}
    with pytest.raises(MalformedAnswer, match="root"):
        plain.document(answer(body), "x", "B")


def test_the_paper_number_of_a_taxpayer_goes_no_further() -> None:
    """What nobody asked for is read as known, and left where it is."""
    outcome = owed(FOUND.response.body.replace("<SO_CMND/>", "<SO_CMND>000080000001</SO_CMND>"))

    assert isinstance(outcome, Found)
    assert "000080000001" not in outcome.record.model_dump_json()


# --- the envelope --------------------------------------------------------------------------------

SOAP = '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{}</S:Body></S:Envelope>'
RETURN = '<r:xuLyTruyVanMsgResponse xmlns:r="http://gip.response.com/">{}</r:xuLyTruyVanMsgResponse>'


def test_a_message_goes_into_its_envelope_and_comes_out_of_another() -> None:
    """Whatever is in a message stands in the envelope as a text, also a carriage return and what looks like markup."""
    message = '<DATA a="&lt;">x\r]]&gt;</DATA>'

    packed = envelope.packed(message.encode()).decode()
    inner = packed.partition("<in_msg>")[2].partition("</in_msg>")[0]
    response = answer(SOAP.format(RETURN.format(f"<return>{inner}</return>")))

    assert envelope.unpacked(response) == message.encode()
    assert packed.count("DATA") == 2


@pytest.mark.parametrize(
    "body",
    [
        "<x/>",
        SOAP.format(""),
        SOAP.format(RETURN.format("")),
        SOAP.format(RETURN.format("<return/><return/>")),
        SOAP.format(RETURN.format("<return><DATA/></return>")),
        SOAP.format("<return/>"),
        SOAP.format(RETURN.format("<return/>") * 2),
        SOAP.format(RETURN.format("<return/>").replace("response", "request")),
    ],
)
def test_another_envelope_is_malformed(body: str) -> None:
    """One element in one body, with one text in it, under the names that are promised."""
    with pytest.raises(MalformedAnswer):
        envelope.unpacked(answer(body))


def test_a_soap_fault_is_the_registrys_failure() -> None:
    """A fault under HTTP 200 is no answer."""
    fault = '<S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><faultstring>x</faultstring></S:Fault>'

    with pytest.raises(RegistryUnreachable, match="fault"):
        envelope.unpacked(answer(SOAP.format(fault)))


def test_the_example_of_settings_starts() -> None:
    """What demo/registries shows is read as it lies there, and its instance is connected."""
    example = settings.load(Path(__file__).parents[1] / "demo" / "registries" / "taichinh.toml")

    assert app.build(example).catalogue.instances["taichinh"].connected
