"""The claims of one question beside the record that was found: what the caller is told, and what evidence says."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from gateway.domain.compare.forms import compared, printed
from gateway.domain.compare.sentences import Sentence, Spellings, sentence
from gateway.domain.compare.standing import Condition, Ground, Standing, stood, worst
from gateway.domain.compare.standing_sentences import standing_sentence
from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.dataset import Dataset
from gateway.ledger.canonical import canonical
from gateway.lookup.claims import Claim, read_claims
from gateway.lookup.titles import FIELDS, Pair

__all__ = ["Comparison", "FieldStanding", "FieldVerdict", "claims_digest"]

_BESIDE = {"citizen_id": ("old_number", Why.OTHER_FORM)}
"""Beside which field the same may stand in another form; a `…_text` may stand beside any."""
_NONE_OF_THEM = Compared(Verdict.MISMATCH, Why.NONE_OF_THEM)


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """The verdict on one claim, and the sentence that an officer reads."""

    field: str
    verdict: Verdict
    why: Why
    reason: Sentence


@dataclass(frozen=True, slots=True)
class FieldStanding:
    """What a field says of the record's being in force, and the sentence that an officer reads."""

    field: str
    standing: Standing
    ground: Ground
    reason: Sentence

    @property
    def rank(self) -> int:
        """How much it speaks against the record's being in force."""
        return list(Standing).index(self.standing)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The claims of one question, and what must hold besides. Their values are printed nowhere."""

    claims: tuple[Claim, ...]
    _values: Mapping[str, Any] = field(repr=False)
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(
        cls, dataset: Dataset[Any, Any, Any], values: Mapping[str, Any], conditions: Sequence[Condition] = ()
    ) -> Comparison:
        """The claims about a dataset's record. Raises InvalidQuestion naming each field at fault."""
        return cls(read_claims(dataset.record, values), values, tuple(conditions))

    @property
    def fields(self) -> tuple[str, ...]:
        """What is looked at, by name: what is claimed of, and what says whether the record is in force."""
        return tuple(dict.fromkeys((*self._claimed, *(one.field for one in self.conditions))))

    @property
    def _claimed(self) -> tuple[str, ...]:
        return tuple(claim.about.name for claim in self.claims)

    def verdicts(self, record: BaseModel, seen: frozenset[str]) -> tuple[FieldVerdict, ...]:
        """
        The verdict on each claim, in their order; both spellings stand in the sentence where the field may be seen.

        Claims about members of one list speak of one and the same member: of the one that they fit best.
        """
        found: dict[str, FieldVerdict] = {}
        for above, several in groupby(sorted(self.claims, key=_list_of), key=_list_of):
            group = list(several)
            elements = list(_at(record, above)) if above else [record]
            for claim, one, recorded in _best(group, elements, len(above)):
                name = claim.about.name
                spellings = (
                    Spellings(printed(claim.value), printed(recorded))
                    if name in seen and recorded is not None
                    else None
                )
                reason = sentence(_label(claim.about.path), one.why, spellings)
                found[name] = FieldVerdict(name, one.verdict, one.why, reason)
        return tuple(found[name] for name in self._claimed)

    def standings(self, record: BaseModel, seen: frozenset[str], today: date) -> tuple[FieldStanding, ...]:
        """
        What each condition comes to on a day, in their order; what is recorded stands in the sentence where the field
        may be seen. In a list the member counts that the claims fit best; without claims about it, every member.
        """
        return tuple(self._standing(one, record, seen, today) for one in self.conditions)

    def _standing(self, condition: Condition, record: BaseModel, seen: frozenset[str], today: date) -> FieldStanding:
        path = tuple(condition.field.split("."))
        recorded = [_end(holder, path[-1]) for holder in self._holders(record, path[:-1])]
        found = worst(stood(condition, one, today) for one in recorded)
        shown = None
        if condition.field in seen:
            shown = next((printed(one) for one in recorded if one and stood(condition, one, today) == found), None)
        is_list = found.ground in {Ground.RESTRICTED, Ground.UNRESTRICTED}
        reason = standing_sentence(_label(path), found.ground, None if is_list else shown)
        return FieldStanding(condition.field, found.standing, found.ground, reason)

    def _holders(self, record: BaseModel, above: tuple[str, ...]) -> list[Any]:
        group = [claim for claim in self.claims if _list_of(claim) and _list_of(claim) == above]
        elements = list(_at(record, above))
        return [_fitting(group, elements, len(above))] if group and elements else elements

    def passed_on(self, record: BaseModel, name: str) -> tuple[str, ...]:
        """
        What stands in a field, as another registry is asked by it, each value once. Of members of a list those count
        that no claim contradicts and that the claims fit best; without claims about them, all.
        """
        path = tuple(name.split("."))
        groups = {above for above in map(_list_of, self.claims) if above and path[: len(above)] == above}
        above = max(groups, key=len, default=())
        elements: list[Any] = list(_at(record, above)) if above else [record]
        if above:
            group = [claim for claim in self.claims if _list_of(claim) == above]
            tries = [one for one in _tries(group, elements, len(above)) if not one.misses]
            best = min((one.rank for one in tries), default=None)
            elements = [one.element for one in tries if one.rank == best]
        found = (value for element in elements for value in _at(element, path[len(above) :]))
        return tuple(dict.fromkeys(printed(value) for value in found))

    def document(self, verdicts: Sequence[FieldVerdict], standings: Sequence[FieldStanding] = ()) -> dict[str, Any]:
        """
        What evidence holds in place of a record: each verdict, what was said of its being in force, and a digest of all
        claims together, which whoever kept them can make again. No value stands in it.
        """
        nonce = secrets.token_hex(16)
        said: dict[str, Any] = {"verdicts": {one.field: one.verdict.value for one in verdicts}}
        if standings:
            said["standings"] = {one.field: one.standing.value for one in sorted(standings, key=lambda one: one.rank)}
        said |= {"claims_nonce": nonce, "claims_sha256": claims_digest(nonce, self._values)}
        return {"verification": said}


def claims_digest(nonce: str, claims: Mapping[str, Any]) -> str:
    """
    SHA-256, in hex, of the nonce, a full stop, and the claims as the caller sent them, in canonical JSON; a number
    stands there as a text, since a fraction has more than one spelling.
    """
    plain = {name: str(value) if _is_number(value) else value for name, value in claims.items()}
    return hashlib.sha256(nonce.encode() + b"." + canonical(plain)).hexdigest()


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _list_of(claim: Claim) -> tuple[str, ...]:
    return claim.about.path[: claim.about.listed]


@dataclass(frozen=True, slots=True)
class _Tried:
    """How the claims fit one element."""

    element: Any
    verdicts: Sequence[Compared]
    values: Sequence[Any]
    misses: int

    @property
    def rank(self) -> tuple[int, int]:
        return self.misses, sum(one.rank for one in self.verdicts)


def _best(claims: Sequence[Claim], elements: Sequence[Any], above: int) -> Iterator[tuple[Claim, Compared, Any]]:
    """Each claim with its verdict and what it was compared with, of the element that the claims fit best."""
    several = len(elements) > 1
    best = _tried(claims, elements, above)
    for claim, one, value in zip(claims, best.verdicts, best.values, strict=True):
        is_none = several and one.verdict is Verdict.MISMATCH and best.misses == len(claims)
        yield claim, _NONE_OF_THEM if is_none else one, value


def _fitting(claims: Sequence[Claim], elements: Sequence[Any], above: int) -> Any:
    """The element that the claims fit best."""
    return _tried(claims, elements, above).element


def _tried(claims: Sequence[Claim], elements: Sequence[Any], above: int) -> _Tried:
    return min(_tries(claims, elements or [None], above), key=lambda one: one.rank)


def _tries(claims: Sequence[Claim], elements: Sequence[Any], above: int) -> Iterator[_Tried]:
    for element in elements:
        values = [next(_at(element, claim.about.path[above:]), None) for claim in claims]
        holders = [next(_at(element, claim.about.path[above:-1]), None) for claim in claims]
        verdicts = [_compared(*one) for one in zip(claims, values, holders, strict=True)]
        misses = sum(one.verdict is Verdict.MISMATCH for one in verdicts)
        yield _Tried(element, verdicts, values, misses)


def _end(holder: Any, name: str) -> Any:
    """What stands in a member as it is, a list whole; None where there is none."""
    return getattr(holder, name, None)


def _compared(claim: Claim, recorded: Any, holder: Any) -> Compared:
    """
    The verdict; where nothing is recorded in the place, but the same beside it in another form, that it cannot be
    compared. What stands there is not looked at: nobody may have granted that.
    """
    name = claim.about.path[-1]
    beside = _BESIDE.get(name) or (f"{name}_text", Why.FREE_TEXT)
    if recorded is None and getattr(holder, beside[0], None) is not None:
        return Compared(Verdict.NOT_COMPARABLE, beside[1])
    return compared(claim.about, claim.value, recorded)


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """What stands at the end of a path: nothing where a step is empty, several things behind a list."""
    if isinstance(value, tuple):
        for one in value:
            yield from _at(one, path)
    elif value is not None:
        if path:
            yield from _at(getattr(value, path[0]), path[1:])
        else:
            yield value


def _label(path: Sequence[str]) -> Pair:
    """The field's name as a person reads it, from the outermost step to the innermost."""
    names = [FIELDS.get(step, (step.replace("_", " "),) * 2) for step in path]
    return " – ".join(name for name, _ in names), " – ".join(name for _, name in names)
