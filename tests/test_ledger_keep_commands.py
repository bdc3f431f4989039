"""What an operator types to keep the ledger: in one story from keys to a restored ledger, and what is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway import app, app_keep, settings
from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.crypto import FileSigner
from gateway.errors import GatewayError, LedgerDamaged, PlaceError, RetentionError, SettingsError
from gateway.ledger.destroying import admin_records
from gateway.ledger.reading import slots
from gateway.ledger.witness_keys import Identity, vkey, witness_key
from gateway.ledger.witnesses import HttpWitness, ask
from gateway.telemetry import Metrics
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from tests.conftest import MovableClock
from tests.keeping import Ledger, canary
from tests.witnessing import Lying

ORIGIN = "gateway.example.vn"
TOML = f"""
[keys]
signing_key_file = "keys/signing-key.pem"
secret_files = ["keys/secret"]
[ledger]
folder = "ledger"
origin = "{ORIGIN}"
[ledger.witnesses.disk]
folder = "witness"
[ledger.shipping]
folder = "second"
[ledger.retention]
registries = {{ bhxh = 240 }}
[store]
url = "sqlite:{{folder}}/index.db"
[witness]
folder = "witness"
port = 0
[witness.logs.neighbour]
origin = "{ORIGIN}"
keys_file = "keys/public.json"
"""
BY = ("--by", "Nguyễn Văn Quản", "--reason", "hết hạn lưu")


@dataclass
class Desk:
    """A folder as an operator sees it."""

    folder: Path

    def type(self, *words: str) -> Result:
        """A command with these settings; errors of the gateway's own are raised."""
        result = CliRunner().invoke(cli, words, env={"GATEWAY_SETTINGS": str(self.folder / "gateway.toml")})
        if isinstance(result.exception, GatewayError):
            raise result.exception
        return result

    def json(self, *words: str) -> dict[str, int]:
        result = self.type(*words, "--json")
        assert result.exit_code == 0, result.output
        value: dict[str, int] = json.loads(result.stdout)
        return value

    @property
    def ledger(self) -> Ledger:
        """Its ledger, ten years ago."""
        clock = MovableClock()
        clock.advance(-10 * 365 * 24 * 3600.0)
        return Ledger(self.folder / "ledger", clock, FileSigner.load(self.folder / "keys" / "signing-key.pem"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    (tmp_path / "gateway.toml").write_text(TOML.replace("{folder}", str(tmp_path)))
    (tmp_path / "second").mkdir()
    assert made.type("keys", "new", "--folder", str(tmp_path / "keys")).exit_code == 0
    assert made.type("witness", "new-key", "neighbour.vn/w", "--folder", str(tmp_path / "witness")).exit_code == 0
    return made


@pytest.fixture
def filled(desk: Desk) -> Desk:
    asyncio.run(desk.ledger.filled(20))
    return desk


def test_records_end_as_an_operator_decides(filled: Desk) -> None:
    """Held, looked at, destroyed, released, destroyed: each command says what it did, and the ledger stays whole."""
    hold = filled.type("ledger", "hold", "--case", canary(3), *BY).stdout.strip()
    assert hold in filled.type("ledger", "holds").stdout

    plan = filled.json("ledger", "destroy", "--dry-run", *BY)
    done = filled.json("ledger", "destroy", *BY)

    assert done == plan
    assert (done["held"], canary(3) in filled.ledger.texts(), canary(4) in filled.ledger.texts()) == (2, True, False)
    filled.type("ledger", "release", hold, *BY)
    assert json.loads(filled.type("ledger", "holds", "--json").stdout) == []
    assert filled.json("ledger", "destroy", *BY)["records"] == 2
    keys = str(filled.folder / "keys" / "public.json")
    verified = filled.type("ledger", "verify", str(filled.folder / "ledger"), "--keys", keys)
    assert verified.exit_code == 0, verified.output
    copies = b"".join(path.read_bytes() for path in (filled.folder / "second").rglob("*") if path.is_file())
    assert b'"lookup-3"' not in copies


def test_a_lost_disk_comes_back_as_ended_logs(filled: Desk) -> None:
    """
    After the loss of the disk: what was sealed is back and verifies, what was lost is told with what the witness had
    seen, the record of it stands in a new `admin` log, and holds are in force as before.
    """
    filled.type("ledger", "hold", "--case", canary(3), *BY)
    filled.type("ledger", "hold", "--lookup", "lookup-4", *BY)
    assert filled.type("ledger", "ship").exit_code == 0
    shutil.rmtree(filled.folder / "ledger")

    said = filled.type("ledger", "restore", *BY).stdout

    assert f"{ORIGIN}/0" in said
    assert "0r1" in said
    assert set(slots(filled.folder / "ledger")) == {"0", "admin", "adminr1"}
    restored = [one for one in admin_records(filled.folder / "ledger") if one["type"] == "restored"]
    assert {one["log"]: one["successor"] for one in restored} == {f"{ORIGIN}/0": "0r1", f"{ORIGIN}/admin": "adminr1"}
    assert [one["witnessed"] for one in restored if one["log"].endswith("admin")] == [2]
    assert [one["case"] for one in json.loads(filled.type("ledger", "holds", "--json").stdout)] == [canary(3), None]
    verified = filled.type("ledger", "verify", str(filled.folder / "ledger"))
    assert verified.exit_code == 0, verified.output
    with pytest.raises(PlaceError, match="already"):
        filled.type("ledger", "restore", *BY)


def test_the_check_tries_second_place_and_witness(desk: Desk) -> None:
    """What keeps the ledger is tried by `gateway check`; a second place that is not mounted is a fault with advice."""

    def steps() -> dict[str, bool]:
        return {one["step"]: one["ok"] for one in json.loads(desk.type("check", "--json").stdout)}

    assert {"second_place": True, "witness disk": True}.items() <= steps().items()
    (desk.folder / "second").rmdir()
    assert {"second_place": False, "witness disk": True}.items() <= steps().items()


def test_a_worker_that_only_the_witness_knows_is_ended_too(filled: Desk) -> None:
    """A disk lost before the first segment was sealed: the log is ended, and the gateway starts after it."""
    loaded = settings.load(filled.folder / "gateway.toml")

    async def started() -> str:
        core = await app.opened(loaded, clock=SystemClock(), metrics=Metrics())
        assert core.ledger is not None
        await core.ledger.append({"type": "refused"}).durable(5.0)
        await core.close()
        return core.ledger.origin

    assert asyncio.run(started()) == f"{ORIGIN}/0"
    shutil.rmtree(filled.folder / "ledger")
    for copies in (filled.folder / "second").iterdir():
        shutil.rmtree(copies)
    assert f"{ORIGIN}/0: 0 bản ghi" in filled.type("ledger", "restore", *BY).stdout
    assert not (filled.folder / "ledger" / "restoring").exists()
    assert asyncio.run(started()) == f"{ORIGIN}/0r1"


def test_one_hold_alone_outlives_the_disk(filled: Desk) -> None:
    """A hold is in the second place when its command ends, so the first one ever made is in force after a restore."""
    filled.type("ledger", "hold", "--case", canary(3), *BY)
    filled.type("ledger", "ship")
    shutil.rmtree(filled.folder / "ledger")
    filled.type("ledger", "restore", *BY)
    assert [one["case"] for one in json.loads(filled.type("ledger", "holds", "--json").stdout)] == [canary(3)]


def test_a_log_of_which_nothing_was_sealed_is_ended_too(filled: Desk) -> None:
    """What only the witness knows comes back empty and ended, so that the commands and the gateway go on after it."""
    filled.type("ledger", "hold", "--case", canary(3), *BY)
    filled.type("ledger", "ship")
    shutil.rmtree(filled.folder / "ledger")
    for copies in (filled.folder / "second").glob("*admin*"):
        shutil.rmtree(copies)

    said = filled.type("ledger", "restore", *BY).stdout

    assert f"{ORIGIN}/admin: 0 bản ghi" in said
    restored = [one for one in admin_records(filled.folder / "ledger") if one["type"] == "restored"]
    assert {one["log"]: (one["size"], one["witnessed"]) for one in restored}[f"{ORIGIN}/admin"] == (0, 1)
    assert filled.type("ledger", "hold", "--case", canary(4), *BY).exit_code == 0


def test_the_gateway_goes_on_after_a_restore(filled: Desk) -> None:
    """A gateway that starts on a restored ledger takes a log of a new name, and its witness cosigns that."""
    filled.type("ledger", "ship")
    shutil.rmtree(filled.folder / "ledger")
    filled.type("ledger", "restore", *BY)
    loaded = settings.load(filled.folder / "gateway.toml")
    metrics = Metrics()

    async def started() -> str:
        core = await app.opened(loaded, clock=SystemClock(), metrics=metrics)
        assert core.ledger is not None
        await core.close()
        return core.ledger.origin

    assert asyncio.run(started()) == f"{ORIGIN}/0r1"
    labels = {"witness": "disk", "result": "cosigned"}
    assert metrics.registry.get_sample_value("gateway_ledger_witness_answers_total", labels)


def test_the_gateway_refuses_a_backup(desk: Desk) -> None:
    """A gateway whose ledger was put back from a backup does not start: its witness has seen more."""
    loaded = settings.load(desk.folder / "gateway.toml")

    async def started(questions: int) -> None:
        core = await app.opened(loaded, clock=SystemClock(), metrics=Metrics())
        try:
            assert core.ledger is not None
            for number in range(questions):
                await core.ledger.append({"type": "refused", "lookup_id": str(number)}).durable(10)
        finally:
            await core.close()

    asyncio.run(started(3))
    shutil.copytree(desk.folder / "ledger", desk.folder / "backup")
    asyncio.run(started(3))
    shutil.rmtree(desk.folder / "ledger")
    shutil.copytree(desk.folder / "backup", desk.folder / "ledger")

    with pytest.raises(LedgerDamaged, match="witness"):
        asyncio.run(started(0))


def test_a_cut_that_the_start_could_not_see_turns_readiness_red(desk: Desk) -> None:
    """Where the witness was silent at the start, a cut log is found at the first checkpoint: not ready any more."""
    loaded = settings.load(desk.folder / "gateway.toml")

    async def started(*, away: bool) -> str | None:
        if away:
            remembered = next((desk.folder / "witness").glob("*.checkpoint"))
            aside = remembered.rename(desk.folder / "aside")
        core = await app.opened(loaded, clock=SystemClock(), metrics=Metrics())
        assert core.ledger is not None
        assert core.keeper is not None
        if away:
            aside.rename(remembered)
        else:
            await core.ledger.append({"type": "refused", "lookup_id": "1"}).durable(10)
        await core.ledger.sign_checkpoint()
        await core.keeper.witness()
        unready = core.unready
        await core.close()
        return unready

    assert asyncio.run(started(away=False)) is None
    shutil.rmtree(desk.folder / "ledger")

    assert asyncio.run(started(away=True)) == "ledger: conflict"


@pytest.fixture
def served(desk: Desk) -> Iterator[str]:
    """`gateway witness serve` as a process; the address it listens on."""
    command = [sys.executable, "-m", "gateway", "witness", "serve", "-s", str(desk.folder / "gateway.toml")]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        started = json.loads(child.stderr.readline())
        assert started["event"] == "witness.started"
        yield f"http://127.0.0.1:{started['port']}"
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0


async def test_a_witness_is_served(desk: Desk, served: str) -> None:
    """`gateway witness serve` cosigns for the installation that its settings name, with the key that was printed."""
    key = witness_key((desk.folder / "witness" / "witness.pub").read_text())
    transport = HttpTransport(endpoint=served, credentials=Anonymous(), clock=SystemClock())
    witness = HttpWitness("neighbour", key, transport)
    log = Lying.of(5, origin=f"{ORIGIN}/0", signer=FileSigner.load(desk.folder / "keys" / "signing-key.pem"))

    asked = await ask(witness, log, known=0)

    assert asked.size == 5
    assert key.name == "neighbour.vn/w"
    await witness.close()


def test_no_key_is_made_silently_or_over_another(desk: Desk, tmp_path: Path) -> None:
    """A witness's key is made by its command alone; where one is already, nothing is written."""
    before = (tmp_path / "witness" / "witness.key").read_bytes()
    with pytest.raises(SettingsError, match="already"):
        desk.type("witness", "new-key", "other", "--folder", str(tmp_path / "witness"))
    assert (tmp_path / "witness" / "witness.key").read_bytes() == before
    assert (tmp_path / "witness" / "witness.key").stat().st_mode & 0o077 == 0
    (tmp_path / "witness" / "witness.key").unlink()
    with pytest.raises(SettingsError, match="new-key"):
        desk.type("ledger", "hold", "--case", "x", *BY)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("ledger", "hold", "--case", "x", "--lookup", "y", *BY), RetentionError),
        (("ledger", "hold", *BY), RetentionError),
        (("ledger", "hold", "--case", "x", "--by", " ", "--reason", "y"), RetentionError),
        (("ledger", "release", "unknown", *BY), RetentionError),
        (("ledger", "restore", "--log", "gateway.example.vn/7", *BY), PlaceError),
    ],
)
def test_what_cannot_be_is_refused(filled: Desk, words: tuple[str, ...], error: type[GatewayError]) -> None:
    """A hold on two things or none, without a name, an unknown hold, an unknown log: one sentence, and no record."""
    with pytest.raises(error):
        filled.type(*words)

    assert admin_records(filled.folder / "ledger") == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ('folder = "witness"\n[ledger.shipping]', 'url = "http://w.invalid"\n[ledger.shipping]'),
        ('folder = "witness"\n[ledger.shipping]', "[ledger.shipping]"),
        ('folder = "second"', 'folder = "second"\nurl = "sqlite:x"'),
        ('folder = "witness"\n[ledger.shipping]', 'url = "http://w.invalid"\nvkey = "w+1+2"\n[ledger.shipping]'),
    ],
)
def test_settings_that_say_two_things_are_refused(desk: Desk, change: str, named: str) -> None:
    """A witness or a second place that is two things or none, or a key with a slip, is named at the start."""
    (desk.folder / "gateway.toml").write_text(TOML.replace(change, named).replace("{folder}", "."))

    with pytest.raises(SettingsError, match=r"ledger\.(witnesses\.disk|shipping)"):
        settings.load(desk.folder / "gateway.toml")


def test_keys_of_a_witness_must_belong_together(desk: Desk) -> None:
    """A witness's folder with another's public key is refused: its cosignatures would verify for nobody."""
    (desk.folder / "witness" / "witness.pub").write_text(vkey(Identity.new("neighbour.vn/w").key))
    loaded = settings.load(desk.folder / "gateway.toml")
    assert loaded.witness is not None

    with pytest.raises(SettingsError, match="belong together"):
        app_keep.served_witness(loaded.witness, SystemClock())
