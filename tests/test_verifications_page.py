"""docs/verifications.md and the glossary, walked beside the words of the code."""

from __future__ import annotations

import json
import re
from typing import Any

from gateway.domain.compare.forms import Form
from gateway.domain.compare.verdict import AGREES, Verdict, Why
from gateway.lookup.comparison import claims_digest
from gateway.lookup.verification import VerificationRequest, parse_verification
from gateway.web.verifications import VerdictView
from tests.pairs import pairs
from tests.test_docs import page, section, tables

PAGE = "docs/verifications.md"


def test_every_verdict_is_documented() -> None:
    """The page has one row for each verdict, in the code's own words, and says which leave nothing to look at."""
    verdicts, _ = tables(section(PAGE, "Verdicts"))

    assert {row["verdict"]: row["leaves something to look at"] for row in verdicts} == {
        verdict.value: "no" if verdict in AGREES else "yes" for verdict in Verdict
    }
    (told,) = [line for line in page("docs/glossary.md").splitlines() if line.startswith("| verdict |")]
    assert set(re.findall(r"`(\w+)`", told)) == {verdict.value for verdict in Verdict}


def test_every_reason_of_a_verdict_is_documented_under_its_verdict() -> None:
    """The page has one row for each `why`, with the verdict that the table of pairs shows for it."""
    _, reasons = tables(section(PAGE, "Verdicts"))
    described = {row["why"]: row["verdict"] for row in reasons}
    shown = {compared.why.value: compared.verdict.value for compared in (pair.compared() for pair in pairs())}

    assert len(described) == len(reasons)
    assert set(described) == {why.value for why in Why}
    assert described.items() >= shown.items()
    assert set(described) - set(shown) <= {"none_of_them"}


def test_every_form_is_documented() -> None:
    """The page says of each form how it is claimed and compared, and of no other."""
    (forms,) = tables(section(PAGE, "How it is compared"))

    assert {row["form"] for row in forms} == {form.value for form in Form}


def test_the_digest_of_claims_is_made_as_the_page_shows() -> None:
    """The lines on the page, run on claims and a nonce, come to the digest that evidence holds."""
    (lines,) = re.findall(r"```python\n(.*?)```", page(PAGE), re.DOTALL)
    values: dict[str, Any] = {"nonce": "0" * 32}
    *made, compared = lines.strip().splitlines()
    exec("\n".join(made), values)  # noqa: S102
    values["claims_sha256"] = claims_digest(values["nonce"], values["claims"])

    assert eval(compared, values)  # noqa: S307
    assert not eval(compared, values | {"nonce": "1" * 32})  # noqa: S307


def test_every_member_of_a_verification_is_documented() -> None:
    """The page has each member of the body, and the example is a verification."""
    (members,) = tables(section(PAGE, "A verification"))
    named = {name: row["needed"] for row in members for name in re.findall(r"\w+", row["member"])}
    question, answer = re.findall(r"```json\n(.*?)```", page(PAGE).partition("## Verdicts")[0], re.DOTALL)

    assert named == {
        name: "yes" if field.is_required() else "no" for name, field in VerificationRequest.model_fields.items()
    }
    assert parse_verification(question.encode())[1] == json.loads(question)["claims"]
    for verdict in json.loads(answer)["verdicts"]:
        VerdictView.model_validate(verdict)
