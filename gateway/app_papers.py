"""Settings become the catalogue of procedures and papers, checked beside the adapters that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.domain.dataset import Adapter
from gateway.errors import SettingsError
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.fitting import misfits
from gateway.procedures.reading import read_catalogue

__all__ = ["procedures"]


def procedures(folder: Path | None, adapters: Mapping[str, Adapter]) -> Catalogue:
    """The packaged catalogue with that of a folder. Raises SettingsError naming each fault."""
    catalogue = read_catalogue(folder)
    faults = misfits(catalogue, adapters)
    if faults:
        raise SettingsError("procedures:\n" + "\n".join(f"  {fault}" for fault in faults))
    return catalogue
