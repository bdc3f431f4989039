"""Units and investment projects that deal with the state budget."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.domain.budget_codes import BudgetProjectCode, BudgetUnitCode
from gateway.domain.dataset import Record
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = ["BudgetProject", "BudgetUnit"]


class BudgetUnit(Record):
    """
    A unit as registered now. That it has a code does not say that the code is in use: read `status`.

    `legal_basis` is the document that it was founded by, as text. Budget level and chapter are codes of the budget's
    own lists.
    """

    unit_code: BudgetUnitCode
    name: str
    unit_kind: Code | None = None
    institution_kind: Code | None = None
    superior_code: NumberText | None = None
    budget_level: Code | None = None
    budget_chapter: Code | None = None
    legal_basis: FreeText | None = None
    valid_from: date | None = None
    status: Code | None = None
    address: Address | None = None


class BudgetProject(Record):
    """
    An investment project as registered now: whose it is, who decided on it and how much it may cost.

    `stage` says whether it is being prepared or carried out; a project keeps its code when it goes on.
    """

    project_code: BudgetProjectCode
    name: str
    project_group: Code | None = None
    project_form: Code | None = None
    stage: Code | None = None
    investor_name: str | None = None
    investor_code: NumberText | None = None
    management_board: str | None = None
    decision_number: NumberText | None = None
    decided_on: date | None = None
    total_investment_vnd: Decimal | None = None
    funding_source: FreeText | None = None
    economic_sector: Code | None = None
    valid_from: date | None = None
    status: Code | None = None
    address: Address | None = None
