"""
What GIP answers in the synthetic province, and recorded answers made live. Source: others.md, 8.2.

A recorded answer is dated, numbered, and says which message it answers. Whoever asks today wants today's: what stands
in it as in the contract's moment becomes as it is now, and what differs from that on purpose stays as recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from html import escape

from mocks.taichinh_taxpayers import Taxpayer

__all__ = ["RECORDED_DAYS", "account", "envelope", "live", "nobody"]

_VIETNAM = timezone(timedelta(hours=7))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
RECORDED_DAYS = {"03-01-2026": "{m:02}-{d:02}-{y}", "01-03-2026": "{d:02}-{m:02}-{y}", "01-Mar-2026": "{d:02}-{n}-{y}"}
"""The contract's day as answers write it, and how any other day is written like that."""


def live(recorded: str, recorded_id: str, asked_id: str, number: int, now_s: float) -> str:
    """A recorded answer as it would be now, to a message of that id."""
    text = recorded.replace(f"<MSG_REFID>{recorded_id}</MSG_REFID>", f"<MSG_REFID>{escape(asked_id)}</MSG_REFID>")
    for day, form in RECORDED_DAYS.items():
        text = text.replace(f"<SEND_DATE>{day}", f"<SEND_DATE>{_day(form, now_s)}")
    return re.sub(r"<MSG_ID>GIP[0-9]+</MSG_ID>", f"<MSG_ID>{_number(number, now_s)}</MSG_ID>", text)


def account(taxpayer: Taxpayer, asked: Mapping[str, str], number: int, now_s: float) -> str:
    """What a taxpayer of the province owes."""
    office = "9990001"
    lines = "".join(
        f"<ROW_SOTHUE><MST>{taxpayer.tax_code}</MST><MA_CHUONG>757</MA_CHUONG><MA_CQ_THU>{office}</MA_CQ_THU><SHKB>9901</SHKB>"
        f"<MA_TMUC>{due.sub_item}</MA_TMUC><NO_CUOI_KY>{due.amount}</NO_CUOI_KY><SO_TAI_KHOAN_CO>7111</SO_TAI_KHOAN_CO>"
        f"<LOAI_TIEN>VND</LOAI_TIEN><KY_THUE>{due.period}</KY_THUE></ROW_SOTHUE>"
        for due in taxpayer.dues
    )
    place = taxpayer.head_office
    return _answer(
        f"<THONGTIN_NNT><THONGTINCHUNG><ROW_NNT><MST>{taxpayer.tax_code}</MST><TEN_NNT>{escape(taxpayer.name)}</TEN_NNT>"
        f"<LOAI_NNT>{taxpayer.kind}00</LOAI_NNT><SO_CMND/><CHUONG>755</CHUONG><MA_CQT_QL>{office}</MA_CQT_QL></ROW_NNT>"
        f"</THONGTINCHUNG><DIACHI><ROW_DIACHI><MOTA_DIACHI>{escape(place.full_text)}</MOTA_DIACHI></ROW_DIACHI></DIACHI>"
        f"<SOTHUE>{lines}</SOTHUE></THONGTIN_NNT>",
        asked,
        number,
        now_s,
    )


def nobody(asked: Mapping[str, str], number: int, now_s: float) -> str:
    """No such taxpayer."""
    return _answer("<THONGTIN_NNT/>", asked, number, now_s)


def envelope(message: str) -> bytes:
    """The SOAP around an answer, which stands in it as a CDATA section."""
    return (
        f'<S:Envelope xmlns:S="{_SOAP}"><S:Body>'
        '<ns0:xuLyTruyVanMsgResponse xmlns:ns0="http://gip.response.com/">'
        f"<return><![CDATA[{message}]]></return></ns0:xuLyTruyVanMsgResponse></S:Body></S:Envelope>"
    ).encode()


def _answer(inner: str, asked: Mapping[str, str], number: int, now_s: float) -> str:
    receiver = escape(asked.get("SENDER_CODE", ""))
    return (
        "<DATA><HEADER><VERSION>1</VERSION><SENDER_CODE>GIP</SENDER_CODE><SENDER_NAME>Hệ Thống GIP</SENDER_NAME>"
        f"<RECEIVER_CODE>{receiver}</RECEIVER_CODE><RECEIVER_NAME>{receiver}</RECEIVER_NAME><TRAN_CODE>05011</TRAN_CODE>"
        f"<MSG_ID>{_number(number, now_s)}</MSG_ID><MSG_REFID>{escape(asked.get('MSG_ID', ''))}</MSG_REFID><ID_LINK/>"
        f"<SEND_DATE>{_day('{m:02}-{d:02}-{y}', now_s)}</SEND_DATE><ORIGINAL_CODE>GIP</ORIGINAL_CODE>"
        "<ORIGINAL_NAME>Hệ Thống GIP</ORIGINAL_NAME><ORIGINAL_DATE/><ERROR_CODE/><ERROR_DESC/>"
        "<SPARE1/><SPARE2/><SPARE3/></HEADER><BODY><ROW><TYPE>00047</TYPE><NAME>Kết quả truy vấn thu nộp</NAME>"
        f"{inner}</ROW></BODY></DATA>"
    )


def _day(form: str, now_s: float) -> str:
    now = datetime.fromtimestamp(now_s, UTC).astimezone(_VIETNAM)
    return form.format(d=now.day, m=now.month, n=_MONTHS[now.month - 1], y=now.year)


def _number(number: int, now_s: float) -> str:
    return f"GIP{_day('{y}{m:02}{d:02}', now_s)}{number:07}"
