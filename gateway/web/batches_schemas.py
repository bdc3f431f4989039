"""The shape in which a batch is told of."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BatchView"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class BatchItemsView(_View):
    """How many items there are, how many have their result, how many have none."""

    total: int
    answered: int
    left: int


class BatchOutcomesView(_View):
    """How many items ended how; `refused`: the question never left."""

    found: int
    absent: int
    unknown: int
    refused: int


class BatchView(_View):
    """How a batch stands. Nothing in it tells of a person."""

    batch_id: str
    state: Literal["waiting", "running", "done", "cancelled", "expired", "failed"] = Field(
        description="`expired`: given up after `batches.give_up_s`; `failed`: what was kept of it cannot be read."
    )
    asks: Literal["lookups", "verifications"]
    dataset: str
    items: BatchItemsView
    outcomes: BatchOutcomesView
    reasons: dict[str, int] = Field(description="How many by reason or refusal, of those that have one.")
    waits_for: str | None = Field(description="The reason or refusal for which nothing is asked just now.")
    waits_until: datetime | None
    created_at: datetime
    ended_at: datetime | None
    delete_at: datetime | None = Field(description="When all of it is deleted; sooner once results were fetched.")
