"""`gateway contract drift`: the shape of a real answer against the shapes that case files have. Values are not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.reader import Contract, installed
from gateway.errors import SettingsError
from gateway.kit.leaves import shape_of_body

__all__ = ["Drift", "drift", "drift_of"]


@dataclass(frozen=True, slots=True)
class Drift:
    """
    `unknown`: in no case file. `vanished`: not here, but in every case file with a record that has what is above it.
    Both say where in the answer, and no value.
    """

    unknown: tuple[str, ...]
    vanished: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.unknown or self.vanished)

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {"unknown": list(self.unknown), "vanished": list(self.vanished)}


def drift(dataset: str, version: str | None, body: bytes) -> Drift:
    """Raises SettingsError for a dataset or contract version that is not installed."""
    registry, _, noun = dataset.partition(".")
    contract = installed().get(registry)
    if contract is None or noun not in contract.datasets:
        raise SettingsError(f"{dataset}: not installed; name it as the adapter does, such as dancu.citizen")
    versions = contract.datasets[noun].versions
    if version is not None and version not in versions:
        raise SettingsError(f"--contract: {dataset} is offered in {', '.join(versions)}")
    return drift_of(contract, noun, version or versions[0], body)


def drift_of(contract: Contract, noun: str, version: str, body: bytes) -> Drift:
    """Only the top of a branch that is unknown or vanished is named, and nothing below what is empty."""
    cases = [case for case in contract.datasets[noun].cases if case.contract == version]
    shapes = {case.name: _shape(case.response.content) for case in cases}
    listed = [{place for place in shapes[case.name] if _name(place) not in case.unlisted} for case in cases]
    here, known = _shape(body), frozenset[str]().union(*listed)
    filled = _filled(here)
    whole = [shapes[case.name] for case in cases if case.outcome == "found"]
    gone = {
        place
        for place in frozenset[str]().union(*whole) - here
        if _above(place) in filled and all(place in one for one in whole if _above(place) in _filled(one))
    }
    return Drift(unknown=_tops(here - known), vanished=_tops(gone))


def _filled(shape: frozenset[str]) -> frozenset[str]:
    """The places that have others below them."""
    return frozenset(_above(place) for place in shape)


def _shape(body: bytes) -> frozenset[str]:
    return frozenset(place for place in shape_of_body(body) if not place.endswith("@xmlns"))


def _above(place: str) -> str:
    return place[: max(place.rfind("."), place.rfind("["), place.rfind("~"), 0)]


def _name(place: str) -> str:
    return place.removesuffix("[]").rpartition(".")[2].lstrip("@")


def _tops(places: Iterable[str]) -> tuple[str, ...]:
    every = frozenset(places)
    return tuple(sorted(place for place in every if _above(place) not in every))
