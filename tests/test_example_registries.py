"""The settings that demo/registries shows, for registries beside the demo's two, are such that the gateway starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app, settings
from tests.registries import EXAMPLES


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_an_example_of_a_registry_starts(file: Path) -> None:
    """An example is read as it lies there, with the secrets that it names, and each of its instances is connected."""
    example = settings.load(file)

    instances = app.build(example).catalogue.instances

    assert example.registries
    assert {name for name, one in instances.items() if one.connected} == set(example.registries)
