"""Which content the files of a section have, without giving away what is in them."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

__all__ = ["Contents"]

# Of this gateway alone: made before workers are forked, so that all of them name a content alike. A password is short
# enough to be found by trying, so that no plain digest of it may stand in a log.
_KEY = os.urandom(32)


class Contents:
    """The files that a section of settings names, at any depth."""

    def __init__(self, section: BaseModel) -> None:
        self._files = tuple(_paths(section))
        self.version = self.now()
        """What is in force, 12 hex digits; whoever takes a newer one says so here."""

    def now(self) -> str:
        """The version of what the files hold now. One that is not there counts as empty: whoever reads it says so."""
        mac = hmac.new(_KEY, digestmod=hashlib.sha256)
        for file in self._files:
            try:
                content = file.read_bytes()
            except OSError:
                content = b""
            mac.update(len(content).to_bytes(8, "big") + content)
        return mac.hexdigest()[:12]


def _paths(value: Any) -> Iterator[Path]:
    match value:
        case Path():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                yield from _paths(getattr(value, name))
        case dict():
            for one in value.values():
                yield from _paths(one)
        case tuple() | list():
            for one in value:
                yield from _paths(one)
