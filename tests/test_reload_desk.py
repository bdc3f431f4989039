"""Who asks for a reload: by a signed request, by a name, or by nothing but a signal."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.crypto import FileSigner
from gateway.errors import ApprovalError, SettingsError
from gateway.reload_desk import Desk, Request
from gateway.reload_role import Role
from gateway.reloading import SIGNAL, Ended, Reloader, Who
from gateway.telemetry import Metrics
from tests.conftest import MovableClock

AN, STRANGER = (FileSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(2))


def desk(folder: Path, ledger: str = "mau/ledger") -> Desk:
    return Desk(folder, ledger, {"an": AN.public_key})


def request(clock: MovableClock, by: str = "Bình") -> Request:
    return Request(id="r1", by=by, at=clock.now(), ledger="mau/ledger")


def test_who_asks_is_known_by_his_key_his_name_or_not_at_all(tmp_path: Path, clock: MovableClock) -> None:
    """A signature names the approver whose key it is, whatever the request says; each request is taken once."""
    one = desk(tmp_path)
    bare = one.taken(clock.now())
    one.ask(request(clock), None)
    named, again = one.taken(clock.now()), one.taken(clock.now())
    one.ask(request(clock, "somebody"), AN)
    signed = one.taken(clock.now())

    assert (bare, again) == ((SIGNAL, None), (SIGNAL, None))
    assert named == (Who("Bình", "command"), "r1")
    assert signed == (Who("an", "signature"), "r1")


@pytest.mark.parametrize("fault", ["old", "stranger", "another ledger", "no request"])
def test_a_request_that_is_no_good_is_refused(fault: str, tmp_path: Path, clock: MovableClock) -> None:
    """Older than five minutes, signed by a stranger, for another installation, or no JSON: nothing is read again."""
    one, asked = desk(tmp_path), request(clock)
    one.ask(asked, {"stranger": STRANGER}.get(fault, AN))
    if fault == "old":
        clock.advance(timedelta(minutes=6).total_seconds())
    if fault == "another ledger":
        one = desk(tmp_path, "other/ledger")
    if fault == "no request":
        (tmp_path / "request.json").write_text("[")

    with pytest.raises(ApprovalError):
        one.taken(clock.now())


def test_only_a_gateway_that_runs_is_told(tmp_path: Path) -> None:
    """A pid that a dead process left names nobody, and two gateways do not share a folder."""
    with pytest.raises(SettingsError, match="no gateway runs"):
        desk(tmp_path).holder()
    with desk(tmp_path).held():
        running = desk(tmp_path).holder()
        with pytest.raises(SettingsError, match="another gateway"), desk(tmp_path).held():
            pass
    with pytest.raises(SettingsError, match="no gateway runs"):
        desk(tmp_path).holder()

    assert running > 0


def test_what_came_of_it_is_told_to_whoever_asked(tmp_path: Path) -> None:
    """The result of another request is none."""
    desk(tmp_path).tell("r1", [Ended("policy", "abc", error="no")])

    assert desk(tmp_path).told("r2") is None
    assert desk(tmp_path).told("r1") == [{"part": "policy", "version": "abc", "changed": False, "error": "no"}]


def test_nothing_is_written_through_what_lies_in_the_folder(tmp_path: Path, clock: MovableClock) -> None:
    """A link that the gateway's user has put there leads a root that asks to no file of his own."""
    folder, other = tmp_path / "desk", tmp_path / "other"
    folder.mkdir()
    other.write_text("mine")
    other.chmod(0o600)
    (folder / "request.json.new").symlink_to(other)

    desk(folder).ask(request(clock), None)

    assert (other.read_text(), other.stat().st_mode & 0o777) == ("mine", 0o600)
    assert desk(folder).taken(clock.now()) == (Who("Bình", "command"), "r1")


def test_a_pipe_for_a_request_holds_nobody(tmp_path: Path, clock: MovableClock) -> None:
    """What is no file of a request is not waited for: the gateway goes on answering."""
    os.mkfifo(tmp_path / "request.json")

    with pytest.raises(ApprovalError, match="cannot be read"):
        desk(tmp_path).taken(clock.now())


@pytest.mark.parametrize("pid", ["", "0", "-1", "x"])
def test_not_any_process_is_told(pid: str, tmp_path: Path) -> None:
    """A pid that is no single process's own is refused: kill(-1) of root would reach everybody."""
    with desk(tmp_path).held():
        (tmp_path / "pid").write_text(pid)
        with pytest.raises(SettingsError, match="names no process"):
            desk(tmp_path).holder()


def test_a_request_that_a_dead_gateway_left_is_nobodys(tmp_path: Path, clock: MovableClock) -> None:
    """A later bare signal is neither refused for it nor noted under the name of whoever asked then."""
    desk(tmp_path).ask(request(clock), None)
    with desk(tmp_path).held():
        taken = desk(tmp_path).taken(clock.now())

    assert taken == (SIGNAL, None)


async def test_a_reload_that_fails_is_not_the_last(tmp_path: Path, clock: MovableClock) -> None:
    """What the lead passed on cannot be read: the next one is heard all the same."""
    passed_on, told, done = tmp_path / "reload.json", asyncio.Event(), asyncio.Event()
    passed_on.write_text("[")
    reloader = Reloader([], clock=clock, metrics=Metrics())
    role = Role(passed_on=passed_on, follows=True)
    told.set()
    keeping = asyncio.create_task(role.keep_reloading(reloader, told, clock, lambda _: done.set()))
    async with asyncio.timeout(30):
        await asyncio.sleep(0)  # it reads at once, and waits again
        assert not told.is_set()
        passed_on.write_text('{"by": "an", "shown": "command", "versions": {}}')
        told.set()
        await done.wait()
    keeping.cancel()

    assert done.is_set()
