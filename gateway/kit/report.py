"""What a run of case files has shown: conformance per dataset, and what each proven case may now claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree import ElementTree as Tree

from gateway.kit.cases import CaseResult

__all__ = ["Conformance", "Report"]

# Nobody has to answer for these.
_SILENT = frozenset({"timeout", "unreachable"})


@dataclass(frozen=True, slots=True)
class Conformance:
    """How many case files of a dataset are proven, and what basis the contract gives it."""

    registry: str
    dataset: str
    contract: str
    basis: str
    proven: int
    failed: int

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Report:
    """`obstacle` says why nothing may be claimed; empty where a real registry answered on the day `on`."""

    results: Sequence[CaseResult]
    on: date
    obstacle: str

    @property
    def passed(self) -> bool:
        """True when there were case files and all are proven."""
        return bool(self.results) and all(result.passed for result in self.results)

    def conformance(self) -> Iterator[Conformance]:
        """A row for each dataset in each contract version, in the order of the run."""
        for key in dict.fromkeys((one.registry, one.dataset, one.contract) for one in self.results):
            ones = [one for one in self.results if (one.registry, one.dataset, one.contract) == key]
            proven = sum(one.passed for one in ones)
            yield Conformance(*key, ones[0].dataset_basis, proven, len(ones) - proven)

    def may_claim(self, result: CaseResult) -> str | None:
        """
        The basis that a case file may have from today: `observed`, or its own `official`. None where the run says
        nothing of it. A failure counts only beside an answer about the same dataset: an endpoint that is away, or
        refuses everybody, proves nothing.
        """
        if self.obstacle or not result.passed or result.reason in _SILENT:
            return None
        answered = any(
            one.passed and one.reason is None
            for one in self.results
            if (one.registry, one.dataset, one.contract) == (result.registry, result.dataset, result.contract)
        )
        if not answered:
            return None
        return "official" if result.basis == "official" else "observed"

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "on": self.on.isoformat(),
            "no_claims_because": self.obstacle or None,
            "datasets": [one.view() for one in self.conformance()],
            "cases": [
                {
                    "registry": one.registry,
                    "dataset": one.dataset,
                    "contract": one.contract,
                    "case": one.case,
                    "passed": one.passed,
                    "problems": list(one.problems),
                    "basis": one.basis,
                    "may_claim": self.may_claim(one),
                }
                for one in self.results
            ],
        }

    def junit(self) -> bytes:
        """As JUnit XML: a suite for each dataset in each contract version."""
        root = Tree.Element("testsuites", name="gateway contract test")
        for row in self.conformance():
            suite = Tree.SubElement(
                root,
                "testsuite",
                name=f"{row.registry}.{row.dataset}@{row.contract}",
                tests=str(row.proven + row.failed),
                failures=str(row.failed),
                timestamp=f"{self.on.isoformat()}T00:00:00",
            )
            properties = Tree.SubElement(suite, "properties")
            Tree.SubElement(properties, "property", name="basis", value=row.basis)
            for one in self.results:
                if (one.registry, one.dataset, one.contract) == (row.registry, row.dataset, row.contract):
                    self._junit_case(suite, one)
        Tree.indent(root)
        return bytes(Tree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"

    def _junit_case(self, suite: Tree.Element, one: CaseResult) -> None:
        case = Tree.SubElement(suite, "testcase", classname=f"{one.registry}.{one.dataset}", name=one.case)
        claim = self.may_claim(one)
        if claim is not None:
            properties = Tree.SubElement(case, "properties")
            Tree.SubElement(properties, "property", name="may_claim", value=f"{claim} {self.on.isoformat()}")
        if not one.passed:
            Tree.SubElement(case, "failure", message="; ".join(one.problems))
