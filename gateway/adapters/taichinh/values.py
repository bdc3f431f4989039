"""Values that both services write alike. Pure."""

from __future__ import annotations

from gateway.domain.identifiers import TaxCode
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer

__all__ = ["address", "code", "tax_code"]


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where none was sent."""
    return Code(code=value, list=f"taichinh.{code_list}", name=name or None) if value else None


def address(**parts: str | None) -> Address | None:
    """The address, or None where nothing of it is told."""
    return Address(**{name: part or None for name, part in parts.items()}) if any(parts.values()) else None


def tax_code(text: str, field: str) -> TaxCode:
    """A tax code; MalformedAnswer naming the field for anything else."""
    try:
        return TaxCode(text)
    except ValueError:
        raise MalformedAnswer(f"taichinh: {field} is no tax code") from None
