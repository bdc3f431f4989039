"""The example settings of demo/registries are settings that work."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi_spec_validator import validate

from gateway import app
from gateway.settings import load
from gateway.web import openapi
from tests.registries import EXAMPLES


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_an_example_is_settings_that_start(file: Path) -> None:
    """It loads with the secrets that it names; its registries are connected, and the API describes their datasets."""
    core = app.build(load(file))
    instances = core.catalogue.instances

    document = openapi.document(core.catalogue)

    validate(document)
    assert instances
    assert all(one.connected and one.adapter.offered(one.channel.contract) for one in instances.values())
