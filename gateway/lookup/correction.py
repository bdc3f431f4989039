"""A request that a registry's owner correct its data, as the one-stop system writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.identifiers import CitizenId, EnterpriseCode, OldCitizenNumber
from gateway.domain.model import Masked
from gateway.impact.correction_book import CorrectionWhy

__all__ = ["CorrectionAbout", "CorrectionClose", "CorrectionRequest"]

_STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
_Short = Annotated[str, Field(min_length=1, max_length=60)]
_Line = Annotated[str, Field(min_length=1, max_length=500)]
_DATASET = r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$"
_FIELD = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"


class CorrectionAbout(Masked):
    """
    Whom or what it is about: at least one number. `right_value` is what should stand there, `document` what shows it.
    """

    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    enterprise_code: EnterpriseCode | None = None
    other_number: _Short | None = None
    full_name: _Line | None = None
    right_value: _Line | None = None
    document: _Line | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> CorrectionAbout:
        if not any((self.citizen_id, self.old_number, self.enterprise_code, self.other_number)):
            advice = "nêu ít nhất một số / give at least one number"
            raise PydanticCustomError("no_number", "{advice}", {"advice": advice})
        return self


class CorrectionRequest(BaseModel):
    """Which data of which plan is wrong, and how."""

    model_config = _STRICT

    plan_id: Annotated[str, Field(max_length=40)]
    dataset: Annotated[str, Field(pattern=_DATASET, max_length=80, examples=["bhxh.participant"])]
    field: Annotated[str, Field(pattern=_FIELD, max_length=120, examples=["birth_date"])] | None = Field(
        None, description="What of the record; none where all of it lacks."
    )
    why: Annotated[CorrectionWhy, Field(strict=False)]
    about: CorrectionAbout = Field(repr=False)


class CorrectionClose(BaseModel):
    """What the owner did."""

    model_config = _STRICT

    result: Literal["corrected", "declined"]
