"""What is asked of the stand-ins: the dataset that costs them least, about a firm that they compute when asked."""

from __future__ import annotations

from bench.row import Ask, Right
from mocks.province import Province

__all__ = ["CITIZENS", "FIRM_OF_THE_PROVINCE", "GET_TAXPAYER"]

CITIZENS = 1_000_000
"""As many as the stand-ins are said to carry at no cost."""

_FIRM = Province(citizens=CITIZENS).enterprise(0)

GET_TAXPAYER = Ask(method="GET", path=f"/taichinh/api/category/public/dsdkts/{_FIRM.enterprise_code}/manager")
"""`taichinh.taxpayer`: one GET, no log-in."""

FIRM_OF_THE_PROVINCE = Right(markers=(_FIRM.name,))
