"""Every effective setting with where it comes from: what `gateway check --explain` prints. Secrets are masked."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.settings import Settings

__all__ = ["MASK", "Effective", "explained"]

MASK = "***"
_SECRET = re.compile(r"(secret|password|sha256|token|key|hash|username)s?$")
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]*@")
_SECRET_BELOW = frozenset({"headers"})
_PREFIX = "GATEWAY_"


@dataclass(frozen=True, slots=True)
class Effective:
    """
    One setting as it counts. `source` is `default`, `file`, or the name of the environment's variable; `value` is text,
    empty where nothing is set, and `***` where it may be a secret. The name of a file with a secret is none.
    """

    setting: str
    value: str
    source: str

    def view(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)


def explained(settings: Settings, file: Path) -> list[Effective]:
    """All settings that were read from this file and the environment, in the order of the code."""
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    told = {name.upper() for name in os.environ if name.upper().startswith(_PREFIX)}
    return [
        Effective(".".join(path), _shown(path, value), _source(path, written, told))
        for path, value in _leaves(settings)
    ]


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every setting that is no section; an empty table stands for itself."""
    inner: Mapping[str, Any] | None = None
    if isinstance(value, BaseModel):
        inner = {name: getattr(value, name) for name in type(value).model_fields}
    elif isinstance(value, dict) and value:
        inner = value
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        inner = {str(number): one for number, one in enumerate(value)}
    if inner is None:
        yield path, value
        return
    for name, one in inner.items():
        yield from _leaves(one, (*path, name))


def _shown(path: tuple[str, ...], value: Any) -> str:
    if value is None or value in ((), {}):
        return ""
    if isinstance(value, Path):
        return str(value)
    is_named_secret = isinstance(value, str) and _SECRET.search(path[-1]) is not None
    if is_named_secret or _SECRET_BELOW & set(path[:-1]):
        return MASK
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else _PASSWORD.sub(rf"\1{MASK}@", str(value))


def _source(path: tuple[str, ...], written: Mapping[str, Any], told: set[str]) -> str:
    """The environment goes before the file; it may hold a whole section."""
    for length in range(len(path), 0, -1):
        name = _PREFIX + "__".join(path[:length]).upper()
        if name in told:
            return name
    inner: Any = written
    for name in path:
        if isinstance(inner, Mapping) and name in inner:
            inner = inner[name]
        elif isinstance(inner, list) and name.isdigit() and int(name) < len(inner):
            inner = inner[int(name)]
        else:
            return "default"
    return "file"
