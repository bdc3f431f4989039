"""How much one officer may ask, of whom and when; the shape of `[limits]` in a policy file. Nothing is counted here."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Finding", "Limits", "Most", "OffHours", "Subjects", "Then"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Finding(StrEnum):
    """What is odd about a question. One word in policy, metric, log, grant and problem."""

    MANY_QUESTIONS = "many_questions"
    MANY_SUBJECTS = "many_subjects"
    SEQUENTIAL = "sequential"
    OFF_HOURS = "off_hours"
    ONESELF = "oneself"
    SUPERIOR = "superior"


class Then(StrEnum):
    """What follows: the question is refused, or it is asked and the finding is noted."""

    REFUSE = "refuse"
    NOTE = "note"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Most(_Section):
    """A count within one hour that begins with its first question. The `most`-th is still in order."""

    most: Annotated[int, Field(ge=1)]
    then: Then


class Subjects(_Section):
    """Questions about certain people."""

    then: Then


class OffHours(_Section):
    """When nobody is at a counter: outside `opens` to `closes` of the named days, and all day on `holidays`."""

    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)]
    opens: time
    closes: time
    holidays: tuple[date, ...] = ()
    then: Then

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be earlier than closes")
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("opens and closes are the province's time: write them without a zone")
        return self

    def at(self, local: datetime) -> bool:
        """Whether this moment, in the province's time, is off hours."""
        return (
            _DAYS[local.weekday()] not in self.days
            or local.date() in self.holidays
            or not self.opens <= local.time() < self.closes
        )


class Limits(_Section):
    """Everything an officer is held to; what is not there is not looked at."""

    many_questions: Most | None = None
    many_subjects: Most | None = None
    sequential: Most | None = None
    off_hours: OffHours | None = None
    oneself: Subjects | None = None
    superior: Subjects | None = None

    def once_more(self, *, is_first: bool) -> Self:
        """
        What holds for a question that the gateway asks by itself, at an hour that is not the officer's: whom it is
        about, and how much he asks where it has not counted before.
        """
        left: dict[str, None] = {"off_hours": None}
        if not is_first:
            left |= dict.fromkeys(("many_questions", "many_subjects", "sequential"))
        return self.model_copy(update=left)

    @cached_property
    def are_none(self) -> bool:
        """Whether there is nothing to look at."""
        return self == Limits()
