"""The registries beyond the demo's two, as the examples in `demo/registries/` set them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["EXAMPLES", "OURS", "section"]

OURS = ("bhxh", "cpxd", "dancu", "datdai", "dkdn", "gplx", "hotich", "khodlg", "lltp", "qhns", "taichinh", "tkds")
"""Every registry of this project; another package may have offered more."""

EXAMPLES = Path(__file__).parents[1] / "demo" / "registries"
_SHOWN = "http://127.0.0.1:8090"


def section(adapter: str, contract: str | None, mocks_url: str) -> dict[str, Any]:
    """
    The example's section for an adapter, towards these stand-ins. Where it has several instances, the one whose
    contract begins with the same word as `contract`, since that is what log-ins differ by; where none does, no log-in.
    """
    text = (EXAMPLES / f"{adapter}.toml").read_text(encoding="utf-8").replace(_SHOWN, mocks_url)
    secrets = EXAMPLES.parent / "secrets"
    sections = list(tomllib.loads(text.replace("../secrets", str(secrets)))["registries"].values())
    fitting = [one for one in sections if contract is None or _word(one["contract"]) == _word(contract)]
    found: dict[str, Any] = fitting[0] if fitting else {"adapter": adapter, "endpoint": f"{mocks_url}/{adapter}"}
    return found


def _word(contract: str) -> str:
    return re.split(r"[0-9]", contract, maxsplit=1)[0]
