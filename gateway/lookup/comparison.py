"""The claims of one question beside the record that was found: what the caller is told, and what evidence says."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from gateway.domain.compare.forms import compared, printed
from gateway.domain.compare.sentences import Sentence, Spellings, sentence
from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.dataset import Dataset
from gateway.ledger.evidence import canonical
from gateway.lookup.claims import Claim, read_claims
from gateway.lookup.titles import FIELDS, Pair

__all__ = ["Comparison", "FieldVerdict", "claims_digest"]

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
class Comparison:
    """The claims of one question. Their values are printed nowhere."""

    claims: tuple[Claim, ...]
    _values: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, dataset: Dataset[Any, Any, Any], values: Mapping[str, Any]) -> Comparison:
        """The claims about a dataset's record. Raises InvalidQuestion naming each field at fault."""
        return cls(read_claims(dataset.record, values), values)

    @property
    def fields(self) -> tuple[str, ...]:
        """What is claimed of, by name."""
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
        return tuple(found[name] for name in self.fields)

    def document(self, verdicts: Sequence[FieldVerdict]) -> dict[str, Any]:
        """
        What evidence holds in place of a record: each verdict, and a digest of all claims together, which whoever kept
        them can make again. No value stands in it.
        """
        nonce = secrets.token_hex(16)
        return {
            "verification": {
                "verdicts": {one.field: one.verdict.value for one in verdicts},
                "claims_nonce": nonce,
                "claims_sha256": claims_digest(nonce, self._values),
            }
        }


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


def _best(claims: Sequence[Claim], elements: Sequence[Any], above: int) -> Iterator[tuple[Claim, Compared, Any]]:
    """Each claim with its verdict and what it was compared with, of the element that the claims fit best."""
    several = len(elements) > 1
    tried = []
    for element in elements or [None]:
        values = [next(_at(element, claim.about.path[above:]), None) for claim in claims]
        holders = [next(_at(element, claim.about.path[above:-1]), None) for claim in claims]
        verdicts = [_compared(*one) for one in zip(claims, values, holders, strict=True)]
        misses = sum(one.verdict is Verdict.MISMATCH for one in verdicts)
        tried.append((misses, sum(one.rank for one in verdicts), verdicts, values))
    misses, _, verdicts, values = min(tried, key=lambda one: one[:2])
    for claim, one, value in zip(claims, verdicts, values, strict=True):
        is_none = several and one.verdict is Verdict.MISMATCH and misses == len(claims)
        yield claim, _NONE_OF_THEM if is_none else one, value


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
