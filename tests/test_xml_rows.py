"""The X-rows: hostile and broken XML as a registry's answer, and hostile WSDLs."""

from __future__ import annotations

import hashlib
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from contracts.reader import CaseFile, installed
from gateway.app import installed_adapters
from gateway.channel.answer import Answer
from gateway.domain.exchange import Response
from gateway.domain.outcome import Unknown
from gateway.errors import ContractError, Reason
from gateway.kit.cases import ask_case
from gateway.transport.memory import MemoryTransport
from gateway.wire.soap import Service
from tests.conftest import MovableClock
from tests.measuring import STALL_S, measured

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DANCU = installed_adapters()["dancu"]
CONTRACT = installed()["dancu"]
FOUND: CaseFile = CONTRACT.datasets["citizen"].case("found")
REAL = FOUND.response.body.strip()
NAME = "NGUYỄN VĂN MẪU"


async def answered(body: bytes | str) -> Answer:
    """What a citizen's question ends in when the registry answers like this."""
    content = body.encode() if isinstance(body, str) else body
    transport = MemoryTransport(lambda _: Response(status=200, body=content, received_at=MovableClock().now()))
    return await ask_case(DANCU, CONTRACT, "citizen", FOUND, transport)


def is_malformed(answer: Answer) -> bool:
    return answer.outcome == Unknown(Reason.MALFORMED)


@contextmanager
def canary() -> Iterator[tuple[str, socket.socket]]:
    """An address that nobody may ever connect to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"127.0.0.1:{server.getsockname()[1]}", server


def was_contacted(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def inside(text: str) -> str:
    """The real answer with this in place of the name."""
    return REAL.replace(NAME, text)


def with_doctype(doctype: str, text: str = NAME) -> str:
    return doctype + inside(text)


async def test_x01_billion_laughs_is_malformed() -> None:
    """Ten levels of ten entities end before they are expanded."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = with_doctype(f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>', "&l9;")

    assert is_malformed(await answered(body))


async def test_x02_a_quadratic_entity_is_malformed() -> None:
    """One long entity used 5,000 times is refused with its document type."""
    body = with_doctype(f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>', "&a;" * 5_000)

    assert is_malformed(await answered(body))


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://{}/x"])
async def test_x03_an_external_entity_is_malformed_and_not_fetched(address: str) -> None:
    """Neither a file of ours nor an address elsewhere is read for a registry."""
    with canary() as (host, server):
        body = with_doctype(f'<!DOCTYPE x [<!ENTITY e SYSTEM "{address.format(host)}">]>', "&e;")

        assert is_malformed(await answered(body))
        assert not was_contacted(server)


@pytest.mark.parametrize(
    "doctype", ['<!DOCTYPE x SYSTEM "http://{}/dtd">', '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://{}/p"> %p;]>']
)
async def test_x04_an_external_dtd_is_malformed_and_not_fetched(doctype: str) -> None:
    """A document type that lies elsewhere is neither fetched nor accepted."""
    with canary() as (host, server):
        assert is_malformed(await answered(with_doctype(doctype.format(host))))
        assert not was_contacted(server)


@pytest.mark.parametrize("doctype", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ATTLIST x a CDATA "1">]>'])
async def test_x05_any_document_type_is_malformed(doctype: str) -> None:
    """No registry has a reason to send one."""
    assert is_malformed(await answered(with_doctype(doctype)))


async def test_x07_twenty_thousand_attributes_are_malformed() -> None:
    """An element with more attributes than any contract has is refused without holding the loop."""
    attributes = " ".join(f'a{n}="1"' for n in range(20_000))
    body = REAL.replace("<ns1:CongDan>", f"<ns1:CongDan {attributes}>")
    async with measured() as figures:
        assert is_malformed(await answered(body))

    assert figures.stall_s < STALL_S


@pytest.mark.parametrize("depth", [100, 200, 2_000, 100_000])
async def test_x09_deep_nesting_is_malformed(depth: int) -> None:
    """A hundred levels or a hundred thousand: refused before anybody walks them."""
    assert is_malformed(await answered(inside("<a>" * depth + "</a>" * depth)))


@pytest.mark.parametrize("size", [2_100_000, 9_000_000, 11_000_000])
async def test_x10_a_text_of_megabytes_is_malformed(size: int) -> None:
    """A body over the limit is not even parsed, and costs no memory beyond itself."""
    body = inside("A" * size).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert is_malformed(await answered(body))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("elements", [1_900, 49_900, 200_000])
async def test_x11_many_elements_do_not_hold_the_loop(elements: int) -> None:
    """The largest tree that the guard admits and one that it refuses are both worked through in a thread."""
    people = "<ns1:CongDan/>" * elements
    body = REAL.replace("</ns1:CongdanCollection>", people + "</ns1:CongdanCollection>")
    async with measured() as figures:
        assert is_malformed(await answered(body))

    assert figures.stall_s < STALL_S


@pytest.mark.parametrize("element", ["SoDinhDanh", "HoVaTen", "GioiTinh", "NgayThangNamSinh"])
async def test_x12_a_missing_required_element_is_malformed(element: str) -> None:
    """What the contract promises is there, or there is no answer."""
    start, end = REAL.index(f"<ns1:{element}>"), REAL.index(f"</ns1:{element}>") + len(f"</ns1:{element}>")

    assert is_malformed(await answered(REAL[:start] + REAL[end:]))


@pytest.mark.parametrize("number", ["12abc", "0x10", "9" * 5_000, "1e3", "٠٠٠٠٩٩٠٠٠٠٠١", " 000099000001"])
async def test_x14_a_number_that_is_none_is_malformed(number: str) -> None:
    """Letters, exponents, other digits and endless digits are no personal number, and are quoted nowhere."""
    answer = await answered(REAL.replace("<ns1:SoDinhDanh>000099000001<", f"<ns1:SoDinhDanh>{number}<", 1))

    assert is_malformed(answer)
    assert isinstance(answer.outcome, Unknown)
    assert number not in answer.outcome.detail


async def test_x15_a_processing_instruction_inside_a_name_is_malformed() -> None:
    """A name is never cut at an instruction in its middle."""
    assert is_malformed(await answered(inside("NGUYỄN <?cut here?>VĂN MẪU")))


async def test_x16_a_comment_inside_a_name_is_joined() -> None:
    """A comment changes nothing: the name is whole."""
    answer = await answered(inside("NGUYỄN <!-- x -->VĂN MẪU"))

    assert answer.outcome.word == "found"
    assert answer.outcome.record.full_name == NAME  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["payload", "body", "envelope"])
async def test_x18_two_of_anything_is_malformed(what: str) -> None:
    """Two payloads, two bodies or two envelopes: nobody chooses between them."""
    payload = REAL[REAL.index("<ns1:CongdanCollection") : REAL.index("</soapenv:Body>")]
    doubled = {
        "payload": REAL.replace("</soapenv:Body>", f"{payload}</soapenv:Body>"),
        "body": REAL.replace("</soapenv:Body>", f"</soapenv:Body><soapenv:Body>{payload}</soapenv:Body>"),
        "envelope": REAL + REAL,
    }

    assert is_malformed(await answered(doubled[what]))


async def test_x21_nil_on_what_cannot_be_nil_is_malformed() -> None:
    """A payload that calls itself nothing is not "nobody"."""
    for element in ("CongdanCollection", "CongDan", "SoDinhDanh"):
        body = REAL.replace(f"<ns1:{element}", f'<ns1:{element} xmlns:xsi="{XSI}" xsi:nil="true"', 1)
        assert is_malformed(await answered(body)), element


@pytest.mark.parametrize("kind", ["xsd:string", "ns1:CongDanType", "ns1:Nothing"])
async def test_x22_an_unlisted_type_is_malformed(kind: str) -> None:
    """No answer redefines what an element is."""
    declared = f'xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:type="{kind}"'

    assert is_malformed(await answered(REAL.replace("<ns1:CongDan>", f"<ns1:CongDan {declared}>", 1)))


async def test_x23_pointers_to_elsewhere_are_never_followed() -> None:
    """Schema locations, inclusions and style sheets that point elsewhere fetch nothing."""
    with canary() as (host, server):
        located = REAL.replace(
            "<ns1:CongdanCollection",
            f'<ns1:CongdanCollection xmlns:xsi="{XSI}" xsi:schemaLocation="urn:x http://{host}/x.xsd"',
        )
        included = inside(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="http://{host}/x"/>')
        styled = f'<?xml-stylesheet href="http://{host}/x"?>' + REAL

        assert (await answered(located)).outcome.word == "found"
        assert is_malformed(await answered(included))
        assert is_malformed(await answered(styled))
        assert not was_contacted(server)


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1258", "UTF-16", "UTF-7"])
async def test_x24_a_false_encoding_label_is_malformed(encoding: str) -> None:
    """Vietnamese under a wrong label would be nonsense, so only UTF-8 is read."""
    assert is_malformed(await answered(f'<?xml version="1.0" encoding="{encoding}"?>{REAL}'))


async def test_x26_a_real_answer_cut_at_any_byte_is_malformed() -> None:
    """Every prefix of a real answer is no answer."""
    whole = REAL.encode()
    for end in range(len(whole)):
        assert is_malformed(await answered(whole[:end])), end


@pytest.mark.parametrize("body", ["<html><body>CANARY</body></html>", "", "{}", "\x00\xff", " "])
async def test_x27_what_is_no_soap_is_malformed_and_not_quoted(body: str) -> None:
    """An error page with status 200 is neither nobody nor part of any message."""
    answer = await answered(body)

    assert is_malformed(answer)
    assert isinstance(answer.outcome, Unknown)
    assert "CANARY" not in answer.outcome.detail


def a_service(
    folder: Path, *, location: str = "dancu-request.xsd", address: str = "http://mock.invalid/dancu"
) -> Service:
    """The packaged WSDL with one import and its address changed."""
    packaged = files("contracts.dancu") / "schema"
    for file in packaged.iterdir():
        if file.name.endswith(".xsd"):
            (folder / file.name).write_bytes(file.read_bytes())
    wsdl = (packaged / "dancu.wsdl").read_text(encoding="utf-8")
    wsdl = wsdl.replace('schemaLocation="dancu-request.xsd"', f'schemaLocation="{location}"')
    (folder / "dancu.wsdl").write_text(wsdl.replace("http://mock.invalid/dancu", address), encoding="utf-8")
    pin(folder)
    return Service(folder, "dancu.wsdl", ())


def pin(folder: Path) -> None:
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in folder.iterdir()]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def test_a_wsdl_that_is_not_the_reviewed_one_is_not_used(tmp_path: Path) -> None:
    """A description changed after it was pinned, or never pinned at all, stops the start."""
    a_service(tmp_path)
    with (tmp_path / "dancu-request.xsd").open("a") as file:
        file.write("<!-- changed -->")

    with pytest.raises(ContractError, match=r"dancu-request\.xsd: not the file"):
        Service(tmp_path, "dancu.wsdl", ())
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(ContractError, match="SHA256SUMS"):
        Service(tmp_path, "dancu.wsdl", ())


@pytest.mark.parametrize(
    "location",
    ["http://{}/x.xsd", "ftp://{}/x.xsd", "file:///etc/hostname", "//{}/share/x.xsd", "../../../etc/hostname"],
)
def test_x31_a_wsdl_imports_nothing_from_outside_its_folder(location: str, tmp_path: Path) -> None:
    """A schema location that leads elsewhere stops the start, and is not fetched."""
    with canary() as (host, server):
        with pytest.raises(ContractError):
            a_service(tmp_path, location=location.format(host))
        assert not was_contacted(server)


async def test_x32_the_address_in_a_wsdl_is_never_used(tmp_path: Path) -> None:
    """A question goes to the configured endpoint: what a WSDL calls its address reaches no request."""
    with canary() as (host, server):
        service = a_service(tmp_path, address=f"http://{host}/")
        values = {
            "MaYeuCau": "1", "MaDVC": "1.001193", "MaTichHop": "037", "MaCanBo": "1", "SoDinhDanh": "000099000001",
            "HoVaTen": "X", "NgayThangNamSinh": {"Nam": "1999"},
        }  # fmt: skip
        (envelope,) = service.envelope("TraCuuThongTinCongDan", values)

        assert isinstance(envelope, bytes)
        assert host.encode() not in envelope
        assert not was_contacted(server)


@pytest.mark.parametrize(
    "body",
    [
        REAL.replace("ns1:", "CANARY:").replace("xmlns:ns1", "xmlns:CANARY").replace("19990131", "x"),
        REAL.replace(NAME, "NGUYỄN<CANARY>VĂN</CANARY>"),
        REAL.replace("<ns1:CongDan>", f'<ns1:CongDan xmlns:xsi="{XSI}" xsi:CANARY="1">'),
    ],
    ids=["prefix", "element", "attribute"],
)
async def test_no_name_that_an_answer_chose_stands_in_what_is_said_of_it(body: str) -> None:
    """Prefixes and foreign elements are their author's words, and could be a person's name: the log has ours alone."""
    answer = await answered(body)

    assert is_malformed(answer)
    assert "CANARY" not in str(answer.outcome)
