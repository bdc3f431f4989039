"""What may be asked of business registration, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query
from gateway.domain.identifiers import EnterpriseCode, TaxCode
from gateway.errors import FieldProblem

__all__ = ["DkdnOptions", "EnterpriseQuery", "TaxCodeQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class EnterpriseQuery(Query):
    """One firm or dependent unit by its code."""

    enterprise_code: EnterpriseCode


class TaxCodeQuery(Query):
    """One household business or cooperative by its tax code, which may be somebody's personal number."""

    tax_code: TaxCode

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        citizen_id = self.tax_code.citizen_id
        if citizen_id is not None and citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.tax_code", "future", advice),)
        return ()


class DkdnOptions(Options):
    """
    Where a platform puts the service. None means: where the contract version has it. Source: others.md, C.1:
    provinces rename the context or drop the version.
    """

    context: PathSegment | Literal[""] | None = None
    """The API's name on the platform: `apiCSDLDKDN` (Lào Cai calls it `NGSP-CSDLDKDN`), `apiDKKD`, none in `hcm`."""

    api_version: PathSegment | Literal[""] | None = None
    """The version segment: `1.0` in `ngsp`, none in the others; an empty text where the platform has none."""

    page_size: Annotated[int, Field(ge=1, le=1000)] = 500
    """`limit` of a list of dossiers. ASSUMED: a platform takes as many; four pages are read at most."""
