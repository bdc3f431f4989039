"""A batch through restarts, kill -9, a second worker and a full disk: nothing is lost, nothing has two results."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.batches.job import BatchJob, Line
from gateway.batches.rows import Kept, Named, ResultRow, Settled
from gateway.batches.shelf import Shelf, Unreadable
from gateway.batches.sql import Shared, SqlRows
from gateway.batches.tables import METADATA
from gateway.clock import SystemClock
from gateway.crypto_sealing import Sealer
from gateway.domain.inquiry import Inquiry
from gateway.errors import BatchesUnavailable, IdempotencyConflict
from gateway.ledger.reading import LogReader
from gateway.lookup.request import read
from gateway.stores.instants import DATABASE_CLOCK
from gateway.stores.migration import BATCHES, migrate
from gateway.stores.outages import Outages
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from mocks.server import Running
from tests.campaign import Campaign
from tests.conftest import INQUIRY, KEY, MAU, NOBODY
from tests.gateway_process import GatewayProcess
from tests.index_parts import KINDS, address, postgresql
from tests.ports import free_port
from tests.recorded import settings_file

RIGHTS = '[rights]\nbatches = ["one-stop"]\n'
JOB = {"asks": "verifications", "dataset": "dancu.citizen", "inquiry": INQUIRY}
CLAIMS = {"full_name": "Nguyễn Văn Mậu"}
SECOND = 1_000_000


def body(items: int) -> bytes:
    """A batch of so many items, every third about somebody who is not there."""
    people = [{"ref": str(n), "query": NOBODY if n % 3 == 2 else MAU, "claims": CLAIMS} for n in range(items)]
    return b"".join(orjson.dumps(one) + b"\n" for one in (JOB, *people))


@contextmanager
def a_gateway(folder: Path, url: str, *arguments: str) -> Iterator[GatewayProcess]:
    """A gateway process with batches, not started yet; ended at last."""
    file = settings_file(folder, url, more=RIGHTS)
    more = '\n[batches]\nfile = "batches.db"\nlease_s = 1\nturn_s = 1\n'
    port = free_port()
    file.write_text(file.read_text().replace("port = 0", f"port = {port}", 1) + more)
    gateway = GatewayProcess(file, port, arguments=arguments)
    try:
        yield gateway
    finally:
        gateway.stop()


@asynccontextmanager
async def caller() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
        yield session


async def brought(session: aiohttp.ClientSession, url: str, items: int) -> str:
    headers = {"Content-Type": "application/x-ndjson"}
    async with session.post(f"{url}/v1/batches", data=body(items), headers=headers) as reply:
        assert reply.status == 202
        return str((await reply.json())["batch_id"])


async def standing(session: aiohttp.ClientSession, url: str, batch_id: str) -> dict[str, Any]:
    async with session.get(f"{url}/v1/batches/{batch_id}") as reply:
        assert reply.status == 200
        return dict(await reply.json())


async def answered(session: aiohttp.ClientSession, url: str, batch_id: str, items: int) -> dict[str, Any]:
    """How it stands once so many items have their result."""
    async with asyncio.timeout(60):
        while True:
            told = await standing(session, url, batch_id)
            if told["items"]["answered"] >= items and (items < told["items"]["total"] or told["state"] == "done"):
                return told
            await asyncio.sleep(0.05)


async def given(session: aiohttp.ClientSession, url: str, batch_id: str) -> list[dict[str, Any]]:
    async with session.get(f"{url}/v1/batches/{batch_id}/results") as reply:
        assert reply.status == 200
        return [orjson.loads(line) for line in (await reply.read()).splitlines()]


def check_whole(folder: Path, found: list[dict[str, Any]], items: int) -> int:
    """
    Each item has one result, which the ledger has too, and no question is without an end; how many were asked more than
    once.
    """
    assert [one["line"] for one in found] == list(range(2, items + 2))
    assert Counter(one["outcome"] for one in found) == {"found": items - items // 3, "absent": items // 3}
    records = [
        orjson.loads(entry.record)
        for log in sorted((folder / "ledger").iterdir())
        if log.is_dir()
        for entry in LogReader(log).entries(flushed_only=False)
        if entry.record
    ]
    asked = [one["lookup_id"] for one in records if one["type"] == "asked"]
    ends = {one["lookup_id"]: one for one in records if one["type"] == "answered"}
    told = {one["answer"]["lookup_id"]: one["outcome"] for one in found}
    assert len(told) == items
    assert set(asked) == set(ends)
    assert {name: ends[name]["outcome"] for name in told} == told
    return len(asked) - items


@pytest.mark.faults
async def test_a_killed_batch_goes_on_where_it_was(tmp_path: Path, stand_ins: Running) -> None:
    """kill -9 and a plain restart in the middle: each item has one result, and few were asked once more."""
    items = 120
    with a_gateway(tmp_path, stand_ins.base_url) as gateway:
        gateway.start()
        async with caller() as session:
            batch_id = await brought(session, gateway.url, items)
            await answered(session, gateway.url, batch_id, 10)
            gateway.kill()
            await asyncio.to_thread(gateway.start)
            before = await standing(session, gateway.url, batch_id)
            await answered(session, gateway.url, batch_id, before["items"]["answered"] + 10)
            await asyncio.to_thread(gateway.stop)
            await asyncio.to_thread(gateway.start)
            told = await answered(session, gateway.url, batch_id, items)
            found = await given(session, gateway.url, batch_id)

    assert before["items"]["answered"] >= 10
    assert told["outcomes"] == {"found": 80, "absent": 40, "unknown": 0, "refused": 0}
    assert check_whole(tmp_path, found, items) < 60


async def test_several_workers_ask_each_item_once(tmp_path: Path, stand_ins: Running) -> None:
    """Two workers over one file: nobody asks what another has under its lease."""
    items = 60
    with a_gateway(tmp_path, stand_ins.base_url, "--workers", "2") as gateway:
        gateway.start()
        async with caller() as session:
            batch_id = await brought(session, gateway.url, items)
            await answered(session, gateway.url, batch_id, items)
            found = await given(session, gateway.url, batch_id)

    assert check_whole(tmp_path, found, items) == 0


@pytest.mark.faults
async def test_faults_batches_kill(tmp_path: Path, stand_ins: Running) -> None:
    """30 times kill -9 at some moment of a batch of 300: each ends with one result for each item."""
    campaign = Campaign("batches_kill", 30)
    for number in campaign:
        folder = tmp_path / str(number)
        folder.mkdir()
        with a_gateway(folder, stand_ins.base_url) as gateway:
            gateway.start()
            async with caller() as session:
                batch_id = await brought(session, gateway.url, 300)
                for kill in range(3):
                    await asyncio.sleep(0.05 + (number * 7 + kill * 13) % 30 / 40)
                    gateway.kill()
                    await asyncio.to_thread(gateway.start)
                await answered(session, gateway.url, batch_id, 300)
                found = await given(session, gateway.url, batch_id)
        campaign.note(killed=3, items=300, again=check_whole(folder, found, 300))

    assert len(campaign.done) == campaign.rounds


# --- the rows ------------------------------------------------------------------------------------


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    with address(request.param, tmp_path) as url:
        yield url


@pytest.fixture
async def shelf(database: str) -> AsyncIterator[Shelf]:
    opened = a_shelf(database)
    yield opened
    await opened.close()


def a_shelf(url: str, key: bytes = b"k" * 32, *, clock: str | None = None) -> Shelf:
    """One worker's; where instances share a database its leases go by the time that a test says, or by `clock`."""
    sealer = Sealer([key])
    shared = None if url.startswith("sqlite") else Shared(readable=sealer.begins, given_up=1000 * SECOND, clock=clock)
    return Shelf(SqlRows(Store.open(url, erases=True), shared), sealer, Outages(Metrics(), SystemClock()))


async def put(shelf: Shelf, batch_id: str, *, consumer: str = "one-stop", items: int = 3, at: int = 0) -> None:
    """A batch that has come whole."""
    batch = Kept(
        id=batch_id,
        consumer=consumer,
        by="api_key",
        asks="verifications",
        dataset="dancu.citizen",
        job=b"",
        state="coming",
        created_at=at,
    )
    await shelf.add(batch, BatchJob.model_validate(JOB | {"inquiry": _inquiry()}))
    await shelf.add_items(batch_id, [Line(number, b"{}") for number in range(2, 2 + items)])
    assert await shelf.complete(batch_id, total=items, claimed=["full_name"], named=None, most=10) == batch_id


def _inquiry() -> Any:
    return read(Inquiry, INQUIRY)


def result(line: int, outcome: str = "found") -> ResultRow:
    return ResultRow(line, b'{"line":%d}' % line, outcome)


async def test_a_worker_that_lost_its_lease_keeps_nothing(shelf: Shelf) -> None:
    """Who was silent for too long finds its batch taken, and its late results change nothing."""
    await put(shelf, "a")
    slow = await shelf.take("slow", 10 * SECOND, 20 * SECOND)
    early = await shelf.take("quick", 15 * SECOND, 25 * SECOND)
    quick = await shelf.take("quick", 20 * SECOND, 30 * SECOND)
    late = await shelf.settle("a", "slow", Settled(results=[result(2)]), 21 * SECOND, 31 * SECOND)
    kept = await shelf.settle("a", "quick", Settled(results=[result(2, "absent")]), 21 * SECOND, 31 * SECOND)

    assert slow is not None
    assert early is None
    assert quick is not None
    assert (late, kept) == (None, "open")
    assert [one.outcome for one in await shelf.results("a", 0, 10)] == ["absent"]


async def test_an_item_has_one_result_whatever_is_brought(shelf: Shelf) -> None:
    """A second result of one item is not kept and not counted."""
    await put(shelf, "a")
    await shelf.take("w", 1, 10 * SECOND)
    await shelf.settle("a", "w", Settled(results=[result(2), result(3)]), 2, 10 * SECOND)
    await shelf.settle("a", "w", Settled(results=[result(2, "absent"), result(4)]), 3, 10 * SECOND)
    found = await shelf.find("a")

    assert found is not None
    assert found[1] == {("found", ""): 3}
    assert await shelf.items("a", 0, 10) == []


async def test_batches_take_turns_and_a_consumer_has_one_at_a_time(shelf: Shelf) -> None:
    """Who has waited longest is next; a consumer whose batch is under way waits with its others."""
    await put(shelf, "a", at=1)
    await put(shelf, "b", at=2)
    await put(shelf, "c", consumer="other", at=3)
    taken = [await shelf.take(f"w{n}", 10, 100) for n in range(3)]
    await shelf.release("a", "w0")
    turns = [await shelf.take("w0", 20, 100)]
    await shelf.release("b", "w0", waits_until=1000, waits_for="too_many")
    turns += [await shelf.take("w0", 30, 100), await shelf.take("w3", 31, 100)]

    assert [one.id if one else None for one in taken] == ["a", "c", None]
    assert [one.id if one else None for one in turns] == ["b", "a", None]


async def test_a_cancelled_batch_takes_what_was_under_way(shelf: Shelf) -> None:
    """Answers that were under way are kept; the worker hears of the end, and inputs that nobody asks are gone."""
    await put(shelf, "a")
    await shelf.take("w", 1, 10 * SECOND)
    await shelf.cancel("a", 5, 1000)
    state = await shelf.settle("a", "w", Settled(results=[result(2)]), 6, 10 * SECOND)

    assert state == "cancelled"
    assert [one.line for one in await shelf.results("a", 0, 10)] == [2]


async def test_a_row_is_bound_to_its_batch_and_its_key(shelf: Shelf, database: str) -> None:
    """Under another secret, or in another batch, an item cannot be opened."""
    await put(shelf, "a", items=1)
    await put(shelf, "b", items=1)
    other = a_shelf(database, b"x" * 32)
    with pytest.raises(Unreadable, match="key_gone"):
        await other.items("a", 0, 10)
    await other.close()
    store = Store.open(database)
    with store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE batch_items SET item = (SELECT item FROM batch_items WHERE batch = 'b') WHERE batch = 'a'"
        )
    store.close()
    with pytest.raises(Unreadable, match="altered"):
        await shelf.items("a", 0, 10)


async def test_a_key_belongs_to_one_body(shelf: Shelf) -> None:
    """The same key with the same body finds the first batch, with another a conflict, for each consumer by itself."""
    named = Named(b"key", b"body")
    for batch_id, consumer in (("a", "one"), ("b", "one"), ("c", "two"), ("d", "one")):
        await shelf.add(
            Kept(
                id=batch_id,
                consumer=consumer,
                by="api_key",
                asks="lookups",
                dataset="x.y",
                job=b"",
                state="coming",
                created_at=0,
            ),
            BatchJob.model_validate(JOB | {"inquiry": _inquiry()}),
        )
    found = [await shelf.complete(one, total=1, claimed=[], named=named, most=9) for one in ("a", "b", "c")]
    with pytest.raises(IdempotencyConflict):
        await shelf.complete("d", total=1, claimed=[], named=Named(b"key", b"other"), most=9)

    assert found == ["a", "a", "c"]


@pytest.fixture
def shared() -> Iterator[str]:
    with postgresql() as url:
        yield url


async def test_instances_take_each_batch_once(shared: str) -> None:
    """Four instances that take at the same time get the batches of four consumers, one each, and never two of one."""
    shelves = [a_shelf(shared) for _ in range(4)]
    for number in range(8):
        await put(shelves[0], f"b{number}", consumer=f"c{number // 2}", at=number)
    taken: list[Kept | None] = []
    for _ in range(3):  # one that is busy taking may be passed over once
        taken += await asyncio.gather(*(one.take(f"w{nth}", 10, 100) for nth, one in enumerate(shelves)))
    for one in shelves:
        await one.close()

    found = [one for one in taken if one is not None]
    assert sorted(one.consumer for one in found) == ["c0", "c1", "c2", "c3"]
    assert len({one.id for one in found}) == 4


async def test_a_wrong_clock_takes_no_batch_from_another(shared: str) -> None:
    """Leases are by the database's clock: an instance whose own is an hour ahead leaves others what is theirs."""
    right, wrong = (a_shelf(shared, clock=DATABASE_CLOCK) for _ in range(2))
    await put(right, "a")
    mine = await right.take("right", 10 * SECOND, 40 * SECOND)
    its = await wrong.take("wrong", 3610 * SECOND, 3640 * SECOND)
    await right.release("a", "right")
    freed = await wrong.take("wrong", 3610 * SECOND, 3640 * SECOND)
    for one in (right, wrong):
        await one.close()

    assert mine is not None
    assert its is None
    assert freed is not None


async def test_a_batch_is_left_to_who_can_read_it(shared: str) -> None:
    """An instance without the secret of a batch does not take it, let alone give it up, before its time is over."""
    knows, lacks = a_shelf(shared), a_shelf(shared, b"x" * 32)
    await put(knows, "a")
    lacking = await lacks.take("lacks", 10, 100)
    knowing = await knows.take("knows", 10, 100)
    await knows.release("a", "knows")
    at_last = await lacks.take("lacks", 1001 * SECOND, 1002 * SECOND)
    for one in (knows, lacks):
        await one.close()

    assert lacking is None
    assert knowing is not None
    assert at_last is not None


async def test_two_that_delete_one_batch_leave_nothing(shared: str) -> None:
    """A batch that two instances delete at the same time is gone with all of its items."""
    shelves = [a_shelf(shared) for _ in range(2)]
    await put(shelves[0], "a", items=5000)
    await asyncio.gather(*(one.drop("a") for one in shelves))
    await shelves[0].prune(1, came_before=1)
    store = Store.open(shared)
    with store.reading() as connection:
        left = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM batch_items)"
        ).scalar()
    store.close()
    for one in shelves:
        await one.close()

    assert left == 0


def test_the_migrations_make_the_tables_of_batches(shared: str) -> None:
    """Between the newest migration and the tables of the code there is no difference."""
    store = Store.open(shared)
    migrate(store, BATCHES)
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}
    with store.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=ours), METADATA)
    store.close()

    assert differences == []


async def test_a_file_that_is_no_database_is_told_of(tmp_path: Path) -> None:
    """What cannot be read is an error of its own, and quotes nothing."""
    (tmp_path / "batches.db").write_bytes(b"no database" * 1000)
    shelf = a_shelf(f"sqlite:{tmp_path / 'batches.db'}")
    with pytest.raises(BatchesUnavailable) as raised:
        await shelf.find("a")
    await shelf.close()

    assert str(raised.value) == "batches: store: DatabaseError SQLITE_NOTADB"
