"""The example settings of docs/examples, towards stand-ins on a free port."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

__all__ = ["EXAMPLES", "sections"]

_ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(file for file in (_ROOT / "docs/examples").glob("*.toml") if "[registries." in file.read_text())
_WRITTEN = "http://127.0.0.1:8090"


def sections(adapter: str, mocks_url: str) -> dict[str, dict[str, Any]]:
    """The registry section of each contract version that an example shows of the adapter."""
    found: dict[str, dict[str, Any]] = {}
    for file in EXAMPLES:
        text = file.read_text().replace(_WRITTEN, mocks_url).replace('"../../', f'"{_ROOT}/')
        for section in tomllib.loads(text)["registries"].values():
            if section["adapter"] == adapter:
                found[section["contract"]] = section
    return found
