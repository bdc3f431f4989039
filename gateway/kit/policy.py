"""What a policy would do, for whoever writes one: is it usable, and which rule gives which field by which law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from gateway.app import Core, build
from gateway.app_access import known
from gateway.clock import VIETNAM, SystemClock
from gateway.errors import SettingsError
from gateway.lookup.policy import Policy, Rule
from gateway.lookup.policy_file import read_policy
from gateway.settings import PolicySettings, Settings

__all__ = ["Asked", "Explanation", "How", "Row", "checked", "deciding", "explained"]

How = Literal["given", "compared", "passed"]
"""What may be done with a field: given, only compared with a claim, or only passed on to another registry."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose question is explained; None stands for any."""

    consumer: str
    dataset: str
    agency: str | None = None
    procedure: str | None = None
    purpose: str | None = None

    def meets(self, rule: Rule, today: date) -> bool:
        """Whether the rule speaks of such questions, on any day from today on."""
        return (
            self.consumer in rule.consumers
            and any(self.dataset in one for one in (rule.gives, rule.compares, rule.passes))
            and (self.agency is None or rule.covers(self.agency))
            and (self.procedure is None or rule.procedures is None or self.procedure in rule.procedures)
            and (self.purpose is None or self.purpose in rule.purposes)
            and (rule.valid_until is None or today <= rule.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One field that one rule speaks of, for which questions, by which law, and what may be done with it."""

    field: str
    rule: str
    scope: str
    basis: str
    how: How = "given"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every field that some rule gives, and the names of what none does."""

    policy: str
    rows: tuple[Row, ...]
    withheld: tuple[str, ...]

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "policy": self.policy,
            "given": self._rows("given"),
            "compared": self._rows("compared"),
            "passed": self._rows("passed"),
            "withheld": list(self.withheld),
        }

    def _rows(self, how: How) -> list[dict[str, str]]:
        return [
            {"field": row.field, "rule": row.rule, "for": row.scope, "basis": row.basis}
            for row in self.rows
            if row.how == how
        ]


def checked(settings: Settings, file: Path) -> Policy:
    """The policy in the file, if the gateway of these settings could use it. Raises SettingsError otherwise."""
    core = deciding(settings.model_copy(update={"policy": PolicySettings()}))
    return read_policy(file, known(settings, core.catalogue))


def deciding(settings: Settings) -> Core:
    """A core that only decides: it asks nobody, so it wants neither keys nor a ledger."""
    return build(settings.model_copy(update={"keys": None, "ledger": None, "impact": None, "tracing": None}))


def explained(core: Core, asked: Asked) -> Explanation:
    """Which rule gives what. Raises SettingsError for a consumer or dataset that is not there."""
    if asked.consumer not in core.settings.consumers:
        raise SettingsError(f"{asked.consumer}: no such consumer; there are {', '.join(core.settings.consumers)}")
    ids = [entry.id for entry in core.catalogue]
    if asked.dataset not in ids:
        raise SettingsError(f"{asked.dataset}: no such dataset; there are {', '.join(ids)}")
    policy, today = core.rules.policy.current, SystemClock().now().astimezone(VIETNAM).date()
    rules = [rule for rule in policy.rules if asked.meets(rule, today)]
    if not rules:
        return Explanation(policy.version, (), ())
    shape = policy.shapes[asked.dataset]
    given = frozenset[str]().union(*(rule.parts(asked.dataset) for rule in rules))
    rows = sorted(_rows(policy, rules, asked.dataset), key=lambda row: (row.field, row.rule))
    return Explanation(policy.version, tuple(rows), shape.missing(given))


def _rows(policy: Policy, rules: list[Rule], dataset: str) -> Iterator[Row]:
    shape = policy.shapes[dataset]
    for rule in rules:
        agencies = [*sorted(rule.agencies), *(f"{code}.*" for code in rule.below)]
        procedures = ["*"] if rule.procedures is None else sorted(rule.procedures)
        days = "" if rule.valid_from is None and rule.valid_until is None else _days(rule)
        scope = f"{', '.join(agencies)}; {', '.join(procedures)}; {', '.join(sorted(rule.purposes))}{days}"
        given = rule.parts(dataset)
        for field in shape.spelled(given):
            yield Row(field, rule.name, scope, rule.basis)
        for field in shape.spelled(rule.parts(dataset, comparing=True) - given):
            yield Row(field, rule.name, scope, rule.basis, "compared")
        for field in shape.spelled(rule.parts(dataset, passing=True) - given):
            yield Row(field, rule.name, scope, rule.basis, "passed")


def _days(rule: Rule) -> str:
    return f"; {rule.valid_from or '…'} – {rule.valid_until or '…'}"
