"""The example settings of docs/examples are settings that work."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app
from gateway.settings import load
from tests.examples import EXAMPLES


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_settings_that_start(file: Path) -> None:
    """Each example loads with the secrets that it names, and each of its registries is connected and has datasets."""
    instances = app.build(load(file)).catalogue.instances

    assert instances
    assert all(one.connected and one.adapter.offered(one.channel.contract) for one in instances.values())
