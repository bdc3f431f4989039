"""
GIP's messages, in the order of their elements. Source: others.md, 8.2, for the question; the code of a bank's client
(com.lpb.esb.service.tct) for an answer, which it shows once, without a signature.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, Wire

__all__ = ["Answer", "Due", "Header", "Taxpayer", "question"]

Text = str | None

QUESTION = "00046"
"""`TRAN_CODE` and `TYPE` of a question for dues by tax code."""

ANSWER = "00047"
"""`TYPE` of its answer. ASSUMED: the one that was seen says so; answers about land say 00110."""


class Header(Wire):
    """`HEADER`. What is empty comes as None."""

    version: Text = Field(alias="VERSION", default=None)
    sender_code: Text = Field(alias="SENDER_CODE")
    sender_name: Text = Field(alias="SENDER_NAME", default=None)
    receiver_code: Text = Field(alias="RECEIVER_CODE")
    receiver_name: Text = Field(alias="RECEIVER_NAME", default=None)
    transaction: Text = Field(alias="TRAN_CODE", default=None)
    message_id: Text = Field(alias="MSG_ID", default=None)
    answers: Text = Field(alias="MSG_REFID", default=None)
    link: Text = Field(alias="ID_LINK", default=None)
    sent: Text = Field(alias="SEND_DATE")
    original_code: Text = Field(alias="ORIGINAL_CODE", default=None)
    original_name: Text = Field(alias="ORIGINAL_NAME", default=None)
    original_date: Text = Field(alias="ORIGINAL_DATE", default=None)
    error_code: Text = Field(alias="ERROR_CODE")
    error_text: Text = Field(alias="ERROR_DESC", default=None)
    spare_1: Text = Field(alias="SPARE1", default=None)
    spare_2: Text = Field(alias="SPARE2", default=None)
    spare_3: Text = Field(alias="SPARE3", default=None)


class Taxpayer(Wire):
    """`ROW_NNT`. The number of his paper (`SO_CMND`, `SO`) is known, and goes no further."""

    tax_code: str = Field(alias="MST")
    name: str = Field(alias="TEN_NNT", min_length=1)
    kind: Text = Field(alias="LOAI_NNT", default=None)
    paper_number: Text = Field(alias="SO_CMND", default=None)
    paper_number_too: Text = Field(alias="SO", default=None)
    chapter: Text = Field(alias="CHUONG", default=None)
    tax_office: Text = Field(alias="MA_CQT_QL", default=None)


class Taxpayers(Wire):
    """`THONGTINCHUNG`."""

    rows: Annotated[list[Taxpayer], ListOrOne] = Field(alias="ROW_NNT", min_length=1)


class Place(Wire):
    """`ROW_DIACHI`. The codes are the tax authority's own (`01TTT`), not those of the administrative map."""

    text: Text = Field(alias="MOTA_DIACHI", default=None)
    province: Text = Field(alias="MA_TINH", default=None)
    district: Text = Field(alias="MA_HUYEN", default=None)
    commune: Text = Field(alias="MA_XA", default=None)


class Places(Wire):
    """`DIACHI`."""

    rows: Annotated[list[Place], ListOrOne] = Field(alias="ROW_DIACHI", min_length=1)


class Due(Wire):
    """`ROW_SOTHUE`: one line of the account, which names a tax code of its own."""

    tax_code: Text = Field(alias="MST", default=None)
    chapter: Text = Field(alias="MA_CHUONG", default=None)
    collecting_office: Text = Field(alias="MA_CQ_THU", default=None)
    treasury: Text = Field(alias="SHKB", default=None)
    sub_item: Text = Field(alias="MA_TMUC", default=None)
    amount: str = Field(alias="NO_CUOI_KY")
    credit_account: Text = Field(alias="SO_TAI_KHOAN_CO", default=None)
    decision_number: Text = Field(alias="SO_QDINH", default=None)
    decided_on: Text = Field(alias="NGAY_QDINH", default=None)
    currency: Text = Field(alias="LOAI_TIEN", default=None)
    exchange_rate: Text = Field(alias="TI_GIA", default=None)
    tax_type: Text = Field(alias="LOAI_THUE", default=None)
    asset_address: Text = Field(alias="DIA_CHI_TS", default=None)
    chassis_number: Text = Field(alias="SO_KHUNG", default=None)
    engine_number: Text = Field(alias="SO_MAY", default=None)
    place: Text = Field(alias="MA_DBHC", default=None)
    period: Text = Field(alias="KY_THUE", default=None)
    asset_description: Text = Field(alias="DAC_DIEM_PTIEN", default=None)


class Account(Wire):
    """`SOTHUE`. ASSUMED: an empty one says that nothing is owed; one that is not there says nothing."""

    rows: Annotated[list[Due], ListOrOne] = Field(alias="ROW_SOTHUE", min_length=1)


class Information(Wire):
    """`THONGTIN_NNT`."""

    common: Taxpayers = Field(alias="THONGTINCHUNG")
    places: Places | None = Field(alias="DIACHI", default=None)
    account: Account | None = Field(alias="SOTHUE")


class Row(Wire):
    """`ROW`. ASSUMED: an empty `THONGTIN_NNT` says that there is no such taxpayer; a missing one says nothing."""

    type: str = Field(alias="TYPE")
    name: Text = Field(alias="NAME", default=None)
    information: Information | None = Field(alias="THONGTIN_NNT")


class Body(Wire):
    """`BODY`."""

    rows: Annotated[list[Row], ListOrOne] = Field(alias="ROW", min_length=1)


class Answer(Wire):
    """`DATA`, of which header and body are what a signature covers."""

    header: Header = Field(alias="HEADER")
    body: Body | None = Field(alias="BODY")


def question(header: dict[str, str], tax_code: str, declaration_number: str | None) -> bytes:
    """The question without its signature: every element of the header, in order, empty where nothing is said."""
    names = [field.alias or "" for field in Header.model_fields.values() if not (field.alias or "").startswith("SPARE")]
    head = "".join(_element(name, header.get(name, "")) for name in names)
    asked = _element("MST", tax_code) + _element("SO_TKHAI", declaration_number or "")
    row = _element("TYPE", QUESTION) + _element("NAME", "Truy vấn thu nộp theo MST") + f"<TRUYVAN>{asked}</TRUYVAN>"
    return f"<DATA><HEADER>{head}</HEADER><BODY><ROW>{row}</ROW></BODY></DATA>".encode()


def _element(name: str, text: str) -> str:
    if not text:
        return f"<{name}/>"
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<{name}>{escaped}</{name}>"
