"""One thing that an operator should do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

__all__ = ["CHECK", "Item", "Urgency"]

Urgency = Literal["now", "today"]
CHECK = "gateway check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One thing to do. `id` stays the same while the cause lasts; `since` is None where nobody saw it begin. `page` is a
    page of `docs/`, `command` one that helps to see or to mend.
    """

    id: str
    urgency: Urgency
    title: str
    title_en: str
    todo: str
    todo_en: str
    page: str
    command: str | None = None
    since: datetime | None = None

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
