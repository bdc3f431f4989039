"""Land dossiers of the synthetic province, and what VBDLIS and iLIS have reported of them (others.md, 3.2 and 3.3)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from mocks.datdai_land import Land
from mocks.province import Province

__all__ = ["DOSSIERS", "Dossiers"]

DOSSIERS = 1000
"""How many there are, numbered `H99.14-260201-0001` and on: no agency has the code H99."""

_NUMBER = re.compile(r"H99\.14-260201-([0-9]{4})")
_SEVEN_HOURS = timedelta(hours=7)


class Dossiers:
    """The dossiers of one province: the nth stands at one of five stages, by its number."""

    def __init__(self, province: Province) -> None:
        self._begins = datetime(province.began_on.year, province.began_on.month, province.began_on.day, 8, 30)  # noqa: DTZ001
        self._payer = next((lot.holders[0].registered_name for lot in Land(province).lots()), "TRẦN VÍ DỤ")

    def number(self, index: int) -> str:
        """The number of that index, 0 to `DOSSIERS` - 1. IndexError beyond."""
        if not 0 <= index < DOSSIERS:
            raise IndexError(f"there is no dossier {index}")
        return f"H99.14-260201-{index:04}"

    def reports(self, number: str, *, utc: bool) -> list[dict[str, Any]] | None:
        """
        What was reported of it, oldest first; None when there is none. Times are Vietnam's, or UTC without a mark, as
        VBDLIS writes them; tax notices have the names of whichever system it is.
        """
        found = _NUMBER.fullmatch(number)
        if found is None or int(found[1]) >= DOSSIERS:
            return None
        at = self._begins - (_SEVEN_HOURS if utc else timedelta())
        return [
            {"ThaoTac": kind, "SoBienNhan": number, **members}
            for kind, members in self._stages(at, utc=utc)[: 1 + int(found[1]) % 5]
        ]

    def _stages(self, at: datetime, *, utc: bool) -> list[tuple[str, dict[str, Any]]]:
        def day(days: int) -> str:
            return (at - timedelta(days=20 - days)).isoformat()

        payer, link = ("HoTenChu", "DuongDanThongBaoThue") if utc else ("HoVaChu", "DuongDanTBT")
        notice = {payer: self._payer, "LoaiThue": "Lệ phí trước bạ", "SoThongBaoThue": "LTB9999-TK0000001/TB-CCT"}
        result = {"TenGiayTo": "Giấy chứng nhận", "SoBanChinh": 1, "SoBanSao": 0, "LinkFile": "/files/vidu.pdf"}
        return [
            ("ChuyenHoSo", {"NgayChuyen": day(0), "MaTrangThai": "DXL", "NoiDungXuLy": "Thẩm định"}),
            ("YeuCauBoSungHoSo", {"NgayChoBoSung": day(3), "LaTamDung": True, "GhiChu": "Bổ sung bản vẽ"}),
            ("NhanBoSungHoSo", {"NgayNhanBoSung": day(6), "NgayHenTraMoi": day(25), "GhiChu": None}),
            ("GuiKetQuaThue", {"NgayCoKetQuaThue": day(10), "DanhSachThongBaoThue": [notice | {link: None}]}),
            ("KetThucHoSo", {"NgayKetThuc": day(18), "TrangThaiKetThuc": 0, "DanhSachGiayToKetQua": [result]}),
        ]
