"""Two operations of the population database of which the names alone are known: guesses, and off by default."""

from __future__ import annotations

from datetime import date

from contracts.reader import load
from gateway import app
from gateway.app import installed_adapters
from gateway.domain.dataset import Kind
from mocks import dancu
from mocks.events import happen
from mocks.province import Province
from mocks.server import running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.registries import EXAMPLES

CONTRACT = load("contracts.dancu")
ADAPTER = installed_adapters()["dancu"]
GUESSED = {"life_status", "requested_list"}


def test_no_instance_offers_a_guess_unless_it_is_chosen() -> None:
    """Every other contract version is without them, and no example of settings chooses this one."""
    assert {one.noun for one in ADAPTER.offered("unseen")} == GUESSED
    for version in ("2025", "2021", "gtel"):
        assert not {one.noun for one in ADAPTER.offered(version)} & GUESSED
    for file in (EXAMPLES.parent / "gateway.toml", *EXAMPLES.glob("*.toml")):
        assert "unseen" not in file.read_text(encoding="utf-8")
    core = app.build(settings_for("http://127.0.0.1:9"))
    assert "dancu.life_status" not in core.catalogue


def test_everything_about_a_guess_is_assumed() -> None:
    """Version, datasets and case files alike; the request is a poll, as its nature is."""
    assert CONTRACT.versions["unseen"].basis == "assumed"
    for noun in GUESSED:
        dataset = CONTRACT.datasets[noun]
        assert {dataset.basis, *(case.basis for case in dataset.cases)} == {"assumed"}
    requested = ADAPTER.dataset("requested_list")
    assert requested is not None
    assert (requested.kind, requested.withheld_by_default) == (Kind.POLL, {"people"})


async def test_a_death_in_the_province_is_told_by_code_and_day() -> None:
    """The living have a code without a day, the dead one with it; the code's meaning is given to nobody."""
    province = Province(seed=5, citizens=2000, enterprises=10)
    living = next(c for c in map(province.citizen, range(2000)) if not c.year_only and c.born.year < 1970)
    who = {"citizen_id": living.citizen_id, "full_name": living.full_name, "birth_date": living.birth_date}
    async with running(dancu.STAND_IN, province=province) as served:
        settings = settings_for(served.base_url, dancu={"contract": "unseen"})
        async with open_desk(granting(settings, "dancu.life_status")) as desk:
            _, before = await desk.ask("dancu.life_status", who)
            happen(province, "death", {"citizen": living.citizen_id})
            _, after = await desk.ask("dancu.life_status", who)
            _, nobody = await desk.ask("dancu.life_status", who | {"full_name": "Không Ai"})

    assert before["record"]["life_status"] == {"code": "0", "list": "dancu.life_status"}
    assert "status_since" not in before["record"]
    assert after["record"]["life_status"] == {"code": "1", "list": "dancu.life_status"}
    assert date.fromisoformat(after["record"]["status_since"]) == province.today
    assert nobody["outcome"] == "absent"
    assert after["provenance"]["basis"] == "assumed"


async def test_a_list_in_work_has_no_people_and_a_ready_one_shows_none_by_default() -> None:
    """A poll is found whatever its state; whom the list names leaves only by a rule that names the field."""
    ready, working = (CONTRACT.datasets["requested_list"].case(name) for name in ("found", "in-progress"))
    async with running(dancu.STAND_IN) as served:
        settings = settings_for(served.base_url, dancu={"contract": "unseen"})
        async with open_desk(granting(settings, "dancu.requested_list")) as desk:
            _, done = await desk.ask("dancu.requested_list", dict(ready.query))
            _, still = await desk.ask("dancu.requested_list", dict(working.query))

    assert (done["record"]["stage"], done["record"]["total"], done["withheld"]) == ("ready", 2, ["people"])
    assert (still["outcome"], still["record"]["stage"]) == ("found", "in_progress")
    assert "people" not in done["record"]
