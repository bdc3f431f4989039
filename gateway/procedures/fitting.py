"""Whether a catalogue fits the adapters that are installed: a question must be one that can be asked."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from gateway.domain.compare.forms import Form, claimable
from gateway.domain.dataset import Adapter, Dataset
from gateway.procedures.catalogue import Catalogue, Constant, Fact, InForce, Question

__all__ = ["misfits", "not_installed"]

_PASSED_ON = (Form.NAME, Form.TEXT, Form.NUMBER, Form.DATE)


def misfits(catalogue: Catalogue, adapters: Mapping[str, Adapter]) -> list[str]:
    """What cannot be asked, a line for each. Of a registry that has no adapter here nothing is said."""
    found: dict[str, None] = {}  # a line once, however many alternatives have the same fault
    for name, kind in catalogue.kinds.items():
        for nth, alternative in enumerate(kind.alternatives):
            for question in alternative.questions:
                place = f"kinds.{name}.alternatives[{nth}]"
                found |= dict.fromkeys(_misfits(place, question, adapters))
                found |= dict.fromkeys(_taken_misfits(place, question, adapters))
    for name, fact in catalogue.facts.items():
        found |= dict.fromkeys(_fact_misfits(f"facts.{name}", fact, adapters))
    return list(found)


def not_installed(catalogue: Catalogue, adapters: Mapping[str, Adapter]) -> tuple[str, ...]:
    """The datasets whose registry has no adapter here: whatever needs them is `not_connected`."""
    return tuple(one for one in catalogue.datasets() if one.partition(".")[0] not in adapters)


def _misfits(place: str, question: Question, adapters: Mapping[str, Adapter]) -> Iterator[str]:
    registry, _, noun = question.dataset.partition(".")
    adapter = adapters.get(registry)
    if adapter is None:
        return
    dataset = adapter.dataset(noun)
    if dataset is None:
        yield from _strange(f"{place}.dataset", noun, [one.noun for one in adapter.datasets], f"question of {registry}")
        return
    here = f"{place}.{question.dataset}"
    query, needed = _keys(dataset)
    for key in question.asked_by:
        yield from _strange(f"{here}.keys", key, query, "key of its query")
    for key in sorted(needed - set(question.asked_by)):
        yield f"{here}.keys: thiếu {key} / the query needs {key}"
    for constant in question.constants:
        if constant.key in query and not _can_be(dataset, constant):
            yield f"{here}.constants.{constant.key}: sai dạng / the query does not take this value"
    for name in question.match:
        yield from _strange(f"{here}.match", name, claimable(dataset.record), "field that can be claimed")
    for one in question.in_force:
        fits = _looked_at(dataset, one)
        yield from _strange(f"{here}.in_force", one.field, fits, "field that says so in this way")
    for name in question.may_fetch:
        yield from _strange(f"{here}.may_fetch", name, _fields(dataset), "field of its record")


def _taken_misfits(place: str, question: Question, adapters: Mapping[str, Adapter]) -> Iterator[str]:
    """Fields that cannot be taken from where they are said to stand."""
    for one in question.taken:
        registry, _, noun = one.dataset.partition(".")
        adapter = adapters.get(registry)
        dataset = adapter.dataset(noun) if adapter is not None else None
        if dataset is not None:
            fits = {name for name, field in claimable(dataset.record).items() if field.form in _PASSED_ON}
            here = f"{place}.{question.dataset}.taken.{one.key}"
            yield from _strange(here, one.field, fits, f"field of {one.dataset} that can be passed on")


def _can_be(dataset: Dataset[Any, Any, Any], one: Constant) -> bool:
    """Whether a key of the query can have this value."""
    annotation: Any = dataset.query.model_fields[one.key].rebuild_annotation()
    try:
        TypeAdapter(annotation, config=ConfigDict(strict=True)).validate_python(one.value)
    except ValidationError:
        return False
    return True


def _looked_at(dataset: Dataset[Any, Any, Any], one: InForce) -> set[str]:
    """The fields of the record that a condition of this kind may look at."""
    if one.nothing:
        return {name for name, field in dataset.record.model_fields.items() if _is_list(field.annotation)}
    forms = (Form.DATE,) if one.last_day else (Form.CODE, Form.NAME, Form.TEXT)
    found = claimable(dataset.record).items()
    return {name for name, field in found if field.form in forms and not (one.last_day and field.is_birth)}


def _is_list(annotation: Any) -> bool:
    return any(get_origin(one) is tuple for one in (annotation, *get_args(annotation)))


def _fact_misfits(place: str, fact: Fact, adapters: Mapping[str, Adapter]) -> Iterator[str]:
    forms: dict[str, str] = {}
    for told in fact.told_by:
        registry, _, noun = told.dataset.partition(".")
        adapter = adapters.get(registry)
        if adapter is None:
            continue
        here = f"{place}.{told.dataset}"
        dataset = adapter.dataset(noun)
        if dataset is None:
            nouns = [one.noun for one in adapter.datasets]
            yield from _strange(f"{here}.dataset", noun, nouns, f"question of {registry}")
            continue
        single = {name: one for name, one in claimable(dataset.record).items() if not one.listed}
        yield from _strange(f"{here}.field", told.field, single, "field that can be claimed, in no list")
        if told.field in single:
            forms[told.dataset] = single[told.field].form.value
    if len(set(forms.values())) > 1:
        told_as = ", ".join(f"{name} {form}" for name, form in forms.items())
        yield f"{place}: không so được với nhau / of different forms: {told_as}"


def _keys(dataset: Dataset[Any, Any, Any]) -> tuple[set[str], set[str]]:
    fields = dataset.query.model_fields
    return set(fields), {name for name, one in fields.items() if one.is_required()}


def _fields(dataset: Dataset[Any, Any, Any]) -> set[str]:
    """Fields of the record and their members: a lookup names nothing deeper."""
    paths = [name.split(".") for name in claimable(dataset.record)]
    return {*dataset.record.model_fields, *(".".join(path[:2]) for path in paths)}


def _strange(place: str, name: str, known: Collection[str], what: str) -> Iterator[str]:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        instead = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)[:20])}"
        yield f"{place}: không có {name!r} / is no {what}; {instead}"
