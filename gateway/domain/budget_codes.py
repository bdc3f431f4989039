"""
Codes of whoever deals with the state budget (mã số đơn vị có quan hệ với ngân sách). Source: others.md, 6.

Both kinds come from one list; the first digit says which kind it is.
"""

from __future__ import annotations

import re

from gateway.domain.identifiers import Identifier

__all__ = ["BudgetProjectCode", "BudgetUnitCode"]


class BudgetUnitCode(Identifier):
    """
    Budget code of a unit: seven characters, the first 1 or 2 for units that spend from the budget, 3 for others.
    """

    pattern = re.compile(r"[123][0-9A-Z]{6}")
    title = "mã số đơn vị có quan hệ với ngân sách / budget code of a unit"
    example = "1990001"
    kind = "budget_code"


class BudgetProjectCode(Identifier):
    """Budget code of an investment project: seven characters, the first 7 or 8."""

    pattern = re.compile(r"[78][0-9A-Z]{6}")
    title = "mã số dự án đầu tư / budget code of an investment project"
    example = "8990001"
    kind = "budget_code"
