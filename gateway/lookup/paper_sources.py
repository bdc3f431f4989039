"""Which configured instance answers a dataset that the catalogue of papers names."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.lookup.catalogue import Entry

__all__ = ["entry_for"]


def entry_for(dataset: str, entries: Iterable[Entry]) -> Entry | None:
    """
    The dataset as it can be asked here; None where no configured registry answers it.

    Of several instances of one registry the one that bears its name goes first, then the first of the settings.
    """
    registry, _, noun = dataset.partition(".")
    found = [one for one in entries if one.instance.adapter.registry == registry and one.dataset.noun == noun]
    return next((one for one in found if one.instance.name == registry), found[0] if found else None)
