"""Instances that share tickets and batches in PostgreSQL: what one takes the other shows; what happens without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from gateway import app
from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.errors import SettingsError
from gateway.kit.check import check_stores
from gateway.settings import load
from gateway.stores.sql import Store
from gateway.stores.ticket_database import TicketDatabase
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, MAU, Desk, open_desk
from tests.index_parts import postgresql
from tests.relay import Relay, relay
from tests.sharing import instances
from tests.test_batches import JOB, bring, ended, lines, results
from tests.test_ticket_file import ticket as one_ticket
from tests.ticketing import eventually, one_stop

APPLICANT = {"role": "applicant", "claims": MAU | {"sex": "1"}}
PLAN = {"inquiry": INQUIRY | {"procedure": "9.000001"}, "subjects": [APPLICANT], "deadline_s": 0.5}
QUICK = "first_s = 0.2\nlongest_s = 0.5\ncallback_timeout_s = 1\ncallback_longest_s = 1"
GONE = Fault("reset")
NOBODY_THERE = "postgresql+psycopg://postgres@127.0.0.1:1/test"


@asynccontextmanager
async def reached() -> AsyncIterator[tuple[str, Relay]]:
    """A database of its own, and the way to it."""
    with postgresql() as url:
        address = make_url(url)
        async with relay(address.port or 5432) as way:
            yield address.set(host="127.0.0.1", port=way.port).render_as_string(), way


@asynccontextmanager
async def desks(
    folder: Path, stand_ins: Running, url: str, *, count: int = 2, more: str = "", has_database: bool = True
) -> AsyncIterator[list[Desk]]:
    async with AsyncExitStack() as stack:
        files = instances(folder, stand_ins.base_url, url, count=count, tickets=QUICK, more=more)
        made = [await stack.enter_async_context(open_desk(load(file))) for file in files]
        if has_database:
            for one in made:
                await eventually(lambda one=one: is_up(one))  # type: ignore[misc]
        yield made


async def is_up(desk: Desk) -> bool:
    """Whether its database has answered, with all tables there."""
    metrics = await desk.metrics()
    return all(f'gateway_store_up{{part="{part}"}} 1.0' in metrics for part in ("batches", "tickets"))


async def opened(desk: Desk) -> dict[str, Any]:
    """The paper of a plan that is pending."""
    status, plan = await desk.post("/v1/paper-plans", PLAN)
    assert status == 200, plan
    return next(one for one in plan["papers"] if one["id"] == "identity")


async def test_what_one_instance_takes_any_shows_and_ends_once(tmp_path: Path, stand_ins: Running) -> None:
    """A ticket and a batch that came to one instance are shown by both; the ticket is told of once."""
    stand_ins.faults.set("dancu", GONE)
    async with one_stop() as receiver, reached() as (url, _):
        more = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"'
        async with desks(tmp_path, stand_ins, url, more=more) as (one, two):
            paper = await opened(one)
            again = await opened(two)
            place = f"/v1/tickets/{paper['ticket_id']}"
            shown = [(await desk.get(place))[1]["state"] for desk in (one, two)]
            _, batch = await bring(one, lines(JOB, *({"query": MAU, "claims": {"full_name": "x"}} for _ in range(4))))
            stand_ins.faults.clear("dancu")

            async def is_over() -> bool:
                return (await two.get(place))[1]["state"] == "answered" and bool(receiver.bodies)

            await eventually(is_over)
            told = await ended(two, batch["batch_id"])
            found = [await results(desk, batch["batch_id"]) for desk in (one, two)]

    assert again["ticket_id"] == paper["ticket_id"]
    assert shown == ["open", "open"]
    assert len(receiver.bodies) == 1
    assert told["outcomes"] == {"found": 4, "absent": 0, "unknown": 0, "refused": 0}
    assert found[0] == found[1]


async def test_without_the_database_lookups_go_on_and_it_comes_back_by_itself(
    tmp_path: Path, stand_ins: Running
) -> None:
    """Tickets and batches answer 503 and say when to ask again; readiness and metrics name them, until it is there."""
    stand_ins.faults.set("dancu", GONE)
    async with reached() as (url, way), desks(tmp_path, stand_ins, url, count=1) as (desk,):
        paper = await opened(desk)
        place = f"/v1/tickets/{paper['ticket_id']}"
        await way.cut()

        async def is_out(parts: list[str] | None) -> bool:
            status, ready = await desk.get("/readyz")
            return status == 200 and ready.get("unavailable") == parts

        await eventually(lambda: is_out(["batches", "tickets"]))
        looked_up, _ = await desk.post("/v1/lookups", {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY})
        refused = {}
        for path in (place, f"/v1/batches/{paper['ticket_id']}"):
            async with desk.session.get(f"{desk.url}{path}", headers={"X-API-Key": KEY}) as reply:
                refused[path] = (reply.status, reply.headers["Retry-After"], await reply.json(content_type=None))
        pending = await opened(desk)
        out = await desk.metrics()
        await way.open()
        await eventually(lambda: is_out(None), within_s=20)
        stand_ins.faults.clear("dancu")

        async def is_answered() -> bool:
            return (await desk.get(place))[1]["state"] == "answered"

        await eventually(is_answered)
        back = await desk.metrics()

    assert looked_up == 200
    words = ("tickets_unavailable", "batches_unavailable")
    for (status, again, problem), word in zip(refused.values(), words, strict=True):
        assert (status, again, problem["actor"]) == (503, "5", "operator")
        assert problem["type"].endswith(word)
    assert (pending["decision"], pending["ticket_id"], pending["ticket_problem"]) == ("pending", None, "unavailable")
    for part in ("tickets", "batches"):
        assert f'gateway_store_up{{part="{part}"}} 0.0' in out
        assert f'gateway_store_up{{part="{part}"}} 1.0' in back


async def test_a_database_that_hangs_holds_up_no_lookup(tmp_path: Path, stand_ins: Running) -> None:
    """While a ticket waits for a database that says nothing, lookups are answered; then the ticket is shown."""
    stand_ins.faults.set("dancu", GONE)
    async with reached() as (url, way), desks(tmp_path, stand_ins, url, count=1) as (desk,):
        paper = await opened(desk)
        way.block()
        shown = asyncio.create_task(desk.get(f"/v1/tickets/{paper['ticket_id']}"))
        body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
        statuses = [(await desk.post("/v1/lookups", body))[0] for _ in range(3)]
        was_done = shown.done()
        await way.open()
        status, ticket = await shown

    assert statuses == [200, 200, 200]
    assert not was_done
    assert (status, ticket["state"]) == (200, "open")


async def test_a_gateway_starts_without_its_database(tmp_path: Path, stand_ins: Running) -> None:
    """It takes questions at once, and makes the tables when the database is there."""
    async with reached() as (url, way):
        await way.cut()
        async with desks(tmp_path, stand_ins, url, count=1, has_database=False) as (desk,):
            ready, _ = await desk.get("/readyz")
            await way.open()
            await eventually(lambda: is_up(desk), within_s=20)

    assert ready == 200


def test_the_commands_reach_the_shared_database(tmp_path: Path) -> None:
    """`store migrate` makes the tables of every part, and `tickets` lists and shows what any instance has opened."""
    with postgresql() as url:
        (file,) = instances(tmp_path, "http://127.0.0.1:1", url, count=1)
        migrated = CliRunner().invoke(cli, ["store", "migrate", "-s", str(file)])
        kept = TicketDatabase(Store.open(url), [b"mark"])
        kept.open([one_ticket(1)], most=10)
        kept.close()
        listed = CliRunner().invoke(cli, ["tickets", "list", "--json", "-s", str(file)])
        shown = CliRunner().invoke(cli, ["tickets", "retry", "t0001", "-s", str(file)])

    assert migrated.output.splitlines() == ["sqlite: 0001", "tickets postgresql: 0002", "batches postgresql: 0001"]
    assert [one["ticket_id"] for one in orjson.loads(listed.stdout)] == ["t0001"]
    assert orjson.loads(shown.stdout)["ticket_id"] == "t0001"


async def test_check_says_whether_a_shared_database_can_be_reached(tmp_path: Path) -> None:
    """`gateway check` tries each, writes nothing, and names the section that is wrong."""
    with postgresql() as url:
        (file,) = instances(tmp_path, "http://127.0.0.1:1", url, count=1)
        reached = [one.probe for one in await check_stores(load(file))]
    file.write_text(file.read_text().replace(f'[batches]\nurl = "{url}"', f'[batches]\nurl = "{NOBODY_THERE}"'))
    settings = load(file)
    gone = await check_stores(
        settings.model_copy(update={"tickets": settings.tickets.model_copy(update={"url": None})})
    )

    assert [(one.step, one.ok, one.detail) for one in reached] == [
        ("tickets", True, "postgresql: no tables yet"),
        ("batches", True, "postgresql: no tables yet"),
    ]
    assert [(one.probe.step, one.probe.ok) for one in gone] == [("batches", False)]
    assert "[batches]" in gone[0].probe.advice


@pytest.mark.parametrize("section", ["tickets", "batches"])
def test_a_shared_database_is_a_postgresql(section: str, tmp_path: Path) -> None:
    """An address of another kind, and one beside a file, are refused with the setting's name."""
    file = instances(tmp_path, "http://127.0.0.1:1", "sqlite:other.db", count=1)[0]
    other = {"tickets": "batches", "batches": "tickets"}[section]
    text = file.read_text().replace(f'[{other}]\nurl = "sqlite:other.db"', f'[{other}]\nfile = "{other}.db"')
    file.write_text(text)
    with pytest.raises(SettingsError, match=rf"^{section}\.url: must be postgresql\+psycopg://"):
        app.front_door(app.build(load(file)), SystemClock())
    file.write_text(text.replace(f"[{section}]", f'[{section}]\nfile = "{section}.db"'))
    with pytest.raises(SettingsError, match=rf"{section}.*only one of them"):
        load(file)
