"""
The quality card of a registry: what its contract shows, counted by running it. Nothing in it is typed by anybody, and
nothing assumed is counted as known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from contracts.reader import Contract
from gateway.domain.dataset import Adapter, Dataset
from gateway.kit.cases import CaseResult, cases_of, run_in_memory
from gateway.kit.redaction import shows_a_value
from gateway.kit.survival import FAULTS, survived
from gateway.lookup.titles import FIELDS

__all__ = ["Card", "DatasetCard", "card_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    """
    One dataset. `basis` is by contract version, the default first. `fields` are all of the record, `shown` those that
    some proven case file has; `ends` are the outcomes and reasons that proven case files come to. `survived` are those
    of the faults tried in every version (`tried` in all) that came to no record and no absence. `titled` counts the
    fields at the record's top (`at_top`) that have a name for people. `showing` counts the case files that something
    printed of shows a value of.
    """

    name: str
    question: str
    basis: Mapping[str, str]
    proven: int
    cases: int
    fields: frozenset[str]
    shown: frozenset[str]
    ends: tuple[str, ...]
    survived: int
    tried: int
    titled: int
    at_top: int
    showing: int

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "dataset": self.name,
            "basis": dict(self.basis),
            "cases": {"proven": self.proven, "of": self.cases},
            "fields": {"shown": len(self.shown), "of": len(self.fields), "not_shown": sorted(self.fields - self.shown)},
            "ends": list(self.ends),
            "faults": {"survived": self.survived, "of": self.tried},
            "titles": {"given": self.titled, "of": self.at_top},
            "printed": {"showing_a_value": self.showing, "of": self.cases},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One registry. A trap is `traps_proven` where all its case files are; `traps_in_tests` have tests alone."""

    registry: str
    title: str
    datasets: tuple[DatasetCard, ...]
    assumptions: int
    traps: int
    traps_proven: int
    traps_in_tests: int

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "registry": self.registry,
            "title": self.title,
            "assumptions": self.assumptions,
            "traps": {
                "proven_by_case_files": self.traps_proven,
                "left_to_tests": self.traps_in_tests,
                "of": self.traps,
            },
            "datasets": [one.view() for one in self.datasets],
        }


async def card_of(adapter: Adapter, contract: Contract) -> Card:
    """Runs every case file in memory, and a found one of each question under every fault; and counts."""
    every = list(cases_of(adapter, contract))
    results = [await run_in_memory(adapter, contract, noun, case) for noun, case in every]
    proven = {f"{one.dataset}/{one.case}" for one in results if one.passed}
    with_cases = [trap for trap in contract.traps if trap.cases]
    return Card(
        registry=adapter.registry,
        title=contract.title,
        datasets=tuple([await _dataset(adapter, contract, dataset, results) for dataset in adapter.datasets]),
        assumptions=len(contract.assumptions),
        traps=len(contract.traps),
        traps_proven=sum(proven.issuperset(trap.cases) for trap in with_cases),
        traps_in_tests=len(contract.traps) - len(with_cases),
    )


async def _dataset(
    adapter: Adapter, contract: Contract, dataset: Dataset[Any, Any, Any], results: Iterable[CaseResult]
) -> DatasetCard:
    described = contract.datasets[dataset.noun]
    versions = sorted(dataset.ask, key=lambda version: (version != adapter.default_contract, *_place(version, adapter)))
    ours = [one for one in results if one.dataset == dataset.noun]
    proven = [described.case(one.case) for one in ours if one.passed]
    fields = frozenset(_fields(dataset.record))
    # One answer of each version that holds a record is spoilt in every way.
    good = {case.contract: case for case in reversed(proven) if case.outcome == "found"}
    spoilt = [await survived(adapter, contract, dataset.noun, case) for case in good.values()]
    showing = [await shows_a_value(adapter, contract, dataset.noun, described.case(one.case)) for one in ours]
    return DatasetCard(
        name=f"{adapter.registry}.{dataset.noun}",
        question=described.summary,
        basis={version: described.basis_in(version) for version in versions},
        proven=len(proven),
        cases=len(ours),
        fields=fields,
        shown=fields & {place for case in proven for place in _places(case.record or {})},
        ends=tuple(sorted({case.reason or case.outcome for case in proven})),
        survived=sum(map(len, spoilt)),
        tried=len(FAULTS) * len(versions),
        titled=sum(name in FIELDS for name in dataset.record.model_fields),
        at_top=len(dataset.record.model_fields),
        showing=sum(showing),
    )


def _place(version: str, adapter: Adapter) -> tuple[int]:
    return (adapter.contracts.index(version),)


def _fields(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every field of a record, those of what stands in it too: `owners.document.number`. A type is entered once."""
    for name, field in model.model_fields.items():
        place = f"{above}{name}"
        inner = [one for one in _models(field.annotation) if one is not model and place.count(".") < 6]
        if not inner:
            yield place
        for one in inner:
            yield from _fields(one, f"{place}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _places(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _places(inner, f"{above}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _places(inner, above)
    else:
        yield above
