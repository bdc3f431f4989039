"""What a question can end in: found, absent or unknown. Nothing else, and None means none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from gateway.errors import REASONS, Reason, RegistryError

__all__ = ["Absent", "Found", "Outcome", "Unknown", "unknown_from"]

R = TypeVar("R", covariant=True)


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """The registry has this record. It is never printed."""

    record: R = field(repr=False)

    word = "found"


@dataclass(frozen=True, slots=True)
class Absent:
    """The registry said, in a valid answer that can be nobody else's, that it has no such record."""

    word = "absent"


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    No answer. `retry_at` is absent when time alone will not help or nobody said when it would.

    `detail` names registry, operation and what happened, in English; nothing from a record.
    """

    reason: Reason
    retry_at: datetime | None = None
    detail: str = field(default="", compare=False)

    word = "unknown"

    @property
    def error(self) -> type[RegistryError]:
        """The error class that says status, actor and texts for this reason."""
        return REASONS[self.reason]


Outcome = Found[R] | Absent | Unknown


def unknown_from(error: RegistryError) -> Unknown:
    """The outcome that an error of the tree stands for."""
    return Unknown(error.reason, error.retry_at, str(error))
