"""What the stand-in for judicial records answers in either generation (dancu-justice-transport.md, 4.1 and 4.2)."""

from __future__ import annotations

from datetime import date
from typing import Any

from mocks.lltp_dossiers import DONE, Conviction, JudicialDossier

__all__ = ["NOBODY", "NOBODY_GEN1", "envelope", "failure", "status_gen1"]

NOBODY: dict[str, Any] = {"status": 1, "statusDescription": "Thành công", "value": []}
NOBODY_GEN1: dict[str, Any] = {"STATUS": 0, "DESCRIPTION": "Hồ sơ không tồn tại trong hệ thống"}

# ASSUMED: the manual lists 3, 4 and 5; that refusals and the like have a number of their own is invented.
_OLD_STATES = {
    **dict.fromkeys(("1", "2"), (3, "STP đã tiếp nhận")),
    **dict.fromkeys(("4", "5", "6"), (4, "Đang xử lý")),
    **dict.fromkeys(("9", "10"), (5, "Đã có phiếu")),
    **dict.fromkeys(("3", "7", "8"), (9, "Không giải quyết")),
}


def envelope(dossier: JudicialDossier) -> dict[str, Any]:
    """`{status, statusDescription, value}` about one dossier."""
    entry: dict[str, Any] = {"maHoSoMCDT": dossier.number, "trangThaiXuLy": dossier.state, "ketQuaXuLy": None}
    if dossier.state in DONE:
        entry["ketQuaXuLy"] = _result(dossier)
    return {"status": 1, "statusDescription": "Thành công", "value": [entry]}


def failure(code: str, text: str) -> dict[str, Any]:
    """A failure by code and words."""
    return {"status": 0, "statusDescription": "Đã có lỗi xảy ra", "errorCode": code, "errorDescription": text}


def status_gen1(dossier: JudicialDossier) -> dict[str, Any]:
    """The older service's answer, which does not name the dossier."""
    code, name = _OLD_STATES[dossier.state]
    return {
        "STATUS": 1,
        "DESCRIPTION": "Thành công",
        "DEC_STATUS_ID": code,
        "DEC_STATUS_NAME": name,
        "APPROVE_DATE": _day(dossier.lodged_on),
        "ISSUE_DATE": _day(dossier.issued_on) if dossier.issued_on else None,
    }


def _result(dossier: JudicialDossier) -> dict[str, Any]:
    # Form 1 does not tell what is expunged, form 2 tells everything.
    told = [one for one in dossier.convictions if dossier.form == "2" or not one.expunged]
    return {
        "soPhieuLLTP": dossier.certificate_number,
        "ngayCapPhieu": _day(dossier.issued_on or dossier.lodged_on),
        "loaiPhieu": dossier.form,
        "nguoiLapPhieu": "Cán bộ Mẫu",
        "nguoiKy": "Lãnh đạo Mẫu",
        "chucVu": "Phó Giám đốc",
        "tinhTrangAnTich": "1" if told else "0",
        "tenTinhTrangAnTich": "Có án tích" if told else "Không có án tích",
        "thongTinCDNCV": "0",
        "tenThongTinCDNCV": "Không bị cấm",
        "thongTinAn": [_conviction(one) for one in told],
        "dsCDNCV": [],
        "phieuLLTP": "JVBERi0=",
        "quyetDinhThuHoi": None,
    }


def _conviction(one: Conviction) -> dict[str, Any]:
    return {
        "soBanAn": one.judgment_number,
        "ngayBanAn": _day(one.judged_on),
        "toaDaTuyen": "TA99",
        "tenToaDaTuyen": "Tòa án Mẫu",
        "dsToiDanh": [{"toiDanh": "M01", "tenToiDanh": "Tội danh mẫu"}],
        "dsHinhPhatChinh": [{"maHinhPhat": "1", "tenHinhPhat": "Phạt tiền", "ghiChu": None}],
        "dsHinhPhatBoSung": [],
        "ngayChapHanh": str(one.judged_on.year + 1),
        "ngayXoaAn": str(one.judged_on.year + 2) if one.expunged else None,
        "dieuKhoan": None,
        "anPhi": None,
        "nghiaVuDanSu": None,
        "tinhTrangThiHanh": "Đã chấp hành xong",
    }


def _day(when: date) -> str:
    return f"{when:%d/%m/%Y}"
