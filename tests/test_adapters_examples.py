"""The settings that docs/adapters.md shows for a registry are settings that the gateway starts with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import app, settings

PAGE = (Path(__file__).parents[1] / "docs" / "adapters.md").read_text(encoding="utf-8")
EXAMPLES = [
    text
    for text in re.findall(r"^```toml\n(\[registries\..*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if "[registries.vidu]" not in text
]


def secrets_in(value: Any) -> Iterator[str]:
    """Every path below `secrets/` that an example names."""
    for inner in value.values() if isinstance(value, dict) else ():
        yield from secrets_in(inner)
        if isinstance(inner, str) and inner.startswith("secrets/"):
            yield inner


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_an_example_starts(example: str, tmp_path: Path) -> None:
    """With a file for each secret that it names, an example is read and its instance is there, connected."""
    file = tmp_path / "gateway.toml"
    file.write_text(example, encoding="utf-8")
    for name in secrets_in(tomllib.loads(example)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("not-real", encoding="utf-8")

    instances = app.build(settings.load(file)).catalogue.instances

    assert [name for name, one in instances.items() if one.connected] == list(tomllib.loads(example)["registries"])
