"""What changed in the case files of one dataset."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.reader import CaseFile, DatasetContract
from gateway.kit.changes import Change, breaking, harmless
from gateway.kit.fields import differences, pruned
from gateway.kit.leaves import shape_of_body

__all__ = ["case_changes"]


def case_changes(old: DatasetContract, new: DatasetContract) -> Iterator[Change]:
    """
    A case that went, that ends otherwise, is asked otherwise or lost something of its record breaks; a new case, a
    new member of the record or another recorded answer with the same end does not.
    """
    before, after = ({case.name: case for case in side.cases} for side in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield breaking(f"{old.name}/{name}", "the case file was removed")
    for name in sorted(after.keys() - before.keys()):
        yield harmless(f"{old.name}/{name}", "a new case file")
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield from _case(f"{old.name}/{name}", before[name], after[name])


def _case(place: str, old: CaseFile, new: CaseFile) -> Iterator[Change]:
    if old.contract != new.contract:
        yield breaking(f"{place} contract", f"{old.contract} became {new.contract}")
    if (old.outcome, old.reason) != (new.outcome, new.reason):
        yield breaking(f"{place} outcome", f"{_end(old)} became {_end(new)}")
    same_question = old.query == new.query and old.options == new.options
    if not same_question:
        yield harmless(f"{place} query", "asks something else now")
    if old.request != new.request and (same_question or _written(old) != _written(new)):
        yield breaking(f"{place} request", "is written otherwise")
    if (old.response.status, old.response.body) != (new.response.status, new.response.body):
        yield harmless(f"{place} response", "another answer is recorded")
    if same_question and old.record is not None and new.record is not None:
        before, after = pruned(dict(old.record)), pruned(dict(new.record))
        for path in differences(before, after):
            new_member = path.removesuffix(" differs") in _only_in(after, before)
            yield harmless(f"{place} record.{path}", "is new") if new_member else breaking(f"{place} record", path)
    if old.basis != new.basis:
        yield harmless(f"{place} basis", f"{old.basis} became {new.basis}")


def _end(case: CaseFile) -> str:
    return f"{case.outcome}: {case.reason}" if case.reason else case.outcome


def _written(case: CaseFile) -> tuple[object, ...]:
    """How a request is written, without what is asked in it."""
    body = shape_of_body((case.request.body or "").encode())
    return case.request.method, frozenset(case.request.query), frozenset(body)


def _only_in(one: object, other: object, place: str = "") -> frozenset[str]:
    """Paths of what only the first has."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return frozenset()
    found: frozenset[str] = frozenset()
    for key, value in one.items():
        path = f"{place}.{key}".lstrip(".")
        found |= _only_in(value, other[key], path) if key in other else {path}
    return found
