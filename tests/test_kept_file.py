"""Kept answers in a file: shared, sealed, and whatever is wrong with it is a miss and an alarm, never an answer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import app
from gateway.app_cache import forget
from gateway.cli import cli
from gateway.commands.keys import Algorithm, make
from gateway.crypto import Secrets
from gateway.errors import SettingsError
from gateway.kit.check import check_cache
from gateway.lookup.kept_row import bound
from gateway.lookup.pipeline import LookupResult
from gateway.settings import CacheSettings, KeysSettings, Settings, load
from gateway.stores.sealed_file import Row, SealedFile
from mocks.server import Running, running
from tests.conftest import FIRM, MAU, MovableClock, settings_for
from tests.office import Office, at_work

DAY_S = 24 * 3600
NAME = "NGUYỄN VĂN MẪU"


@pytest.fixture
async def stand_ins(clock: MovableClock) -> AsyncIterator[Running]:
    """Registries whose time is the test's."""
    async with running(now=lambda: clock.now().timestamp()) as served:
        yield served


@pytest.fixture
def settings(stand_ins: Running, tmp_path: Path) -> Settings:
    """The usual two registries, and a file of kept answers."""
    make(tmp_path / "keys", Algorithm.ES256)
    return settings_for(stand_ins.base_url).model_copy(
        update={
            "cache": CacheSettings(store="file", file=tmp_path / "cache.db"),
            "keys": KeysSettings(
                signing_key_file=tmp_path / "keys" / "signing-key.pem", secret_files=(tmp_path / "keys" / "secret",)
            ),
        }
    )


@pytest.fixture
async def worker(settings: Settings, clock: MovableClock) -> AsyncIterator[Callable[[], Any]]:
    """Makes one more worker on the same file."""
    async with AsyncExitStack() as working:

        async def one() -> Office:
            return await working.enter_async_context(at_work(settings, clock))

        yield one


async def citizen(office: Office, max_age_s: int = 600, **more: Any) -> LookupResult:
    """A person's answer, and whatever is to be written of it is written."""
    result = await office.ask(max_age_s=max_age_s, **more)
    await written(office)
    return result


async def written(office: Office) -> None:
    assert office.core.cache is not None
    assert office.core.cache._further is not None
    await asyncio.get_running_loop().run_in_executor(office.core.cache._further._thread, lambda: None)


def via(result: LookupResult) -> str:
    return result.answer.provenance.via


def alarms(office: Office, what: str) -> float:
    return office.count("gateway_cache_alarms_total", what=what)


def sql(file: Path, statement: str, *values: Any) -> list[Any]:
    """What somebody with the file in his hands may do."""
    with sqlite3.connect(file) as database:
        rows = database.execute(statement, values).fetchall()
    database.close()
    return rows


async def test_workers_of_one_machine_share_what_is_kept(worker: Any, clock: MovableClock) -> None:
    """What one has fetched another gives, with the same record and provenance, and its true age."""
    one, other = await worker(), await worker()
    live = await citizen(one)
    clock.advance(30)
    kept = await citizen(other)

    assert (via(kept), kept.answer.provenance.age_s) == ("cache", 30)
    assert kept.record == live.record
    assert kept.answer.fetched_by == live.lookup_id
    assert kept.answer.provenance.answered_at == live.answer.provenance.answered_at
    assert other.told.noted_ == ["dancu.citizen"]


async def test_a_restart_leaves_what_is_kept(settings: Settings, clock: MovableClock) -> None:
    """Until its time is over, which goes on meanwhile."""
    async with at_work(settings, clock) as office:
        await citizen(office)
    clock.advance(500)
    async with at_work(settings, clock) as office:
        assert via(await citizen(office)) == "cache"
    clock.advance(101)
    async with at_work(settings, clock) as office:
        assert via(await citizen(office)) == "live"


async def test_another_endpoint_is_another_registry(settings: Settings, clock: MovableClock) -> None:
    """What a registry's test endpoint said is never given as an answer of the real one."""
    async with at_work(settings, clock) as office:
        await citizen(office)
    moved = settings.registries["dancu"].model_copy(update={"endpoint": f"{settings.registries['dancu'].endpoint}/"})
    settings = settings.model_copy(update={"registries": {**settings.registries, "dancu": moved}})
    async with at_work(settings, clock) as office:
        found = await office.ask(max_age_s=600)
        assert found.answer.provenance.via == "live"


async def test_nothing_in_the_file_can_be_read(worker: Any, settings: Settings) -> None:
    """No name, no number, no code: neither in the file nor in the log that is written ahead; for its owner alone."""
    office = await worker()
    await citizen(office)
    files = [file for file in settings.cache.file.parent.iterdir() if file.name.startswith("cache.db")]  # type: ignore[union-attr]
    content = b"".join(file.read_bytes() for file in files)

    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    assert sql(settings.cache.file, "SELECT count(*) FROM kept") == [(1,)]  # type: ignore[arg-type]
    for canary in (NAME, "NGUY", MAU["citizen_id"], "full_name", "canbo.mau"):
        assert canary.encode() not in content


async def test_an_answer_asked_anew_replaces_the_one_in_the_file(worker: Any, clock: MovableClock) -> None:
    """`max_age_s` 0 keeps nothing, but no older answer is left for anybody who comes later."""
    one, other, third = await worker(), await worker(), await worker()
    await citizen(other, 0)
    await citizen(one)
    clock.advance(100)
    await citizen(other, 0)
    clock.advance(5)

    assert (await citizen(third)).answer.provenance.age_s == 5


# --- a file in somebody's hands --------------------------------------------------------------------


async def test_c01_rows_that_are_exchanged_are_refused(worker: Any, settings: Settings) -> None:
    """Nobody reads another's data: a row counts only where it was written."""
    one, other = await worker(), await worker()
    await citizen(one, fields=["full_name"])
    await citizen(one, fields=["birth_date"])
    rows = sql(settings.cache.file, "SELECT place, subject, at, ends, sealed FROM kept")  # type: ignore[arg-type]
    for (place, *_), (_, *theirs) in zip(rows, reversed(rows), strict=True):
        statement = "UPDATE kept SET subject = ?, at = ?, ends = ?, sealed = ? WHERE place = ?"
        sql(settings.cache.file, statement, *theirs, place)  # type: ignore[arg-type]

    assert [via(await citizen(other, fields=[name])) for name in ("full_name", "birth_date")] == ["live"] * 2
    assert alarms(other, "altered") == 2


@pytest.mark.parametrize(
    "change",
    ["subject = 'x'", "at = at + 1", "ends = ends + 1000000", "sealed = zeroblob(200)", "sealed = x''"],
)
async def test_a_row_with_anything_changed_is_refused(change: str, worker: Any, settings: Settings) -> None:
    """Its times and its subject are bound to it too; what cannot be believed is deleted, and asked anew."""
    one, other = await worker(), await worker()
    await citizen(one)
    sql(settings.cache.file, f"UPDATE kept SET {change}")  # type: ignore[arg-type]  # noqa: S608

    assert via(await citizen(other)) == "live"
    assert alarms(other, "altered") == 1
    assert via(await citizen(await worker())) == "cache"


async def test_c02_an_old_row_that_is_put_back_is_refused(worker: Any, settings: Settings, clock: MovableClock) -> None:
    """By every process that has seen a newer one in its place; and nobody takes it for younger than it is."""
    one, other = await worker(), await worker()
    await citizen(one)
    (old,) = sql(settings.cache.file, "SELECT * FROM kept")  # type: ignore[arg-type]
    clock.advance(100)
    await citizen(one, 10)
    assert (await citizen(other)).answer.provenance.age_s == 0
    sql(settings.cache.file, "REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", *old)  # type: ignore[arg-type]
    stranger = await worker()
    assert (await citizen(stranger)).answer.provenance.age_s == 100
    clock.advance(501)
    other.core.cache._kept._answers.clear()

    assert via(await citizen(other)) == "live"
    assert alarms(other, "rolled_back") == 1
    assert via(await citizen(await worker(), 10)) == "cache"


async def test_c04_f45_a_secret_that_is_gone_is_a_miss(settings: Settings, clock: MovableClock, tmp_path: Path) -> None:
    """What was sealed under it is deleted at the next start, with an alarm; everything else goes on."""
    async with at_work(settings, clock) as office:
        await citizen(office)
    make(tmp_path / "new", Algorithm.ES256)
    changed = settings.keys.model_copy(update={"secret_files": (tmp_path / "new" / "secret",)})  # type: ignore[union-attr]
    async with at_work(settings.model_copy(update={"keys": changed}), clock) as office:
        assert [via(await citizen(office)) for _ in range(2)] == ["live", "cache"]
        assert alarms(office, "key_gone") == 1


@pytest.mark.parametrize("content", [b"\xff" * 8192, b"SQLite format 3\0" + b"\x01" * 9000], ids=["noise", "header"])
async def test_f45_a_file_that_is_none_is_a_miss(content: bytes, settings: Settings, clock: MovableClock) -> None:
    """
    The gateway starts and answers, leaves the file as it is, and raises an alarm. It keeps nothing: nobody could tell
    this worker whom to forget.
    """
    file = settings.cache.file
    assert file is not None
    file.write_bytes(content)  # a test's own file
    async with at_work(settings, clock) as office:
        assert [via(await citizen(office)) for _ in range(2)] == ["live", "live"]
        assert alarms(office, "damaged") == 1
        (said,) = check_cache(office.core)
        assert (said.probe.ok, said.probe.detail) == (False, "file: damaged")
    assert file.read_bytes() == content  # a test's own file


async def test_f45_a_file_that_is_damaged_under_way_is_a_miss(
    worker: Any, settings: Settings, clock: MovableClock
) -> None:
    """Whatever is read from then on is asked for; no question fails, and no answer is wrong."""
    one = await worker()
    for name in ("full_name", "birth_date", "sex"):
        await citizen(one, fields=[name])
    file = settings.cache.file
    assert file is not None
    sql(file, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = file.stat().st_size  # a test's own file
    with file.open("r+b") as opened:  # a test's own file
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))
    other = await worker()

    for name in ("full_name", "birth_date", "sex"):
        result = await citizen(other, fields=[name])
        assert (via(result), set(result.record.values if result.record else ())) == ("live", {name})
    assert alarms(other, "damaged") == 1


async def test_f45_a_file_that_another_holds_is_not_waited_for(worker: Any, settings: Settings) -> None:
    """Who locks the file keeps nobody from an answer."""
    one, other = await worker(), await worker()
    await citizen(one)
    with sqlite3.connect(settings.cache.file, isolation_level=None) as holder:  # type: ignore[arg-type]
        holder.execute("BEGIN IMMEDIATE")
        result = await citizen(other, fields=["full_name"])
        holder.execute("ROLLBACK")
    holder.close()

    assert via(result) == "live"
    assert alarms(other, "unavailable") == 1


def test_workers_may_begin_at_the_same_moment(tmp_path: Path) -> None:
    """None of them takes a file that another is just making for a damaged one."""
    for number in range(5):
        with ThreadPoolExecutor(8) as workers:
            opening = [workers.submit(SealedFile, tmp_path / f"{number}.db", size=1 << 20) for _ in range(8)]
        for opened in opening:
            opened.result().close()


async def test_what_another_form_of_the_program_wrote_is_a_miss(worker: Any, settings: Settings) -> None:
    """A row that is ours, but says something else, is deleted and asked anew."""
    one, other = await worker(), await worker()
    await citizen(one)
    file = one.core.cache._further
    (row,) = sql(settings.cache.file, "SELECT place, subject, at, ends, sealed FROM kept")  # type: ignore[arg-type]
    sealed = file._form.sealer.seal(b'{"record":{}}', bound(*row[:4]))
    sql(settings.cache.file, "UPDATE kept SET sealed = ?", sealed)  # type: ignore[arg-type]

    assert [via(await citizen(other)) for _ in range(2)] == ["live", "cache"]


async def test_a_clock_that_was_set_back_makes_no_answer_younger(worker: Any, clock: MovableClock) -> None:
    """Within one boot its age is that of the time which cannot be set back; what lies in the future is not given."""
    one, other = await worker(), await worker()
    await citizen(one)
    clock.advance(400)
    clock._now -= timedelta(seconds=390)
    assert (await citizen(other)).answer.provenance.age_s == 400
    clock._now -= timedelta(hours=1)
    assert via(await citizen(await worker())) == "live"


async def test_another_programs_database_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    """A file that is somebody else's stops the start and is named; so does a folder that is not there."""
    sql(tmp_path / "index.db", "CREATE TABLE entries (x)")
    for file, message in ((tmp_path / "index.db", "another program's database"), (tmp_path / "no" / "x", "No such")):
        cache = CacheSettings(store="file", file=file)
        with pytest.raises(SettingsError, match=message):
            app.build(settings.model_copy(update={"cache": cache}))


def test_a_file_wants_keys(tmp_path: Path) -> None:
    """What lies in a file is sealed; without a secret the gateway does not start."""
    cache = CacheSettings(store="file", file=tmp_path / "cache.db")
    with pytest.raises(SettingsError, match="keys"):
        app.build(settings_for("http://registry.invalid").model_copy(update={"cache": cache}))


# --- forgetting ------------------------------------------------------------------------------------


async def test_c08_who_is_forgotten_stands_in_no_file(worker: Any, settings: Settings, clock: MovableClock) -> None:
    """
    Of his rows no byte is left in the file or in the log that is written ahead; one that is put back from a copy is
    refused, and the other workers forget him too. Others' rows stay.
    """
    one, other = await worker(), await worker()
    await citizen(one)
    await citizen(other)
    await one.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S)
    await written(one)
    file = settings.cache.file
    assert file is not None
    subject_rows = "SELECT * FROM kept WHERE ends - at < 1000000000"
    (row,) = sql(file, subject_rows)
    clock.advance(1)

    assert await one.core.cache.forget("person", MAU["citizen_id"]) == 1
    content = b"".join(found.read_bytes() for found in file.parent.glob("cache.db*"))  # a test's own
    assert row[4][40:80] not in content
    assert row[0] not in content
    assert len(sql(file, "SELECT * FROM kept")) == 1
    sql(file, "REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", *row)
    await other.core.cache._follow(other.core.cache._further)
    for office in (one, other, await worker()):
        assert (await citizen(office)).answer.provenance.asked_at == clock.now()


def test_c08_a_full_file_forgets_too(tmp_path: Path) -> None:
    """Whoever is forgotten while the file is full makes room for the note that says so."""
    rows = SealedFile(tmp_path / "cache.db", size=200 * 4096)
    for number in range(400):
        rows.put(Row(b"%d" % number, f"subject-{number}", 1, 1000 + number, b"x" * 3000))

    for number in range(1000, 1600):
        rows.forget([f"subject-{number}-{'x' * 60}"], 2, least_ends=10)
    forgotten = rows.forget(["subject-399"], 2, least_ends=10)
    kept = rows.get(b"399")
    rows.close()

    assert kept is None
    assert forgotten in {0, 1}


def test_c08_a_command_forgets_somebody_for_all_workers(tmp_path: Path) -> None:
    """The number comes by standard input; how many answers there were is printed."""
    make(tmp_path / "keys", Algorithm.ES256)
    file = tmp_path / "gateway.toml"
    keys = 'signing_key_file = "keys/signing-key.pem"\nsecret_files = ["keys/secret"]'
    file.write_text(f'[keys]\n{keys}\n[cache]\nstore = "file"\nfile = "cache.db"\n')
    (subject,) = Secrets.load((tmp_path / "keys" / "secret",)).pseudonyms("person", MAU["citizen_id"])
    rows = SealedFile(tmp_path / "cache.db", size=1 << 20)
    for place, about in ((b"1", subject), (b"2", subject), (b"3", "another")):
        rows.put(Row(place, about, 1, 2, b"sealed"))

    done = CliRunner().invoke(cli, ["cache", "forget", "-s", str(file)], input=f"{MAU['citizen_id']}\n")
    left = [rows.get(place) is not None for place in (b"1", b"2", b"3")]
    rows.close()

    assert (done.exit_code, done.stdout.strip(), left) == (0, "2", [False, False, True])
    assert "Idempotency-Key" in done.stderr  # what it does not reach is said where it is used
    file.write_text(f"[keys]\n{keys}\n")
    with pytest.raises(SettingsError, match="restart"):
        forget(load(file), "person", MAU["citizen_id"])


class Slow:
    """The rows on a disk that takes longer than a look may."""

    def __init__(self, rows: SealedFile) -> None:
        self._rows = rows

    def forgotten_since(self, since: int) -> Any:
        found = self._rows.forgotten_since(since)
        time.sleep(0.3)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


async def test_c08_polls_that_come_too_late_lose_nobody(worker: Any, clock: MovableClock) -> None:
    """Two looks in a row that nobody could wait for: the third one still tells who was forgotten before the first."""
    one, other = await worker(), await worker()
    await citizen(one)
    await citizen(other)
    assert await other.core.cache.forget("person", MAU["citizen_id"]) == 1
    file, told = one.core.cache._further, []
    quick, file._rows = file._rows, Slow(file._rows)
    for _ in range(2):
        clock.advance(6)
        told.append(await file.news())
        await written(one)
    file._rows = quick
    clock.advance(6)
    told.append(await file.news())

    assert [len(some) for some in told] == [0, 0, 1]


@pytest.mark.parametrize("column", ["sealed", "subject", "at", "ends"])
@pytest.mark.parametrize("value", ["text", 7, 1.5, b"bytes"])
async def test_a_row_of_another_kind_is_a_miss_and_no_error(
    column: str, value: Any, worker: Any, settings: Settings
) -> None:
    """SQLite keeps whatever is put into a column: a text for a number, a number for bytes. The registry is asked."""
    one, other = await worker(), await worker()
    await citizen(one)
    sql(settings.cache.file, f"UPDATE kept SET {column} = ?", value)  # type: ignore[arg-type]  # noqa: S608

    assert via(await citizen(other)) == "live"


async def test_what_has_ended_is_deleted(worker: Any, settings: Settings, clock: MovableClock) -> None:
    """Though nobody asks for it."""
    office = await worker()
    await citizen(office)
    clock.advance(610)
    cache = office.core.cache
    cache._sweep()
    await cache._following

    assert sql(settings.cache.file, "SELECT count(*) FROM kept") == [(0,)]  # type: ignore[arg-type]
    assert len(cache._kept) == 0


async def test_a_full_file_makes_room(settings: Settings, clock: MovableClock, tmp_path: Path) -> None:
    """Those that end first go, and nothing fails."""
    cache = settings.cache.model_copy(update={"file_bytes": 1024 * 1024})
    async with at_work(settings.model_copy(update={"cache": cache}), clock) as office:
        await citizen(office)
        kept_file = office.core.cache._further  # type: ignore[union-attr]
        (kept,) = office.core.cache._kept._answers.values()  # type: ignore[union-attr]
        for number in range(1_500):
            kept_file._write(kept_file._form.row(number.to_bytes(32, "big"), kept), False)  # type: ignore[union-attr]
        assert alarms(office, "unavailable") == 0
    assert 100 < sql(settings.cache.file, "SELECT count(*) FROM kept")[0][0] < 1_500  # type: ignore[arg-type]
    assert (tmp_path / "cache.db").stat().st_size <= 1024 * 1024
