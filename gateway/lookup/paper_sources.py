"""Which configured instance answers a dataset that the catalogue of papers names."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gateway.lookup.catalogue import Entry

__all__ = ["entry_for"]


def entry_for(dataset: str, entries: Iterable[Entry], registries: Collection[str]) -> Entry | None:
    """
    The dataset as it can be asked here; None where no configured registry answers it. `registries` are those that the
    catalogue of papers names.

    The instance of that name goes first, whatever adapter it has: a province's own store of results is one. Then the
    first of the settings whose adapter is of that registry, but for one that the catalogue knows as another registry.
    """
    registry, _, noun = dataset.partition(".")
    found = [one for one in entries if one.dataset.noun == noun]
    named = next((one for one in found if one.instance.name == registry), None)
    if named is not None:
        return named
    return next(
        (one for one in found if one.instance.adapter.registry == registry and one.instance.name not in registries),
        None,
    )
