"""Policy files for tests, written where nobody else writes."""

from __future__ import annotations

import atexit
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.settings import PolicySettings, Settings

__all__ = ["PURPOSES", "granting", "policy", "policy_file", "rule", "with_policy"]

_FOLDER = Path(tempfile.mkdtemp(prefix="gateway-policies-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

PURPOSES = """
[purposes.verify_identity]
title = "Xác minh nhân thân"
title_en = "Verify identity"
basis = "Nghị quyết 66.7/2025/NQ-CP, Điều 2"

[purposes.verify_residence]
title = "Xác minh cư trú"
title_en = "Verify residence"
basis = "Nghị định 104/2022/NĐ-CP, Điều 14"
"""


def rule(
    datasets: Mapping[str, Sequence[str]],
    *,
    name: str = "test",
    consumers: Sequence[str] = ("one-stop",),
    agencies: Sequence[str] = ("H08.*",),
    procedures: Sequence[str] = ("*",),
    purposes: Sequence[str] = ("verify_identity",),
    more: str = "",
) -> str:
    """One rule as TOML."""
    fields = "\n".join(f'"{dataset}" = {json.dumps(list(names))}' for dataset, names in datasets.items())
    return f"""
[[rules]]
name = "{name}"
basis = "Nghị quyết 66.7/2025/NQ-CP, Điều 2"
consumers = {json.dumps(list(consumers))}
agencies = {json.dumps(list(agencies))}
procedures = {json.dumps(list(procedures))}
purposes = {json.dumps(list(purposes))}
{more}
[rules.datasets]
{fields}
"""


def policy(*rules: str, more: str = "") -> str:
    """A whole policy as TOML."""
    return "".join([PURPOSES, *rules, more])


def policy_file(text: str) -> Path:
    """A file with this text."""
    file = _FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def with_policy(settings: Settings, text: str) -> Settings:
    """The same settings under another policy."""
    return settings.model_copy(update={"policy": PolicySettings(file=policy_file(text))})


def granting(settings: Settings, *datasets: str) -> Settings:
    """The same settings, where the one consumer may ask these datasets and gets what is not withheld by default."""
    return with_policy(settings, policy(rule({dataset: ["*"] for dataset in datasets})))
