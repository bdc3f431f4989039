"""
The messages of the health-insurance portal GDBHYT. Source: others.md, 2.3 and 2.4.

`maKetQua` has 27 values, and all but a few of them come with HTTP 200: what each means is the table at the end.
"""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["IDENTITY", "MEANINGS", "CardAnswer", "Check", "Meaning", "Visit"]

Text = str | None
Number = NumberOrText | None


class Visit(Wire):
    """One stay at a facility. In `gdbhyt595` it lasts from `tuNgay` to `denNgay`."""

    registry_id: Number = Field(alias="maHoSo", default=None)
    facility: Number = Field(alias="maCSKCB", default=None)
    admitted: Text = Field(alias="ngayVao", default=None)
    discharged: Text = Field(alias="ngayRa", default=None)
    admitted_595: Text = Field(alias="tuNgay", default=None)
    discharged_595: Text = Field(alias="denNgay", default=None)
    diagnosis: Text = Field(alias="tenBenh", default=None)
    discharge: Number = Field(alias="tinhTrang", default=None)
    result: Number = Field(alias="kqDieuTri", default=None)
    admission: Number = Field(alias="lyDoVV", default=None)


class Check(Wire):
    """An earlier check of the card."""

    account: Text = Field(alias="userKT", default=None)
    at: Text = Field(alias="thoiGianKT", default=None)
    text: Text = Field(alias="thongBao", default=None)
    code: Number = Field(alias="maLoi", default=None)


class CardAnswer(Wire):
    """What the portal says of a card. Lists may be null."""

    code: NumberOrText = Field(alias="maKetQua")
    note: Text = Field(alias="ghiChu", default=None)
    card_number: Text = Field(alias="maThe", default=None)
    full_name: Text = Field(alias="hoTen", default=None)
    born: Number = Field(alias="ngaySinh", default=None)
    sex: Text = Field(alias="gioiTinh", default=None)
    address: Text = Field(alias="diaChi", default=None)
    facility: Number = Field(alias="maDKBD", default=None)
    office: Text = Field(alias="cqBHXH", default=None)
    valid_from: Text = Field(alias="gtTheTu", default=None)
    valid_until: Text = Field(alias="gtTheDen", default=None)
    region: Text = Field(alias="maKV", default=None)
    five_years: Text = Field(alias="ngayDu5Nam", default=None)
    insurance_number: Number = Field(alias="maSoBHXH", default=None)
    old_card: Text = Field(alias="maTheCu", default=None)
    new_card: Text = Field(alias="maTheMoi", default=None)
    new_from: Text = Field(alias="gtTheTuMoi", default=None)
    new_until: Text = Field(alias="gtTheDenMoi", default=None)
    new_facility: Number = Field(alias="maDKBDMoi", default=None)
    new_facility_name: Text = Field(alias="tenDKBDMoi", default=None)
    visits: list[Visit] | None = Field(alias="dsLichSuKCB2018", default=None)
    visits_595: list[Visit] | None = Field(alias="dsLichSuKCB", default=None)
    checks: list[Check] | None = Field(alias="dsLichSuKT2018", default=None)

    def names_somebody(self) -> bool:
        """Whether anything in it could be about a card's holder."""
        return any(getattr(self, name) for name in type(self).model_fields.keys() - {"code", "note"})


class Meaning(Enum):
    """What a result means for the question. ASSUMED, as a grouping (others.md, 2.4)."""

    CARD = "the portal knows the card, and says how it stands"
    VALID = "the card may be used, so it must be named"
    NOBODY = "there is no such card"
    WRONG_NUMBER = "the number that was asked with is no card's"
    WRONG_IDENTITY = "the card is another person's than the one described"
    FAULT = "the portal failed"
    WRONG_QUESTION = "the question is written wrongly"
    LOG_IN = "the log-in is not taken"


IDENTITY = {
    "060": "name",
    "061": "name (its first letters fit)",
    "070": "birth date",
    "080": "sex",
    "08": "sex",
    "090": "first facility",
}
"""Which part of the description does not fit. `08` is how older versions write 080."""

MEANINGS: dict[str, Meaning] = {
    "000": Meaning.VALID,
    "001": Meaning.CARD,
    "002": Meaning.CARD,
    "003": Meaning.VALID,
    "004": Meaning.VALID,
    "010": Meaning.CARD,
    "050": Meaning.NOBODY,
    "051": Meaning.WRONG_NUMBER,
    "052": Meaning.WRONG_NUMBER,
    "053": Meaning.WRONG_NUMBER,
    "100": Meaning.FAULT,
    "101": Meaning.FAULT,
    "110": Meaning.CARD,
    "120": Meaning.CARD,
    "121": Meaning.CARD,
    "122": Meaning.CARD,
    "123": Meaning.CARD,
    "124": Meaning.CARD,
    "130": Meaning.CARD,
    "205": Meaning.WRONG_QUESTION,
    "401": Meaning.LOG_IN,
    "500": Meaning.FAULT,
} | dict.fromkeys(IDENTITY, Meaning.WRONG_IDENTITY)
