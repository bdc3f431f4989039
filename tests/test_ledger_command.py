"""`gateway ledger ...`, run as an auditor would run it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result

from gateway.cli import cli
from gateway.commands.ledger import WORDS
from gateway.crypto import public_jwk
from gateway.errors import SetupError
from gateway.ledger.frames import frames, read_header
from gateway.ledger.verify import Wrong
from gateway.settings import load
from gateway.telemetry import configure_logs
from tests.ledgers import SIGNER, fill, opened, segment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger of two logs, the public key beside it in both forms."""

    async def write() -> None:
        configure_logs("error")
        for slot in ("0", "1"):
            async with opened(tmp_path / "ledger" / slot, origin=f"gateway.test/ledger/{slot}") as log:
                await fill(log, 20)

    asyncio.run(write())
    (tmp_path / "jwks.json").write_bytes(orjson.dumps({"keys": [public_jwk(SIGNER.public_key)]}))
    pem = SIGNER.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["ledger", *map(str, arguments)])


@pytest.mark.parametrize("keys", ["jwks.json", "key.pem"])
def test_whole_logs_are_said_to_be_whole(folder: Path, keys: str) -> None:
    """Every log of the ledger is read, signatures too, and the exit code is 0."""
    result = run("verify", folder / "ledger", "--keys", folder / keys, "--json")

    assert result.exit_code == 0
    reports = json.loads(result.stdout)
    assert set(reports) == {"0", "1"}
    assert [one["records"] for one in reports.values()] == [20, 20]
    assert all(one["signatures_checked"] and one["finding"] is None for one in reports.values())


def test_a_changed_record_is_named(folder: Path) -> None:
    """The first wrong record is named in both forms, the exit code is 1, and the other log is still whole."""
    path = segment(folder / "ledger" / "1")
    path.write_bytes(path.read_bytes().replace(b'"lookup_id":"7"', b'"lookup_id":"8"'))

    result = run("verify", folder / "ledger")
    assert result.exit_code == 1
    assert "bản ghi / record 7" in result.stdout
    assert "nguyên vẹn / whole" in result.stdout
    assert "--keys" in result.stdout

    result = run("verify", folder / "ledger", "--slot", "1", "--json")
    (report,) = json.loads(result.stdout).values()
    assert (report["finding"]["reason"], report["finding"]["record"]) == ("altered", 7)
    assert run("verify", folder / "ledger" / "0").exit_code == 0


def test_a_kept_checkpoint_shows_what_was_cut_off(folder: Path) -> None:
    """A log shorter than a checkpoint that somebody kept is truncated, whatever it says itself."""
    log = folder / "ledger" / "0"
    (log / "checkpoint").rename(folder / "kept.txt")
    (log / "checkpoints").unlink()
    content = segment(log).read_bytes()
    last = list(frames(content, read_header(content)[1]))[-1]
    segment(log).write_bytes(content[: last.offset])

    alone = run("verify", folder / "ledger", "--slot", "0")
    assert "chữ ký sai / unsigned" in alone.stdout
    result = run("verify", log, "--checkpoint", folder / "kept.txt")
    assert result.exit_code == 1
    assert "bị cắt cuối / truncated" in result.stdout


def test_a_file_that_is_no_checkpoint_is_not_the_logs_fault(folder: Path) -> None:
    """A wrong file as checkpoint is said to be one, and nothing is said against the log."""
    (folder / "kept.txt").write_text("{}")

    result = run("verify", folder / "ledger" / "0", "--checkpoint", folder / "kept.txt")

    assert isinstance(result.exception, SetupError)
    assert "no signed checkpoint" in str(result.exception)


def test_a_checkpoint_belongs_to_one_log(folder: Path) -> None:
    """With several logs, a checkpoint needs a slot."""
    (folder / "kept.txt").write_text("")

    assert run("verify", folder / "ledger", "--checkpoint", folder / "kept.txt").exit_code == 2


@pytest.mark.parametrize("arguments", [("--slot", "7"), ("--keys", "nokeys")])
def test_what_is_not_there_is_said_in_one_sentence(folder: Path, arguments: tuple[str, str]) -> None:
    """A slot that is not there, or a file that holds no keys, is a setup error."""
    (folder / "nokeys").write_text("{}")
    option, value = arguments
    result = run("verify", folder / "ledger", option, folder / value if option == "--keys" else value)

    assert isinstance(result.exception, SetupError)


def test_every_word_of_a_finding_is_said_in_vietnamese_too() -> None:
    """The command and docs/ledger.md know every reason of a finding."""
    page = (Path(__file__).parents[1] / "docs" / "ledger.md").read_text(encoding="utf-8")

    assert set(WORDS) == {word.value for word in Wrong}
    assert all(f"| `{word}` |" in page for word in WORDS)


def test_the_ledger_stands_in_the_settings(tmp_path: Path) -> None:
    """A folder and an origin are enough; a relative folder starts at the settings file; limits have defaults."""
    file = tmp_path / "gateway.toml"
    file.write_text('[ledger]\nfolder = "var/ledger"\norigin = "cong.tinh.gov.vn/ledger"\n')
    settings = load(file).ledger

    assert settings is not None
    assert settings.folder == tmp_path / "var" / "ledger"
    assert settings.limits.checkpoint_s == settings.checkpoint_s == 5.0
    assert settings.limits.segment_bytes == 64 << 20
    file.write_text("")
    assert load(file).ledger is None
