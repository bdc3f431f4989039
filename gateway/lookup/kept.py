"""A file that may be read again while the gateway runs: everybody goes by the reading in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept(Generic[T]):
    """The reading in force; whoever has read and tried a newer one puts it in its place."""

    def __init__(self, read: Callable[[], T]) -> None:
        self.read = read
        """The file as it stands now. Raises SettingsError where it cannot be used."""
        self.current = read()
