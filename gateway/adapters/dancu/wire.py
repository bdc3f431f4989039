"""
The population database's messages. Source: dancu-justice-transport.md, 1.3, 1.4 and 1.10.

Two shapes answer in one namespace: what is seen in practice, and the published standard QCVN 109. All are
checked against their schemas before they are read here, so these models only give names to what is there.
Three generations ask differently; the order of elements is the schemas' business in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Question
from gateway.domain.dates import PartialDate
from gateway.domain.names import folded
from gateway.errors import MalformedAnswer
from gateway.wire.model import Wire
from gateway.wire.soap import Answer, Service

__all__ = [
    "GENERATIONS",
    "SERVICE",
    "Citizen",
    "Collection",
    "Generation",
    "Name",
    "Place",
    "RelativeName",
    "Verdict",
    "citizen_question",
    "household_question",
    "request_head",
    "verification_question",
]

_Ask = Question[CitizenQuery, DancuOptions]

_SCHEMA = files("contracts.dancu") / "schema"
_ASK = "{http://dancuquocgia.bca}"
_ANSWERS = "{http://www.mic.gov.vn/dancu/1.0}"
_COLLECTION = f"{_ANSWERS}CongdanCollection"

_STANDARD = Answer(
    "dancu-answer-qcvn109.xsd",
    _COLLECTION,
    signs=tuple(f"{_ANSWERS}{name}" for name in ("MaDanToc", "MaTonGiao", "MaDonViHanhChinh")),
)
_COLLECTIONS = (_STANDARD, Answer("dancu-answer.xsd", _COLLECTION))
# Three roots are seen for one boolean.
_VERDICTS = tuple(
    Answer("dancu-verification-answer.xsd", f"{_ASK}{root}")
    for root in ("KetQuaXacThuc", "KetQuaXacThucResponse", "XacThucThongTinCongDanResponse")
)

# A service knows the answers of its own questions and no others: the root of another one is malformed, never "nobody".
SERVICE = Service(_SCHEMA, "dancu.wsdl", _COLLECTIONS)
FLAT = Service(_SCHEMA, "dancu-flat.wsdl", _COLLECTIONS)
GTEL = Service(_SCHEMA, "gtel.wsdl", (_STANDARD, Answer("gtel-answer.xsd", _COLLECTION)))
VERIFICATION = Service(_SCHEMA, "dancu.wsdl", _VERDICTS)
FLAT_VERIFICATION = Service(_SCHEMA, "dancu-flat.wsdl", _VERDICTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """
    How one generation is asked.

    `citizen` is the operation for one person. `lookups` and `verifications` have the service by the form of the
    birth date. `sends` names what a question tells of agency and account; `names_procedure` is whether a
    verification names the procedure, or the service code in its place.
    """

    citizen: str
    lookups: Mapping[str, Service]
    verifications: Mapping[str, Service]
    officer_is: Literal["id", "account"]
    sends: tuple[str, ...]
    names_procedure: bool
    verification_code: str
    date_form: str | None = None

    def birth_date_form(self, options: DancuOptions) -> str:
        """The form that this generation has, or the option's where it leaves the choice."""
        return self.date_form or options.date_form


_LOOKUPS = {"yyyyMMdd": SERVICE, "yyyy-MM-dd": SERVICE, "flat": FLAT}
_VERIFICATIONS = {"yyyyMMdd": VERIFICATION, "yyyy-MM-dd": VERIFICATION, "flat": FLAT_VERIFICATION}

GENERATIONS: Mapping[str, Generation] = {
    "2025": Generation(
        citizen="TraCuuThongTinCongDan",
        lookups=_LOOKUPS,
        verifications=_VERIFICATIONS,
        officer_is="id",
        sends=("MaDonVi", "TaiKhoan", "SoDienThoai"),
        names_procedure=True,
        verification_code="003",
    ),
    "2021": Generation(
        citizen="TraCuuThongTinCongDan",
        lookups=_LOOKUPS,
        verifications=_VERIFICATIONS,
        officer_is="account",
        sends=(),
        names_procedure=True,
        verification_code="003",
    ),
    "gtel": Generation(
        citizen="XacMinhThongTinNhanThan",
        lookups={"flat": GTEL},
        # ASSUMED: this operation is asked in the namespace that it answers in, as the later clients do.
        verifications=_VERIFICATIONS,
        officer_is="account",
        sends=("MaDonVi",),
        names_procedure=False,
        verification_code="033",
        date_form="flat",
    ),
}


def citizen_question(generation: Generation, ask: _Ask) -> dict[str, Any]:
    """The elements of the question for one person."""
    return _head(generation, ask, ask.options.integration_code) | _who(generation, ask)


def household_question(generation: Generation, ask: _Ask) -> dict[str, Any]:
    """
    The elements of `CungCapThongTinHoGiaDinh`.

    ASSUMED, all of it: only the operation's name is known, so it is asked as one person is.
    """
    return _head(generation, ask, ask.options.household_code) | _who(generation, ask)


def verification_question(generation: Generation, ask: _Ask) -> dict[str, Any]:
    """
    The elements of `XacThucThongTinCongDan`.

    The birth date is sent always, though some clients leave it out: a tuple that was not sent whole is not
    confirmed whole. ASSUMED: its form is that of the other questions, and no generation names agency or account here.
    """
    code = generation.verification_code if ask.options.verification_code is None else ask.options.verification_code
    head = {"MaYeuCau": ask.request_id, "MaCanBo": _officer(generation, ask)}
    if not generation.names_procedure:
        head["MaDichVu"] = code or ask.inquiry.procedure.value
    else:
        head["MaDVC"] = ask.inquiry.procedure.value
        if code:
            head["MaTichHop"] = code
    return head | _who(generation, ask)


def request_head(generation: Generation, ask: Question[Any, DancuOptions]) -> dict[str, Any]:
    """
    Who asks, and for what, of a request that was made before. ASSUMED: as with every other question.
    """
    return _head(generation, ask, ask.options.integration_code)


def _head(generation: Generation, ask: Question[Any, DancuOptions], code: str) -> dict[str, Any]:
    inquiry, options = ask.inquiry, ask.options
    who = {"MaDonVi": inquiry.agency, "TaiKhoan": inquiry.officer.account, "SoDienThoai": options.phone}
    return {
        "MaYeuCau": ask.request_id,
        "MaDVC": inquiry.procedure.value,
        "MaTichHop": code,
        "MaCanBo": _officer(generation, ask),
    } | {name: who[name] for name in generation.sends if options.with_agency_and_account}


def _officer(generation: Generation, ask: Question[Any, DancuOptions]) -> str:
    """
    What stands in `MaCanBo`: a code that the registry gave the officer, or the officer's own number or account.

    One account for everybody is an exception of the generations that knew accounts only (dancu-T16).
    ASSUMED: a registry that gives out codes wants them in every generation in this very element.
    """
    if ask.officer_code is not None:
        return ask.officer_code
    officer = ask.inquiry.officer
    if (ask.options.officer_is or generation.officer_is) == "id":
        return officer.id.value
    if generation.officer_is == "account" and ask.options.system_account is not None:
        return ask.options.system_account
    return officer.account


def _who(generation: Generation, ask: _Ask) -> dict[str, Any]:
    query = ask.query
    name = folded(query.full_name) if ask.options.name_form == "folded" else query.full_name.upper()
    born = _born(query.birth_date, generation.birth_date_form(ask.options))
    if query.citizen_id is not None:
        return {"SoDinhDanh": query.citizen_id.value, "HoVaTen": name, "NgayThangNamSinh": born}
    number = query.old_number.value if query.old_number is not None else ""
    return {"SoCMND": number, "HoVaTen": name, "NgayThangNamSinh": born}


def _born(born: PartialDate, form: str) -> str | dict[str, str]:
    """The whole date, or the year alone where the day is not known."""
    day = born.isoformat() if born.day else None
    year = f"{born.year:04}"
    match form:
        case "flat":
            return day or year
        case "yyyy-MM-dd":
            return {"NgayThangNam": day} if day else {"Nam": year}
        case _:
            return {"NgayThangNam": day.replace("-", "")} if day else {"Nam": year}


class Name(Wire):
    """In practice the whole name stands in `Ten`."""

    family: str | None = Field(alias="Ho", default=None)
    middle: str | None = Field(alias="ChuDem", default=None)
    given: str = Field(alias="Ten")


class RelativeName(Wire):
    """A relative's name where it comes in parts: QCVN 109 and `gtel`. It may be there with nothing in it."""

    family: str | None = Field(alias="Ho", default=None)
    middle: str | None = Field(alias="ChuDem", default=None)
    given: str | None = Field(alias="Ten", default=None)


class BirthDate(Wire):
    """`NgayThangNam` is missing where only the year was registered."""

    year: str | None = Field(alias="Nam", default=None)
    full: str | None = Field(alias="NgayThangNam", default=None)


class EthnicGroup(Wire):
    """QCVN 109 only; in practice a bare code."""

    code: str | None = Field(alias="MaDanToc", default=None)
    name: str | None = Field(alias="TenGoi", default=None)


class Religion(Wire):
    """QCVN 109 only; in practice a bare code."""

    code: str | None = Field(alias="MaTonGiao", default=None)
    name: str | None = Field(alias="TenGoi", default=None)


class Place(Wire):
    """In practice three codes; in QCVN 109 one, of two, three or five digits."""

    province: str | None = Field(alias="MaTinhThanh", default=None)
    district: str | None = Field(alias="MaQuanHuyen", default=None)
    commune: str | None = Field(alias="MaPhuongXa", default=None)
    unit: str | None = Field(alias="MaDonViHanhChinh", default=None)
    detail: str | None = Field(alias="ChiTiet", default=None)
    country: str | None = Field(alias="QuocGia", default=None)


class Relative(Wire):
    """Father, mother, spouse or representative; may be there with nothing in it."""

    name: str | RelativeName | None = Field(alias="HoVaTen", default=None)
    nationality: str | None = Field(alias="QuocTich", default=None)
    citizen_id: str | None = Field(alias="SoDinhDanh", default=None)
    old_number: str | None = Field(alias="SoCMND", default=None)


class HouseholdHead(Wire):
    """The head of the household and the relation to him."""

    relation: str | None = Field(alias="QuanHe", default=None)
    name: str | RelativeName | None = Field(alias="HoVaTen", default=None)
    citizen_id: str | None = Field(alias="SoDinhDanh", default=None)
    old_number: str | None = Field(alias="SoCMND", default=None)


class Citizen(Wire):
    """One `CongDan`."""

    citizen_id: str = Field(alias="SoDinhDanh")
    old_number: str | None = Field(alias="SoCMND", default=None)
    name: Name = Field(alias="HoVaTen")
    sex: str = Field(alias="GioiTinh")
    ethnic_group: str | EthnicGroup | None = Field(alias="DanToc", default=None)
    religion: str | Religion | None = Field(alias="TonGiao", default=None)
    marital_status: str | None = Field(alias="TinhTrangHonNhan", default=None)
    blood_group: str | None = Field(alias="NhomMau", default=None)
    born: BirthDate = Field(alias="NgayThangNamSinh")
    birth_registration: Place | None = Field(alias="NoiDangKyKhaiSinh", default=None)
    origin: Place | None = Field(alias="QueQuan", default=None)
    permanent: Place | None = Field(alias="ThuongTru", default=None)
    current: Place | None = Field(alias="NoiOHienTai", default=None)
    nationality: str | None = Field(alias="QuocTich", default=None)
    father: Relative | None = Field(alias="Cha", default=None)
    mother: Relative | None = Field(alias="Me", default=None)
    spouse: Relative | None = Field(alias="VoChong", default=None)
    representative: Relative | None = Field(alias="NguoiDaiDien", default=None)
    household_head: HouseholdHead | None = Field(alias="ChuHo", default=None)
    household_book: str | None = Field(alias="SoSoHoKhau", default=None)


class Collection(Wire):
    """The answer; without a `CongDan`, nobody is registered under what was asked."""

    people: list[Citizen] = Field(alias="CongDan", default=[])
    count: str | None = Field(alias="@SoCongDan", default=None)
    note: str | None = Field(alias="@GhiChu", default=None)

    def names_nobody(self) -> bool:
        """
        True when nobody is registered. Raises MalformedAnswer for an empty collection that says otherwise.

        ASSUMED: an empty collection with a note or a count of people reports a failure, not nobody.
        """
        if not self.people and ((self.count or "0").strip("0") or (self.note or "").strip()):
            raise MalformedAnswer("dancu: an empty collection that counts people or carries a note")
        return not self.people


class Verdict(Wire):
    """Whether somebody is registered with just this number, name and birth date: `xs:boolean`."""

    exists: str = Field(alias="TonTai")
