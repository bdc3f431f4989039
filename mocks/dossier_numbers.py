"""Which dossier numbers cannot be real ones: those of offices under H99 and G99, codes of no province or ministry."""

from __future__ import annotations

import re

__all__ = ["is_synthetic"]

_NUMBER = re.compile(r"(?:[HG]99(?:\.[A-Z0-9]{1,6}){0,5}|(?:[A-Z0-9]{1,6}\.){1,6}H99)-[0-9]{6}-[0-9]{4,8}")


def is_synthetic(number: str) -> bool:
    """True for a number of such an office, in either form: `H99.14-260301-0001`, `000.00.XX.H99-260301-0001`."""
    return bool(number.isascii() and _NUMBER.fullmatch(number))
