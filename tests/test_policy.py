"""The policy as data: what a file may say, what it gives, and that nothing else is ever given."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, create_model

from contracts.reader import CaseFile, Contract, installed
from gateway import app
from gateway.clock import SystemClock
from gateway.domain.dataset import Adapter, Dataset, Record
from gateway.domain.exchange import Response
from gateway.domain.outcome import Found
from gateway.errors import SettingsError
from gateway.kit.cases import ask_case, cases_of
from gateway.kit.policy import Asked, deciding, explained
from gateway.ledger.canonical import canonical
from gateway.lookup.fields import Shape, cut, is_plain
from gateway.lookup.policy import Policy, Right, Scope
from gateway.lookup.policy_file import Known, read_policy
from gateway.transport.memory import MemoryTransport
from tests.conftest import settings_for
from tests.policies import PURPOSES, policy, policy_file, rule, with_policy

ADAPTERS = app.installed_adapters()
DATASETS: dict[str, Dataset[Any, Any, Any]] = {
    f"{name}.{dataset.noun}": dataset for name, adapter in ADAPTERS.items() for dataset in adapter.datasets
}
KNOWN = Known({"one-stop", "portal"}, DATASETS)
TODAY = date(2026, 3, 1)
ASKED = Scope("one-stop", "H08.12", "1.001193", "verify_identity", "dancu.citizen")
SENSITIVE = {"religion", "ethnic_group", "blood_group", "relatives"}


def loaded(text: str) -> Policy:
    return read_policy(policy_file(text), KNOWN)


def given_by(text: str, scope: Scope = ASKED, today: date = TODAY) -> frozenset[str] | None:
    decision = loaded(text).decide(scope, today)
    return None if decision is None else decision.fields


# --- what is given -------------------------------------------------------------------------------


def test_a_rule_with_a_star_gives_all_but_what_is_withheld_by_default() -> None:
    """Religion, ethnic group, blood group and relatives are in no star."""
    decision = loaded(policy(rule({"dancu.citizen": ["*"]}))).decide(ASKED, TODAY)

    assert decision is not None
    assert decision.fields == set(DATASETS["dancu.citizen"].record.model_fields) - SENSITIVE
    assert decision.withheld == tuple(sorted(SENSITIVE))


@pytest.mark.parametrize("name", sorted(SENSITIVE))
def test_a_sensitive_field_is_given_where_a_rule_names_it(name: str) -> None:
    """By name, and only that one."""
    assert given_by(policy(rule({"dancu.citizen": ["full_name", name]}))) == {"full_name", name}


def test_members_that_are_withheld_by_default_need_a_rule_that_names_them() -> None:
    """The owners of a business come without their papers until `owners.document` is named."""
    question = Scope("one-stop", "H08.12", "1.001193", "verify_identity", "dkdn.household_business")
    text = policy(rule({"dkdn.household_business": ["name", "owners"]}))
    more = policy(rule({"dkdn.household_business": ["owners", "owners.document", "owners.birth_date"]}))

    assert given_by(text, question) == {
        "name", "owners.full_name", "owners.sex", "owners.nationality", "owners.nationality_name",
    }  # fmt: skip
    assert given_by(more, question) == {"owners"}


def test_rules_add_up_and_each_is_named() -> None:
    """What two rules give together is the union; the decision names both."""
    text = policy(
        rule({"dancu.citizen": ["full_name"]}, name="one"),
        rule({"dancu.citizen": ["birth_date"]}, name="two"),
        rule({"dancu.citizen": ["religion"]}, name="three", consumers=["portal"]),
    )
    decision = loaded(text).decide(ASKED, TODAY)

    assert decision is not None
    assert (decision.fields, decision.rules) == ({"full_name", "birth_date"}, ("one", "two"))


NOT_FITTING = {
    "another consumer": {"consumers": ["portal"]},
    "another agency": {"agencies": ["H09.*"]},
    "the agency above": {"agencies": ["H08"]},
    "an agency of which this one's code only begins alike": {"agencies": ["H08.1"]},
    "units below this very agency": {"agencies": ["H08.12.*"]},
    "another procedure": {"procedures": ["1.004222"]},
    "another purpose": {"purposes": ["verify_residence"]},
    "not yet": {"more": "valid_from = 2026-03-02"},
    "no longer": {"more": "valid_until = 2026-02-28"},
}


@pytest.mark.parametrize("change", NOT_FITTING.values(), ids=NOT_FITTING)
def test_what_no_rule_gives_is_not_given(change: dict[str, Any]) -> None:
    """Deny by default: a rule that differs in one thing gives nothing."""
    assert given_by(policy(rule({"dancu.citizen": ["*"]}, **change))) is None


FITTING = {
    "the agency by its code": {"agencies": ["H08.12"]},
    "every unit below the province": {"agencies": ["H08.*"]},
    "this procedure": {"procedures": ["1.001193"]},
    "the first day": {"more": "valid_from = 2026-03-01"},
    "the last day": {"more": "valid_until = 2026-03-01"},
}


@pytest.mark.parametrize("change", FITTING.values(), ids=FITTING)
def test_what_a_rule_gives_is_given(change: dict[str, Any]) -> None:
    """Agencies exactly or by what stands above them, procedures, and both days of validity included."""
    assert given_by(policy(rule({"dancu.citizen": ["full_name"]}, **change))) == {"full_name"}


def test_a_decision_does_not_outlive_its_day() -> None:
    """A rule that ends today gives nothing tomorrow, though the decision was made already."""
    read = loaded(policy(rule({"dancu.citizen": ["*"]}, more="valid_until = 2026-03-01")))

    assert read.decide(ASKED, date(2026, 3, 1)) is not None
    assert read.decide(ASKED, date(2026, 3, 2)) is None


def test_without_a_file_nobody_may_ask_anything() -> None:
    """An empty policy decides nothing in anybody's favour."""
    assert Policy().decide(ASKED, TODAY) is None
    assert not any(Policy().may("one-stop", right) for right in Right)


def test_the_version_is_that_of_the_file() -> None:
    """Two files that differ in a letter have different versions; the same file has the same."""
    text = policy(rule({"dancu.citizen": ["*"]}))

    assert loaded(text).version == loaded(text).version
    assert loaded(text).version != loaded(text + "\n").version


# --- no field outside the union of matching rules ever leaves --------------------------------------

NAMES = {name: sorted(Shape(dataset).names) for name, dataset in DATASETS.items()}
RULES = st.fixed_dictionaries(
    {
        "dataset": st.sampled_from(sorted(DATASETS)),
        "consumers": st.lists(st.sampled_from(["one-stop", "portal"]), min_size=1, max_size=2, unique=True),
        "agencies": st.lists(st.sampled_from(["H08", "H08.*", "H08.12", "H09.*"]), min_size=1, max_size=2, unique=True),
        "procedures": st.sampled_from([["*"], ["1.001193"], ["1.004222"]]),
        "purposes": st.lists(
            st.sampled_from(["verify_identity", "verify_residence"]), min_size=1, max_size=2, unique=True
        ),
        "nths": st.lists(st.integers(-1, 60), min_size=1, max_size=6),
    }
)


@settings(max_examples=100, deadline=None)
@given(rules=st.lists(RULES, min_size=1, max_size=5), data=st.data())
def test_no_field_outside_the_rules_that_fit_ever_leaves(rules: list[dict[str, Any]], data: st.DataObject) -> None:
    """
    Whatever the rules and the question: what leaves of a full record is named by a rule that fits, and what is
    withheld by default only where such a rule names it; granted and withheld together are the whole record.
    """
    written = []
    for nth, one in enumerate(rules):
        names = NAMES[one["dataset"]]
        fields = ["*" if place < 0 else names[place % len(names)] for place in one["nths"]]
        written.append({**one, "fields": fields, "name": f"r{nth}"})
    text = policy(
        *(
            rule(
                {one["dataset"]: one["fields"]},
                name=one["name"],
                **{key: one[key] for key in ("consumers", "agencies", "procedures", "purposes")},
            )
            for one in written
        )
    )
    question = Scope(
        data.draw(st.sampled_from(["one-stop", "portal"])),
        data.draw(st.sampled_from(["H08", "H08.12", "H08.12.3", "H09.1"])),
        data.draw(st.sampled_from(["1.001193", "1.004222"])),
        data.draw(st.sampled_from(["verify_identity", "verify_residence"])),
        written[0]["dataset"],
    )
    fitting = [one for one in written if _fits(one, question)]

    decision = loaded(text).decide(question, TODAY)

    assert (decision is not None) == bool(fitting)
    if decision is None:
        return
    assert decision.rules == tuple(one["name"] for one in fitting)
    dataset = DATASETS[question.dataset]
    named = {name for one in fitting for name in one["fields"]}
    record = data.draw(st.sampled_from(_records()[question.dataset]))
    for outer, inner in _leaves(cut(record, decision.fields).values):
        part = f"{outer}.{inner}" if inner else outer
        assert part in named or outer in named or "*" in named
        if {part, outer} & dataset.withheld_by_default:
            assert ({part, outer} & dataset.withheld_by_default) & named or part in named
    left = set(_leaves(record.model_dump(mode="json", exclude_none=True))) - set(
        _leaves(cut(record, decision.fields).values)
    )
    assert {f"{outer}.{inner}" if inner else outer for outer, inner in left} <= set(decision.withheld) | {
        f"{outer}.{inner}" for outer, inner in left if outer in decision.withheld
    }


def _fits(one: dict[str, Any], scope: Scope) -> bool:
    """The meaning of a rule, written a second time and slowly."""
    agencies = [
        scope.agency.startswith(code[:-1]) if code.endswith(".*") else scope.agency == code for code in one["agencies"]
    ]
    return (
        one["dataset"] == scope.dataset
        and scope.consumer in one["consumers"]
        and any(agencies)
        and (one["procedures"] == ["*"] or scope.procedure in one["procedures"])
        and scope.purpose in one["purposes"]
    )


@cache
def _records() -> dict[str, list[Any]]:
    """Every record that a case file of a contract ends in, by dataset."""

    async def read() -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {name: [] for name in DATASETS}
        contracts = installed()
        for name, adapter in ADAPTERS.items():
            for noun, case in cases_of(adapter, contracts[name]):
                if case.outcome == "found":
                    found[f"{name}.{noun}"].append(await _record(adapter, contracts[name], noun, case))
        return found

    return asyncio.run(read())


async def _record(adapter: Adapter, contract: Contract, noun: str, case: CaseFile) -> Any:
    headers = {name.lower(): value for name, value in case.response.headers.items()}
    response = Response(
        status=case.response.status, headers=headers, body=case.response.content, received_at=SystemClock().now()
    )
    answer = await ask_case(adapter, contract, noun, case, MemoryTransport(lambda _: response))
    assert isinstance(answer.outcome, Found)
    return answer.outcome.record


def _leaves(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for outer, value in values.items():
        if value in ([], {}):
            continue
        members = value if isinstance(value, list) else [value]
        inner = set(itertools.chain.from_iterable(one for one in members if isinstance(one, dict)))
        yield from ((outer, name) for name in inner) if inner else ((outer, ""),)


# --- what is compared and not given ----------------------------------------------------------------

COMPARES = '[rules.compares]\n"dancu.citizen" = {}\n'


def test_what_is_given_may_be_compared_and_not_the_other_way_round() -> None:
    """A claim may be compared with what any rule gives or lets be compared; neither adds to what is given."""
    text = policy(
        rule({"dancu.citizen": ["full_name"]}), rule({}, name="more") + COMPARES.format('["relatives.father"]')
    )
    comparing, giving = (loaded(text).decide(one, TODAY) for one in (replace(ASKED, comparing=True), ASKED))

    assert comparing is not None
    assert giving is not None
    assert comparing.fields == {"full_name", "relatives.father"}
    assert (giving.fields, giving.rules) == ({"full_name"}, ("test",))


def test_a_star_lets_nothing_be_compared_that_is_withheld_by_default() -> None:
    """That somebody's declared religion is a mismatch would tell of it: such a field is compared by name alone."""
    star, named = (policy(rule({}) + COMPARES.format(fields)) for fields in ('["*"]', '["religion"]'))
    decided = [loaded(text).decide(replace(ASKED, comparing=True), TODAY) for text in (star, named)]

    assert decided[0] is not None
    assert decided[1] is not None
    assert decided[0].fields == set(DATASETS["dancu.citizen"].record.model_fields) - SENSITIVE
    assert decided[1].fields == {"religion"}


def test_it_is_explained_which_fields_are_only_compared() -> None:
    """Whoever writes a policy sees apart what a rule gives and what it lets be compared."""
    text = policy(rule({"dancu.citizen": ["full_name"]}) + COMPARES.format('["full_name", "religion"]'))
    core = deciding(with_policy(settings_for("http://127.0.0.1:9"), text))
    view = explained(core, Asked("one-stop", "dancu.citizen")).view()

    assert [row["field"] for row in view["given"]] == ["full_name"]
    assert [row["field"] for row in view["compared"]] == ["religion"]
    assert "religion" in view["withheld"]


PASSES = '[rules.passes]\n"dancu.citizen" = {}\n'


def test_what_is_passed_on_is_neither_given_nor_compared() -> None:
    """Another registry may be asked by what any rule gives or passes; for whoever asks nothing is added by it."""
    text = policy(rule({"dancu.citizen": ["full_name"]}), rule({}, name="more") + PASSES.format('["old_number"]'))
    asked = (replace(ASKED, passing=True), replace(ASKED, comparing=True), ASKED)
    passing, comparing, giving = (loaded(text).decide(one, TODAY) for one in asked)

    assert passing is not None
    assert passing.fields == {"full_name", "old_number"}
    assert [one.fields for one in (comparing, giving) if one is not None] == [{"full_name"}, {"full_name"}]


def test_a_rule_that_only_passes_on_lets_nobody_ask() -> None:
    """It speaks of no question of its own; and it is explained apart."""
    text = policy(rule({}) + PASSES.format('["old_number"]'))
    core = deciding(with_policy(settings_for("http://127.0.0.1:9"), text))

    assert loaded(text).decide(ASKED, TODAY) is None
    assert loaded(text).decide(replace(ASKED, comparing=True), TODAY) is None
    view = explained(core, Asked("one-stop", "dancu.citizen")).view()
    assert [row["field"] for row in view["passed"]] == ["old_number"]
    assert (view["given"], view["compared"]) == ([], [])


@pytest.mark.parametrize(
    ("claimed", "needed"),
    [
        ("full_name", {"full_name"}),
        ("relatives.father.full_name", {"relatives.father"}),
        ("sex", {"sex.code", "sex.list", "sex.name"}),
    ],
)
def test_a_claim_needs_all_that_its_field_is_made_of(claimed: str, needed: set[str]) -> None:
    """The parts that must be granted are those of the whole field that the claim is about, or of its member."""
    assert Shape(DATASETS["dancu.citizen"]).needed(claimed) == needed


# --- what a file may not say -----------------------------------------------------------------------

GOOD = rule({"dancu.citizen": ["full_name"]})
WRONG = {
    "no TOML": ("purposes = [", "not TOML"),
    "no rule": (PURPOSES, "rules"),
    "unknown key": (policy(GOOD.replace("basis =", "bassis =")), "no such key; did you mean 'basis'?"),
    "no basis": (policy(GOOD.replace('basis = "Nghị quyết 66.7/2025/NQ-CP, Điều 2"', "")), "rules[0] test.basis"),
    "unknown dataset": (policy(rule({"dancu.citizn": ["*"]})), "'dancu.citizn' is no dataset of a configured registry"),
    "near dataset": (policy(rule({"dancu.citizn": ["*"]})), "did you mean 'dancu.citizen'?"),
    "unknown field": (
        policy(rule({"dancu.citizen": ["full_nam"]})),
        "rules[0] test.datasets.\"dancu.citizen\": 'full_nam' is no field of dancu.citizen; did you mean 'full_name'?",
    ),
    "a member that is not there": (policy(rule({"dancu.citizen": ["relatives.dog"]})), "'relatives.dog' is no field"),
    "a field of another dataset": (policy(rule({"dkdn.enterprise": ["religion"]})), "'religion' is no field of dkdn"),
    "no field": (policy(rule({"dancu.citizen": []})), "rules[0] test.datasets.dancu.citizen"),
    "unknown consumer": (policy(rule({"dancu.citizen": ["*"]}, consumers=["onestop"])), "did you mean 'one-stop'?"),
    "unknown purpose": (
        policy(rule({"dancu.citizen": ["*"]}, purposes=["curiosity"])),
        "rules[0] test.purposes: 'curiosity' is no purpose of [purposes]; there are verify_identity, verify_residence",
    ),
    "nothing at all": (policy(rule({})), "rules[0] test.datasets: the rule gives nothing"),
    "unknown field to compare": (
        policy(GOOD + '[rules.compares]\n"dancu.citizen" = ["birthdate"]\n'),
        "'birthdate' is no field of dancu.citizen; did you mean 'birth_date'?",
    ),
    "unknown dataset to compare": (
        policy(GOOD + '[rules.compares]\n"dancu.citizn" = ["*"]\n'),
        "rules[0] test.compares: 'dancu.citizn' is no dataset",
    ),
    "unknown field to pass on": (
        policy(GOOD + '[rules.passes]\n"dancu.citizen" = ["old_numbr"]\n'),
        "'old_numbr' is no field of dancu.citizen; did you mean 'old_number'?",
    ),
    "one name twice": (policy(GOOD, GOOD), "rules[1] test.name: the same as of rules[0]"),
    "every agency": (policy(rule({"dancu.citizen": ["*"]}, agencies=["*"])), "rules[0] test.agencies.0"),
    "half a code": (policy(rule({"dancu.citizen": ["*"]}, agencies=["H08*"])), "rules[0] test.agencies.0"),
    "no procedure code": (policy(rule({"dancu.citizen": ["*"]}, procedures=["1.*"])), "rules[0] test.procedures.0"),
    "days in the wrong order": (
        policy(rule({"dancu.citizen": ["*"]}, more="valid_from = 2026-02-01\nvalid_until = 2026-01-01")),
        "rules[0] test.valid_until: lies before valid_from",
    ),
    "unknown right": (policy(GOOD, more='[rights]\nsubject_view = ["portal"]'), "did you mean 'subject_views'?"),
    "a right for nobody known": (policy(GOOD, more='[rights]\nproofs = ["x"]'), "rights.proofs: 'x' is no consumer"),
    "a limit without its consequence": (policy(GOOD, more="[limits.oneself]"), "limits.oneself.then"),
    "an agency that is none": (policy(GOOD.replace('["H08.*"]', '["*"]')), "agencies.0: mã đơn vị như H08.12"),
    "an unknown limit": (policy(GOOD, more='[limits.onself]\nthen = "note"'), "limits.onself: không có khóa"),
    "hours in the wrong order": (
        policy(
            GOOD, more='[limits.off_hours]\ndays = ["mon"]\nopens = 17:00:00\ncloses = 08:00:00\nthen = "note"'
        ),
        "opens must be earlier than closes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_wrong_is_refused_with_the_place_and_what_to_write(text: str, message: str) -> None:
    """Every fault is named with its rule; a name that nobody knows brings the nearest one that is known."""
    with pytest.raises(SettingsError) as caught:
        loaded(text)

    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One sentence, with the path."""
    with pytest.raises(SettingsError, match=r"policy .*missing\.toml: No such file"):
        read_policy(tmp_path / "missing.toml", KNOWN)


def test_every_fault_of_a_file_is_told_at_once() -> None:
    """Whoever writes a policy sees all that is wrong with it, not the first thing only."""
    text = policy(rule({"dancu.citizen": ["a", "b"]}, consumers=["x"], purposes=["y"]))

    with pytest.raises(SettingsError) as caught:
        loaded(text)
    assert str(caught.value).count("\n") == 4


def test_the_demos_policy_is_one() -> None:
    """The policy of `make demo` can be used, and every rule in it has its legal basis."""
    read = read_policy(Path(__file__).parents[1] / "demo" / "policy.toml", KNOWN)

    assert read.rules
    assert all("/" in one.basis for one in read.rules)


# --- how it is written ------------------------------------------------------------------------------


def test_a_record_that_is_plain_by_its_type_is_plain_in_each_value() -> None:
    """Every dataset's type is; what recorded answers hold is then written as if each value had been looked at."""
    assert all(is_plain(dataset.record) for dataset in DATASETS.values())
    for id_, records in _records().items():
        for record in records:
            whole = record.model_dump(mode="json", exclude_none=True)
            assert cut(record, frozenset(DATASETS[id_].record.model_fields)).content == canonical(whole)


class _Share(Record):
    ratio: float | None = None


class _Within(Record):
    shares: tuple[_Share, ...] = ()


class _Anything(Record):
    more: dict[str, Any] = Field(default_factory=dict)


_Beyond = create_model("_Beyond", __base__=Record, **{"tên": (str, "")})


@pytest.mark.parametrize(
    "record",
    [_Share(ratio=0.5), _Within(shares=(_Share(ratio=0.5),)), _Anything(more={"ratio": 0.5}), _Beyond()],
    ids=lambda one: type(one).__name__.strip("_"),
)
def test_a_type_with_more_than_plain_values_is_looked_through(record: Record) -> None:
    """A fraction, at any depth, an object of anybody's making, a name beyond ASCII: each value is checked then."""
    assert not is_plain(type(record))
    with pytest.raises(ValueError, match="canonical form"):
        cut(record, frozenset(type(record).model_fields))
