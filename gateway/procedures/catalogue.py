"""
The catalogue: procedure, case, paper, and the ways in which registries replace it. All of it is data.

How files become a catalogue stands in `reading`; whether it fits the adapters that are installed, in `fitting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.compare.standing import Aspect, Condition
from gateway.procedures.words import Clause, Publication

__all__ = [
    "CODE",
    "CODED",
    "Alternative",
    "Case",
    "Catalogue",
    "Constant",
    "Coverage",
    "Fact",
    "InForce",
    "Kind",
    "Paper",
    "Procedure",
    "Question",
    "Registry",
    "Role",
    "Taken",
    "Titled",
    "Told",
]

CODED = r"^[0-9A-Za-z._-]{1,40}$"
CODE = r"^[1-9]\.[0-9]{6}$"
DATASET = r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$"
RESULT = r"^KQ\.[A-Z][0-9]{2}\.[0-9]{6}$"
FIELD = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
WORD = r"^[a-z][a-z0-9_]{0,59}$"
_LOCAL = re.compile(r"([1-9]\.[0-9]{6})(?:\.[0-9A-Z]{2,3}){1,6}")

Text = Annotated[str, Field(min_length=1, max_length=600)]
Word = Annotated[str, Field(pattern=WORD)]
Dataset = Annotated[str, Field(pattern=DATASET)]
Names = tuple[Annotated[str, Field(pattern=FIELD)], ...]
Level = Literal["commune", "province", "ministry"]
Assumed = tuple[Word, ...]
"""Which keys of the same table are a guess: nobody's text says it."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Titled(_Data):
    """Something with a name in both languages."""

    title: Text
    title_en: Text


class Registry(Titled):
    """
    A registry that papers are replaced from, and its owner, who corrects it. `national_code` is what the national sync
    message calls it (`MaCSDL`); None where the province has not been told.
    """

    owner: Text
    owner_en: Text
    source: Word
    national_code: Annotated[str, Field(pattern=CODED)] | None = None


class Role(Titled):
    """Who or what a paper is about, as the one-stop system names it in a plan; `person` says that it is somebody."""

    person: bool = True


class Coverage(_Data):
    """
    The part of the subjects for which the data is published, such as residential land. Whoever asks for a plan says
    whether the subject is of it.
    """

    id: Word
    text: Text
    text_en: Text
    source: Word


class InForce(_Data):
    """
    What must hold of one field of the record before it stands for a paper: a state out of `holds` (codes, or the
    registry's own words; those of `ended` say that it does not), with `last_day` a day that has not passed, with
    `nothing` a list in which nothing stands. `open_ended`: without a last day it does not end.
    """

    field: Annotated[str, Field(pattern=FIELD)]
    holds: tuple[Text, ...] = ()
    ended: tuple[Text, ...] = ()
    last_day: bool = False
    open_ended: bool = False
    nothing: bool = False
    source: Word
    assumed: Assumed = ()

    def says_how(self) -> bool:
        """Whether it says exactly one way to look at the field."""
        one_way = [bool(self.holds), self.last_day, self.nothing].count(True) == 1
        return one_way and (bool(self.holds) or not self.ended) and (self.last_day or not self.open_ended)

    @property
    def condition(self) -> Condition:
        """The same for whoever compares."""
        if self.holds:
            return Condition.state(self.field, self.holds, self.ended)
        aspect = Aspect.NOTHING if self.nothing else Aspect.LAST_DAY
        return Condition(self.field, aspect, open_ended=self.open_ended)


class Constant(_Data):
    """A key of a query that is the same for everybody, such as the code of the result that is asked for."""

    key: Word
    value: Text


class Taken(_Data):
    """A key of a query that a question further up in the same way brings: a field of its dataset's record."""

    key: Word
    dataset: Dataset
    field: Annotated[str, Field(pattern=FIELD)]

    @property
    def name(self) -> str:
        """What is taken, dataset and field in one word."""
        return f"{self.dataset}.{self.field}"


class Question(_Data):
    """
    What is asked for a paper. `keys` are fields of the query that are declared, `constants` and `taken` those that are
    not; `of` is the role of whom it is asked about, where that is not whom the paper is about. `match` are fields of
    the record that must agree with what was declared, `in_force` says what must hold of it besides, `may_fetch` what
    may be asked for when the form needs it. `absence` says what "no such record" comes to: the paper is `required`, or
    an `officer` looks, because what would stand in the registry may be older than it.
    """

    dataset: Dataset
    keys: Names = ()
    constants: tuple[Constant, ...] = ()
    taken: tuple[Taken, ...] = ()
    of: Word | None = None
    match: Annotated[Names, Field(min_length=1)]
    may_fetch: Names = ()
    in_force: tuple[InForce, ...] = ()
    absence: Literal["required", "officer"] = "required"

    @property
    def needed(self) -> tuple[str, ...]:
        """Every field of the record that the paper hangs on."""
        return tuple(dict.fromkeys((*self.match, *(one.field for one in self.in_force))))

    @property
    def asked_by(self) -> tuple[str, ...]:
        """Every key of the query, wherever it comes from."""
        return (*self.keys, *(one.key for one in self.constants), *(one.key for one in self.taken))


class Alternative(_Data):
    """
    One way to replace a paper: every question of it is needed. `first`: an earlier result; the other ways are asked
    only where it does not replace the paper, and then decide without it.
    """

    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    first: bool = False
    coverage: Coverage | None = None
    note: Text | None = None


class Kind(Titled):
    """
    A kind of paper, and how registries replace it; no alternative where none does yet.

    `basis` is the law, `source` where all this was seen, `result` the code of the result that stands in its place
    (`MaKetQuaThayThe`); `note` is for whoever keeps the catalogue. `words` are what procedures call such a paper;
    drafts are made by them.
    """

    words: tuple[Text, ...] = ()
    basis: Text
    source: Word
    citizen: Text
    citizen_en: Text
    result: Annotated[str, Field(pattern=RESULT)] | None = None
    alternatives: tuple[Alternative, ...] = ()
    assumed: Assumed = ()
    note: Text | None = None


class Told(_Data):
    """Where a fact stands: a field of a dataset's record, in no list."""

    dataset: Dataset
    field: Annotated[str, Field(pattern=FIELD)]


class Fact(Titled):
    """
    What more than one registry tells about the same subject, and which of them is right by rule where they differ
    (`authority`). `basis` is that rule, `source` where it was seen.
    """

    authority: Word
    basis: Text
    source: Word
    told_by: Annotated[tuple[Told, ...], Field(min_length=2)]
    assumed: Assumed = ()
    note: Text | None = None


class _Dated(_Data):
    valid_from: date | None = None
    valid_until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day; both days of its validity included."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class Paper(_Dated):
    """
    A paper of a case: its kind, whom it is about, and how the procedure's text lets data replace it. `component` is its
    code in the one-stop's dossiers (`MaThanhPhanHoSo`), where it has one.
    """

    id: Word
    kind: Word
    role: Word
    clause: Clause
    component: Annotated[str, Field(pattern=CODED)] | None = None
    assumed: Assumed = ()
    note: Text | None = None


class Case(_Dated):
    """A case (trường hợp) with the papers that it asks for."""

    id: Word
    title: Text = "Mọi trường hợp"
    title_en: Text = "Every case"
    papers: Annotated[tuple[Paper, ...], Field(min_length=1)]


class Procedure(Titled, _Dated):
    """
    A procedure (thủ tục hành chính); `decision` is the decision that published its text. A `draft` is checked, and
    decides nothing.
    """

    draft: bool = False
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    decision: Text
    source: Word
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    assumed: Assumed = ()
    note: Text | None = None


class Catalogue(_Data):
    """
    A whole catalogue, in which every name is one that is there. `version` tells two contents apart. A draft stands
    beside the procedures, and in the place of none.
    """

    version: str
    sources: Mapping[str, str]
    registries: Mapping[str, Registry]
    roles: Mapping[str, Role]
    kinds: Mapping[str, Kind]
    facts: Mapping[str, Fact] = {}
    procedures: Mapping[str, Procedure]
    drafts: Mapping[str, Procedure] = {}
    published: Mapping[str, date]
    local_codes: Mapping[str, str]

    def code(self, written: str) -> str | None:
        """
        The national code that is meant, or None: the table of local codes goes first, then a local suffix such as
        `.000.00.00.H08` is left out. A code that is not in the catalogue means nothing here.
        """
        if written in self.local_codes:
            return self.local_codes[written]
        local = _LOCAL.fullmatch(written)
        code = local[1] if local else written
        return code if code in self.procedures else None

    def papers(self, procedure: Procedure, case: str, day: date) -> tuple[Paper, ...] | None:
        """The papers of a case that are asked for on a day; None where the procedure has no such case then."""
        for one in procedure.cases:
            if one.id == case and one.holds(day):
                return tuple(paper for paper in one.papers if paper.holds(day))
        return None

    def publication(self, dataset: str, coverage: Coverage | None, covered: bool | None, day: date) -> Publication:
        """Whether a dataset's content counts as published on a day; `covered` is what was said of the subject."""
        since = self.published.get(dataset)
        if since is None or day < since:
            return Publication.NOT_PUBLISHED
        if coverage is None or covered:
            return Publication.PUBLISHED
        return Publication.UNSAID if covered is None else Publication.OUTSIDE

    def datasets(self) -> Iterator[str]:
        """Every dataset that some kind names, each once, in order."""
        yield from sorted({one.dataset for kind in self.kinds.values() for one in _questions(kind)})

    def claimed(self) -> frozenset[str]:
        """Every field that some question needs, as a key or to match."""
        return frozenset(
            name for kind in self.kinds.values() for one in _questions(kind) for name in (*one.keys, *one.match)
        )

    def personal(self) -> frozenset[str]:
        """The procedures with a paper about a person."""
        return frozenset(
            code
            for code, one in self.procedures.items()
            if any(self.roles[paper.role].person for case in one.cases for paper in case.papers)
        )

    def coverages(self) -> frozenset[str]:
        """Every part of the subjects that some content is published for."""
        ways = (way for kind in self.kinds.values() for way in kind.alternatives)
        return frozenset(way.coverage.id for way in ways if way.coverage is not None)

    def names(self, dataset: str) -> Mapping[str, str]:
        """What the texts about a dataset's registry are filled with."""
        registry = self.registries[dataset.partition(".")[0]]
        return {
            "registry": registry.title,
            "owner": registry.owner,
            "registry_en": registry.title_en,
            "owner_en": registry.owner_en,
        }


def _questions(kind: Kind) -> Iterator[Question]:
    for alternative in kind.alternatives:
        yield from alternative.questions
