"""The second and third reader of every contract: the adapter without a network, and over a real socket."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from contracts.reader import CaseFile, Contract, installed
from gateway import app
from gateway.app import installed_adapters
from gateway.domain.dataset import Adapter
from gateway.kit.cases import cases_of, options_of, run_in_instance, run_in_memory
from gateway.kit.registries import Registries, RegistryCase, cases
from mocks.server import running
from mocks.stand_in import installed as installed_stand_ins
from tests.conftest import settings_for
from tests.policies import granting
from tests.signing import signed_towards

ADAPTERS = installed_adapters()
CONTRACTS = installed()
STAND_INS = installed_stand_ins()
CASES = [
    pytest.param(ADAPTERS[name], CONTRACTS[name], noun, case, id=f"{name}.{noun}/{case.name}")
    for name in sorted(ADAPTERS)
    for noun, case in cases_of(ADAPTERS[name], CONTRACTS[name])
]


@pytest.mark.parametrize(("adapter", "contract", "noun", "case"), CASES)
async def test_an_adapter_writes_the_recorded_request_and_comes_to_the_recorded_outcome(
    adapter: Adapter, contract: Contract, noun: str, case: CaseFile
) -> None:
    """Without a network, every case file's request, outcome, reason and record are as recorded."""
    result = await run_in_memory(adapter, contract, noun, case)

    assert result.problems == ()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Over sockets every case file is asked of its stand-in, or with `--registry` of whom that names."""
    if "told" in metafunc.fixturenames:
        given = metafunc.config.getoption("--registry")
        every = cases(given) if given else [RegistryCase(*param.values) for param in CASES]
        metafunc.parametrize("told", [pytest.param(one, id=one.id) for one in every])


async def test_a_case_file_holds_over_a_real_socket(
    told: RegistryCase, tmp_path: Path, registries: Registries, pytestconfig: pytest.Config
) -> None:
    """Whoever answers, with credentials and limits as in production every case file ends as recorded."""
    elsewhere = pytestconfig.getoption("--registry")
    problems = told.problems(registries) if elsewhere else await at_the_stand_in(told, tmp_path)

    assert problems == ()


async def at_the_stand_in(told: RegistryCase, folder: Path) -> tuple[str, ...]:
    """In this process: it can tell the certificate that it signs with."""
    adapter, contract, case = told.adapter, told.contract, told.case
    spoken = {"contract": case.contract, "options": options_of(contract, case), "deadline_s": 5}
    async with running(STAND_INS[adapter.registry]) as served:
        if case.contract in adapter.signatures:
            spoken |= signed_towards(served, adapter.registry, folder)
        settings = settings_for(served.base_url, **{adapter.registry: spoken})
        core = app.build(granting(settings, f"{adapter.registry}.{told.noun}"))
        try:
            instance = core.catalogue.instances[adapter.registry]
            return (await run_in_instance(instance, contract, told.noun, case)).problems
        finally:
            await core.close()


def test_every_dataset_that_an_adapter_declares_is_described_by_its_contract() -> None:
    """No adapter can be asked something that its contract does not describe, with operation and kind alike."""
    for name, adapter in ADAPTERS.items():
        assert set(CONTRACTS[name].versions) == set(adapter.contracts)
        for dataset in adapter.datasets:
            described = CONTRACTS[name].datasets[dataset.noun]
            assert described.kind == dataset.kind.value
            assert set(dataset.ask) == set(described.versions) <= set(adapter.contracts)
            for version in described.versions:
                assert described.operation_in(version) == dataset.operation_in(version)


def test_adapter_and_contract_name_the_same_owner_and_title() -> None:
    """What the catalogue shows of a registry is what its contract says."""
    for name, adapter in ADAPTERS.items():
        assert (adapter.title, adapter.owner) == (CONTRACTS[name].title, CONTRACTS[name].owner)


async def test_a_changed_answer_fails_its_case_file() -> None:
    """The readers can fail: a case file whose record differs by one letter is reported, field by field."""
    contract = CONTRACTS["dkdn"]
    case = next(case for case in contract.datasets["enterprise"].cases if case.name == "found")
    changed = dataclasses.replace(case, record={**(case.record or {}), "name": "X"})

    result = await run_in_memory(ADAPTERS["dkdn"], contract, "enterprise", changed)

    assert result.problems == ("record: name differs",)
