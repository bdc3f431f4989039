"""What a text of a record is where it is no name: claims about it are compared otherwise (`domain.compare.forms`)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

__all__ = ["FreeText", "NumberText", "TextKind"]


class TextKind(Enum):
    """Stands beside the type of a field, and changes nothing in how it is read."""

    FREE = "free"
    NUMBER = "number"


FreeText = Annotated[str, TextKind.FREE]
"""Somebody's own words: who writes them otherwise need not mean something else."""

NumberText = Annotated[str, TextKind.NUMBER]
"""A number or code of no form of its own: spaces and case say nothing, and two forms cannot be compared."""
