"""What may be asked about budget codes, and what settings may vary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.budget_codes import BudgetProjectCode, BudgetUnitCode
from gateway.domain.dataset import Options, Query

__all__ = ["ProjectQuery", "QhnsOptions", "UnitQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class UnitQuery(Query):
    """One unit by its code."""

    unit_code: BudgetUnitCode


class ProjectQuery(Query):
    """One investment project by its code."""

    project_code: BudgetProjectCode


class QhnsOptions(Options):
    """Where a platform puts the service. ASSUMED: both, for only the service's name was seen (others.md, 6)."""

    context: PathSegment | Literal[""] = "CapMSDVQHNS"
    """The API's name on the platform; an empty text where there is none."""

    api_version: PathSegment | Literal[""] = "1.0"
    """The version segment; an empty text where the platform has none."""
