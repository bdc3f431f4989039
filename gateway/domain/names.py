"""How Vietnamese names are checked and folded. Comparison of claims builds on these two."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

__all__ = ["FullName", "folded"]

_LONGEST = 100  # HoVaTen is string(100) at the population service: dancu-justice-transport.md, 1.3

# What nobody sees would make a registry that compares letter by letter say "absent": controls, formatting marks
# (zero-width, right-to-left), symbols such as emoji. Sk stays: some write H`Hen with an accent for the apostrophe.
_NOT_IN_NAMES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Sc", "Sm", "So", "Zl", "Zp"})


def folded(name: str) -> str:
    """
    The name without diacritics, spaces and marks, in upper case: `Nguyễn Văn Đức` becomes `NGUYENVANDUC`.

    Two independent clients of the population service send names like this; source:
    dancu-justice-transport.md, 1.3. A search key only: different names share one fold.
    """
    upper = name.replace("Đ", "D").replace("đ", "d").replace("Ð", "D").replace("ð", "d").upper()
    decomposed = unicodedata.normalize("NFD", upper)
    return "".join(char for char in decomposed if char.isascii() and char.isalnum())


def _checked(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    if any(unicodedata.category(char) in _NOT_IN_NAMES or (char.isspace() and char != " ") for char in composed):
        raise PydanticCustomError("name", "remove control characters, symbols and odd spaces from the name")
    if not any(char.isalpha() for char in composed):
        raise PydanticCustomError("name", "expected a name with letters")
    if any(char.isalnum() and not folded(char) for char in composed):
        # A letter that the fold would lose, such as a Cyrillic А or ł, would ask for somebody else.
        raise PydanticCustomError("name", "expected a name in Latin letters")
    return composed


FullName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST, examples=["Nguyễn Văn Mẫu"]),
    AfterValidator(_checked),
]
"""A person's whole name as it is written: 1 to 100 characters with at least one Latin letter, kept as NFC."""
