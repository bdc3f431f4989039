"""The stand-alone verifier, run as a stranger would run it, and the proofs that it reads."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.crypto import FileSigner
from gateway.errors import EvidenceNotInLedger
from gateway.ledger import merkle, notes
from gateway.ledger.evidence import digest_of, draft, matches_record, verified
from gateway.ledger.log import Log
from gateway.ledger.proofs import proof_text, proven
from gateway.ledger.reading import LogReader
from gateway.ledger.records import encoded
from tests.evidence import (
    ABSENT,
    FOUND,
    LOG,
    MUTATIONS,
    PUBLISHED,
    RETIRED,
    SIGNERS,
    STRANGER,
    Spoiler,
    evidence,
    key_set_file,
)
from verifier import verify_evidence as verifier

PROGRAM = Path(verifier.__file__)
NAMED = (
    *("a bit of the header", "a bit of the payload", "a bit of the signature", "no algorithm", "the key in the header"),
    *("HMAC with the public key", "the kid of another key of ours", "another key", "cut off", "a doubled member"),
    *("spaces", "a member more", "the outcome", "a field", "the date", "the index", "the salt", "DER", "r is 0"),
    *("the higher s", "padded", "critical members", "another key under our kid", "nothing"),
)


def run(folder: Path, evidence_file: str, *more: str) -> subprocess.CompletedProcess[str]:
    """As somebody who trusts nobody would: isolated from environment, working folder and user site."""
    words = [sys.executable, "-I", str(PROGRAM), evidence_file, "--keys", "keys.json", *more]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=60, cwd=folder, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_bytes(key_set_file())
    return tmp_path


# --- the program ---------------------------------------------------------------------------------


def test_it_is_short_and_leans_on_nothing_but_cryptography() -> None:
    """One file of at most 250 lines that imports the standard library and one other, so that anybody can read it."""
    source = PROGRAM.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}

    assert len(source.splitlines()) <= 250
    assert {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"cryptography"}


@pytest.mark.parametrize("alg", SIGNERS)
@pytest.mark.parametrize("document", [FOUND, ABSENT], ids=["found", "absent"])
def test_it_accepts_what_the_gateway_makes(document: dict[str, Any], alg: str, folder: Path) -> None:
    """It says in both languages who asked, when, what and with what outcome, and what it has not verified."""
    (folder / "evidence.jws").write_text(evidence(document, alg) + "\n")

    done = run(folder, "evidence.jws")

    assert (done.returncode, done.stderr) == (0, "")
    for text in ("ĐÃ KIỂM TRA / VERIFIED", "CHƯA KIỂM TRA / NOT VERIFIED", SIGNERS[alg].kid, "canbo.mau", "H08.12"):
        assert text in done.stdout
    for text in (document["outcome"], "TraCuuThongTinCongDan", "2026-03-01T01:30:00.123456Z", "place in the ledger"):
        assert text in done.stdout


def test_it_refuses_each_named_mutation(folder: Path) -> None:
    """Exit code 1 and the word on standard error, for more than twenty ways to spoil evidence."""
    mutations = {one.name: one for one in MUTATIONS}
    for place, name in enumerate(NAMED):
        (folder / f"{place}.jws").write_text(mutations[name].spoil(Spoiler("ES256")), encoding="utf-8")

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda place: run(folder, f"{place}.jws"), range(len(NAMED))))

    assert len(set(NAMED)) == len(NAMED) >= 20
    for name, one in zip(NAMED, done, strict=True):
        assert (one.returncode, one.stdout, mutations[name].word in one.stderr) == (1, "", True), name


@pytest.mark.parametrize("name", ["evidence.jws", "keys.json"])
def test_a_file_that_cannot_be_read_is_an_error(name: str, folder: Path) -> None:
    """No text: exit code 1. Missing: 2, and the file is named, since nothing was verified. No traceback in either."""
    (folder / "evidence.jws").write_text(evidence())
    (folder / name).write_bytes(b"\xff\xfe")
    spoiled = run(folder, "evidence.jws")
    (folder / name).unlink()
    missing = run(folder, "evidence.jws")

    for done, code, said in ((spoiled, 1, "NOT VERIFIED"), (missing, 2, f"{name}: không đọc được tệp")):
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


# --- proofs --------------------------------------------------------------------------------------


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\0" + content).digest()


def split(size: int) -> int:
    """The largest power of two below a size."""
    return int(1 << (size - 1).bit_length() - 1)


def root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    half = split(len(leaves))
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word by word."""
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    if index < half:
        return [*path(index, leaves[:half]), root(leaves[half:])]
    return [*path(index - half, leaves[half:]), root(leaves[:half])]


def signed_note(text: str, name: str, signer: FileSigner) -> str:
    """c2sp.org/signed-note; for RSA, which has no number there, under a name of our own."""
    public = signer.public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signature, named = signer.sign(text.encode()), public
    if signer.alg == "ES256":
        signature = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    else:
        named = name.encode() + b"\n\xffonestop-gateway RS256" + public
    line = base64.b64encode(hashlib.sha256(named).digest()[:4] + signature).decode()
    return f"{text}\n— {name} {line}\n"


def proof(
    index: int, hashes: list[bytes], root_hash: bytes, size: int, *, log: str = LOG, signer: FileSigner | None = None
) -> str:
    """c2sp.org/tlog-proof@v1, with a witness's line that nobody here knows."""
    checkpoint = f"{log}\n{size}\n{base64.b64encode(root_hash).decode()}\nat 2026-03-01T01:30:10.000000Z\n"
    note = signed_note(checkpoint, log, signer or SIGNERS["ES256"])
    note += f"— witness.example/1 {base64.b64encode(b'x' * 76).decode()}\n"
    lines = "".join(base64.b64encode(one).decode() + "\n" for one in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n{note}"


class Logged:
    """Evidence whose record stands among others in a small log."""

    def __init__(self, index: int = 5, size: int = 11, alg: str = "ES256") -> None:
        self.text = draft(FOUND).sealed(SIGNERS[alg], log=LOG, index=index)
        self.document = verified(self.text, PUBLISHED)
        told = {name: self.document[name] for name in ("lookup_id", "dataset", "outcome")}
        self.record = encoded({"type": "answered", "index": index, "digest": digest_of(self.document)} | told)
        self.index, self.size, self.signer = index, size, SIGNERS[alg]
        self.leaves = [leaf(self.record if place == index else f"{place}".encode()) for place in range(size)]
        self.path, self.root = path(index, self.leaves), root(self.leaves)

    def proof(self, **change: Any) -> str:
        parts: dict[str, Any] = {"index": self.index, "hashes": self.path, "root_hash": self.root, "size": self.size}
        return proof(**parts | {"signer": self.signer} | change)


KEYS = verifier.public_keys(key_set_file())


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33])
def test_every_place_of_a_tree_has_its_path(size: int) -> None:
    """For each size and place the path of RFC 9162 leads to the root, and no other place's does."""
    leaves = [leaf(b"%d" % place) for place in range(size)]

    for index in range(size):
        there = [
            place for place in range(size) if leads(b"%d" % index, place, size, path(index, leaves)) == root(leaves)
        ]
        assert there == [index]


def leads(content: bytes, place: int, size: int, hashes: list[bytes]) -> bytes:
    try:
        return verifier.root_of(content, place, size, hashes)
    except ValueError:
        return b""


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_proof_shows_that_the_record_is_in_the_ledger(alg: str, folder: Path) -> None:
    """With record and proof the place in the ledger is verified too, under a checkpoint of either key type."""
    logged = Logged(alg=alg)
    (folder / "evidence.jws").write_text(logged.text)
    (folder / "record").write_bytes(logged.record)
    (folder / "place.tlog-proof").write_text(logged.proof(), encoding="utf-8")

    done = run(folder, "evidence.jws", "--record", "record", "--proof", "place.tlog-proof")

    assert (done.returncode, done.stderr) == (0, "")
    verified_part, _, rest = done.stdout.partition("CHƯA KIỂM TRA")
    assert f"{LOG} 5" in verified_part
    assert LOG not in rest


def test_a_log_of_one_record_needs_no_path() -> None:
    """The record is the root."""
    logged = Logged(index=0, size=1)

    assert verifier.check_proof(logged.document, logged.record, logged.proof(), KEYS)


@pytest.mark.parametrize("alg", SIGNERS)
@pytest.mark.parametrize("size", [1, 2, 7, 8, 300])
def test_the_ledgers_own_notes_and_paths_are_read_by_both(size: int, alg: str) -> None:
    """A proof that the gateway's ledger makes of its tree and its checkpoint is accepted by both programs."""
    index = size // 2
    logged = Logged(index=index, size=size, alg=alg)
    frontier = merkle.Frontier()
    frontier.extend(logged.leaves)
    at = datetime(2026, 3, 1, 1, 30, 10, tzinfo=UTC)
    note = notes.signed(notes.Checkpoint(LOG, size, frontier.root(), at), logged.signer)
    text = proof_text(index, logged.path, note)

    assert proven(text, logged.record, logged.document, PUBLISHED.values()).at == at
    assert "01:30:10" in verifier.check_proof(logged.document, logged.record, text, KEYS)


WRONG_PROOFS: dict[str, Any] = {
    "another place": lambda one: one.proof(index=4),
    "a place beyond the tree": lambda one: one.proof(index=11),
    "a place before it": lambda one: one.proof(index=-1),
    "a larger tree": lambda one: one.proof(size=32),
    "a smaller tree": lambda one: one.proof(size=5),
    "no tree": lambda one: one.proof(size=0),
    "another root": lambda one: one.proof(root_hash=bytes(32)),
    "a hash less": lambda one: one.proof(hashes=one.path[:-1]),
    "a hash more": lambda one: one.proof(hashes=[*one.path, bytes(32)]),
    "a short hash": lambda one: one.proof(hashes=[b"x", *one.path[1:]]),
    "another order": lambda one: one.proof(hashes=one.path[::-1]),
    "another log": lambda one: one.proof(log="onestop.example/52/1"),
    "a stranger's checkpoint": lambda one: one.proof(signer=STRANGER),
    "a changed checkpoint": lambda one: one.proof().replace("\n11\n", "\n12\n"),
    "a changed time": lambda one: one.proof().replace("01:30:10", "01:30:11"),
    "no signature": lambda one: one.proof().partition("\n— ")[0] + "\n",
    "no checkpoint": lambda one: one.proof().partition("\n\n")[0],
    "another format": lambda one: one.proof().replace("@v1", "@v2"),
    "no base64": lambda one: one.proof().replace("index 5\n", "index 5\n!\n"),
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("wrong", WRONG_PROOFS.values(), ids=WRONG_PROOFS)
def test_no_other_proof_is_believed(wrong: Any) -> None:
    """Another place, tree, path, log, key or form: refused with one word, never a traceback."""
    logged = Logged()

    with pytest.raises(verifier.Refused, match="not_in_ledger"):
        verifier.check_proof(logged.document, logged.record, wrong(logged), KEYS)
    with pytest.raises(EvidenceNotInLedger):
        proven(wrong(logged), logged.record, logged.document, PUBLISHED.values())


def test_a_proof_of_another_record_is_not_believed() -> None:
    """The path of a neighbour leads to the same root, but not from this record."""
    logged = Logged()

    with pytest.raises(verifier.Refused, match="not_in_ledger"):
        verifier.check_proof(logged.document, logged.record + b" ", logged.proof(), KEYS)


def test_a_checkpoint_may_be_signed_by_a_retired_key() -> None:
    """Any key of the set counts: the log went on after the key that had signed the evidence was retired."""
    logged = Logged()

    assert verifier.check_proof(logged.document, logged.record, logged.proof(signer=RETIRED), KEYS)


def test_a_proof_without_its_record_is_refused(folder: Path) -> None:
    """What the proof is of must be there."""
    logged = Logged()
    (folder / "evidence.jws").write_text(logged.text)
    (folder / "place.tlog-proof").write_text(logged.proof(), encoding="utf-8")

    assert run(folder, "evidence.jws", "--proof", "place.tlog-proof").returncode == 1


WEAK_SETS = {
    "empty": {"keys": []},
    "no list": {"keys": 7},
    "texts": {"keys": ["x"]},
    "an odd type": {"keys": [{"kty": []}]},
    "an odd x": {"keys": [{"kty": "EC", "crv": "P-256", "x": 7, "y": "AA"}]},
    "private": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}]},
    "another curve": {"keys": [{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}]},
    "not on the curve": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
    "tiny RSA": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]},
    "another kid": {"keys": [json.loads(key_set_file())["keys"][0] | {"kid": "x"}]},
}


@pytest.mark.parametrize("keys", WEAK_SETS.values(), ids=WEAK_SETS)
def test_a_key_set_that_is_none_is_refused(keys: Any) -> None:
    """Nothing is verified with a set that holds anything but public keys of ours."""
    with pytest.raises(verifier.Refused, match="bad_keys"):
        verifier.public_keys(json.dumps(keys).encode())


def test_the_gateways_command_reads_proofs_too(folder: Path) -> None:
    """With record and proof it names the checkpoint; a wrong proof is exit code 1, one without its record 2."""
    logged = Logged()
    for name, content in (("evidence.jws", logged.text), ("right", logged.proof()), ("wrong", logged.proof(index=4))):
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "record").write_bytes(logged.record)

    def verify(*more: str) -> Any:
        words = ["evidence", "verify", str(folder / "evidence.jws"), "--keys", str(folder / "keys.json"), *more]
        return CliRunner().invoke(cli, words)

    right = verify("--record", str(folder / "record"), "--proof", str(folder / "right"))
    wrong = verify("--record", str(folder / "record"), "--proof", str(folder / "wrong"))
    alone = verify("--proof", str(folder / "right"))

    assert (right.exit_code, "the first 11 records, 2026-03-01T01:30:10" in right.stdout) == (0, True)
    assert (wrong.exit_code, "not_in_ledger" in wrong.stderr, wrong.stdout) == (1, True, "")
    assert alone.exit_code == 2


async def test_evidence_of_a_real_log_is_verified_to_its_checkpoint(tmp_path: Path) -> None:
    """Drafted, appended, sealed with its index, and proven under the checkpoint that the log itself has signed."""
    signer = SIGNERS["ES256"]
    log = Log.open(tmp_path / "0", origin=LOG, signer=signer, clock=SystemClock())
    try:
        drafted = draft(FOUND)
        told = {name: FOUND[name] for name in ("lookup_id", "dataset", "outcome")}
        asked = log.append({"type": "asked", "lookup_id": FOUND["lookup_id"]})
        appended = log.append({"type": "answered", "asked": asked.index, "digest": drafted.digest} | told)
        await appended.durable(5)
        text = drafted.sealed(signer, log=log.origin, index=appended.index)
        await log.sign_checkpoint()
        proof = proof_text(appended.index, log.inclusion_proof(appended.index, log.size), log.checkpoint)
    finally:
        await log.close()

    record = next(LogReader(tmp_path / "0").entries(appended.index)).record
    assert record is not None
    document = verified(text, PUBLISHED)
    matches_record(document, record)
    verifier.check_record(document, record)
    assert proven(proof, record, document, PUBLISHED.values()).origin == LOG
    assert verifier.check_proof(document, record, proof, KEYS).startswith(LOG)
