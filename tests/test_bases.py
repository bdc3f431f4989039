"""How sure anybody is of a registry: each dataset's basis, walked from its contract to whoever reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.reader import CaseFile, DatasetContract, installed, load
from gateway import app, settings
from gateway.app import installed_adapters
from gateway.commands.keys import Algorithm
from gateway.commands.keys import make as make_keys
from gateway.kit.check import check_access, check_callers, check_instances
from gateway.kit.contract_test import run_all, run_instance
from gateway.settings import Settings
from mocks.server import running
from tests.conftest import Desk, open_desk, settings_for
from tests.policies import granting
from tests.registries import OURS
from tests.signing import signed_towards

ROOT = Path(__file__).parents[1]
ADAPTERS = installed_adapters()
CONTRACTS = {name: load(f"contracts.{name}") for name in OURS}
SPOKEN = [(name, version) for name in OURS for version in CONTRACTS[name].versions]


def instance(name: str, version: str) -> str:
    return f"{name}-{version.lower()}"


def told(dataset: DatasetContract, version: str) -> CaseFile:
    """A case file that ends in an answer, asked with nothing but the version's own options."""
    return next(
        case
        for case in dataset.cases
        if case.contract == version and case.outcome in {"found", "absent"} and not case.options
    )


def offered() -> Iterator[tuple[str, str, str]]:
    for name, version in SPOKEN:
        for dataset in ADAPTERS[name].offered(version):
            yield name, version, dataset.noun


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Desk]:
    """One gateway with an instance for every contract version of every registry, each towards its stand-in."""
    async with running() as served:
        instances: dict[str, Any] = {}
        for name, version in SPOKEN:
            contract = CONTRACTS[name]
            section = {"contract": version, "options": dict(contract.versions[version].options)}
            if version in ADAPTERS[name].signatures:
                section |= signed_towards(served, name, tmp_path)
            one = settings_for(served.base_url, **{name: section})
            instances[instance(name, version)] = one.registries[name]
        whole = Settings(consumers=one.consumers, registries=instances)
        granted = (f"{instance(name, version)}.{noun}" for name, version, noun in offered())
        async with open_desk(granting(whole, *granted)) as desk:
            yield desk


async def test_nothing_assumed_is_shown_as_known(whole: Desk) -> None:
    """Contract, list of datasets, quality card, the answer itself and the README say one thing of each dataset."""
    _, listed = await whole.get("/v1/datasets")
    _, registries = await whole.get("/v1/registries")
    catalogue = {one["id"]: one["basis"] for one in listed["datasets"]}
    cards = {one["dataset"]: one["basis"] for each in registries["registries"] for one in each["quality"]["datasets"]}
    rows = {row[1]: row[0] for row in re.finditer(r"^\| `([\w.]+)` .*$", (ROOT / "README.md").read_text(), re.M)}
    walked = 0

    for name, version, noun in offered():
        dataset = CONTRACTS[name].datasets[noun]
        basis, id_ = dataset.basis_in(version), f"{instance(name, version)}.{noun}"
        case = told(dataset, version)
        status, answer = await whole.ask(id_, dict(case.query))
        assert (status, answer["outcome"]) == (200, case.outcome), f"{id_}: {answer}"
        shown = {catalogue[id_], cards[id_], answer["provenance"]["basis"], in_readme(rows[f"{name}.{noun}"], version)}
        assert shown == {basis}, id_
        walked += 1

    assert walked == len(catalogue) == len(cards)


def in_readme(row: str, version: str) -> str:
    """What the README's row says of a version: its own word, or the first."""
    first, *_ = re.findall(r"`(official|observed|assumed)`", row)
    own = re.search(rf"`\w+@{re.escape(version)}` `(official|observed|assumed)`", row)
    return own[1] if own else str(first)


@pytest.mark.parametrize("name", OURS)
def test_no_part_claims_more_than_the_whole(name: str) -> None:
    """A case file of an assumed dataset is assumed; an assumed version has no dataset that is better known."""
    contract = CONTRACTS[name]
    for dataset in contract.datasets.values():
        for case in dataset.cases:
            if dataset.basis_in(case.contract) == "assumed":
                assert case.basis == "assumed", f"{name}.{dataset.name}/{case.name}"
        for version in dataset.versions:
            if contract.versions[version].basis == "assumed":
                assert dataset.basis_in(version) == "assumed", f"{name}.{dataset.name} in {version}"


@pytest.mark.parametrize("name", OURS)
def test_what_is_assumed_names_its_doubt(name: str) -> None:
    """A contract with something assumed lists what nobody has confirmed, and code that guesses says so."""
    contract = CONTRACTS[name]
    guesses = any(dataset.basis_in(version) == "assumed" for dataset in contract.datasets.values()
                  for version in dataset.versions)  # fmt: skip
    code = "".join(file.read_text() for file in (ROOT / "gateway" / "adapters" / name).rglob("*.py"))
    stand_in = "".join(file.read_text() for file in (ROOT / "mocks").glob(f"{name}*.py"))

    assert all(one.text and one.source for one in contract.assumptions)
    if guesses:
        assert contract.assumptions
        assert "ASSUMED" in code
        assert "ASSUMED" in stand_in


async def test_check_and_contract_test_are_green_for_all_twelve(whole: Desk) -> None:
    """Address, connection and log-in of every contract version are in order, and no case file of any is unproven."""
    checks = await check_instances(whole.core.catalogue)
    report = await run_all(ADAPTERS, {**installed(), **CONTRACTS}, None)

    assert {one.registry for one in checks} == {instance(name, version) for name, version in SPOKEN}
    assert [(one.registry, one.probe.step) for one in checks if not one.probe.ok] == []
    assert {one.registry for one in report.results} >= set(OURS)
    assert [f"{one.registry}.{one.dataset}/{one.case}" for one in report.results if not one.passed] == []


@pytest.fixture
def put_together(tmp_path: Path) -> Path:
    """All of `demo` in one file of settings, by the line of docs/cli.md, with keys as `make demo` makes them."""
    (line,) = re.findall(r"^cat demo/gateway\.toml .*$", (ROOT / "docs" / "cli.md").read_text(), re.M)
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    make_keys(tmp_path / "var" / "demo" / "keys", Algorithm.ES256)
    return tmp_path / "demo" / "all.toml"


def towards(mocks_url: str, file: Path) -> Settings:
    """The settings in `file`, but for where the stand-ins are."""
    file.write_text(file.read_text().replace("http://127.0.0.1:8090", mocks_url))
    return settings.load(file)


async def test_the_demos_own_files_are_green(put_together: Path) -> None:
    """Every check is in order and every case file is proven over the settings that `demo/registries` shows."""
    async with running() as served:
        put = towards(served.base_url, put_together)
        core = app.build(put)
        checks = [
            *await check_callers(core),
            *await check_access(core.lookup.access),
            *await check_instances(core.catalogue),
        ]
        await core.close()
        reports = {name: await run_instance(app.build(put), name) for name in put.registries}

    assert {one.adapter for one in put.registries.values()} == set(OURS)
    assert [(one.registry, one.probe.step) for one in checks if not one.probe.ok] == []
    assert all(report.results for report in reports.values())
    results = [(name, one) for name, report in reports.items() for one in report.results]
    assert [(name, one.dataset, one.case, one.problems) for name, one in results if not one.passed] == []
