"""What an instance can be asked depends on the contract version it speaks; what answers hold beyond it is noticed."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.reader import CaseFile, Contract, installed
from gateway import app
from gateway.app import installed_adapters
from gateway.channel.channel import Channel, Policy
from gateway.channel.observer import Silent
from gateway.domain.dataset import Adapter
from gateway.domain.exchange import Response
from gateway.errors import SettingsError
from gateway.kit.cases import REQUEST_ID, cases_of, inquiry_of, options_of, query_of
from gateway.kit.contract_test import run_instance
from gateway.transport.memory import MemoryTransport
from mocks.server import Running
from tests.conftest import FIRM, MAU, MovableClock, open_desk, settings_for
from tests.policies import granting
from tests.registries import OURS

ADAPTERS = installed_adapters()
CONTRACTS = installed()
ANSWERED = [
    pytest.param(ADAPTERS[name], CONTRACTS[name], noun, case, id=f"{name}.{noun}/{case.name}")
    for name in OURS
    for noun, case in cases_of(ADAPTERS[name], CONTRACTS[name])
    if case.outcome in {"found", "absent"}
]
COOPERATIVE = {"tax_code": next(iter(CONTRACTS["dkdn"].datasets["cooperative"].case("found").query.values()))}


async def test_a_dataset_that_a_contract_version_lacks_is_not_in_the_catalogue(stand_ins: Running) -> None:
    """An instance that speaks NGSP's contract offers no cooperatives, and says so as of any unknown dataset."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        _, datasets = await desk.get("/v1/datasets")
        _, registries = await desk.get("/v1/registries")
        status, problem = await desk.ask("dkdn.cooperative", COOPERATIVE)
        one, _ = await desk.get("/v1/datasets/dkdn.cooperative")

    offered = ["dkdn.enterprise", "dkdn.dossiers", "dkdn.dossier"]
    assert [dataset["id"] for dataset in datasets["datasets"] if dataset["registry"] == "dkdn"] == offered
    assert [registry["datasets"] for registry in registries["registries"] if registry["name"] == "dkdn"] == [offered]
    assert (status, problem["reason"], problem["problems"][0]["code"]) == (400, "invalid", "unknown_dataset")
    assert one == 404
    assert not list(stand_ins.journal)


async def test_a_contract_version_that_has_a_dataset_offers_it(stand_ins: Running) -> None:
    """The same registry in its newer contract answers for cooperatives, household businesses and firms."""
    settings = settings_for(stand_ins.base_url, dkdn={"contract": "dkkd"})
    async with open_desk(granting(settings, "dkdn.cooperative", "dkdn.household_business")) as desk:
        _, listed = await desk.get("/v1/datasets")
        status, answer = await desk.ask("dkdn.cooperative", COOPERATIVE)
        _, business = await desk.ask("dkdn.household_business", {"tax_code": "000080000001"})

    assert [one["id"] for one in listed["datasets"] if one["registry"] == "dkdn"] == [
        "dkdn.enterprise",
        "dkdn.household_business",
        "dkdn.cooperative",
    ]
    assert (status, answer["outcome"]) == (200, "found")
    assert answer["record"]["tax_code"] == COOPERATIVE["tax_code"]
    assert answer["provenance"]["contract"] == "dkdn@dkkd"
    assert (business["outcome"], business["record"]["tax_code"]) == ("found", "000080000001")


def test_a_consumer_cannot_be_granted_what_no_instance_offers(stand_ins_url: str) -> None:
    """A policy that grants a dataset which no instance's contract version has stop the start, naming what there is."""
    settings = granting(settings_for(stand_ins_url), "dkdn.cooperative")

    with pytest.raises(SettingsError, match=r"dkdn\.cooperative.*contract version; there are .*dkdn\.enterprise"):
        app.build(settings)


@pytest.fixture
def stand_ins_url() -> str:
    return "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("contract", "operation"),
    [("2025", "TraCuuThongTinCongDan"), ("2021", "TraCuuThongTinCongDan"), ("gtel", "XacMinhThongTinNhanThan")],
)
def test_provenance_names_the_operation_of_the_version(contract: str, operation: str) -> None:
    """A question that a version calls otherwise is named as that version calls it."""
    (dataset,) = [one for one in ADAPTERS["dancu"].offered(contract) if one.noun == "citizen"]

    assert dataset.operation_in(contract) == operation


async def test_an_answer_tells_contract_operation_and_basis_of_its_version(stand_ins: Running) -> None:
    """What was asked in the early generation says so, and a version's own basis goes before the dataset's."""
    found = CONTRACTS["dancu"].datasets["citizen"].case("found-gtel")
    async with open_desk(settings_for(stand_ins.base_url, dancu={"contract": "gtel"})) as desk:
        _, early = await desk.ask("dancu.citizen", dict(found.query))
    settings = granting(settings_for(stand_ins.base_url), "dancu.verification")
    async with open_desk(settings) as desk:
        _, late = await desk.ask("dancu.verification", MAU)

    assert (early["outcome"], early["provenance"]["operation"]) == ("found", "XacMinhThongTinNhanThan")
    assert (early["provenance"]["contract"], early["provenance"]["basis"]) == ("dancu@gtel", "observed")
    assert (late["record"], late["provenance"]["basis"]) == ({"exists": True}, "assumed")


async def test_a_flat_firm_comes_through_the_citys_platform(stand_ins: Running) -> None:
    """The city's re-export is read by its own contract version, envelope included."""
    case = CONTRACTS["dkdn"].datasets["enterprise"].case("found-hcm")
    async with open_desk(settings_for(stand_ins.base_url, dkdn={"contract": "hcm"})) as desk:
        status, answer = await desk.ask("dkdn.enterprise", dict(case.query))
        _, other = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, answer["record"]["name"]) == (200, (case.record or {})["name"])
    assert answer["provenance"]["operation"] == "TraCuuThongTinDoanhNghiep"
    assert other["outcome"] == "absent"


async def test_an_instance_is_tried_with_the_cases_of_its_own_version_and_options(stand_ins: Running) -> None:
    """Case files of other versions, or with options that the settings do not have, are not asked of an instance."""
    settings = settings_for(stand_ins.base_url, dkdn={"contract": "hcm"}, dancu={"contract": "2021"})

    results = [(await run_instance(app.build(settings), name)).results for name in ("dkdn", "dancu")]

    cases = {f"{result.registry}.{result.dataset}/{result.case}" for found in results for result in found}
    assert all(result.passed for found in results for result in found)
    assert {"dkdn.enterprise/found-hcm", "dancu.verification/found-2021"} <= cases
    assert not cases & {"dkdn.enterprise/found", "dancu.citizen/found-iso-date-2021", "dancu.citizen/found-gtel"}


class _Listening(Silent):
    """Keeps the names that an answer held beyond its contract."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def drifted(self, registry: str, dataset: str, names: Any) -> None:
        self.names |= set(names)


@pytest.mark.parametrize(("adapter", "contract", "noun", "case"), ANSWERED)
async def test_just_what_a_case_file_calls_unlisted_is_noticed(
    adapter: Adapter, contract: Contract, noun: str, case: CaseFile, clock: MovableClock
) -> None:
    """Fields beyond the contract are noticed by name, and no field of the contract is taken for one."""
    heard = _Listening()
    body = case.response.content
    headers = {name.lower(): value for name, value in case.response.headers.items()}
    dataset = adapter.dataset(noun)
    assert dataset is not None
    channel = Channel(
        registry=adapter.registry,
        adapter=adapter.registry,
        contract=case.contract,
        basis=lambda _: case.basis,
        route="direct",
        options=adapter.options.model_validate(options_of(contract, case)),
        transport=MemoryTransport(lambda _: Response(status=200, headers=headers, body=body, received_at=clock.now())),
        policy=Policy(attempts=1),
        clock=clock,
        new_id=lambda: REQUEST_ID,  # some answers say which question they answer
        observer=heard,
    )

    await channel.ask(dataset, query_of(adapter, noun, case), inquiry_of(contract))

    assert heard.names == set(case.unlisted)
