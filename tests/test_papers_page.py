"""docs/papers.md and the glossary, walked beside the code."""

from __future__ import annotations

import json
import re
import textwrap
from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from gateway import app, app_papers
from gateway.domain.compare.standing import Standing
from gateway.lookup.paper_plan import PaperPlanRequest, parse_plan
from gateway.procedures.catalogue import InForce
from gateway.procedures.printing import printed
from gateway.procedures.reading import packaged
from gateway.procedures.words import Cause, Clause, Decision, Publication, Situation
from gateway.web.paper_plans import (
    PLAN,
    AgreementView,
    AskedView,
    CorrectionOfferView,
    DecidedView,
    PaperStandingView,
    PaperVerdictView,
    PlanView,
)
from tests.test_docs import page, table

PAGE = "docs/papers.md"


def test_the_table_on_the_page_is_the_one_that_decides() -> None:
    """What the legal office reads is printed from what the code decides by."""
    (told,) = re.findall(r"<!-- made from \S+ -->\n(.*?)\n<!-- end -->", page(PAGE), re.DOTALL)

    assert told == printed()


def test_every_clause_is_documented() -> None:
    """The page has one row for each clause, and says that data replaces nothing without one."""
    rows = {row["clause"]: row["data replaces the paper"] for row in table(PAGE, "Danh mục / the catalogue")}

    assert rows == {clause.value: "no" if clause is Clause.N else "yes" for clause in Clause}


@pytest.mark.parametrize(
    ("word", "words"),
    [("clause", Clause), ("publication", Publication), ("decision", Decision), ("cause", Cause)],
)
def test_the_glossary_has_every_word_about_papers(word: str, words: type[StrEnum]) -> None:
    """Each closed list stands in the glossary, whole."""
    (told,) = [line for line in page("docs/glossary.md").splitlines() if line.startswith(f"| {word} |")]

    assert set(re.findall(r"`(\w+)`", told)) == {one.value for one in words}


def test_every_key_of_a_condition_is_documented() -> None:
    """The page has each key by which a record's being in force is looked at, and the standings that come of it."""
    keys = " ".join(row["key"] for row in table(PAGE, "Còn hiệu lực / in force"))
    (told,) = [line for line in page("docs/glossary.md").splitlines() if line.startswith("| standing |")]

    assert set(re.findall(r"\w+", keys)) == InForce.model_fields.keys() - {"source", "assumed"}
    assert set(re.findall(r"`(\w+)`", told)) == {one.value for one in Standing}


def test_every_situation_stands_in_the_order_of_precedence() -> None:
    """The numbered list names each situation that is no reason of `unknown`, once."""
    listed = re.findall(r"^[0-9]\. .*?(?=^[0-9]\. |^$)", page(PAGE), re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([a-z_]+)`", "".join(listed[:9]))
    answered = list(Situation)[: list(Situation).index(Situation.TIMEOUT)]

    assert {one.value for one in answered} <= set(named)


def test_the_files_that_the_page_shows_can_be_used(tmp_path: Path) -> None:
    """Each example of a file is one that the gateway would start with."""
    examples = re.findall(r"^ *```toml\n(.*?)^ *```$", page(PAGE), re.MULTILINE | re.DOTALL)
    for nth, example in enumerate(examples):
        (tmp_path / f"{nth}.toml").write_text(textwrap.dedent(example), encoding="utf-8")

    catalogue = app_papers.procedures(tmp_path, app.installed_adapters())

    assert len(examples) == 6
    assert "sex" in catalogue.facts
    assert {"firm_licence", "birth_certificate"} <= catalogue.kinds.keys()
    assert catalogue.code("1.009999.000.00.00.H08") == "1.001193"


def test_every_member_of_a_plan_is_documented() -> None:
    """The example on the page has every member of a plan, of a paper and of a question, and no other."""
    shown = next(json.loads(one) for one in re.findall(r"```json\n(.*?)```", page(PAGE), re.DOTALL) if "plan_id" in one)

    assert shown.keys() == set(PlanView.model_fields)
    assert shown["papers"][0].keys() == set(DecidedView.model_fields)
    assert shown["papers"][0]["verdicts"][0].keys() == set(PaperVerdictView.model_fields)
    assert shown["papers"][0]["standings"][0].keys() == set(PaperStandingView.model_fields)
    assert shown["lookups"][0].keys() == set(AskedView.model_fields)
    assert shown["consistency"][0].keys() == set(AgreementView.model_fields)
    assert shown["consistency"][0]["correction"].keys() == set(CorrectionOfferView.model_fields)
    members = {row["member"] for row in table(PAGE, "Kế hoạch / a paper plan")}
    assert set(re.findall(r"\w+", " ".join(members))) == set(PaperPlanRequest.model_fields)


def test_the_example_of_a_plan_is_one() -> None:
    """What the page and /openapi.json show can be sent."""
    sent = next(one for one in re.findall(r"```json\n(.*?)```", page(PAGE), re.DOTALL) if '"subjects"' in one)
    example = PLAN["/v1/paper-plans"]["post"]["requestBody"]["content"]["application/json"]["examples"]["marriage"]

    for body in (sent.encode(), json.dumps(example["value"]).encode()):
        assert parse_plan(body, packaged(), date(2026, 3, 1)).inquiry.procedure.value == "1.000894"
