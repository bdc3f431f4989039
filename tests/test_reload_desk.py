"""Who asks for a reload: by a signed request, by a name, or by nothing but a signal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.crypto import FileSigner
from gateway.errors import ApprovalError, SettingsError
from gateway.reload_desk import Desk, Request
from gateway.reloading import SIGNAL, Ended, Who
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
