"""docs/rights.md, for a legal office: what it shows is what the gateway reads and does."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

from gateway.crypto import Secrets
from gateway.lookup.limits import Finding, Limits
from gateway.lookup.officers import read_officers
from gateway.lookup.policy import Right, Scope
from gateway.lookup.policy_file import read_policy
from tests.test_policy import KNOWN

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "rights.md").read_text(encoding="utf-8")
POLICY = DOCS / "examples" / "policy.toml"
OFFICERS = DOCS / "examples" / "officers.toml"


def test_every_example_on_the_page_stands_in_a_file_that_is_read() -> None:
    """What the page shows is taken to the letter from the example files, and both of them can be used."""
    files = POLICY.read_text(encoding="utf-8") + OFFICERS.read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert examples
    assert all(example in files and tomllib.loads(example) for example in examples)
    assert read_policy(POLICY, KNOWN).version
    assert read_officers(OFFICERS, Secrets((b"s" * 32,)), {"dancu"}).version


def test_the_example_gives_what_the_page_says() -> None:
    """Parents are given where a rule names them and nowhere else; papers of owners only while their rule is valid."""
    policy = read_policy(POLICY, KNOWN)
    kinship = Scope("one-stop", "H08.12", "1.001022", "verify_kinship", "dancu.citizen")
    residence = Scope("one-stop", "H08.12", "1.001022", "verify_residence", "dancu.citizen")
    owners = Scope("one-stop", "H08.12", "1.001612", "verify_business", "dkdn.household_business")
    decided = [policy.decide(one, date(2026, 3, 1)) for one in (kinship, residence, owners)]

    assert all(decided)
    given = [one.fields for one in decided if one is not None]
    assert {"relatives.father", "relatives.mother"} <= given[0]
    assert not any(name.startswith("relatives") for name in given[1])
    assert "owners.document" in given[2]
    assert "owners.birth_date" not in given[2]
    assert policy.decide(owners, date(2027, 1, 1)) is None


def test_the_page_names_every_right_limit_and_refusal() -> None:
    """Every right, every limit and every refusal that rights can end in has its row."""
    first = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    words = {"forbidden", "purpose_unknown", "too_many", "officer_unmapped", "case_closed", "case_unavailable"}

    assert {right.value for right in Right} | {finding.value for finding in Finding} | words <= first
    assert {finding.value for finding in Finding} == set(Limits.model_fields)
