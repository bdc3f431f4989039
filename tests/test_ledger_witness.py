"""A witness cosigns what has only grown, and nothing else, whoever signed it."""

from __future__ import annotations

import asyncio
import os
import random
import re
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.clock import SystemClock
from gateway.crypto import FileSigner
from gateway.errors import SettingsError, WitnessConflict, WitnessRefused, WitnessUnreachable
from gateway.ledger import notes
from gateway.ledger.submission import Submission
from gateway.ledger.witness import KnownLog, Memory, Witness, log_id
from gateway.ledger.witness_keys import Identity, vkey, witness_key
from gateway.ledger.witnesses import FolderWitness, HttpWitness, WitnessPort, ask, last_witnessed
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from gateway.web import server
from gateway.web.witness import application
from tests.conftest import MovableClock
from tests.witnessing import ORIGIN, SIGNER, Lying

IDENTITY = Identity.new("nghean.example.vn/witness")
STRANGER = FileSigner(ec.generate_private_key(ec.SECP256R1()))


def witness_in(folder: Path, clock: MovableClock | None = None) -> Witness:
    known = KnownLog("gateway.example.vn", (SIGNER.public_key,))
    return Witness(IDENTITY, [known], Memory(folder), clock or MovableClock())


@pytest.fixture
def witness(tmp_path: Path, clock: MovableClock) -> Witness:
    return witness_in(tmp_path, clock)


@pytest.fixture(params=["folder", "http"])
async def port(request: pytest.FixtureRequest, tmp_path: Path, witness: Witness) -> AsyncIterator[WitnessPort]:
    """The same witness, in this process and over a socket."""
    if request.param == "folder":
        yield FolderWitness("neighbour", witness)
        return
    listening = await server.listen(application(witness), "127.0.0.1", 0, shutdown_s=0.1)
    endpoint = f"http://127.0.0.1:{listening.port}"
    transport = HttpTransport(endpoint=endpoint, credentials=Anonymous(), clock=SystemClock())
    made = HttpWitness("neighbour", IDENTITY.key, transport)
    yield made
    await made.close()
    await listening.stop()


def submitted(log: Lying, old: int) -> bytes:
    return Submission(old, tuple(log.consistency_proof(min(old, log.size), log.size)), log.checkpoint).encoded()


# --- what is cosigned ----------------------------------------------------------------------------


async def test_a_log_that_grows_is_cosigned_each_time(port: WitnessPort, clock: MovableClock) -> None:
    """Each checkpoint of a growing log gets a cosignature that verifies, with the witness's time in it."""
    log = Lying.of(3)
    known = 0
    for more in (0, 1, 4, 100):
        log.grow(more)
        note = log.checkpoint
        asked = await ask(port, _Still(log, note), known=known)
        known = asked.size
        assert notes.witnessed_by(note + asked.lines, [IDENTITY.key]) == {
            IDENTITY.name: clock.now().replace(microsecond=0)
        }
        clock.advance(10)


async def test_the_latest_checkpoint_can_be_had_back(port: WitnessPort) -> None:
    """What was cosigned last is shown with both signatures, so that a start can compare; nothing for another log."""
    log = Lying.of(5)
    assert await last_witnessed([port], ORIGIN, [log.key]) == (None, {})
    await ask(port, log, known=0)

    best, silent = await last_witnessed([port], ORIGIN, [log.key])

    assert best is not None
    assert (best.origin, best.size, silent) == (ORIGIN, 5, {})
    assert await port.latest("gateway.example.vn/1") is None


async def test_a_log_that_forgot_where_it_was_finds_its_way(port: WitnessPort) -> None:
    """Whatever size the log believes the witness to have, the witness's answer leads to a cosignature."""
    log = Lying.of(7)
    await ask(port, log, known=0)
    log.grow(6)

    assert (await ask(port, log, known=0)).size == 13
    log.grow(1)
    assert (await ask(port, log, known=5000)).size == 14


def test_what_is_remembered_survives_the_witness(tmp_path: Path) -> None:
    """A witness that starts again, or a second process on its folder, knows what was cosigned before."""
    log = Lying.of(9)
    witness_in(tmp_path).add(submitted(log, 0))

    with pytest.raises(WitnessConflict) as conflict:
        witness_in(tmp_path).add(submitted(log, 0))
    assert conflict.value.size == 9


# --- what is not ---------------------------------------------------------------------------------


async def test_a_cut_that_was_signed_with_the_real_key_is_found_at_once(port: WitnessPort) -> None:
    """A log whose last records were cut off and that was signed again is refused with its very next checkpoint."""
    log = Lying.of(20)
    await ask(port, log, known=0)
    del log.leaves[15:]

    with pytest.raises(WitnessConflict) as conflict:
        await ask(port, log, known=20)

    assert conflict.value.size == 20


@pytest.mark.parametrize("grown", [0, 1, 5, 30])
async def test_a_cut_that_has_grown_again_is_found(port: WitnessPort, grown: int) -> None:
    """A log that was cut and went on, to fewer, as many or more records than before, is never cosigned again."""
    log = Lying.of(20)
    await ask(port, log, known=0)
    del log.leaves[15:]
    log.grow(grown, "forged")

    with pytest.raises(WitnessConflict):
        await ask(port, log, known=20)
    with pytest.raises(WitnessConflict):
        await ask(port, log, known=0)


@pytest.mark.parametrize("place", [0, 7, 8, 19])
async def test_a_rewritten_record_is_found(port: WitnessPort, place: int) -> None:
    """One record exchanged, the tree made anew and signed with the real key: no proof leads there."""
    log = Lying.of(20)
    await ask(port, log, known=0)
    log.leaves[place] = bytes(32)
    log.grow(3)

    with pytest.raises(WitnessConflict):
        await ask(port, log, known=20)


def test_contradictions_are_kept_as_evidence(witness: Witness, tmp_path: Path) -> None:
    """A fork, a cut and a false proof are kept as the log signed them; a wrong old size alone is no evidence."""
    log = Lying.of(20)
    witness.add(submitted(log, 0))
    older = Lying.of(10).checkpoint  # signed before: sent again by whomever, it contradicts nothing
    fork = Lying.of(19)
    fork.grow(1, "forged")
    for body, error in (
        (submitted(log, 0), WitnessConflict),
        (Submission(0, (), older).encoded(), WitnessConflict),
        (submitted(fork, 20), WitnessConflict),
        (Submission(20, (), _grown(log, 5).checkpoint).encoded(), WitnessRefused),
    ):
        with pytest.raises(error):
            witness.add(body)
    cut = Lying.of(10)
    for _ in range(5):
        note = cut.checkpoint
    with pytest.raises(WitnessConflict):
        witness.add(Submission(0, (), note).encoded())

    sizes = [notes.opened(one, [log.key]).size for one in Memory(tmp_path).contested(ORIGIN)]
    assert sizes == [20, 25, 10]


@pytest.mark.parametrize(
    ("log", "status"),
    [
        (Lying.of(3, origin="elsewhere.example.vn/0"), 404),
        (Lying.of(3, origin="gateway.example.vn-forged/0"), 404),
        (Lying.of(3, signer=STRANGER), 403),
    ],
    ids=["another log", "a name that only begins alike", "another key"],
)
async def test_a_stranger_is_refused(port: WitnessPort, log: Lying, status: int) -> None:
    """A log that the witness does not know, or a signature that is not the log's, is refused, and nothing kept."""
    with pytest.raises(WitnessRefused) as refused:
        await ask(port, log, known=0)

    assert refused.value.status == status
    assert await port.latest(log.origin) is None


@pytest.mark.parametrize("spoil", ["proof", "longer", "shorter", "signature", "size"])
def test_nothing_spoilt_is_cosigned(witness: Witness, spoil: str) -> None:
    """A proof or checkpoint with one thing changed is refused, and what is remembered stays."""
    log = Lying.of(20)
    witness.add(submitted(log, 0))
    before = witness.latest(ORIGIN)
    log.grow(13)
    good = Submission(20, tuple(log.consistency_proof(20, 33)), log.checkpoint)
    wrong = {
        "proof": replace(good, proof=(bytes(32), *good.proof[1:])),
        "longer": replace(good, proof=(*good.proof, bytes(32))),
        "shorter": replace(good, proof=good.proof[:-1]),
        "signature": replace(good, checkpoint=good.checkpoint.replace("\n33\n", "\n34\n")),
        "size": replace(good, old=34),
    }[spoil]

    with pytest.raises(WitnessRefused) as refused:
        witness.add(wrong.encoded())

    assert refused.value.status == {"signature": 403, "size": 400}.get(spoil, 422)
    assert witness.latest(ORIGIN) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\nx",
        b"old -1\n\nx",
        b"old 1 \n\nx",
        b"old 99999999999999999999\n\nx",
        b"old \xd9\xa3\n\nx",
        b"old 0\nAAAA\n\nx",
        b"old 0\n" + b"A" * 44 + b"\n\nx",
        b"old 0\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\nx",
        b"old 0\n\nnot a note",
        b"old 0\n\n" + b"\xff\xfe",
        b"old 0\n\n" + b"x" * 40_000,
    ],
)
def test_what_is_malformed_is_refused(witness: Witness, body: bytes) -> None:
    """Whatever is not the specification's form is status 400."""
    with pytest.raises(WitnessRefused) as refused:
        witness.add(body)

    assert refused.value.status == 400


def test_of_many_at_once_none_rolls_the_log_back(tmp_path: Path) -> None:
    """
    Of twenty checkpoints that claim the same old size at once, by as many witnesses on one folder, one is cosigned,
    and that one is remembered.
    """
    log = Lying.of(10)
    witness_in(tmp_path).add(submitted(log, 0))
    bodies = [submitted(_grown(log, 1 + more), 10) for more in range(20)]

    def add(body: bytes) -> str | None:
        try:
            return witness_in(tmp_path).add(body)
        except WitnessConflict:
            return None

    with ThreadPoolExecutor(20) as threads:
        lines = list(threads.map(add, bodies))

    (cosigned,) = [size for size, line in zip(range(11, 31), lines, strict=True) if line]
    kept = witness_in(tmp_path).latest(ORIGIN)
    assert kept is not None
    assert notes.opened(kept, [log.key]).size == cosigned


async def test_a_witness_that_cannot_remember_cosigns_nothing(port: WitnessPort, tmp_path: Path) -> None:
    """Where what it has seen cannot be kept, a witness gives no cosignature, and is as good as unreachable."""
    (tmp_path / f"{log_id(ORIGIN)}.checkpoint.new").mkdir()

    with pytest.raises(WitnessUnreachable):
        await ask(port, Lying.of(3), known=0)


async def test_a_folder_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    """A witness whose folder hangs is unreachable, once and at every call after it; none starts another thread."""
    os.mkfifo(tmp_path / f"{log_id(ORIGIN)}.checkpoint")  # whoever reads it waits for a writer
    port = FolderWitness("neighbour", witness_in(tmp_path), timeout_s=0.05)
    before = threading.active_count()

    for _ in range(3):
        with pytest.raises(WitnessUnreachable, match="nothing within"):
            await port.latest(ORIGIN)

    assert threading.active_count() == before + 1
    with (tmp_path / f"{log_id(ORIGIN)}.checkpoint").open("w"):
        await port.close()


async def test_a_witness_with_another_key_is_not_believed(witness: Witness) -> None:
    """A cosignature under the witness's name and another key counts for nothing, nor what it says it saw."""
    log = Lying.of(3)
    port = FolderWitness("neighbour", witness)
    port.key = Identity.new(IDENTITY.name).key

    with pytest.raises(WitnessRefused):
        await ask(port, log, known=0)
    best, silent = await last_witnessed([port], ORIGIN, [log.key])
    assert best is None
    assert set(silent) == {"neighbour"}


async def test_of_several_witnesses_the_one_that_saw_most_counts(tmp_path: Path) -> None:
    """A start compares with the largest checkpoint that anybody cosigned; a witness that is silent is named."""
    ports: list[WitnessPort] = []
    log = Lying.of(4)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        ports.append(FolderWitness(name, witness_in(tmp_path / name)))
        await ask(ports[-1], log, known=0)
        log.grow(1)
    gone = HttpTransport(endpoint="http://127.0.0.1:9", credentials=Anonymous(), clock=SystemClock())
    ports.append(HttpWitness("three", IDENTITY.key, gone))

    best, silent = await last_witnessed(ports, ORIGIN, [log.key])

    assert best is not None
    assert best.size == 5
    assert set(silent) == {"three"}
    await ports[-1].close()


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.faults, id="tampering-1000")])
def test_no_tampering_gets_a_cosignature(tmp_path: Path, times: int) -> None:
    """
    Logs of random sizes, cut at random places, rewritten, swapped or forked, grown on by random amounts and signed
    with the real key: the first checkpoint after it is refused, every time; and the honest log goes on being cosigned.
    """
    choice = random.Random(times)
    found = 0
    for number in range(times):
        log = Lying.of(choice.randint(2, 300), origin=f"{ORIGIN}{number}")
        witness = witness_in(tmp_path)
        witness.add(submitted(log, 0))
        honest, size, place = list(log.leaves), log.size, choice.randrange(log.size)
        match choice.choice(["cut", "rewrite", "swap", "insert", "delete"]):
            case "cut":
                del log.leaves[place:]
            case "rewrite":
                log.leaves[place] = choice.randbytes(32)
            case "swap":
                other = (place + choice.randint(1, size - 1)) % size
                log.leaves[place], log.leaves[other] = log.leaves[other], log.leaves[place]
            case "insert":
                log.leaves.insert(place, choice.randbytes(32))
            case _:
                del log.leaves[place]
        log.grow(choice.choice([0, 0, 1, 5, 200]), "forged")
        for old in (size, min(size, log.size), 0):
            proof = tuple(log.consistency_proof(old, log.size)) if old <= log.size else ()
            with pytest.raises((WitnessConflict, WitnessRefused)):
                witness.add(Submission(old, proof, log.checkpoint).encoded())
        found += 1
        log.leaves = honest
        log.grow(3)
        witness.add(submitted(log, size))
    assert found == times


# --- over HTTP, and on paper ---------------------------------------------------------------------


async def test_the_protocol_is_that_of_the_specification(witness: Witness) -> None:
    """Statuses, media types and bodies are those of C2SP tlog-witness, byte by byte."""
    listening = await server.listen(application(witness), "127.0.0.1", 0, shutdown_s=0.1)
    log = Lying.of(8)

    async def post(body: bytes) -> tuple[int, str, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head, _, text = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        kind = re.search(rb"(?i)content-type: ([^;\r]*)", head)
        return int(head.split()[1]), kind[1].decode() if kind else "", text

    try:
        status, _, lines = await post(submitted(log, 0))
        assert status == 200
        assert re.fullmatch(rf"— {re.escape(IDENTITY.name)} [A-Za-z0-9+/]+=*\n", lines.decode())
        assert await post(submitted(log, 3)) == (409, "text/x.tlog.size", b"8\n")
        assert (await post(submitted(Lying.of(3, origin="x.vn/0"), 0)))[0] == 404
        assert (await post(b"old 9\n\n" + log.checkpoint.encode()))[0] == 400
        assert (await post(b"x" * 100_000))[0] == 413
        log.grow(2)
        assert (await post(b"old 8\n\n" + log.checkpoint.encode()))[0] == 422
    finally:
        await listening.stop()


def test_a_key_is_written_down_and_read_back(tmp_path: Path) -> None:
    """A vkey is read back as the same key; one with a slip of the pen is refused; a key file is not quoted."""
    assert witness_key(vkey(IDENTITY.key)) == IDENTITY.key
    for wrong in ("", "name", vkey(IDENTITY.key)[:-6], vkey(IDENTITY.key).replace("+", "+0", 1)):
        with pytest.raises(ValueError, match="name"):
            witness_key(wrong)
    (tmp_path / "key").write_text("c2VjcmV0\n")
    with pytest.raises(SettingsError) as refused:
        Identity.load("w", tmp_path / "key")
    assert "c2VjcmV0" not in str(refused.value)
    with pytest.raises(SettingsError):
        Identity.new("two words")


def _grown(log: Lying, count: int) -> Lying:
    grown = Lying(origin=log.origin)
    grown.leaves = list(log.leaves)
    grown.grow(count)
    return grown


class _Still:
    """A log at one moment."""

    def __init__(self, log: Lying, note: str) -> None:
        self.origin, self.size, self.checkpoint = log.origin, log.size, note
        self.consistency_proof = log.consistency_proof
