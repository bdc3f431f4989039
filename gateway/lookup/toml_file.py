"""A TOML file beside the settings: the policy, the officers. Read whole, and refused with a line for each fault."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateway.errors import SettingsError

__all__ = ["read_toml", "unusable"]


def read_toml(kind: str, file: Path) -> tuple[dict[str, Any], str]:
    """
    The values in a file, and its version: the first 12 hex digits of its SHA-256.

    Raises SettingsError naming the kind of file ("policy") and the file, where it cannot be read or is no TOML.
    """
    try:
        content = file.read_bytes()
        values = tomllib.loads(content.decode("utf-8"))
    except OSError as exc:
        raise SettingsError(f"{kind} {file}: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:  # not all that tomllib cannot read is a TOMLDecodeError
        raise SettingsError(f"{kind} {file}: not TOML: {exc}") from None
    return values, hashlib.sha256(content).hexdigest()[:12]


def unusable(kind: str, file: Path, faults: Iterable[str]) -> SettingsError:
    """The error that names each fault on a line of its own."""
    return SettingsError(f"{kind} {file}:\n" + "\n".join(f"  {fault}" for fault in faults))
