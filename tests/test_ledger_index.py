"""The index of the ledger, over SQLite and over a real PostgreSQL: fed afterwards, never the truth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.errors import SettingsError, StoreUnavailable
from gateway.ledger.follower import Follower
from gateway.ledger.index import Index
from gateway.ledger.questions import Incident, Place, Questions
from gateway.ledger.tables import METADATA
from gateway.stores.migration import BATCHES, INDEX, migrate, version
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from tests.conftest import MovableClock
from tests.index_parts import (
    KINDS,
    START,
    SegmentLog,
    address,
    answered,
    asked,
    lookup_id,
    lookups,
    opened,
    postgresql,
    refused,
)

ME = ("5a" * 16,)
LATER = START + timedelta(days=1)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as one:
        yield one


@pytest.fixture
def index(store: Store) -> Index:
    return Index(store)


@pytest.fixture
def questions(store: Store) -> Questions:
    return Questions(store)


@pytest.fixture
def log(tmp_path: Path) -> SegmentLog:
    return SegmentLog(tmp_path / "ledger")


def fed(index: Index, *logs: SegmentLog, most: int = 1000) -> None:
    for log in logs:
        while index.feed(log, most=most):
            pass


# --- the store -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_many_processes_may_migrate_at_once(kind: str, tmp_path: Path) -> None:
    """Of several that start at once one makes the tables, the others find them made, and all go on."""
    with address(kind, tmp_path) as url:
        stores = [Store.open(url) for _ in range(4)]
        came: list[str] = []
        threads = [threading.Thread(target=lambda one=one: came.append(migrate(one))) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(came) == 4
        assert len(set(came)) == 1
        assert {version(one) for one in stores} == set(came)
        for one in stores:
            one.close()


def test_parts_may_migrate_at_once_in_one_process(tmp_path: Path) -> None:
    """Parts make their tables in threads of one process, each in a database of its own."""
    parts = (INDEX, BATCHES) * 4
    stores = [Store.open(f"sqlite:{tmp_path / str(number)}") for number in range(len(parts))]
    with ThreadPoolExecutor(len(parts)) as threads:
        came = list(threads.map(migrate, stores, parts))
    found = [version(*one) for one in zip(stores, parts, strict=True)]
    for one in stores:
        one.close()

    assert came == found == [one.newest for one in parts]


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    """Between the newest migration and the tables of the code there is no difference."""
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), METADATA) == []


def test_tables_of_a_newer_program_are_left_alone(store: Store) -> None:
    """A program that is older than its database says so, and changes nothing."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreUnavailable, match="newer"):
        migrate(store)

    assert version(store) == "9999"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://gateway:canary-1234@db.invalid/ledger",
        "postgresql+psycopg://gateway@db.invalid/ledger?password=canary-1234",
        "mysql://gateway:canary-1234@db.invalid/ledger",
        "postgresql+psycopg://gateway:canary-1234@db.invalid",
        "sqlite:",
        "canary-1234",
    ],
)
def test_an_address_with_a_password_or_of_another_kind_is_refused(url: str) -> None:
    """What is wrong with an address is said without quoting any of it."""
    with pytest.raises(SettingsError) as refusal:
        Store.open(url)

    assert "canary" not in str(refusal.value)


def test_a_password_shows_nowhere() -> None:
    """A server that cannot be reached is a typed error, in which neither password nor host stands."""
    asked_for: list[str] = []

    def password() -> str:
        asked_for.append("once")
        return "canary-1234"

    store = Store.open("postgresql+psycopg://gateway@127.0.0.1:1/ledger", password)
    with pytest.raises(StoreUnavailable) as failure, store.reading():
        pass

    assert asked_for
    assert failure.value.__cause__ is None
    for text in (str(failure.value), repr(failure.value), repr(store), repr(vars(store))):
        assert "canary" not in text


def test_a_failed_statement_quotes_no_value(store: Store) -> None:
    """An error inside a transaction undoes it, and names neither statement nor values."""

    def write() -> None:
        with store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO ledger_positions (log, next) VALUES ('x', 1)")
            connection.exec_driver_sql("INSERT INTO no_such_table VALUES ('canary-1234')")

    with pytest.raises(StoreUnavailable) as failure:
        write()

    assert "canary" not in str(failure.value)
    assert Index(store).position("x") == 0


# --- feeding -------------------------------------------------------------------------------------


def test_an_index_fed_in_pieces_is_the_same(index: Index, questions: Questions, log: SegmentLog) -> None:
    """However the log is cut into batches, and however often it is fed, the index says the same in the end."""
    lookups(log, range(20))
    fed(index, log)
    whole = questions.about(ME, now=LATER, limit=100)
    index.rebuild(log)
    assert questions.about(ME, now=LATER, limit=100) == whole

    for log_in_pieces, most in ((replace_origin(log, "gateway.test/1"), 1), (replace_origin(log, "gateway.test/2"), 7)):
        fed(index, log_in_pieces, most=most)
        assert index.position(log_in_pieces.origin) == 40
        assert index.feed(log_in_pieces) == 0

    both = questions.about(ME, now=LATER, limit=100)
    assert [one.lookup_id for one in both] == sorted([one.lookup_id for one in whole] * 3, reverse=True)
    assert {one.outcome for one in both} == {"found"}


def replace_origin(log: SegmentLog, origin: str) -> SegmentLog:
    other = SegmentLog(log._folder.parent, origin)
    for entry in log.entries():
        other.append_raw(entry.record or b"")
    return other


def test_a_feed_that_broke_off_leaves_nothing_behind(index: Index, log: SegmentLog) -> None:
    """Rows and position are of one transaction: a reader that fails half-way has fed nothing, and is fed again."""

    class Breaking(SegmentLog):
        def entries(self, start: int = 0, stop: int | None = None):  # type: ignore[no-untyped-def]
            for entry in super().entries(start, stop):
                if entry.index == 3:
                    raise OSError("the disk is gone")
                yield entry

    broken = Breaking(log._folder.parent.parent / "broken")
    lookups(broken, range(5))
    with pytest.raises(OSError, match="disk"):
        index.feed(broken)
    assert index.position(broken.origin) == 0

    lookups(log, range(5))
    fed(index, log)
    assert index.position(log.origin) == 10


def test_several_processes_feed_one_log_once(store: Store, log: SegmentLog, questions: Questions) -> None:
    """Whoever feeds at the same time waits or goes away: no record comes in twice."""
    lookups(log, range(60))
    failures: list[Exception] = []

    def feed() -> None:
        index = Index(store)
        try:
            while index.position(log.origin) < log.size:
                index.feed(log, most=10)
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=feed) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert len(questions.about(ME, now=LATER, limit=100)) == 60


def test_an_outcome_finds_its_question_in_another_batch(index: Index, questions: Questions, log: SegmentLog) -> None:
    """A question without an answer has no outcome; the answer, or its failure to leave, is added when it comes."""
    log.append(asked(0), asked(1), asked(2))
    fed(index, log)
    assert [one.outcome for one in questions.about(ME, now=LATER, limit=9)] == [None, None, None]

    log.append(answered(0, 0, "found"), answered(1, 1, "absent"), answered(2, 2, "found"))
    fed(index, log)
    log.append({"type": "undelivered", "at": START, "lookup_id": lookup_id(2)})
    fed(index, log)

    assert [one.outcome for one in questions.about(ME, now=LATER, limit=9)] == ["undelivered", "absent", "found"]


def test_odd_records_stop_nobody(index: Index, questions: Questions, log: SegmentLog) -> None:
    """Bytes that are no record, unknown types and values of the wrong kind are passed over; what follows is fed."""
    log.append_raw(b"\xff\xfe not JSON")
    log.append_raw(b"[1, 2]")
    log.append({"type": "of another age", "at": 7}, {"at": "yesterday"}, asked(0, account="nul\0", fields=[1, "a"]))
    log.append(answered(0, 4, asked=[4]), answered(0, 4, asked=999), answered(0, 4))
    fed(index, log)

    (seen,) = questions.about(ME, now=LATER, limit=9)
    assert seen.outcome == "found"
    assert index.position(log.origin) == 8


def test_a_rebuilt_index_is_what_the_segments_say(
    index: Index, questions: Questions, store: Store, log: SegmentLog
) -> None:
    """Whatever somebody wrote into the index is gone after a rebuild; other logs' rows are not touched."""
    other = SegmentLog(log._folder.parent, "gateway.test/9")
    lookups(log, range(3))
    lookups(other, range(3, 5))
    fed(index, log, other)
    before = questions.about(ME, now=LATER, limit=99)
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_entries WHERE log = 'gateway.test/0' AND type = 'asked'")
        connection.exec_driver_sql("UPDATE ledger_positions SET next = 2 WHERE log = 'gateway.test/0'")

    assert index.rebuild(log) == 6

    assert questions.about(ME, now=LATER, limit=99) == before
    assert index.position(log.origin) == 6


def test_a_destroyed_record_has_no_personal_detail_left(
    index: Index, questions: Questions, store: Store, log: SegmentLog
) -> None:
    """Both a record that was destroyed before it was fed, and one that is destroyed afterwards, keep only a place."""
    lookups(log, range(3))
    log.destroy(0)
    fed(index, log)
    admin = SegmentLog(log._folder.parent, "gateway.test/admin")
    admin.append({"type": "destroyed", "at": START, "log": log.origin, "ranges": [[0, 1], [4, 5]], "leaves": "00"})
    fed(index, admin)

    assert [one.lookup_id for one in questions.about(ME, now=LATER, limit=9)] == [lookup_id(1)]
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM ledger_entries WHERE type = 'gone' ORDER BY 2").fetchall()
    assert [tuple(value for value in row if value is not None) for row in rows] == [
        ("gateway.test/0", nth, "gone") for nth in (0, 1, 4, 5)
    ]


# --- one person's lookups ------------------------------------------------------------------------


def test_lookups_of_all_logs_come_newest_first_and_in_pages(
    index: Index, questions: Questions, log: SegmentLog
) -> None:
    """The logs of several workers are one list; each page begins where the one before it ended."""
    other = SegmentLog(log._folder.parent, "gateway.test/1")
    lookups(log, range(0, 10, 2))
    lookups(other, range(1, 10, 2))
    lookups(other, range(10, 13), subject="00" * 16)
    fed(index, log, other)

    pages, before = [], None
    while page := questions.about(ME, now=LATER, limit=4, before=before):
        pages.append([one.lookup_id for one in page])
        before = Place.read(Place(int(page[-1].at.timestamp() * 1_000_000), page[-1].lookup_id).text())

    assert [len(page) for page in pages] == [4, 4, 2]
    assert [one for page in pages for one in page] == [lookup_id(nth) for nth in reversed(range(10))]


def test_older_secrets_and_old_numbers_are_the_same_person(index: Index, questions: Questions, log: SegmentLog) -> None:
    """All pseudonyms of a person are asked for at once; the period is from an instant up to, not with, another."""
    log.append(asked(0), asked(1, subject="6b" * 16), asked(2, subject="7c" * 16), refused(3, subject="5a" * 16))
    fed(index, log)

    found = questions.about((*ME, "6b" * 16), now=LATER, limit=9)
    part = questions.about(
        (*ME, "6b" * 16), now=LATER, limit=9, since=START + timedelta(minutes=1), until=START + timedelta(minutes=3)
    )

    assert [(one.lookup_id, one.refused) for one in found] == [
        (lookup_id(3), True),
        (lookup_id(1), False),
        (lookup_id(0), False),
    ]
    assert [one.lookup_id for one in part] == [lookup_id(1)]


@pytest.mark.parametrize("of", [{"case_id": "H08.12-260301-0001"}, {"lookup_id": lookup_id(1)}])
def test_what_is_hidden_shows_again_when_its_time_is_over(
    of: dict[str, str], index: Index, questions: Questions, log: SegmentLog
) -> None:
    """A hiding, of a dossier or of one lookup, holds until its date and not longer."""
    lookups(log, range(3))
    admin = SegmentLog(log._folder.parent, "gateway.test/admin")
    admin.append(
        {"type": "hidden", "at": START, "rule": "investigation", "until": LATER, "approved_by": ["a", "b"]} | of
    )
    fed(index, log, admin)

    during = questions.about(ME, now=LATER - timedelta(seconds=1), limit=9)
    after = questions.about(ME, now=LATER, limit=9)

    assert [one.lookup_id for one in during] == [lookup_id(2), lookup_id(0)]
    assert [one.lookup_id for one in after] == [lookup_id(2), lookup_id(1), lookup_id(0)]


# --- incidents -----------------------------------------------------------------------------------


def test_an_incident_names_people_fields_and_officers(index: Index, questions: Questions, log: SegmentLog) -> None:
    """Lookups between two instants are counted by officer, dataset, fields and whether data left, and by person."""
    lookups(log, range(4))
    lookups(log, range(4, 6), account="canbo.hai", subject="6b" * 16)
    lookups(log, range(6, 7), "absent", account="canbo.hai", subject="6b" * 16)
    log.append(asked(7, subject=None), refused(8))
    fed(index, log)
    whole = Incident(since=START, until=LATER)

    with questions.incident(whole) as groups:
        found = [(group[0], group[3], group[7], group[8]) for group in groups]

    assert sorted(found, key=str) == [
        ("5a" * 16, "canbo.mau", 1, 4),
        ("6b" * 16, "canbo.hai", 0, 1),
        ("6b" * 16, "canbo.hai", 1, 2),
        (None, "canbo.mau", 0, 1),
    ]
    subjects = [subject for subject, *_ in found if subject is not None]
    assert subjects == sorted(subjects)


@pytest.mark.parametrize(
    ("part", "lookups_left"),
    [
        ({"account": "canbo.hai"}, 2),
        ({"agency": "H08.12"}, 6),
        ({"agency": "H08.13"}, 0),
        ({"consumer": "one-stop", "dataset": "dancu.citizen"}, 6),
        ({"since": START + timedelta(minutes=3)}, 3),
        ({"until": START + timedelta(minutes=3)}, 3),
    ],
)
def test_an_incident_may_be_a_part(
    part: dict[str, object], lookups_left: int, index: Index, questions: Questions, log: SegmentLog
) -> None:
    """Consumer, agency, account, dataset and both instants narrow it down."""
    lookups(log, range(4))
    lookups(log, range(4, 6), account="canbo.hai")
    fed(index, log)

    incident = replace(Incident(since=START, until=LATER), **part)

    with questions.incident(incident) as groups:
        assert sum(group[8] for group in groups) == lookups_left


# --- the follower --------------------------------------------------------------------------------


def lag(metrics: Metrics) -> tuple[float | None, float | None]:
    value = metrics.registry.get_sample_value
    return value("gateway_index_lag_records"), value("gateway_index_behind_seconds")


def test_the_follower_catches_up_after_an_outage(tmp_path: Path, log: SegmentLog, clock: MovableClock) -> None:
    """While the database is away the lag is told; when it comes, nothing of what was missed is missing."""
    lookups(log, range(3))
    metrics = Metrics()
    clock.advance(3600)
    folder = tmp_path / "not-there-yet"
    index = Index(Store.open(f"sqlite:{folder / 'index.db'}"))
    follower = Follower(index, lambda: [log], metrics=metrics, clock=clock)

    assert not follower.once()
    assert lag(metrics) == (6.0, (clock.now() - START).total_seconds())

    folder.mkdir()
    assert follower.once()

    assert lag(metrics) == (0.0, 0.0)
    assert len(Questions(index.store).about(ME, now=LATER, limit=9)) == 3
    index.store.close()


def test_the_follower_ends_when_it_is_told(store: Store, log: SegmentLog, clock: MovableClock) -> None:
    """A follower's thread feeds by itself, also logs that come later, and ends at once when it is stopped."""
    fed_all = threading.Event()
    logs = [log]

    def sources() -> list[SegmentLog]:
        if len(logs) == 2 and all(Index(store).position(one.origin) == one.size for one in logs):
            fed_all.set()
        return list(logs)

    lookups(log, range(3))
    follower = Follower(Index(store), sources, metrics=Metrics(), clock=clock, every_s=0.01)
    follower.start()
    late = SegmentLog(log._folder.parent, "gateway.test/1")
    lookups(late, range(3, 6))
    logs.append(late)

    assert fed_all.wait(10)
    follower.stop()
    assert len(Questions(store).about(ME, now=LATER, limit=9)) == 6


def test_a_log_that_is_shorter_than_its_index_is_told_and_left(
    store: Store, log: SegmentLog, tmp_path: Path, clock: MovableClock
) -> None:
    """An index that has more than the log points at a log that was cut: nothing is thrown away by itself."""
    lookups(log, range(3))
    fed(Index(store), log)
    cut = SegmentLog(tmp_path / "cut")
    lookups(cut, range(1))

    assert Follower(Index(store), lambda: [cut], metrics=Metrics(), clock=clock).once()

    assert Index(store).position(log.origin) == 6


def test_a_log_that_cannot_be_read_is_tried_again(store: Store, log: SegmentLog, clock: MovableClock) -> None:
    """An error of the disk ends no thread: the next round reads on."""
    lookups(log, range(2))
    broken = [True]

    def sources() -> list[SegmentLog]:
        if broken:
            raise OSError("no such folder")
        return [log]

    follower = Follower(Index(store), sources, metrics=Metrics(), clock=clock)

    assert not follower.once()
    broken.clear()
    assert follower.once()
    assert Index(store).position(log.origin) == 4


def test_a_schema_of_its_own_is_gone_after_the_test() -> None:
    """Whatever a test makes in PostgreSQL is dropped with its schema."""
    with postgresql() as url:
        store = Store.open(url)
        migrate(store)
        store.close()

    store = Store.open(url)
    with pytest.raises(StoreUnavailable):
        Index(store).position("x")
    store.close()
