"""What may be asked of the tax authority, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query
from gateway.domain.identifiers import TaxCode
from gateway.errors import FieldProblem

__all__ = ["DuesQuery", "TaichinhOptions", "TaxpayerQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class TaxpayerQuery(Query):
    """One taxpayer by his tax code, which may be his personal number."""

    tax_code: TaxCode

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        citizen_id = self.tax_code.citizen_id
        if citizen_id is not None and citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.tax_code", "future", advice),)
        return ()


class DuesQuery(TaxpayerQuery):
    """What one taxpayer owes, perhaps under one declaration alone (số tờ khai)."""

    declaration_number: Annotated[str, Field(pattern=r"^[0-9A-Za-z./_-]{1,50}$", examples=["99000000001"])] | None = (
        None
    )


class TaichinhOptions(Options):
    """What differs between those who are connected. Source: others.md, 8.1 and 8.2."""

    context: PathSegment | Literal[""] = "api"
    """`hddt`: the first segment of the path; the older address has none."""

    known_tax_code: TaxCode | None = None
    """`hddt`: somebody who is certainly there. Only beside an answer about him does a 404 say "no such taxpayer"."""

    sender_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,20}$")] | None = None
    """`gip`: what GIP knows us by. Nothing can be asked without it, and an answer to somebody else is not ours."""

    sender_name: Annotated[str, Field(max_length=200)] = ""
    """`gip`: our name; the code where it is empty."""

    receiver_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,20}$")] = "GIP"
    """`gip`: what GIP calls itself."""

    receiver_name: Annotated[str, Field(max_length=200)] = "Hệ thống GIP"
    """`gip`: its name."""

    send_date_form: Literal["dd-MMM-yyyy HH:mm:ss", "dd-MM-yyyy HH:mm:ss"] = "dd-MMM-yyyy HH:mm:ss"
    """`gip`: how we write the time of a question. Two clients write it in two ways."""

    answer_date_form: Literal["MM-dd-yyyy", "dd-MM-yyyy"] = "MM-dd-yyyy"
    """`gip`: how an answer writes its day where it names the month by number."""
