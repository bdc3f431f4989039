"""Settings of tickets: papers that could not be decided, and are asked about again."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.settings_credentials import Section

__all__ = ["TicketsSettings", "hours"]

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def hours(text: str) -> tuple[time, time]:
    """From when to when, in the province's time: `19:00-06:00` goes over midnight. Raises ValueError."""
    found = _HOURS.fullmatch(text)
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise ValueError("write hours as 19:00-06:00")
    first, second, third, fourth = map(int, found.groups())
    return time(first, second), time(third, fourth)


def _are_hours(text: str) -> str:
    hours(text)
    return text


def _is_an_hour(text: str) -> str:
    if not _HOUR.fullmatch(text):
        raise ValueError("write an hour as 19:00")
    return text


Hours = Annotated[str, AfterValidator(_are_hours)]
Hour = Annotated[str, AfterValidator(_is_an_hour)]


class TicketsSettings(Section):
    """Papers that are `pending` and are asked about again. Times of the day are the province's."""

    file: Path | None = Field(None, description="SQLite file of open tickets, for the workers of one machine.")
    url: str | None = Field(
        None,
        description="Instead of a file `postgresql+psycopg://USER@HOST/DATABASE`, never with a password: several "
        "instances share their tickets. Without either nothing is asked again.",
    )
    password_file: Path | None = Field(None, description="File with the password of PostgreSQL's user.")
    first_s: float = Field(30.0, ge=0.05, le=86_400, description="Wait before a paper is asked about again.")
    longest_s: float = Field(1800.0, ge=0.05, le=86_400, description="The wait doubles each time up to this.")
    open_s: int = Field(259_200, ge=60, le=2_592_000, description="A ticket ends after this, answered or not.")
    deadline_s: float = Field(10.0, gt=0, le=120, description="Bound on one asking, all its questions together.")
    in_flight: int = Field(4, ge=1, le=64, description="Most tickets' plans that a worker asks about at once.")
    per_consumer: int = Field(10_000, ge=1, le=1_000_000, description="Most open tickets of one consumer.")
    hours: tuple[Hours, ...] = Field(
        (), description="When tickets are asked about, such as `19:00-06:00`; at any time where not given."
    )
    evening: Hour = Field("19:00", description="When, on the day before an appointment, its papers are asked about.")
    answers_s: int = Field(604_800, ge=3600, description="How long an answer that nobody was told is kept.")
    keep_s: int = Field(2_592_000, ge=3600, description="How long it is known how a ticket ended.")
    callback_timeout_s: float = Field(10.0, gt=0, le=60, description="How long a consumer has to take a callback.")
    callback_longest_s: float = Field(900.0, ge=1, le=86_400, description="Longest wait between two callbacks.")
    callback_give_up_s: int = Field(259_200, ge=60, description="A callback that nobody takes is given up after this.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.file is not None and self.url is not None:
            raise ValueError("file and url both say where tickets are kept: set only one of them")
        return self
