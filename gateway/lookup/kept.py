"""A file that is read again while the gateway runs: a version that cannot be used changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.errors import SettingsError

__all__ = ["Kept"]

T = TypeVar("T")


class Kept(Generic[T]):
    """The last good reading of a file. Raises SettingsError where not even the first is good."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self.current = read()

    def reload(self) -> SettingsError | None:
        """Read the file again. Gives the error where it cannot be used; then the reading before stays in force."""
        try:
            self.current = self._read()
        except SettingsError as exc:
            return exc
        return None
