"""Settings become the catalogue of procedures and papers, checked beside the adapters that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.app_reload import WholeFile
from gateway.domain.dataset import Adapter
from gateway.errors import SettingsError
from gateway.lookup.kept import Kept
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.fitting import misfits
from gateway.procedures.reading import read_catalogue
from gateway.reloading import Reloadable
from gateway.settings import Settings

__all__ = ["kept_procedures", "of_settings", "procedures"]


def kept_procedures(settings: Settings, adapters: Mapping[str, Adapter]) -> tuple[Kept[Catalogue], list[Reloadable]]:
    """The catalogue in force; and what is read again of it, where there is a folder. Raises SettingsError."""
    kept = Kept(lambda: of_settings(settings, adapters))
    folder = settings.procedures.folder
    return kept, [] if folder is None else [WholeFile("procedures", kept, lambda catalogue: catalogue.version)]


def of_settings(settings: Settings, adapters: Mapping[str, Adapter]) -> Catalogue:
    """
    The catalogue of the settings. It may name an instance as a registry of its own, such as the province's own store of
    results, and is checked beside whatever speaks to it. Raises SettingsError naming each fault.
    """
    instances = {name: adapters[one.adapter] for name, one in settings.registries.items() if one.adapter in adapters}
    return procedures(settings.procedures.folder, {**adapters, **instances})


def procedures(folder: Path | None, adapters: Mapping[str, Adapter]) -> Catalogue:
    """The packaged catalogue with that of a folder. Raises SettingsError naming each fault."""
    catalogue = read_catalogue(folder)
    faults = misfits(catalogue, adapters)
    if faults:
        raise SettingsError("procedures:\n" + "\n".join(f"  {fault}" for fault in faults))
    return catalogue
