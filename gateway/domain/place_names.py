"""Names of administrative units: `P. 01`, `Phường 1` and `phường 1` are one, and `Xã An Hòa` is no `Phường An Hòa`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.domain.canonical import canonical, cleaned

__all__ = ["PlaceName"]

# Longest first: `thị xã` begins like `thị trấn`, `tp.` like `t.`
_KINDS = {
    "thành phố": "thành phố",
    "thị trấn": "thị trấn",
    "đặc khu": "đặc khu",
    "phường": "phường",
    "thị xã": "thị xã",
    "huyện": "huyện",
    "quận": "quận",
    "tỉnh": "tỉnh",
    "xã": "xã",
    "tp.": "thành phố",
    "tp": "thành phố",
    "tt.": "thị trấn",
    "tx.": "thị xã",
    "p.": "phường",
    "x.": "xã",
    "h.": "huyện",
    "q.": "quận",
    "t.": "tỉnh",
}
_BARE = {"hcm": "hồ chí minh"}  # what everybody writes for the one city


@dataclass(frozen=True, slots=True)
class PlaceName:
    """The kind of unit, where it is said, and the name itself in canonical form."""

    kind: str | None
    bare: str

    @classmethod
    def of(cls, text: str) -> PlaceName:
        """Read a name as it is written."""
        plain = cleaned(text).strip(" .")
        for begins, kind in _KINDS.items():
            rest = plain.removeprefix(begins)
            if rest != plain and rest.strip() and (begins.endswith(".") or rest[0] in " ."):
                return cls(kind, _bare(rest))
        return cls(None, _bare(plain))

    def fits(self, other: PlaceName) -> bool:
        """Whether both can name one unit: the names are equal, and the kinds where both say one."""
        return self.bare == other.bare and (self.kind is None or other.kind is None or self.kind == other.kind)


def _bare(text: str) -> str:
    name = text.strip(" .")
    # Phường 1 and Phường 01; a hyphen in a name is written with spaces around it or without.
    name = re.sub(r"\b0+(?=[0-9])", "", re.sub(r"\s*-\s*", "-", name))
    return canonical(_BARE.get(name, name))
