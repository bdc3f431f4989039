"""A registry's names as names of Python."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable

__all__ = ["class_name", "field_name", "field_names", "noun_of", "sample_of"]

# What pydantic's models, and ours, have names for already.
_TAKEN = {"about", "copy", "construct", "dict", "json", "normal", "problems", "schema", "subject", "validate"}


def field_name(wire: str) -> str:
    """`soGiayPhep` and `SO_GIAY_PHEP` are `so_giay_phep`."""
    text = unicodedata.normalize("NFKD", wire.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(sign for sign in text if not unicodedata.combining(sign))
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", plain)
    name = "_".join(words).lower() or "field"
    if name[0].isdigit():
        name = f"field_{name}"
    if keyword.iskeyword(name) or name in _TAKEN or name.startswith("model_"):
        name = f"{name}_"
    return name


def field_names(wires: Iterable[str]) -> dict[str, str]:
    """A name of its own for each."""
    found: dict[str, str] = {}
    for wire in wires:
        name, number = field_name(wire), 2
        while name in found.values():
            name, number = f"{field_name(wire)}_{number}", number + 1
        found[wire] = name
    return found


def class_name(wire: str) -> str:
    """`giayPhep` is `GiayPhep`."""
    return "".join(word.capitalize() for word in field_name(wire).split("_") if word)


def sample_of(wire: str, longest: int = 200) -> str:
    """An invented text for an element, the same wherever the name stands: `soGiayPhep` is `SGP-000001`."""
    return f"{''.join(word[0] for word in field_name(wire).split('_') if word).upper()}-000001"[-longest:]


def noun_of(operation: str, taken: Collection[str] = ()) -> str:
    """A dataset's name: `TraCuuGiayPhep` is `tra_cuu_giay_phep`; `answer` where nothing can be made of it."""
    noun = field_name(operation)[:30].strip("_")
    fits = re.fullmatch(r"[a-z][a-z0-9_]+", noun) and not keyword.iskeyword(noun) and noun not in taken
    return noun if fits else "answer"
