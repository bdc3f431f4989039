"""A TOML table that hands out each key once and complains, by file and key, of whatever is left."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

__all__ = ["ContractError", "Table", "read"]

_T = TypeVar("_T")


class ContractError(ValueError):
    """A contract that cannot be read. The message names the file and the key."""


def read(folder: Traversable, name: str) -> Table:
    """The file's table, or ContractError."""
    label = f"{folder.name}/{name}"
    try:
        return Table(label, "", tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ContractError(f"{label}: cannot be read: {exc}") from exc


class Table:
    """A TOML table that remembers where it stands, hands out each key once, and complains of the rest."""

    def __init__(self, file: str, path: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self._path = path
        self._left = dict(values)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def error(self, key: str, complaint: str) -> ContractError:
        return ContractError(f"{self.file}: {self._path}{key}: {complaint}")

    def need(self, key: str, kind: type[_T]) -> _T:
        if key not in self._left:
            raise self.error(key, "is missing")
        value = self._left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(key, f"must be of type {kind.__name__}")
        return value

    def text(self, key: str, *, empty: bool = False) -> str:
        value = self.need(key, str)
        if not value and not empty:
            raise self.error(key, "must not be empty")
        return value

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"must be one of {', '.join(sorted(allowed))}")
        return value

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and key not in self._left:
            return ()
        values = self.need(key, list)
        if not all(isinstance(value, str) and value for value in values):
            raise self.error(key, "must be a list of texts")
        return tuple(values)

    def mapping(self, key: str) -> dict[str, str]:
        values = self.need(key, dict) if key in self._left else {}
        if not all(isinstance(value, str) for value in values.values()):
            raise self.error(key, "must hold texts only")
        return values

    def free(self, key: str) -> dict[str, Any] | None:
        return self.need(key, dict) if key in self._left else None

    def table(self, key: str) -> Table:
        return Table(self.file, f"{self._path}{key}.", self.need(key, dict))

    def tables(self) -> Iterator[tuple[str, Table]]:
        for key in list(self._left):
            yield key, self.table(key)

    def list_of_tables(self, key: str) -> Iterator[Table]:
        for index, value in enumerate(self.need(key, list) if key in self._left else []):
            if not isinstance(value, dict):
                raise self.error(key, "must be a list of tables")
            yield Table(self.file, f"{self._path}{key}[{index}].", value)

    def end(self) -> None:
        """Raise when something is left that nobody asked for."""
        if self._left:
            raise self.error(min(self._left), "is not known here")
