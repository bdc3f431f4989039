"""
Who may ask what for which purpose, and which fields leave: rules of a file, compiled for a quick answer.

Deny by default: what no rule gives is not given. Rules add up; none takes away. How the file is read and checked
stands in `policy_file`; what an officer may do within what is granted, in `limits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.lookup.fields import Shape
from gateway.lookup.limits import Limits

__all__ = ["Decision", "Policy", "Purpose", "Right", "Rule", "Scope"]

_MOST_KEPT = 10_000
_NOTHING = frozenset[str]()


class Right(StrEnum):
    """What a consumer may do besides asking registries, each on routes of its own."""

    SUBJECT_VIEWS = "subject_views"
    INCIDENT_QUERIES = "incident_queries"
    EXPLANATIONS = "explanations"
    PROOFS = "proofs"
    IMPACT = "impact"
    BATCHES = "batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why something may be asked, in words, and by which law."""

    title: str
    title_en: str
    basis: str


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What a decision depends on, and nothing else: two equal ones are decided alike on one day. `comparing` says that
    claims are to be compared, and nothing given; `passing` that another registry is asked by what was found.
    """

    consumer: str
    agency: str
    procedure: str
    purpose: str
    dataset: str
    comparing: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One rule. `procedures` is None for any. `agencies` are codes as they stand, `below` codes of which every unit
    below is meant. `gives` has the parts of each dataset's record (`fields.Shape`), `compares` those with which a claim
    may be compared though they are not given, `passes` those by which another registry may be asked.
    """

    name: str
    basis: str
    consumers: frozenset[str]
    agencies: frozenset[str]
    below: tuple[str, ...]
    procedures: frozenset[str] | None
    purposes: frozenset[str]
    gives: Mapping[str, frozenset[str]]
    compares: Mapping[str, frozenset[str]] = field(default_factory=dict)
    passes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    valid_from: date | None = None
    valid_until: date | None = None

    def fits(self, scope: Scope, today: date) -> bool:
        """Whether the rule speaks of this today; both days of its validity included."""
        return (
            scope.consumer in self.consumers
            and any(scope.dataset in one for one in self._tables(scope.comparing, scope.passing))
            and scope.purpose in self.purposes
            and (self.procedures is None or scope.procedure in self.procedures)
            and self.covers(scope.agency)
            and (self.valid_from is None or self.valid_from <= today)
            and (self.valid_until is None or today <= self.valid_until)
        )

    def parts(self, dataset: str, *, comparing: bool = False, passing: bool = False) -> frozenset[str]:
        """What the rule gives of a dataset; that and more where it is to be compared with claims, or passed on."""
        return _NOTHING.union(*(one.get(dataset, _NOTHING) for one in self._tables(comparing, passing)))

    def _tables(self, comparing: bool, passing: bool) -> tuple[Mapping[str, frozenset[str]], ...]:
        return (self.gives, *((self.compares,) if comparing else ()), *((self.passes,) if passing else ()))

    def covers(self, agency: str) -> bool:
        """Whether the agency is named, or stands below one of which all units below are meant."""
        return agency in self.agencies or any(agency.startswith(f"{code}.") for code in self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What the rules that fit give together. `parts` are the smallest parts, `fields` their shortest names, `withheld`
    the names of everything else that the record has.
    """

    parts: frozenset[str]
    fields: frozenset[str]
    withheld: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A whole policy. `version` is the beginning of the file's SHA-256; empty where there is no file."""

    version: str = ""
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    rights: Mapping[Right, frozenset[str]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    _index: dict[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict, init=False, repr=False)
    _decided: dict[tuple[Scope, date], Decision | None] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for rule in self.rules:
            datasets = {*rule.gives, *rule.compares, *rule.passes}
            for key in ((consumer, dataset) for consumer in rule.consumers for dataset in datasets):
                self._index[key] = (*self._index.get(key, ()), rule)

    def decide(self, scope: Scope, today: date) -> Decision | None:
        """What may leave; None where no rule fits. A decision is made once a day, as long as there is room."""
        key = (scope, today)
        try:
            return self._decided[key]
        except KeyError:
            if len(self._decided) >= _MOST_KEPT:
                self._decided.clear()
            decided = self._decided[key] = self._decision(scope, today)
            return decided

    def may(self, consumer: str, right: Right) -> bool:
        """Whether the consumer has a right besides asking."""
        return consumer in self.rights.get(right, frozenset())

    def fitting(self, scope: Scope, today: date) -> Iterator[Rule]:
        """The rules that speak of this today, in the file's order."""
        rules = self._index.get((scope.consumer, scope.dataset), ())
        return (rule for rule in rules if rule.fits(scope, today))

    def _decision(self, scope: Scope, today: date) -> Decision | None:
        rules = tuple(self.fitting(scope, today))
        if not rules:
            return None
        shape = self.shapes[scope.dataset]
        kinds = {"comparing": scope.comparing, "passing": scope.passing}
        parts = _NOTHING.union(*(rule.parts(scope.dataset, **kinds) for rule in rules))
        return Decision(
            parts=parts,
            fields=shape.spelled(parts),
            withheld=shape.missing(parts),
            rules=tuple(rule.name for rule in rules),
        )
