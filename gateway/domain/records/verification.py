"""A registry's yes to a whole tuple of declared values."""

from __future__ import annotations

from gateway.domain.dataset import Record

__all__ = ["Verification"]


class Verification(Record):
    """
    The registry has a person with exactly this number, name and birth date, all three together.

    It says nothing else, and not which of the three was wrong: a "no" is no record but the outcome `absent`,
    since "this tuple does not exist" is the registry's word that it has no such record. So `exists` is always
    true here; it stands for itself so that the answer can be read without knowing that rule.
    """

    exists: bool
