"""Sealed rows: read by us alone, bound to their place, and no nonce twice."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gateway.crypto import Secrets
from gateway.crypto_sealing import Altered, KeyGone, Sealer

KEYS = (b"k" * 32, b"o" * 32)
PLAIN = "Nguyễn Văn Mẫu".encode()
HERE, THERE = b"here", b"there"


def nonce_of(sealed: bytes) -> tuple[bytes, bytes]:
    """What may never come twice under one key: salt, from which the key comes, and counter."""
    return sealed[9:25], sealed[25:37]


def test_what_was_sealed_is_opened_where_it_belongs() -> None:
    """By the same process or another one with the same keys; the plain text stands nowhere in it."""
    sealed = Sealer(KEYS).seal(PLAIN, HERE)

    assert Sealer(KEYS).open(sealed, HERE) == PLAIN
    assert PLAIN not in sealed
    assert Sealer(KEYS).seal(PLAIN, HERE) != sealed


def test_what_was_sealed_under_an_older_secret_is_opened() -> None:
    """A new secret in front does not make what is there unreadable."""
    sealed = Sealer(KEYS[1:]).seal(PLAIN, HERE)
    assert Sealer(KEYS).open(sealed, HERE) == PLAIN


def test_c04_a_secret_that_is_gone_is_said_to_be() -> None:
    """It is told from a row that somebody has altered."""
    sealed = Sealer(KEYS[1:]).seal(PLAIN, HERE)
    with pytest.raises(KeyGone):
        Sealer(KEYS[:1]).open(sealed, HERE)


def test_c01_a_row_at_another_place_is_refused() -> None:
    """It is bound to where it stands."""
    with pytest.raises(Altered):
        Sealer(KEYS).open(Sealer(KEYS).seal(PLAIN, HERE), THERE)


def test_every_byte_counts() -> None:
    """Whichever byte is changed, or cut off, the row is refused; nothing of it is given."""
    sealed = Sealer(KEYS).seal(PLAIN, HERE)
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :]
        with pytest.raises((Altered, KeyGone)):
            Sealer(KEYS).open(broken, HERE)
        with pytest.raises((Altered, KeyGone)):
            Sealer(KEYS).open(sealed[:place], HERE)


def test_c06_no_nonce_comes_twice_under_one_key() -> None:
    """
    Within a process it is counted, from zero; between two of them the key differs by 16 random bytes that each draws
    when it begins. So 10^6 rows are as safe as these.
    """
    sealers = [Sealer(KEYS) for _ in range(4)]
    seen = {nonce_of(one.seal(b"", HERE)) for _ in range(2_000) for one in sealers}
    counters = {one.seal(b"", HERE)[25:37] for one in sealers}

    assert len(seen) == 8_000
    assert len({salt for salt, _ in seen}) == 4
    assert counters == {(2_000).to_bytes(12, "big")}


@pytest.mark.faults
def test_c06_no_nonce_comes_twice_over_a_million_rows() -> None:
    """The same, counted out."""
    sealer = Sealer(KEYS)
    assert len({nonce_of(sealer.seal(b"", HERE)) for _ in range(1_000_000)}) == 1_000_000


def test_c06_a_child_process_draws_bytes_of_its_own() -> None:
    """After a fork both count on from the same number, but not under the same key."""
    sealer = Sealer(KEYS)
    sealer.seal(b"", HERE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, sealer.seal(b"", HERE))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 1_000)
    os.close(reading)
    os.close(writing)

    assert nonce_of(theirs)[0] != nonce_of(sealer.seal(b"", HERE))[0]
    assert Sealer(KEYS).open(theirs, HERE) == b""


def test_each_purpose_has_a_key_of_its_own() -> None:
    """What seals is no secret itself, and neither finds an answer nor makes a pseudonym."""
    secrets = Secrets((b"s" * 32, b"t" * 32))

    assert len({*secrets.sealing_keys, b"s" * 32, b"t" * 32}) == 4
    assert secrets.place(b"x") != Secrets((b"t" * 32,)).place(b"x")


def test_c09_nothing_is_sealed_with_fernet() -> None:
    """Its time stands in the clear, and without a ttl its tokens live for ever."""
    source = Path(__file__).parents[1] / "gateway"
    assert not [file for file in source.rglob("*.py") if re.search("fernet", file.read_text(), re.IGNORECASE)]
