"""What may be asked of the store of results, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query
from gateway.domain.identifiers import CitizenId, EnterpriseCode, OldCitizenNumber
from gateway.domain.records.digital_result import OwnersResults
from gateway.errors import FieldProblem

__all__ = ["KhodlgOptions", "ResultQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class ResultQuery(Query):
    """
    The results of one owner under one result code, `KQ.` and the body that gave it (mã kết quả).

    The owner is one of `citizen_id`, `old_number` and, which is a guess, `enterprise_code`. With `document_number`,
    which the office wrote on the paper (số, ký hiệu), one of several is meant.
    """

    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    enterprise_code: EnterpriseCode | None = None
    result_code: Annotated[str, Field(pattern=r"^KQ\.[A-Z][0-9]{2}\.[0-9]{6}$", examples=["KQ.G12.001009"])]
    document_number: Annotated[
        str | None, Field(pattern=r"^[0-9A-Za-zĐđ][0-9A-Za-zĐđ ./_-]*$", max_length=50, examples=["99A8000001"])
    ] = None

    @model_validator(mode="after")
    def _one_owner(self) -> ResultQuery:
        if sum(owner is not None for owner in (self.citizen_id, self.old_number, self.enterprise_code)) != 1:
            advice = (
                "nêu đúng một trong citizen_id, old_number, enterprise_code / "
                "give one of citizen_id, old_number, enterprise_code"
            )
            raise PydanticCustomError("one_owner", "{advice}", {"advice": advice})
        return self

    @property
    def owner(self) -> str:
        """The owner's number, of whichever kind."""
        return next(one.value for one in (self.citizen_id, self.old_number, self.enterprise_code) if one is not None)

    def is_about(self, found: OwnersResults) -> bool | None:
        """
        False where a result has another code, or another number than the one asked for; else None: the answer never
        names its owner.
        """
        for one in found.results:
            if one.result.code != self.result_code:
                return False
            asked, told = self.document_number, one.document_number
            if asked is not None and told is not None and plain(told) != plain(asked):
                return False
        return None

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id is not None and self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        return ()


class KhodlgOptions(Options):
    """Where a platform puts the service, and what goes out beside the question."""

    context: PathSegment | Literal[""] = ""
    """The segment before the operation; an empty text where there is none. ASSUMED: no address was seen."""

    resource: PathSegment = "GetKetQuaGiayTo"
    """The operation's segment. ASSUMED: it is what the one client that was seen calls its setting."""

    channel: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")] = "1"
    """`KenhThucHien`: an officer's client sends 1, a citizen's 2; what the figures mean is read from that alone."""

    asker_is: Literal["owner", "officer"] = "owner"
    """Whose number goes into `SoDinhDanhNguoiYeuCau`: the owner's, as was seen, or the officer's own."""

    procedure_suffix: Annotated[str, Field(pattern=r"^(\.[A-Z0-9]{1,6}){1,6}$")] | Literal[""] = ""
    """What follows the national code in `MaThuTuc`, such as `.000.00.00.H08`; both forms were seen."""


def plain(number: str) -> str:
    """A document's number without spaces, in upper case: offices write the same one in several ways."""
    return number.replace(" ", "").upper()
