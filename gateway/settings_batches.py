"""Batches, as settings: where they lie, how large they may be, how fast they go, how long they stay."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from gateway.settings_credentials import Section

__all__ = ["BatchSettings"]

_DAY_S = 86_400


class BatchSettings(Section):
    """Thousands of lookups or verifications as one job. Without a file or a database there are none."""

    file: Path | None = Field(None, description="The file of batches, sealed, on a local disk.")
    url: str | None = Field(
        None,
        description="Instead of a file `postgresql+psycopg://USER@HOST/DATABASE`, never with a password: several "
        "instances share their batches.",
    )
    password_file: Path | None = Field(None, description="File with the password of PostgreSQL's user.")
    items: int = Field(50_000, ge=1, le=1_000_000, description="Most items of one batch.")
    body_limit_bytes: int = Field(32 * 1024 * 1024, ge=1024, description="Largest body that brings a batch.")
    body_timeout_s: float = Field(120.0, gt=0, le=3600, description="How long that body may take.")
    unfinished: int = Field(4, ge=1, le=1000, description="Most unfinished batches of one consumer.")
    at_once: int = Field(8, ge=1, le=64, description="Most items that one worker asks at once; fewer beside questions.")
    rate_share: float = Field(
        0.5, gt=0, le=1, description="The part of `consumers.<name>.questions_per_minute` that its batches take."
    )
    tries: int = Field(3, ge=1, le=20, description="How often an item is asked of a registry that gives no answer.")
    turn_s: float = Field(10.0, ge=0.1, le=600, description="How long a worker stays with one batch while others wait.")
    lease_s: float = Field(15.0, ge=1, le=600, description="After so long a worker that says nothing has lost it.")
    give_up_s: int = Field(
        7 * _DAY_S, ge=1, le=60 * _DAY_S, description="After so long an unfinished batch is given up."
    )
    keep_s: int = Field(3 * _DAY_S, ge=1, le=60 * _DAY_S, description="How long results stay that nobody fetches.")
    keep_fetched_s: int = Field(
        3600, ge=0, le=30 * _DAY_S, description="How long they stay once they were fetched whole."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.file is not None and self.url is not None:
            raise ValueError("file and url both say where batches are kept: set only one of them")
        return self
