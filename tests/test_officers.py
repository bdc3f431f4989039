"""Officers as registries know them: each by a code of his own, never one for a whole province."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.reader import installed
from gateway.app import installed_adapters
from gateway.channel.channel import Channel, Policy
from gateway.crypto import Secrets
from gateway.domain.exchange import Response
from gateway.errors import Forbidden, OfficerUnmapped, SettingsError
from gateway.kit.cases import inquiry_of, query_of
from gateway.lookup.officers import Officers, read_officers
from gateway.settings import OfficersSettings, Settings
from gateway.transport.memory import MemoryTransport
from mocks.server import Running
from tests.conftest import INQUIRY, MAU, MovableClock, settings_for
from tests.office import at_work
from tests.policies import policy, rule, with_policy

SECRETS = Secrets((b"s" * 32,))
TODAY = date(2026, 3, 1)
FILE = """
[[officers]]
agency = "H08.12"
account = "canbo.mau"
unit = "Trung tâm Phục vụ hành chính công Mẫu"
superior = "truongphong.mau"
valid_from = 2026-01-01
codes = { dancu = "CB-H0812-0042" }

[[officers]]
agency = "H08.12"
account = "truongphong.mau"
unit = "Trung tâm Phục vụ hành chính công Mẫu"
superior = "H08/giamdoc.mau"
citizen_id = "000075000011"

[[officers]]
agency = "H08"
account = "giamdoc.mau"
unit = "Sở Mẫu"
citizen_id = "000070000012"

[[officers]]
agency = "H08.12"
account = "canbo.cu"
unit = "Trung tâm Phục vụ hành chính công Mẫu"
valid_until = 2026-02-28
codes = { dancu = "CB-H0812-0007" }
"""


def written(folder: Path, text: str = FILE) -> Path:
    file = folder / "officers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def read(folder: Path, text: str = FILE) -> Officers:
    return read_officers(written(folder, text), SECRETS, {"dancu", "dkdn"})


def mapped(stand_ins: Running, folder: Path, *, limits: str = "") -> Settings:
    """Registries of which dancu knows officers by codes of its own."""
    settings = settings_for(stand_ins.base_url, dancu={"officers": "mapped", "contract": "2021", "endpoint": None})
    settings = with_policy(settings, policy(rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]}), more=limits))
    return settings.model_copy(update={"officers": OfficersSettings(file=written(folder))})


def test_an_officer_has_the_code_that_the_registry_gave_him(tmp_path: Path) -> None:
    """Account and agency together name the officer; the code is that of the registry's instance."""
    assert read(tmp_path).code("H08.12", "canbo.mau", "dancu", TODAY, issuer="Bộ Công an") == "CB-H0812-0042"


UNMAPPED = {
    "unknown account": ("H08.12", "canbo.la", "dancu", TODAY, "officer_missing"),
    "the same account of another agency": ("H08.13", "canbo.mau", "dancu", TODAY, "officer_missing"),
    "no longer valid": ("H08.12", "canbo.cu", "dancu", TODAY, "officer_expired"),
    "not yet valid": ("H08.12", "canbo.mau", "dancu", date(2025, 12, 31), "officer_expired"),
    "no code at this registry": ("H08.12", "canbo.mau", "dkdn", TODAY, "code_missing"),
}


@pytest.mark.parametrize(("agency", "account", "instance", "day", "code"), UNMAPPED.values(), ids=UNMAPPED)
def test_an_officer_without_a_valid_code_is_unmapped(
    agency: str, account: str, instance: str, day: date, code: str, tmp_path: Path
) -> None:
    """The problem says what is missing, who adds it and whose code it is, and quotes no account."""
    with pytest.raises(OfficerUnmapped) as caught:
        read(tmp_path).code(agency, account, instance, day, issuer="Bộ Công an")

    (problem,) = caught.value.problems
    assert (problem.location, problem.code) == ("inquiry.officer.account", code)
    assert f"quản trị cổng bổ sung cán bộ của {agency} cho {instance}, mã do Bộ Công an cấp" in problem.advice
    assert account not in problem.advice + str(caught.value)


async def test_the_registry_is_shown_the_officers_code(tmp_path: Path, clock: MovableClock) -> None:
    """`MaCanBo` is the officer's code in every generation, before an account that speaks for everybody."""
    contract, adapter = installed()["dancu"], installed_adapters()["dancu"]
    dataset = adapter.dataset("citizen")
    assert dataset is not None
    case = contract.datasets["citizen"].case("found")
    for version in dataset.ask:
        transport = MemoryTransport(lambda _: Response(status=500, body=b"", received_at=clock.now()))
        options: dict[str, Any] = {"system_account": "TINH_MAU"}
        channel = Channel(
            registry="dancu",
            adapter="dancu",
            contract=version,
            basis=lambda _: "observed",
            route="direct",
            options=adapter.options.model_validate(options),
            transport=transport,
            policy=Policy(attempts=1),
            clock=clock,
            new_id=lambda: "GW-1",
        )
        query, inquiry = query_of(adapter, "citizen", case), inquiry_of(contract)
        await channel.ask(dataset, query, inquiry, officer_code="CB-H0812-0042")
        await channel.ask(dataset, query, inquiry)
        first, *_, last = [b"".join(part for part in one.body if isinstance(part, bytes)) for one in transport.sent]

        assert b"MaCanBo>CB-H0812-0042<" in first
        own = b"000080000009" if version == "2025" else b"TINH_MAU"
        assert b"MaCanBo>" + own + b"<" in last


async def test_a_question_of_an_unmapped_officer_never_leaves(
    stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """At a registry that gives out codes he is refused, and the ledger told; at another one he may ask."""
    stranger = {"id": "000080000017", "account": "canbo.la"}
    async with at_work(mapped(stand_ins, tmp_path), clock) as office:
        with pytest.raises(OfficerUnmapped):
            await office.ask(officer=stranger)
        assert (await office.ask()).grant.officer_code == "CB-H0812-0042"
        firm = await office.ask("dkdn.enterprise", {"enterprise_code": "9900000023"}, officer=stranger)

    assert firm.grant.officer_code is None
    assert office.told.refusals == ["officer_unmapped"]


@pytest.mark.parametrize("then", ["refuse", "note"])
async def test_a10_an_officer_who_asks_about_a_superior_is_seen(
    then: str, stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """Whoever stands above him, however far: refused, or asked with a finding. The other way round is in order."""
    settings = mapped(stand_ins, tmp_path, limits=f'[limits.superior]\nthen = "{then}"\n')
    head, director = "000075000011", "000070000012"
    async with at_work(settings, clock) as office:
        for number in (head, director):
            question = MAU | {"citizen_id": number, "birth_date": "1970"}
            if then == "refuse":
                with pytest.raises(Forbidden) as caught:
                    await office.ask(query=question)
                assert [one.code for one in caught.value.problems] == ["superior"]
            else:
                assert (await office.ask(query=question)).grant.findings == ("superior",)
        assert (await office.ask()).grant.findings == ()
        about_staff = await office.ask(
            "dkdn.enterprise",
            {"enterprise_code": "9900000023"},
            agency="H08.12",
            officer={"id": head, "account": "truongphong.mau"},
        )

    assert about_staff.grant.findings == ()


def test_no_number_of_an_officer_is_kept_in_the_clear(tmp_path: Path) -> None:
    """What the file tells of a person's number is a keyed pseudonym from then on, and prints nothing."""
    officers = read(tmp_path)

    superiors = officers.superiors("H08.12", "canbo.mau", TODAY)
    assert superiors == {SECRETS.pseudonym("person", number) for number in ("000075000011", "000070000012")}
    assert "000075000011" not in repr(vars(officers))


def test_people_above_one_another_end_somewhere(tmp_path: Path) -> None:
    """Two who are each other's superior do not hold a question for ever."""
    text = FILE + 'superior = "truongphong.mau"\n'

    assert read(tmp_path, text.replace('"canbo.cu"', '"canbo.hai"')).superiors("H08.12", "canbo.mau", TODAY)
    circle = FILE.replace('superior = "H08/giamdoc.mau"', 'superior = "canbo.mau"')
    assert len(read(tmp_path, circle).superiors("H08.12", "canbo.mau", TODAY)) == 1


WRONG = {
    "unknown key": ("unit =", "unitt =", "officers.0.unitt: no such key"),
    "no unit": ('unit = "Sở Mẫu"', "", "officers.2.unit"),
    "unknown registry": (
        "codes = { dancu",
        "codes = { dancuu",
        "officers[0].codes.dancuu: no such registry",
    ),
    "a superior who is not there": ("truongphong.mau", "truongphong.la", "officers[0].superior: is no officer"),
    "a number that is none": ("000075000011", "CANARY", "officers.1.citizen_id"),
    "twice on the same days": ('"canbo.cu"', '"canbo.mau"', "officers[3]: the same agency and account as officers[0]"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_of_officers_is_refused_by_place(old: str, new: str, message: str, tmp_path: Path) -> None:
    """The entry at fault is named by its place; nothing that the file says of a person is quoted."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, FILE.replace(old, new, 1))

    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert "canbo" not in str(caught.value)


def test_an_officer_may_change_his_code(tmp_path: Path) -> None:
    """Two entries of one officer with days that do not meet are one after the other."""
    later = FILE.replace('"canbo.cu"', '"canbo.mau"').replace("2026-01-01", "2026-03-01")
    officers = read(tmp_path, later)

    codes = [
        officers.code("H08.12", "canbo.mau", "dancu", day, issuer="") for day in (date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert codes == ["CB-H0812-0007", "CB-H0812-0042"]
    assert INQUIRY["agency"] == "H08.12"
