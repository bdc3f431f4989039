"""How an instance is set towards a stand-in: the examples of `demo/`, with its address and its credentials."""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["section"]

_SHOWN = "http://127.0.0.1:8090"


def section(adapter: str, contract: str | None, mocks_url: str) -> dict[str, Any]:
    """
    The examples' section for an adapter, towards the stand-ins at `mocks_url`. Where it has several instances, the one
    whose contract begins with the same word as `contract`, since that is what log-ins differ by; where none does, no
    log-in.
    """
    bare: dict[str, Any] = {"adapter": adapter, "endpoint": f"{mocks_url}/{adapter}"}
    fitting = [
        one
        for one in _examples(mocks_url)
        if one["adapter"] == adapter and (contract is None or _word(one.get("contract")) in {None, _word(contract)})
    ]
    return deepcopy(fitting[0] if fitting else bare) | ({"contract": contract} if contract is not None else {})


@cache
def _examples(mocks_url: str) -> list[dict[str, Any]]:
    folder = _folder()
    if folder is None:
        return []
    secrets = f'"{(folder / "secrets").as_posix()}/'
    found = []
    for file in (folder / "gateway.toml", *sorted((folder / "registries").glob("*.toml"))):
        text = file.read_text(encoding="utf-8").replace(_SHOWN, mocks_url)
        text = text.replace('"../secrets/', secrets).replace('"secrets/', secrets)
        found += list(tomllib.loads(text)["registries"].values())
    return found


def _folder() -> Path | None:
    """Packaged beside the stand-ins, or beside their sources; None where neither is there."""
    spec = find_spec("mocks")
    if spec is None or spec.origin is None:
        return None
    stand_ins = Path(spec.origin).parent
    return next((one for one in (stand_ins / "demo", stand_ins.parent / "demo") if one.is_dir()), None)


def _word(contract: str | None) -> str | None:
    return re.split(r"[0-9]", contract, maxsplit=1)[0] if contract is not None else None
