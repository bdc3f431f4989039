"""`gateway evidence`: verify a piece of evidence, offline, with the public key alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from gateway.errors import EvidenceError, EvidenceUnreadable, SettingsError
from gateway.keyring import read_key_set
from gateway.ledger.evidence import matches_record, verified
from gateway.ledger.notes import Checkpoint
from gateway.ledger.proofs import proven

__all__ = ["commands"]

commands = typer.Typer(help="Chứng cứ / evidence", no_args_is_help=True)


@commands.callback()
def group() -> None:
    """Chứng cứ / evidence"""


@commands.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="Tệp chứng cứ (JWS) / the evidence")],
    keys: Annotated[Path, typer.Option(help="Bộ khóa công khai JWKS của cổng / the gateway's public keys")],
    record: Annotated[Path | None, typer.Option(help="Bản ghi sổ / the ledger's record of the answer")] = None,
    proof: Annotated[
        Path | None, typer.Option(help="Bằng chứng vị trí trong sổ / the record's place in the ledger")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="In toàn bộ JSON / print the document as JSON")] = False,
) -> None:
    """Kiểm tra chứng cứ, không cần mạng / verify evidence offline, with the public keys alone."""
    try:
        public = read_key_set(_content(keys))
    except ValueError as exc:
        advice = "give what /.well-known/jwks.json or `gateway keys show` prints"
        raise SettingsError(f"{keys}: không phải bộ khóa công khai / no set of public keys; {advice} ({exc})") from None
    if proof is not None and record is None:
        raise typer.BadParameter("cần --record / needs --record", param_hint="--proof")
    checkpoint = None
    try:
        document = verified(_text(file), public)
        if record is not None:
            matches_record(document, _content(record))
        if record is not None and proof is not None:
            note = _content(proof).decode("utf-8", errors="replace")
            checkpoint = proven(note, _content(record), document, public.values())
    except EvidenceError as exc:
        sys.stderr.write(f"KHÔNG ĐÚNG / NOT VERIFIED: {exc.word}: {exc}\n")
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for line in _told(document, checkpoint, has_record=record is not None):
        sys.stdout.write(line + "\n")


def _told(document: dict[str, Any], checkpoint: Checkpoint | None, *, has_record: bool) -> list[str]:
    """What a person is told: who asked, when, which registry, the outcome. The record itself only with --json."""
    inquiry, provenance, ledger = document["inquiry"], document["provenance"], document["ledger"]
    lines = [
        "Chữ ký đúng / the signature is right",
        f"kết quả / outcome: {document['outcome']} ({document['dataset']})",
        f"cơ sở dữ liệu / registry: {provenance['registry']}, {provenance['operation']}, {provenance['contract']}",
        f"hỏi lúc / asked at: {provenance['asked_at']}, trả lời lúc / answered at: {provenance['answered_at']}",
        f"cơ quan / agency: {inquiry['agency']}, hồ sơ / case: {inquiry['case_id']}",
        f"sổ / ledger: {ledger['log']} {ledger['index']}",
    ]
    if has_record:
        lines.append("bản ghi sổ khớp / the ledger's record is of this evidence")
    if checkpoint is not None:
        at = f", {checkpoint.at:%Y-%m-%dT%H:%M:%S.%fZ}" if checkpoint.at else ""
        lines.append(
            f"nằm trong sổ, theo điểm chốt của {checkpoint.size} bản ghi đầu"
            f" / it is in the ledger, by the checkpoint of the first {checkpoint.size} records{at}"
        )
    return lines


def _text(file: Path) -> str:
    try:
        return _content(file).decode("ascii").strip("\r\n")
    except UnicodeDecodeError:
        raise EvidenceUnreadable("not a text of ASCII letters") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{file}: {exc.strerror}") from None
