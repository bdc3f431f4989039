"""The report of `gateway contract test`: what was proven, and what that allows to be said of the registry."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gateway.kit.cases import CaseResult
from gateway.kit.claims import obstacle
from gateway.kit.report import Report
from gateway.settings import EndpointSettings, RegistrySettings
from gateway.wire import xml
from tests.test_cli import run

TODAY = date(2026, 3, 1)
ELSEWHERE = "https://registry.example:8443/ws"


def result(
    case: str, *, problems: tuple[str, ...] = (), basis: str = "assumed", reason: str | None = None
) -> CaseResult:
    return CaseResult(
        registry="vidu",
        dataset="permit",
        case=case,
        contract="1",
        basis=basis,
        dataset_basis="assumed",
        reason=reason,
        problems=problems,
    )


def claims(*results: CaseResult, in_the_way: str = "") -> dict[str, str | None]:
    report = Report(results, TODAY, in_the_way)
    return {one.case: report.may_claim(one) for one in results}


def test_a_proven_case_may_be_called_observed() -> None:
    """A proven case may claim `observed`, an official one keeps its word, and a failed one claims nothing."""
    found = claims(result("found"), result("absent", basis="official"), result("odd", problems=("outcome",)))

    assert found == {"found": "observed", "absent": "official", "odd": None}


def test_silence_proves_nothing() -> None:
    """An endpoint that is away or refuses everybody fulfils the cases that expect it, and none may claim anything."""
    refused, away = result("refused", reason="refused"), result("away", reason="unreachable")

    assert claims(refused, away) == {"refused": None, "away": None}
    assert claims(refused, away, result("found")) == {"refused": "observed", "away": None, "found": "observed"}


def test_nothing_is_claimed_where_something_is_in_the_way() -> None:
    """Without a real registry no case may claim anything, and the report says why."""
    assert claims(result("found"), in_the_way="registries.vidu.real is not set") == {"found": None}
    assert Report([result("found")], TODAY, "why").view()["no_claims_because"] == "why"


def settings(**more: object) -> RegistrySettings:
    return RegistrySettings.model_validate({"adapter": "vidu", "endpoint": ELSEWHERE, "real": True, **more})


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        (settings(), ""),
        (settings(real=False), "registries.vidu.real is not set"),
        (settings(endpoint=None), "registries.vidu.endpoint is not set"),
        (settings(endpoint="http://127.0.0.1:8090/vidu"), "this machine"),
        (settings(endpoint="http://127.9.9.9/vidu"), "this machine"),
        (settings(endpoint="http://[::1]:8090/vidu"), "this machine"),
        (settings(endpoint="http://0.0.0.0:8090/vidu"), "this machine"),
        (
            settings(endpoints=(EndpointSettings(endpoint="https://192.0.2.1/", route="lgsp"),)),
            "registries.vidu.endpoints.0.real is not set",
        ),
        (
            settings(endpoints=(EndpointSettings(endpoint="http://127.0.0.1/", route="lgsp", real=True),)),
            "registries.vidu.endpoints.0.endpoint leads to this machine",
        ),
    ],
)
async def test_only_a_registry_elsewhere_that_is_called_real_counts(registry: RegistrySettings, said: str) -> None:
    """`real` must be set for every way there, and no way may lead to this machine, whatever settings say."""
    found = await obstacle("vidu", registry, lambda host: {"registry.example": ["192.0.2.1"]}[host])

    assert said in found
    assert bool(said) == bool(found)


async def test_a_name_that_leads_here_or_nowhere_does_not_count() -> None:
    """A name is looked up: one that stands for loopback is this machine, and one that nobody knows is nothing."""

    def nobody(host: str) -> list[str]:
        raise OSError(host)

    assert "this machine" in await obstacle("vidu", settings(), lambda _: ["192.0.2.1", "::ffff:127.0.0.1"])
    assert "nobody knows" in await obstacle("vidu", settings(), nobody)


def test_junit_counts_and_names_the_problems() -> None:
    """A suite for each dataset and version, a failure with its problems, the claim as a property."""
    report = Report([result("found"), result("odd", problems=("record: holder <name> differs",))], TODAY, "")

    root = xml.parse(report.junit())

    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("vidu.permit@1", "2", "1")
    assert [one.get("message") for one in suite.iter("failure")] == ["record: holder <name> differs"]
    assert [one.get("value") for one in suite.iter("property")] == ["assumed", "observed 2026-03-01"]


def test_the_command_writes_both_reports(tmp_path: Path) -> None:
    """In memory: JSON with conformance per dataset and no claim, and JUnit with as many cases."""
    done = run("contract", "test", "dkdn", "--json", "--junit", str(tmp_path / "report.xml"))

    report = json.loads(done.stdout)
    cases = xml.parse((tmp_path / "report.xml").read_bytes()).iter("testcase")
    assert done.returncode == 0
    assert {one["dataset"] for one in report["datasets"]} == {one["dataset"] for one in report["cases"]}
    assert sum(one["proven"] for one in report["datasets"]) == len(report["cases"]) == len(list(cases))
    assert {one["may_claim"] for one in report["cases"]} == {None}
    assert "without a network" in report["no_claims_because"]


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder that is not there is one sentence and exit code 2."""
    done = run("contract", "test", "dkdn", "--junit", str(tmp_path / "nowhere" / "report.xml"))

    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
