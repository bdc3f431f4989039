"""Whether the policy lets a paper's questions take their keys from one another: for whoever keeps the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.app import Core
from gateway.lookup.paper_sources import entry_for
from gateway.procedures.catalogue import Alternative, Catalogue, Paper
from gateway.procedures.words import Clause

__all__ = ["ungranted"]


def ungranted(catalogue: Catalogue, core: Core, today: date) -> list[str]:
    """
    What no rule passes on, a line for each: fields that a paper of a procedure in force would take, of ways that are
    published whole. What is not published is asked of nobody, and needs no rule yet.
    """
    found: dict[str, None] = {}
    for code, procedure in catalogue.procedures.items():
        if not procedure.holds(today):
            continue
        for case in procedure.cases:
            for paper in case.papers:
                place = f"procedures.{code}.cases.{case.id}.papers.{paper.id}"
                found |= dict.fromkeys(_of_paper(place, code, paper, catalogue, core, today))
    return list(found)


def _of_paper(place: str, code: str, paper: Paper, catalogue: Catalogue, core: Core, today: date) -> Iterator[str]:
    if paper.clause is Clause.N or not paper.holds(today):
        return
    for nth, way in enumerate(catalogue.kinds[paper.kind].alternatives):
        if all((catalogue.published.get(one.dataset) or date.max) <= today for one in way.questions):
            here = f"{place}: kinds.{paper.kind}.alternatives[{nth}]"
            yield from _of_way(here, code, way, catalogue, core, today)


def _of_way(place: str, code: str, way: Alternative, catalogue: Catalogue, core: Core, today: date) -> Iterator[str]:
    policy = core.rules.policy.current
    for question in way.questions:
        for taken in question.taken:
            entry = entry_for(taken.dataset, core.catalogue, catalogue.registries)
            if entry is None:
                continue
            rules = [
                rule
                for rule in policy.rules
                if (rule.procedures is None or code in rule.procedures)
                and (rule.valid_until is None or today <= rule.valid_until)
            ]
            shape = policy.shapes.get(entry.id)
            if shape is None or not any(
                shape.whole((taken.field,), rule.parts(entry.id, passing=True)) for rule in rules
            ):
                named = f"{entry.id} {taken.field}"
                yield (
                    f"{place}.{question.dataset}.taken.{taken.key}: không quy tắc nào của policy.toml cho chuyển tiếp "
                    f"(passes) {named} / no rule of policy.toml passes on {named}"
                )
