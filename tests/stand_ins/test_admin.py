"""What tests and people may ask of the server itself: seed, clock, life, incidents, near misses, how often."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from mocks.events import EVENTS
from mocks.faults import PROFILES, Fault, Faults
from mocks.incidents import INCIDENTS
from mocks.journal import Entry, Journal
from mocks.near_misses import form_of
from mocks.province import Province
from mocks.server import Running, running
from tests.stand_ins.client import (
    DANCU,
    Clock,
    ask_dancu,
    ask_dkdn,
    basic,
    citizens,
    question,
    signed,
    token,
)


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    async with running(province=Province(seed=5, citizens=400, enterprises=20), now=clock) as server:
        yield server


@pytest.fixture
def admin(server: Running, http: aiohttp.ClientSession) -> Any:
    """Asks the server itself: method, path, JSON; gives status and JSON, None where there is no body."""

    async def asked(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with http.request(method, f"{server.base_url}/_mocks/{path}", json=body) as reply:
            text = await reply.text()
            return reply.status, json.loads(text) if reply.content_type.endswith("json") and text else None

    return asked


async def test_a_life_event_is_told_listed_and_forgotten_by_a_reset(server: Running, admin: Any) -> None:
    """An event answers with what came of it; what cannot be is 409 with the reason; a reset undoes all."""
    province = server.state.province
    husband, wife = next(filter(None, map(province.couple_at_first, range(100))))

    status, came = await admin("POST", "events", {"event": "death", "citizen": husband.citizen_id})
    again, problem = await admin("POST", "events", {"event": "death", "citizen": husband.citizen_id})

    assert (status, again) == (201, 409)
    assert "died" in problem["detail"]
    assert husband.citizen_id not in problem["detail"]
    assert (await admin("GET", "events"))[1]["events"] == [came]
    assert province.citizen(wife.index).marital_code == "3"
    assert (await admin("POST", "reset"))[0] == 204
    assert (await admin("GET", "events"))[1]["events"] == []
    assert province.citizen(husband.index) == husband


@pytest.mark.parametrize(
    "body", [{}, {"event": 7}, {"event": "feast"}, {"event": "death", "event2": "x"}, {"event": "death", "citizen": 5}]
)
async def test_what_is_no_event_is_refused(admin: Any, body: dict[str, Any]) -> None:
    """Without a known event and its members nothing happens."""
    status, problem = await admin("POST", "events", body)
    assert status == 400
    assert "cannot be read" in problem["detail"]
    assert (await admin("GET", ""))[1]["events"] == list(EVENTS)


async def test_the_clock_is_set_and_shown(server: Running, admin: Any) -> None:
    """A day moves the province, and what is no day does not."""
    assert (await admin("PUT", "clock", {"today": "2026-12-31"}))[0] == 204
    assert (await admin("GET", ""))[1]["province"]["today"] == "2026-12-31"
    for wrong in ({}, {"today": 7}, {"today": "31/12/2026"}):
        assert (await admin("PUT", "clock", wrong))[0] == 400
    assert (await admin("PUT", "clock", {"today": "2020-01-01"}))[0] == 409
    assert server.state.province.today.isoformat() == "2026-12-31"


async def test_another_seed_is_another_province_in_every_stand_in(
    server: Running, admin: Any, http: aiohttp.ClientSession
) -> None:
    """The firm of the new seed is found, that of the old one is not, and disagreements are those of the new one."""
    old, new = server.state.province.enterprise(0), Province(seed=8, citizens=400, enterprises=20).enterprise(0)
    assert (await admin("PUT", "province", {"seed": 8, "disagreements": 50}))[0] == 204

    bearer = await token(http, server)
    found = [json.loads((await ask_dkdn(http, server, one.enterprise_code, bearer))[2]) for one in (old, new)]
    assert [one["DataCount"] for one in found] == [0, 1]
    listed = (await admin("GET", "disagreements"))[1]
    assert len(listed["disagreements"]) > 10
    assert listed["more"] is False
    for wrong in ({"seed": "8"}, {"people": 3}, {"citizens": 0}, {"disagreements": 101}):
        assert (await admin("PUT", "province", wrong))[0] == 400
    assert server.state.province.seed == 8


async def test_a_dataset_fails_while_its_registry_works(
    server: Running, admin: Any, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A fault of a dataset hits its operation alone, and that of another registry not at all."""
    assert (await admin("PUT", "faults/dancu.household", {"fault": "error"}))[0] == 204
    asked = [DANCU.datasets[name].case("found").request.body or "" for name in ("citizen", "household")]

    statuses = [(await ask_dancu(http, server, body, signed(clock.now_s)))[0] for body in asked]

    assert statuses == [200, 500]
    assert (await admin("PUT", "faults/dancu.feast", {"fault": "error"}))[0] == 404
    assert (await admin("DELETE", "faults/dancu"))[0] == 204
    assert (await ask_dancu(http, server, asked[1], signed(clock.now_s)))[0] == 200


async def test_several_faults_of_one_registry_are_tried_in_turn(server: Running, admin: Any, ask: Any) -> None:
    """The first fault that hits is carried out; when it is used up, the next one is."""
    faults = [{"fault": "error", "times": 1}, {"fault": "throttle", "times": 1, "delay_s": 3}]
    assert (await admin("PUT", "faults/dancu", faults))[0] == 204
    assert [(await ask())[0] for _ in range(3)] == [500, 429, 200]


async def test_maintenance_says_how_long_and_a_new_structure_says_the_same_otherwise(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """503 with the seconds that are left to wait; and an answer with every name changed, still well-formed."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    server.faults.set("dancu", Fault("maintenance", delay_s=90, times=1), Fault("schema"))
    status, headers, _ = await ask_dancu(http, server, body, signed(clock.now_s))
    assert (status, headers["Retry-After"]) == (503, "90")

    status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
    assert (status, citizens(text)) == (200, [])
    assert "CongDanV2" in text
    server.faults.set("dkdn", Fault("schema", path="chiTiet"))
    firm = server.state.province.enterprise(0)
    told = json.loads((await ask_dkdn(http, server, firm.enterprise_code, await token(http, server)))[2])
    assert told["DataV2"]["MainInformationV2"]["NAMEV2"] == firm.name


async def test_an_expired_token_is_refused_where_there_are_tokens(
    server: Running, http: aiohttp.ClientSession, ask: Any
) -> None:
    """The token ends under the question; a registry without tokens says a bare 401."""
    bearer = await token(http, server)
    for registry in ("dkdn", "dancu"):
        server.faults.set(registry, Fault("expired", times=1, path="" if registry == "dancu" else "chiTiet"))
    status, _, text = await ask_dkdn(http, server, "9900000023", bearer)
    assert (status, json.loads(text)["fault"]["code"]) == (401, 900901)
    assert (await ask())[0] == 401
    assert (await ask_dkdn(http, server, "9900000023", await token(http, server)))[0] == 200


def test_a_fault_begins_and_ends_by_itself() -> None:
    """Within its window it hits, before and after it does not, and it is gone from the list when it is over."""
    now = 100.0
    faults = Faults(lambda: 0.5, {"dancu": {}}, lambda: now)
    faults.set("dancu", Fault("down", after_s=10, for_s=30))

    hit = []
    for now in (100.0, 109.0, 110.0, 139.0, 140.0):  # noqa: B007  read by the clock above
        hit.append(faults.draw("dancu", "") is not None)
    assert hit == [False, False, True, True, False]
    assert faults.current() == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_draws_latencies_around_its_median(profile: str) -> None:
    """Half of the draws are below the median, and one in a hundred is several times as late."""
    draws = iter([nth / 1000 for nth in range(1000)])
    faults = Faults(lambda: next(draws), {"dancu": {}})
    faults.set("dancu", Fault("slow", profile=profile))

    drawn = sorted(fault.delay_s for _ in range(1000) if (fault := faults.draw("dancu", "")) is not None)

    median_s = PROFILES[profile][0]
    assert median_s * 0.98 < drawn[500] < median_s * 1.02
    assert drawn[989] > 2 * median_s


@pytest.mark.parametrize(
    "wrong", [{"profile": "fast"}, {"after_s": -1}, {"for_s": 0}, {"for_s": float("nan")}], ids=str
)
def test_a_window_or_profile_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """A profile is known, and a window has a length."""
    with pytest.raises(ValueError, match="must be"):
        Fault(**({"kind": "slow"} | wrong))


@pytest.mark.parametrize("name", INCIDENTS)
async def test_an_incident_begins_by_name(server: Running, admin: Any, name: str) -> None:
    """All its faults are in force at once; a reset ends it."""
    assert (await admin("POST", f"incidents/{name}"))[0] == 204
    assert server.faults.current() == INCIDENTS[name].faults
    assert (await admin("POST", "incidents/picnic"))[0] == 404
    await admin("POST", "reset")
    assert server.faults.current() == {}


async def test_a_question_in_another_form_is_a_near_miss(
    server: Running, admin: Any, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The journal says which form was sent and which one the contract has, and nothing of what was sent."""
    citizen = next(
        one for one in map(server.state.province.citizen, range(50)) if not one.year_only and " " in one.full_name
    )
    good = question(citizen.citizen_id, citizen.folded_name, f"{citizen.born:%Y%m%d}")
    for body in (
        question(citizen.citizen_id, citizen.folded_name, citizen.born.isoformat()),
        question(citizen.citizen_id[:11], citizen.folded_name, f"{citizen.born:%Y%m%d}"),
        good.replace(citizen.folded_name, "Trần Thị Lạ"),
        good,
    ):
        await ask_dancu(http, server, body, signed(clock.now_s))
    _, told = await admin("GET", "journal")

    near = [" ".join(entry["near_misses"]) for entry in told["entries"]]
    assert "NgayThangNam: đã gửi yyyy-MM-dd, hợp đồng ghi yyyyMMdd" in near[0]
    assert "you sent yyyy-MM-dd, the contract says yyyyMMdd" in near[0]
    assert "SoCMND: đã gửi 11 digits, hợp đồng ghi 9 digits" in near[1]
    assert "HoVaTen: đã gửi letters with marks" in near[2]
    assert near[3] == ""
    for secret in (citizen.citizen_id[:11], citizen.folded_name, citizen.born.isoformat(), "Lạ"):
        assert secret not in json.dumps(told, ensure_ascii=False)


async def test_a_wrong_path_method_or_member_is_a_near_miss(
    server: Running, admin: Any, http: aiohttp.ClientSession
) -> None:
    """Where the contract is asked, how, and with which members is told; names that nobody knows are counted only."""
    url = server.url("hotich")
    form = {"grant_type": "client_credentials"}
    key = basic("demo-hotich-consumer-key", "demo-hotich-consumer-secret")
    async with http.post(f"{url}/token", data=form, headers=key) as reply:
        bearer = {"Authorization": f"Bearer {(await reply.json())['access_token']}"}
    asked = {"soDinhDanh": "100000000000", "ngaySinh": "1999-01-31", "secret-of-mine": "x"}
    await http.post(f"{url}/hotich/1.0/traCuuTinhTrangHonNhan", json=asked, headers=bearer)
    await http.post(f"{url}/v9/traCuuTinhTrangHonNhan", json=asked, headers=bearer)
    await http.get(f"{url}/hotich/1.0/traCuuTinhTrangHonNhan")
    _, told = await admin("GET", "journal")

    members, path, method = (" ".join(entry["near_misses"]) for entry in told["entries"][1:])
    assert "hoTen: thiếu / missing" in members
    assert "ngaySinh: đã gửi yyyy-MM-dd, hợp đồng ghi" in members
    assert "1 thành phần ngoài hợp đồng" in members
    assert "the contract says /hotich/1.0/traCuuTinhTrangHonNhan" in path
    assert "the contract says POST" in method
    assert "secret-of-mine" not in json.dumps(told)


async def test_every_good_question_is_no_near_miss(server: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
    """What a case file asks has nothing odd about it, whatever it is answered with."""
    for name in ("citizen", "household", "verification"):
        for case in DANCU.datasets[name].cases:
            await ask_dancu(http, server, case.request.body or "", signed(clock.now_s))
    odd = [entry for entry in server.journal if entry.near_misses]
    assert len(server.journal) > 20
    assert odd == []


async def test_it_can_be_verified_that_somebody_was_asked_about_exactly_once(
    server: Running, admin: Any, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Requests are counted by registry, operation and number, in a GET as in a body, and no number is kept."""
    first, second = (server.state.province.citizen(index) for index in (0, 1))
    for one in (first, second, second):
        await ask_dancu(http, server, question(one.citizen_id, one.folded_name, "1999"), signed(clock.now_s))
    firm = server.state.province.enterprise(0).enterprise_code
    await ask_dkdn(http, server, firm, await token(http, server))

    once = {"registry": "dancu", "operation": "TraCuuThongTinCongDan", "about": first.citizen_id}
    assert (await admin("POST", "journal/verify", once))[1] == {"asked": 1, "times": 1, "holds": True}
    twice = once | {"about": second.citizen_id}
    assert (await admin("POST", "journal/verify", twice))[1] == {"asked": 2, "times": 1, "holds": False}
    assert (await admin("POST", "journal/verify", {"about": firm}))[1]["asked"] == 1
    assert server.journal.asked(registry="dancu") == 3
    for wrong in ({"about": "x"}, {"about": 7}, {"times": "1"}, {"colour": "red"}):
        assert (await admin("POST", "journal/verify", wrong))[0] == 400
    assert first.citizen_id not in repr(list(server.journal))


def test_the_journal_is_bounded() -> None:
    """The oldest entries go."""
    journal = Journal(3)
    for at in range(10):
        journal.add(Entry(at, "dancu", "x", 200, "nothing"))
    assert [entry.at for entry in journal] == [7, 8, 9]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("1999-01-31", "yyyy-MM-dd"),
        ("19990131", "yyyyMMdd"),
        ("31/01/1999", "dd/MM/yyyy"),
        ("31.01.1999", "dd.MM.yyyy"),
        ("1999", "yyyy"),
        ("100000000000", "12 digits"),
        ("Trần Thị Mẫu", "letters with marks"),
        ("TRAN THI MAU", "letters with spaces"),
        ("TRANTHIMAU", "capitals without marks and spaces"),
        ("", "nothing"),
        (7, "a number"),
        (None, "null"),
        ([1], "a list"),
    ],
)
def test_a_form_is_told_and_never_the_value(value: Any, form: str) -> None:
    """Dates by their order, numbers by how many digits, texts by what they are written with."""
    assert form_of(value) == form
