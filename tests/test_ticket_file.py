"""Tickets as they are kept, in a file and in PostgreSQL: claimed once, ended once, whoever dies or is late."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import SettingsError, TicketsUnavailable
from gateway.stores.instants import CALLERS_CLOCK
from gateway.stores.sql import Store
from gateway.stores.ticket_database import TicketDatabase
from gateway.stores.ticket_file import TicketFile
from gateway.stores.ticket_sql import SqlTickets
from gateway.stores.tickets import Claim, Delivery, End, State, Ticket
from tests.index_parts import KINDS, postgresql

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def ticket(number: int, **more: object) -> Ticket:
    one = Ticket(
        ticket_id=f"t{number:04}",
        plan_id=f"p{number:04}",
        consumer="one-stop",
        case_id="H08.12-260301-0001",
        procedure="1.001193",
        case="general",
        paper="identity",
        fingerprint=number.to_bytes(4, "big"),
        question=b"sealed",
        opened_at=NOW,
        due_at=NOW,
        expires_at=NOW + timedelta(days=3),
        situation="timeout",
        dataset="dancu.citizen",
        asked_at=NOW,
        attempts=1,
    )
    return replace(one, **more)  # type: ignore[arg-type]


def claim(token: str, now: datetime = NOW) -> Claim:
    return Claim(token, now + timedelta(seconds=10))


def claimed(kept: SqlTickets, token: str, now: datetime = NOW, after: str = "") -> list[str]:
    return [one.ticket_id for one in kept.claim(claim(token, now), now, after=after, only_expired=False)]


WAIVED = End(state=State.ANSWERED, at=NOW, situation="matching", decision="waived", answer=b"s", delivery=Delivery.DUE)


@contextmanager
def stores(kind: str, folder: Path, count: int = 1) -> Iterator[list[SqlTickets]]:
    """So many instances' doors to one store. PostgreSQL goes by the time that a test says, not by its own."""
    made: list[SqlTickets]
    with ExitStack() as ending:
        if kind == "sqlite":
            made = [TicketFile(folder / "tickets.db") for _ in range(count)]
        else:
            url = ending.enter_context(postgresql())
            made = [TicketDatabase(Store.open(url), [b"mark"], clock=CALLERS_CLOCK) for _ in range(count)]
        for one in made:
            ending.callback(one.close)
        yield made


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlTickets]:
    with stores(request.param, tmp_path) as made:
        yield made[0]


def test_a_ticket_is_claimed_by_one(kept: SqlTickets) -> None:
    """Whoever comes second gets nothing until the first one's time is over; then it is asked about again."""
    kept.open([ticket(1)], most=10)

    assert claimed(kept, "first") == ["t0001"]
    assert claimed(kept, "second") == []
    assert claimed(kept, "second", LATER) == ["t0001"]


def test_who_was_too_late_ends_nothing(kept: SqlTickets) -> None:
    """An answer of somebody whose claim has passed to another changes nothing; the other's counts, once."""
    kept.open([ticket(1)], most=10)
    claimed(kept, "first")
    claimed(kept, "second", LATER)

    assert not kept.end("t0001", "first", WAIVED)
    assert kept.end("t0001", "second", replace(WAIVED, decision="required"))
    assert not kept.end("t0001", "second", WAIVED)
    found = kept.find("t0001")
    assert found is not None
    assert (found.decision, found.question, found.answer) == ("required", None, b"s")


@pytest.mark.parametrize("kind", KINDS)
def test_many_workers_get_each_ticket_once(kind: str, tmp_path: Path) -> None:
    """Eight connections that claim at the same time share a hundred tickets, and none has two of them."""

    def work(nth: int) -> list[str]:
        mine: list[str] = []
        while found := claimed(files[nth], f"w{nth}-{len(mine)}"):
            mine += found
        return mine

    with stores(kind, tmp_path, 8) as files, ThreadPoolExecutor(8) as threads:
        files[0].open([ticket(number, plan_id=f"p{number // 2}") for number in range(100)], most=1000)
        shares = list(threads.map(work, range(8)))

    assert sorted(one for share in shares for one in share) == [f"t{number:04}" for number in range(100)]


@pytest.fixture
def shared() -> Iterator[str]:
    with postgresql() as url:
        yield url


def test_instances_open_one_ticket_for_one_question(shared: str) -> None:
    """A plan that comes to four instances at the same moment has one ticket for each paper, and all four show it."""
    doors = [TicketDatabase(Store.open(shared), [b"mark"]) for _ in range(4)]

    def opened(nth: int) -> set[str]:
        papers = [ticket(10 * nth + n, fingerprint=b"same", paper=f"paper{n}") for n in range(3)]
        return {one.ticket.ticket_id for one in doors[nth].open(papers, most=10).values()}

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(opened, range(4)))
    kept = {one.ticket_id for one in doors[0].listed(state=None, most=100)}
    for one in doors:
        one.close()

    assert len(kept) == 3
    assert told == [kept] * 4


def test_a_wrong_clock_takes_no_ticket_from_another(shared: str) -> None:
    """Leases are by the database's clock: an instance whose own is an hour ahead leaves others what is theirs."""
    right, wrong = (TicketDatabase(Store.open(shared), [b"mark"]) for _ in range(2))
    now = datetime.now(UTC)
    right.open([ticket(1, opened_at=now, due_at=now, expires_at=now + timedelta(days=1))], most=10)
    ahead = now + timedelta(hours=1)

    assert claimed(right, "right", now) == ["t0001"]
    assert claimed(wrong, "wrong", ahead) == []
    right.release("right")
    assert claimed(wrong, "wrong", ahead) == ["t0001"]
    for one in (right, wrong):
        one.close()


def test_a_ticket_is_left_to_who_can_read_it(shared: str) -> None:
    """An instance that lacks its secret neither asks about it nor tells of it, and ends it in its time at the most."""
    knows, lacks = (
        TicketDatabase(Store.open(shared), marks, clock=CALLERS_CLOCK) for marks in ([b"new", b"old"], [b"old"])
    )
    knows.open([ticket(1), ticket(2, due_at=LATER)], most=10)
    over = NOW + timedelta(days=4)

    assert claimed(lacks, "lacks") == []
    assert claimed(knows, "knows") == ["t0001"]
    assert knows.end("t0001", "knows", WAIVED)
    assert lacks.claim_delivery("one-stop", claim("lacks"), NOW) is None
    assert knows.claim_delivery("one-stop", claim("knows"), NOW) is not None
    assert claimed(lacks, "late", over) == ["t0002"]
    for one in (knows, lacks):
        one.close()


def test_papers_of_one_plan_come_together(kept: SqlTickets) -> None:
    """What is due of a plan is one claim; what is not yet due stays."""
    papers = [ticket(n, plan_id="p", paper=f"paper{n}") for n in (1, 2)]
    kept.open([*papers, ticket(3, plan_id="p", paper="paper3", due_at=LATER)], most=10)

    assert sorted(claimed(kept, "first")) == ["t0001", "t0002"]


def test_consumers_take_turns(kept: SqlTickets) -> None:
    """One consumer's thousand tickets keep nobody else's waiting."""
    others = [ticket(n, due_at=NOW - timedelta(hours=1)) for n in range(5)]
    kept.open([*others, ticket(9, consumer="portal")], most=10)

    assert claimed(kept, "a", after="one-stop") == ["t0009"]
    assert claimed(kept, "b", after="portal") == ["t0000"]


def test_the_same_question_has_one_open_ticket(kept: SqlTickets) -> None:
    """Opened again it is the same, and once it has ended another one may be opened."""
    kept.open([ticket(1)], most=10)
    again = kept.open([ticket(2, fingerprint=ticket(1).fingerprint)], most=10)["identity"]
    assert (again.ticket.ticket_id, again.is_new) == ("t0001", False)
    claimed(kept, "first")
    kept.end("t0001", "first", WAIVED)

    assert kept.open([ticket(2, fingerprint=ticket(1).fingerprint)], most=10)["identity"].is_new


def test_there_is_room_for_so_many(kept: SqlTickets) -> None:
    """Open tickets of one consumer are counted, and no other's."""
    kept.open([ticket(1)], most=1)

    assert kept.open([ticket(2)], most=1) == {}
    assert kept.open([ticket(3, consumer="portal")], most=1)["identity"].is_new


def test_a_delivery_is_one_workers(kept: SqlTickets) -> None:
    """Claimed once; not taken it comes again when it is due; taken it is over, and the answer is gone."""
    kept.open([ticket(1)], most=10)
    claimed(kept, "first")
    kept.end("t0001", "first", WAIVED)

    assert kept.claim_delivery("one-stop", claim("d1"), NOW) is not None
    assert kept.claim_delivery("one-stop", claim("d2"), NOW) is None
    assert kept.undelivered("t0001", "d1", LATER)
    assert kept.claim_delivery("one-stop", claim("d3"), NOW) is None
    assert kept.claim_delivery("one-stop", claim("d4", LATER), LATER) is not None
    assert not kept.delivered("t0001", "d1", LATER)
    assert kept.delivered("t0001", "d4", LATER)
    found = kept.find("t0001")
    assert found is not None
    assert (found.answer, found.delivery, found.delivery_attempts) == (None, Delivery.DELIVERED, 2)


def test_a_recovery_brings_forward_what_waits_for_that_registry(kept: SqlTickets) -> None:
    """Those asked before it answered, of that registry alone, and none sooner than its attempts allow."""
    far = NOW + timedelta(hours=5)
    kept.open(
        [
            ticket(1, due_at=far),
            ticket(2, due_at=far, dataset="dancu2.citizen"),
            ticket(3, due_at=far, asked_at=LATER),
            ticket(4, due_at=far, attempts=5),
            ticket(5, due_at=far, asked_at=None, attempts=0),
        ],
        most=10,
    )

    assert kept.recovered("dancu", since=NOW + timedelta(seconds=1), now=NOW + timedelta(seconds=40), gap_s=30) == 2
    due = {one.ticket_id: one.due_at for one in kept.listed(state=None, most=10)}
    assert due["t0001"] == NOW + timedelta(seconds=40)
    assert due["t0004"] == NOW + timedelta(seconds=150)
    assert due["t0002"] == due["t0003"] == due["t0005"] == far


def test_a_recovery_is_not_before_the_registry_said(kept: SqlTickets) -> None:
    """What was told to wait waits, also when the registry answers somebody else meanwhile."""
    told, far = NOW + timedelta(hours=5), NOW + timedelta(hours=6)
    kept.open([ticket(1, due_at=told, not_before_at=told), ticket(2, due_at=NOW, paper="other")], most=10)
    assert claimed(kept, "w") == ["t0002"]
    assert kept.postpone("t0002", "w", due_at=far, not_before_at=told, situation="throttled", dataset=None)

    assert kept.recovered("dancu", since=LATER, now=LATER, gap_s=30) == 1
    assert {one.due_at for one in kept.listed(state=None, most=10)} == {told}


def test_a_file_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    """Tickets that were opened before there was a time not to ask before are asked about as ever."""
    kept = TicketFile(tmp_path / "tickets.db")
    kept.open([ticket(1, due_at=NOW + timedelta(hours=5))], most=10)
    kept.close()
    with closing(sqlite3.connect(tmp_path / "tickets.db")) as database:
        database.execute("DROP INDEX tickets_waiting")
        database.execute("ALTER TABLE tickets DROP COLUMN not_before_at")
        database.execute("ALTER TABLE tickets DROP COLUMN counted")
        database.execute("PRAGMA user_version = 1")
    kept = TicketFile(tmp_path / "tickets.db")

    assert kept.recovered("dancu", since=LATER, now=LATER, gap_s=30) == 1
    assert claimed(kept, "first", LATER) == ["t0001"]
    assert [one.counted for one in kept.listed(state=None, most=10)] == [None]
    kept.close()


def test_it_is_noted_which_questions_counted(kept: SqlTickets) -> None:
    """Words are kept with the ticket, and added to when it was asked about once more."""
    kept.open([ticket(1, counted=("0 dancu.citizen citizen_id",))], most=10)
    claimed(kept, "w")
    counted = ("0 dancu.citizen citizen_id", "1 dkdn.enterprise enterprise_code")

    def put_off(token: str, words: tuple[str, ...] | None) -> bool:
        return kept.postpone(
            "t0001", token, due_at=LATER, not_before_at=None, situation="timeout", dataset=None, counted=words
        )

    assert put_off("w", None)
    (before,) = kept.listed(state=None, most=10)
    claimed(kept, "v", LATER)
    assert put_off("v", counted)
    (after,) = kept.listed(state=None, most=10)

    assert before.counted == ("0 dancu.citizen citizen_id",)
    assert after.counted == counted


def test_what_was_cut_off_is_due_at_once(kept: SqlTickets) -> None:
    """A worker that ends gives back what it had."""
    kept.open([ticket(1)], most=10)
    claimed(kept, "first")
    kept.release("first")

    assert claimed(kept, "second") == ["t0001"]


def test_what_is_over_is_forgotten_in_its_time(kept: SqlTickets) -> None:
    """First the answer, also one that nobody took; then the ticket, and never one that is open or still to be told."""
    kept.open([ticket(n) for n in (1, 2, 3)], most=10)
    for number, delivery in ((1, Delivery.NONE), (2, Delivery.DUE)):
        kept.claim(claim("w"), NOW, after="", only_expired=False)
        assert kept.end(f"t000{number}", "w", replace(WAIVED, delivery=delivery))
    before = NOW - timedelta(days=1)

    kept.prune(answers_before=LATER, tickets_before=before)
    answers = {one.ticket_id: one.answer for one in kept.listed(state=None, most=10)}
    kept.prune(answers_before=LATER, tickets_before=LATER)

    assert answers == {"t0001": None, "t0002": None, "t0003": None}
    assert [one.ticket_id for one in kept.listed(state=None, most=10)] == ["t0002", "t0003"]


def test_whoever_has_no_address_is_told_no_more(kept: SqlTickets) -> None:
    """What a consumer without a callback was to be told is given up, and goes in its time; nobody else's is."""
    kept.open([ticket(1), ticket(2, consumer="portal")], most=10)
    for token in ("a", "b"):
        (found,) = kept.claim(claim(token), NOW, after="", only_expired=False)
        kept.end(found.ticket_id, token, WAIVED)

    assert kept.give_up(all_but={"portal"}) == 1
    kept.prune(answers_before=LATER, tickets_before=LATER)
    assert [(one.consumer, one.delivery) for one in kept.listed(state=None, most=10)] == [("portal", Delivery.DUE)]


def test_a_file_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    """Another program's database, and a folder, stop the start; a file that is no database says so."""
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE theirs (a)")
    database.close()
    (tmp_path / "text").write_text("no database " * 1000)

    with pytest.raises(SettingsError, match="another program's"):
        TicketFile(tmp_path / "other.db")
    with pytest.raises(SettingsError, match=r"tickets\.file"):
        TicketFile(tmp_path)
    with pytest.raises(TicketsUnavailable, match="NOTADB"):
        TicketFile(tmp_path / "text")


def test_an_error_of_the_file_names_no_value(kept: SqlTickets) -> None:
    """A broken rule of the database is TicketsUnavailable, with a word and no content."""
    kept.open([ticket(1)], most=10)

    words = r"^tickets: (IntegrityError SQLITE_CONSTRAINT_\w+|UniqueViolation 23505)$"
    with pytest.raises(TicketsUnavailable, match=words) as caught:
        kept.open([ticket(1, fingerprint=b"other")], most=10)
    assert caught.value.__cause__ is None
