"""One difference between two contracts, and whether it breaks whoever was written for the older one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "breaking", "harmless", "in_order"]


@dataclass(frozen=True, slots=True)
class Change:
    """`place` says where in the contract, `text` what is different. Neither holds a value of an exchange."""

    breaks: bool
    place: str
    text: str

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {"breaking": self.breaks, "place": self.place, "change": self.text}


def breaking(place: str, text: str) -> Change:
    """An adapter written for the older contract must be looked at again."""
    return Change(True, place, text)


def harmless(place: str, text: str) -> Change:
    """An adapter written for the older contract goes on as it is."""
    return Change(False, place, text)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """What breaks first, then by place."""
    return sorted(changes, key=lambda one: (not one.breaks, one.place, one.text))
