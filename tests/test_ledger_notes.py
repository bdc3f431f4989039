"""Checkpoints are signed notes as C2SP writes them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.crypto import FileSigner, ed25519_public_key, spki
from gateway.ledger import notes
from gateway.ledger.notes import Checkpoint, LogKey, WitnessKey
from tests.ledgers import SIGNER

AT = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
CHECKPOINT = Checkpoint("gateway.test/ledger/0", 20852163, bytes(range(32)), AT)
KEY = LogKey(CHECKPOINT.origin, SIGNER.public_key)
SEED = hashlib.sha256(b"a witness of the tests").digest()
WITNESS = WitnessKey("witness.test/w1", ed25519_public_key(SEED))
OTHER = FileSigner(ec.derive_private_key(815, ec.SECP256R1()))


def test_a_checkpoint_has_the_lines_of_the_specification() -> None:
    """Origin, size and root stand on lines of their own, then our time, a blank line and the signature."""
    lines = notes.signed(CHECKPOINT, SIGNER).split("\n")

    assert lines[:5] == [
        "gateway.test/ledger/0",
        "20852163",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "at 2026-03-01T01:30:00.000000Z",
        "",
    ]
    assert lines[5].startswith("\u2014 gateway.test/ledger/0 ")
    assert lines[6:] == [""]


def test_an_es256_signature_is_one_of_type_2() -> None:
    """The key id is that of the SPKI alone, and any library for ECDSA verifies what follows over the text."""
    note = notes.signed(CHECKPOINT, SIGNER)
    value = base64.b64decode(note.rstrip("\n").rpartition(" ")[2])

    assert value[:4] == hashlib.sha256(spki(SIGNER.public_key)).digest()[:4]
    assert isinstance(SIGNER.public_key, ec.EllipticCurvePublicKey)
    SIGNER.public_key.verify(value[4:], CHECKPOINT.text.encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("signer", [SIGNER, FileSigner(rsa.generate_private_key(65537, 2048))], ids=lambda one: one.alg)
@pytest.mark.parametrize(
    "checkpoint",
    [CHECKPOINT, replace(CHECKPOINT, clock_suspect=True), replace(CHECKPOINT, at=None), replace(CHECKPOINT, size=0)],
)
def test_what_was_signed_is_what_is_opened(signer: FileSigner, checkpoint: Checkpoint) -> None:
    """A checkpoint comes back as it was signed, by either kind of key."""
    key = LogKey(checkpoint.origin, signer.public_key)

    assert notes.opened(notes.signed(checkpoint, signer), [key]) == checkpoint


@given(st.data())
def test_a_note_with_any_character_changed_is_not_opened(data: st.DataObject) -> None:
    """Whatever single character of a note is replaced: it does not open, or its text is not touched."""
    note = notes.signed(CHECKPOINT, SIGNER)
    at = data.draw(st.integers(0, len(note) - 1))
    changed = note[:at] + data.draw(st.characters().filter(lambda char: char != note[at])) + note[at + 1 :]

    try:
        checkpoint = notes.opened(changed, [KEY])
    except ValueError:
        return
    assert checkpoint == CHECKPOINT
    assert at >= len(CHECKPOINT.text)


def test_a_signature_of_an_unknown_key_proves_nothing() -> None:
    """A note that only strangers have signed does not open; one that a known key has signed too does."""
    stranger = notes.signed(CHECKPOINT, OTHER)
    with pytest.raises(ValueError, match="no known key"):
        notes.opened(stranger, [KEY])

    both = stranger + notes.signed(CHECKPOINT, SIGNER).rpartition("\n\n")[2]
    assert notes.opened(both, [KEY]) == CHECKPOINT


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    """A line with a known key's name and id must verify, whatever else has been signed."""
    good = notes.signed(CHECKPOINT, SIGNER)
    other = notes.signed(replace(CHECKPOINT, size=1), SIGNER).rpartition("\n\n")[2]

    with pytest.raises(ValueError, match="is wrong"):
        notes.opened(good + other, [KEY])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a\n1\n",
        "a\n01\n" + "A" * 43 + "=\n\n\u2014 a AAAAAAA=\n",
        "a\n1\nAAAA\n\n\u2014 a AAAAAAA=\n",
        "a\n1\n" + "A" * 43 + "=\n\n\u2014 a AAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n- a AAAAAAA=\n",
        "a\n1\n" + "A" * 43 + "=\n\nat 2026\n\u2014 a AAAAAAA=",
        "a\r\n1\n" + "A" * 43 + "=\n\n\u2014 a AAAAAAA=\n",
        "a\n1\n" + "A" * 43 + "=\n\n\u2014 a+b AAAAAAA=\n",
        "a\n1\n" + "A" * 43 + "=\nat 2026-03-01T01:30:00\n\n\u2014 a AAAAAAA=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    """A text that breaks the specification's form is a ValueError, never something else."""
    with pytest.raises(ValueError):  # noqa: PT011  # whichever part of the form is broken
        notes.checkpoint_from(notes.split(note)[0])


def test_a_witness_says_when_it_saw_the_log() -> None:
    """A cosignature is a line of its own, bound to text, time and witness; the log's signature still opens the note."""
    note = notes.cosigned(notes.signed(CHECKPOINT, SIGNER), WITNESS.name, SEED, AT)

    assert notes.witnessed_by(note, [WITNESS]) == {WITNESS.name: AT}
    assert notes.opened(note, [KEY]) == CHECKPOINT
    assert notes.witnessed_by(note, [WitnessKey("witness.test/w2", WITNESS.public)]) == {}
    line = note.splitlines()[-1]
    moved = notes.signed(replace(CHECKPOINT, size=7), SIGNER) + line + "\n"
    with pytest.raises(ValueError, match="cosignature"):
        notes.witnessed_by(moved, [WITNESS])


def test_notes_are_told_apart_in_a_file_that_grows() -> None:
    """Notes appended to one another come out one by one; a last one that was cut off does not, wherever it was cut."""
    first = notes.cosigned(notes.signed(CHECKPOINT, SIGNER), WITNESS.name, SEED, AT)
    second = notes.signed(replace(CHECKPOINT, size=20852164), SIGNER)

    assert list(notes.notes_in(first + second)) == [first, second]
    for cut in range(len(second)):
        assert list(notes.notes_in(first + second[:cut])) == [first]
