"""Who asks, for which case, and why. Travels with every query to the registry and into the ledger."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.domain.identifiers import CitizenId, ProcedureCode
from gateway.domain.model import Masked

__all__ = ["CaseId", "Inquiry", "Officer"]

AgencyCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}(\.[A-Z0-9]{1,6}){0,6}$", max_length=35)]
CaseId = Annotated[str, Field(pattern=r"^[A-Z0-9.]{2,36}-[0-9]{6}-[0-9]{1,8}$", max_length=50)]


class Officer(Masked):
    """The officer at the counter, as the one-stop system knows him."""

    id: CitizenId
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]+$", max_length=64)]


class Inquiry(Masked):
    """
    Who asks, and for what.

    `case_id` is the dossier number (mã hồ sơ), with letters in its agency part as well: both the form of
    2018 and that of Quyết định 20/2020; `procedure` the national procedure code without a local suffix;
    `agency` the electronic identification code of the asking unit. Source: domain.md, 3.1.
    """

    case_id: CaseId
    procedure: ProcedureCode
    agency: AgencyCode
    officer: Officer
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
