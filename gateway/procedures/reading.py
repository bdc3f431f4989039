"""
Files become a catalogue: the packaged ones, and after them those of the province's folder.

All files have one form, and may hold any part of it. The province's word goes before the packaged one, entry by entry;
within one folder nothing may be said twice. Every fault is named, with its file and place.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.domain.canonical import canonical
from gateway.errors import SettingsError
from gateway.procedures import catalogue as parts
from gateway.procedures.catalogue import (
    Catalogue,
    Dataset,
    Fact,
    InForce,
    Kind,
    Procedure,
    Question,
    Registry,
    Role,
    Text,
    Word,
)

__all__ = ["LOCAL", "packaged", "read_catalogue"]

LOCAL = r"^[1-9]\.[0-9]{6}(\.[0-9A-Z]{2,3}){0,6}$"
_Code = Annotated[str, Field(pattern=parts.CODE)]
_MESSAGES = {
    "missing": "thiếu khóa này / this key is missing",
    "too_short": "không được để trống / must not be empty",
    "string_too_short": "không được để trống / must not be empty",
}
_FORMS = {
    parts.CODE: "mã thủ tục như 1.001193 / a procedure code such as 1.001193",
    parts.DATASET: "cơ sở dữ liệu và câu hỏi, như dancu.citizen / registry and question, such as dancu.citizen",
    parts.RESULT: "mã kết quả như KQ.G15.000031 / a result code such as KQ.G15.000031",
    parts.CODED: "chữ cái, chữ số, dấu chấm, gạch / letters, digits, dots and dashes",
    parts.WORD: "chữ thường không dấu, chữ số và _ / small letters, digits and _",
    LOCAL: "mã như 1.004616.000.00.00.H08 / a code such as 1.004616.000.00.00.H08",
}


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sources: dict[Word, Text] = {}
    registries: dict[Word, Registry] = {}
    roles: dict[Word, Role] = {}
    kinds: dict[Word, Kind] = {}
    facts: dict[Word, Fact] = {}
    procedures: dict[_Code, Procedure] = {}
    published: dict[Dataset, date] = {}
    local_codes: dict[Annotated[str, Field(pattern=LOCAL)], _Code] = {}


@dataclass(slots=True)
class _Gathered:
    """What was read so far, by table, and where each entry stands."""

    tables: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {name: {} for name in (*_File.model_fields, "drafts")}
    )
    where: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    content: Any = field(default_factory=hashlib.sha256)


def packaged() -> Catalogue:
    """The catalogue that comes with the gateway: nothing in it counts as published. Raises SettingsError."""
    return read_catalogue(None)


def read_catalogue(folder: Path | None) -> Catalogue:
    """The packaged catalogue with what a province's folder adds or replaces. Raises SettingsError naming each fault."""
    gathered = _Gathered()
    _gather(gathered, _listed(files("gateway.procedures") / "data"), "gateway/procedures/data/")
    if folder is not None:
        if not folder.is_dir():
            raise SettingsError(f"procedures.folder: {folder} is no folder")
        _gather(gathered, _listed(folder), f"{folder}/")
    catalogue = Catalogue(version=gathered.content.hexdigest()[:12], **gathered.tables)
    faults = [*gathered.faults, *_named_faults(gathered, catalogue)]
    if faults:
        raise SettingsError("procedures:\n" + "\n".join(f"  {fault}" for fault in faults))
    return catalogue


def _listed(folder: Traversable | Path) -> list[Traversable | Path]:
    return sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)


def _gather(gathered: _Gathered, found: Sequence[Traversable | Path], above: str) -> None:
    here: dict[tuple[str, str], str] = {}
    for file in found:
        place = f"{above}{file.name}"
        try:
            content = file.read_bytes()
            read = _parsed(content)
        except OSError as exc:
            gathered.faults.append(f"{place}: {exc.strerror}")
            continue
        except ValidationError as exc:
            errors = exc.errors(include_input=False, include_url=False)
            gathered.faults += [f"{place}: {_fault(error['loc'], error['type'], error['msg'])}" for error in errors]
            continue
        except (ValueError, RecursionError) as exc:
            gathered.faults.append(f"{place}: không phải TOML / not TOML: {exc}")
            continue
        gathered.content.update(content)
        for table in _File.model_fields:
            for name, entry in getattr(read, table).items():
                other = here.setdefault((table, name), place)
                if other != place:
                    gathered.faults.append(f"{place}: {table}.{name}: đã có trong / already in {other}")
                kept = "drafts" if table == "procedures" and entry.draft else table
                gathered.tables[kept][name] = entry
                gathered.where[kept, name] = place


@lru_cache(maxsize=64)
def _parsed(content: bytes) -> _File:
    """What one file says; a file that did not change is not read again."""
    return _File.model_validate(tomllib.loads(content.decode("utf-8")))


def _fault(location: tuple[int | str, ...], kind: str, message: str) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in location if step != "[key]"]
    place = "".join(steps).removeprefix(".")
    if kind == "string_pattern_mismatch":
        return f"{place}: {next((said for pattern, said in _FORMS.items() if pattern in message), message)}"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _KEYS, n=1)
        return f"{place}: không có khóa này / no such key{f'; did you mean {near[0]!r}?' if near else ''}"
    return f"{place}: {_MESSAGES.get(kind, message)}"


_MODELS: tuple[type[BaseModel], ...] = (
    *(_File, Registry, Role, Kind, Procedure, Fact, parts.Told),
    *(parts.Alternative, parts.Case, parts.Constant, parts.Coverage, parts.InForce, parts.Paper, parts.Question),
    parts.Taken,
)
_KEYS = sorted({name for model in _MODELS for name in model.model_fields})


def _named_faults(gathered: _Gathered, catalogue: Catalogue) -> Iterator[str]:
    """Names that stand for nothing, and what is said twice or in the wrong order, once all files are read."""
    for table in ("registries", "kinds", "facts", "procedures", "drafts"):
        for name, entry in getattr(catalogue, table).items():
            place = f"{gathered.where[table, name]}: {'procedures' if table == 'drafts' else table}.{name}"
            yield from _strange(f"{place}.source", entry.source, catalogue.sources, "source")
            if hasattr(entry, "assumed"):
                yield from _assumed(place, entry)
    for name, kind in catalogue.kinds.items():
        yield from _kind_faults(f"{gathered.where['kinds', name]}: kinds.{name}", kind, catalogue)
    for name, fact in catalogue.facts.items():
        place = f"{gathered.where['facts', name]}: facts.{name}"
        told = [one.dataset.partition(".")[0] for one in fact.told_by]
        yield from _strange(f"{place}.authority", fact.authority, told, "registry that tells it")
        yield from _twice(f"{place}.told_by", [one.dataset for one in fact.told_by])
        for registry in told:
            yield from _strange(f"{place}.told_by", registry, catalogue.registries, "registry")
    for table in ("procedures", "drafts"):
        for code, procedure in getattr(catalogue, table).items():
            place = f"{gathered.where[table, code]}: procedures.{code}"
            yield from _procedure_faults(place, procedure, catalogue)
    for dataset in catalogue.published:
        place = f"{gathered.where['published', dataset]}: published.{dataset}"
        yield from _strange(place, dataset, set(catalogue.datasets()), "dataset that a kind of paper names")
    for local, code in catalogue.local_codes.items():
        place = f"{gathered.where['local_codes', local]}: local_codes.{local}"
        yield from _strange(place, code, catalogue.procedures, "procedure")


def _kind_faults(place: str, kind: Kind, catalogue: Catalogue) -> Iterator[str]:
    for nth, alternative in enumerate(kind.alternatives):
        here = f"{place}.alternatives[{nth}]"
        if alternative.coverage is not None:
            yield from _strange(f"{here}.coverage.source", alternative.coverage.source, catalogue.sources, "source")
        asked = [one.dataset for one in alternative.questions]
        for twice in sorted({one for one in asked if asked.count(one) > 1}):
            yield f"{here}.questions: hỏi hai lần / {twice} is asked twice"
        for place_in_way, question in enumerate(alternative.questions):
            registry, at = question.dataset.partition(".")[0], f"{here}.{question.dataset}"
            yield from _strange(at, registry, catalogue.registries, "registry")
            yield from _key_faults(at, question, asked[:place_in_way], catalogue)
            for one in question.in_force:
                yield from _force_faults(f"{at}.in_force.{one.field}", one, catalogue)


def _key_faults(place: str, question: Question, above: Sequence[str], catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with where the keys come from; `above` are the datasets that are asked before it in its way."""
    if not (question.keys or question.taken):
        yield f"{place}.keys: không được để trống / must not be empty"
    yield from _twice(f"{place}.keys", question.asked_by)
    if question.of is not None:
        yield from _strange(f"{place}.of", question.of, catalogue.roles, "role")
    for one in question.taken:
        if one.dataset not in above:
            yield (
                f"{place}.taken.{one.key}: {one.dataset!r} không phải câu hỏi đứng trên trong cùng cách thay thế, nên "
                "không lấy được (hoặc thành vòng) / is no question further up in the same way: nothing can be taken "
                f"from it, or only in a circle; there are {', '.join(above) or 'none'}"
            )


def _force_faults(place: str, one: InForce, catalogue: Catalogue) -> Iterator[str]:
    yield from _strange(f"{place}.source", one.source, catalogue.sources, "source")
    yield from _assumed(place, one)
    if not one.says_how():
        yield (
            f"{place}: nêu đúng một trong holds, last_day, nothing (ended đi với holds, open_ended với last_day) / "
            "say one of holds, last_day, nothing (ended goes with holds, open_ended with last_day)"
        )
    for twice in sorted({canonical(one) for one in one.holds} & {canonical(one) for one in one.ended}):
        yield f"{place}: vừa holds vừa ended / both in holds and in ended: {twice!r}"


def _procedure_faults(place: str, procedure: Procedure, catalogue: Catalogue) -> Iterator[str]:
    yield from _days(place, procedure.valid_from, procedure.valid_until)
    yield from _twice(f"{place}.cases", [one.id for one in procedure.cases])
    for case in procedure.cases:
        here = f"{place}.cases.{case.id}"
        yield from _days(here, case.valid_from, case.valid_until)
        yield from _twice(f"{here}.papers", [one.id for one in case.papers])
        for paper in case.papers:
            at = f"{here}.papers.{paper.id}"
            yield from _days(at, paper.valid_from, paper.valid_until)
            yield from _strange(f"{at}.kind", paper.kind, catalogue.kinds, "kind of paper")
            yield from _strange(f"{at}.role", paper.role, catalogue.roles, "role")
            yield from _assumed(at, paper)


def _assumed(place: str, entry: Any) -> Iterator[str]:
    for key in entry.assumed:
        yield from _strange(f"{place}.assumed", key, type(entry).model_fields, "key of this table")


def _days(place: str, first: date | None, last: date | None) -> Iterator[str]:
    if first is not None and last is not None and last < first:
        yield f"{place}.valid_until: trước valid_from / lies before valid_from"


def _twice(place: str, ids: Sequence[str]) -> Iterator[str]:
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"{place}: hai lần / twice: {one!r}"


def _strange(place: str, name: str, known: Collection[str] | Mapping[str, Any], what: str) -> Iterator[str]:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        instead = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)[:20]) or 'none'}"
        yield f"{place}: không có {name!r} / is no {what}; {instead}"
