"""
Second places for sealed segments: a port, and the one that is a directory (on another disk, or another machine's).

A copy is kept under its log's origin and the index of its first record, whole, and read back before it counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

import orjson

from gateway.errors import PlaceError
from gateway.ledger import durable

__all__ = ["Copy", "DirectoryPlace", "Held", "MayReplace", "Place"]

MayReplace = Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Held:
    """What a place says that it holds of one segment: how many records, and the SHA-256 of the file in hex."""

    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One sealed segment on its way: `log` is the origin, `first` the index of its first record."""

    log: str
    first: int
    count: int
    content: bytes = field(repr=False)

    @property
    def held(self) -> Held:
        """What a place that has it must say."""
        return Held(self.count, hashlib.sha256(self.content).hexdigest())


class Place(Protocol):
    """
    Where copies lie. Every method blocks, and raises PlaceError when the place cannot be read or written.

    Several processes may use one place at once.
    """

    def logs(self) -> list[str]:
        """The origins of which there is anything."""

    def held(self, log: str) -> Mapping[int, Held]:
        """What there is of one log, by the index of the first record."""

    def put(self, copy: Copy, may_replace: MayReplace) -> None:
        """
        Keep the copy, in place of another only where `may_replace(there, new)` says so: nobody comes between the
        question and the replacing. When this returns the copy is durable, and it was read back and compared.
        """

    def get(self, log: str, first: int) -> bytes:
        """A copy's content, compared with the digest that was kept with it."""

    def forget_replaced(self) -> None:
        """Let nothing remain of what `put` has replaced, as far as the place has a say in it."""

    def close(self) -> None:
        """Let go of it."""


class DirectoryPlace:
    """
    `<folder>/<origin>/<first>.log`, and `<first>.json` with count and SHA-256 once the copy is whole.

    The origin is written with `%2F` for a slash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def logs(self) -> list[str]:
        try:
            return sorted(unquote(one.name) for one in self._folder.iterdir() if one.is_dir())
        except OSError as exc:
            raise _broken(self._folder, exc) from exc

    def held(self, log: str) -> dict[int, Held]:
        folder = self._of(log)
        try:
            notes = [(int(file.stem), file.read_bytes()) for file in sorted(folder.glob("*.json"))]
            return {first: Held(**orjson.loads(note)) for first, note in notes}
        except OSError as exc:
            raise _broken(folder, exc) from exc
        except (ValueError, TypeError):
            raise PlaceError(f"{folder}: a .json file is none of ours") from None

    def put(self, copy: Copy, may_replace: MayReplace) -> None:
        folder = self._of(copy.log)
        file = self._file(copy.log, copy.first)
        held = copy.held
        try:
            if not self._folder.is_dir():  # an unmounted disk is no reason to fill the one below it
                raise PlaceError(f"{self._folder}: no such folder; mount it, or make it")
            folder.mkdir(mode=0o700, exist_ok=True)
            with durable.locked(folder / "lock"):
                durable.sweep(folder, ".log")
                if file.exists() and not may_replace(file.read_bytes(), copy.content):
                    raise PlaceError(f"{file}: holds other records, and is not replaced")
                durable.replace(file, copy.content)
                if hashlib.sha256(file.read_bytes()).hexdigest() != held.sha256:
                    raise PlaceError(f"{file}: does not read back as it was written")
                note = orjson.dumps({"count": held.count, "sha256": held.sha256})
                durable.replace(file.with_suffix(".json"), note)
        except OSError as exc:
            raise _broken(file, exc) from exc

    def get(self, log: str, first: int) -> bytes:
        file = self._file(log, first)
        held = self.held(log).get(first)
        if held is None:
            raise PlaceError(f"{file}: no copy")
        try:
            content = file.read_bytes()
        except OSError as exc:
            raise _broken(file, exc) from exc
        if hashlib.sha256(content).hexdigest() != held.sha256:
            raise PlaceError(f"{file}: the copy is damaged: its SHA-256 is not the one that was kept with it")
        return content

    def forget_replaced(self) -> None:
        """Nothing to do: a replaced file is gone with its name."""

    def close(self) -> None:
        """Nothing is held."""

    def _of(self, log: str) -> Path:
        return self._folder / quote(log, safe="")

    def _file(self, log: str, first: int) -> Path:
        return self._of(log) / f"{first:020}.log"


def _broken(place: Path, exc: OSError) -> PlaceError:
    return PlaceError(f"{place}: {exc.strerror}")
