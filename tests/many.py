"""Many registries at once: instances of one adapter, which may stand apart, in front of a recording gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.settings import Settings, load
from tests.conftest import FIRM, INQUIRY
from tests.policies import granting
from tests.recorded import settings_file

__all__ = ["asking", "many_settings"]


def many_settings(
    folder: Path, url: str, count: int, *, elsewhere: Mapping[int, str] | None = None, **changes: Any
) -> Settings:
    """
    Settings with `count` business registries besides the usual two, `firms-1` and so on; those whose number stands in
    `elsewhere` lie at that address. `changes` replace whole sections.
    """
    settings = load(settings_file(folder, url))
    one = settings.registries["dkdn"]
    places = {f"firms-{number}": (elsewhere or {}).get(number, url) for number in range(1, count + 1)}
    firms = {name: one.model_copy(update={"endpoint": f"{place}/dkdn"}) for name, place in places.items()}
    registries = settings.registries | firms
    datasets = ["dancu.citizen", "dkdn.enterprise", *(f"{name}.enterprise" for name in firms)]
    return granting(settings.model_copy(update={"registries": registries} | changes), *datasets)


def asking(*numbers: int, **more: Any) -> dict[str, Any]:
    """A set that asks these registries for the same firm."""
    lookups = [{"name": f"firm-{number}", "dataset": f"firms-{number}.enterprise", "query": FIRM} for number in numbers]
    return {"inquiry": INQUIRY, "lookups": lookups} | more
