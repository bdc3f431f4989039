"""
Signed notes and checkpoints, as C2SP writes them (c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature).

A checkpoint is three lines (origin, size, root) and ours has one or two more: `at 2026-03-01T01:30:00.000000Z`, and
`clock_suspect` where the machine's clock had jumped. It is signed by the log's key:

    ES256    signature type 0x02: ASN.1 over SHA-256 of the text; the key id is that of the specification
    RS256    no type is assigned to RSA, so 0xff with a name of our own: RSASSA-PKCS1-v1_5 over SHA-256

A witness adds a line of its own: a cosignature/v1 (type 0x04, Ed25519), which says when it saw that the log had only
grown.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.crypto import (
    PublicKey,
    Signer,
    der_signature,
    ed25519_public_key,
    ed25519_sign,
    ed25519_verifies,
    jws_signature,
    spki,
    verifies,
)

__all__ = [
    "Checkpoint",
    "LogKey",
    "WitnessKey",
    "checkpoint_from",
    "cosigned",
    "notes_in",
    "opened",
    "signed",
    "split",
    "witnessed_by",
]

_RSA = b"\xffonestop-gateway RS256"
_LARGEST = 64 * 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """
    What a log says of itself: how many records, and the tree's root over them. `at` is the log's own clock, None where
    a foreign log does not say it.
    """

    origin: str
    size: int
    root: bytes = field(repr=False)
    at: datetime | None = None
    clock_suspect: bool = False

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        if self.at is not None:
            lines.append(f"at {self.at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}")
        if self.clock_suspect:
            lines.append("clock_suspect")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class LogKey:
    """A key that a log may have signed with, under the log's name."""

    name: str
    key: PublicKey

    @property
    def id(self) -> bytes:
        """What stands before a signature of this key, 4 bytes."""
        public = spki(self.key)
        if isinstance(self.key, rsa.RSAPublicKey):
            return hashlib.sha256(self.name.encode() + b"\n" + _RSA + public).digest()[:4]
        return hashlib.sha256(public).digest()[:4]

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether the signature (without the key id) is this key's over the text."""
        if isinstance(self.key, rsa.RSAPublicKey):
            return verifies(self.key, signature, text.encode())
        try:
            return verifies(self.key, jws_signature(signature), text.encode())
        except ValueError:
            return False


@dataclass(frozen=True)
class WitnessKey:
    """A witness's name and its Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """What stands before a cosignature of this key, 4 bytes."""
        return hashlib.sha256(self.name.encode() + b"\n\x04" + self.public).digest()[:4]


def signed(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a note signed by the log, whose name is the origin."""
    text = checkpoint.text
    signature = signer.sign(text.encode())
    if signer.alg == "ES256":
        signature = der_signature(signature)
    key = LogKey(checkpoint.origin, signer.public_key)
    return f"{text}\n{_line(key.name, key.id + signature)}"


def cosigned(note: str, witness: str, seed: bytes, at: datetime) -> str:
    """The note with one more line: the witness's cosignature/v1. `seed` is its Ed25519 key, 32 bytes."""
    text, _ = split(note)
    seconds = int(at.timestamp())
    key = WitnessKey(witness, ed25519_public_key(seed))
    signature = ed25519_sign(seed, _cosigned_text(text, seconds))
    return note + _line(witness, key.id + seconds.to_bytes(8, "big") + signature)


def opened(note: str, keys: Iterable[LogKey]) -> Checkpoint:
    """
    The checkpoint of a note that one of the keys has signed; lines of unknown keys are passed over. Raises ValueError
    where the note is none, no known key signed it, or a known key's signature is wrong.
    """
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in keys}
    proven = False
    for name, value in signatures:
        key = known.get((name, value[:4]))
        if key is None:
            continue
        if not key.verifies(value[4:], text):
            raise ValueError(f"the signature of {name} is wrong")
        proven = True
    if not proven:
        raise ValueError("no known key has signed it")
    return checkpoint_from(text)


def witnessed_by(note: str, witnesses: Iterable[WitnessKey]) -> dict[str, datetime]:
    """
    Which of the witnesses have cosigned, and when. Raises ValueError where a known witness's line is wrong.
    """
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in witnesses}
    found: dict[str, datetime] = {}
    for name, value in signatures:
        key = known.get((name, value[:4]))
        if key is None:
            continue
        seconds = int.from_bytes(value[4:12], "big")
        if len(value) != 76 or not ed25519_verifies(key.public, value[12:], _cosigned_text(text, seconds)):
            raise ValueError(f"the cosignature of {name} is wrong")
        found[name] = datetime.fromtimestamp(seconds, UTC)
    return found


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text, and each signature as key name and bytes. Raises ValueError where it is no note."""
    text, blank, rest = note.rpartition("\n\n")
    if not blank or not rest.endswith("\n") or len(note) > _LARGEST:
        raise ValueError("no signed note")
    if any(ord(char) < 0x20 and char != "\n" for char in note):
        raise ValueError("a note has no control characters")
    signatures = []
    for line in rest.removesuffix("\n").split("\n"):
        name, space, value = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not name or "+" in name:
            raise ValueError("no signature line")
        signatures.append((name, base64.b64decode(value, validate=True)))
    if any(len(value) < 5 for _, value in signatures):
        raise ValueError("a signature is too short")
    return text + "\n", signatures


def checkpoint_from(text: str) -> Checkpoint:
    """The checkpoint of a note's text, of whatever log. Raises ValueError."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise ValueError("no checkpoint")
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != 32:
        raise ValueError("a checkpoint's root has 32 bytes")
    at = next((line[3:] for line in lines[3:] if line.startswith("at ")), None)
    moment = datetime.fromisoformat(at) if at else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a checkpoint's time has a zone")
    return Checkpoint(lines[0], int(lines[1]), root, moment, "clock_suspect" in lines[3:])


def notes_in(content: str) -> Iterator[str]:
    """The notes of a file to which one after another was appended; an unfinished last one is left out."""
    lines: list[str] = []
    signing = False
    whole, _, _ = content.rpartition("\n")
    for line in whole.split("\n"):
        signs = line.startswith(_DASH)
        if signing and not signs:
            yield "".join(lines)
            lines.clear()
        signing = signs and (signing or lines[-1:] == ["\n"])
        lines.append(line + "\n")
    if signing:
        yield "".join(lines)


def _line(name: str, value: bytes) -> str:
    return f"{_DASH}{name} {base64.b64encode(value).decode()}\n"


def _cosigned_text(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
