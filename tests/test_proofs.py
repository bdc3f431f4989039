"""Proofs over HTTP: whoever has the right gets checkpoints, records in their places, and that the log only grew."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.keyring import read_key_set
from gateway.ledger import proving
from gateway.ledger.evidence import verified
from gateway.ledger.frames import leaf_hash
from gateway.ledger.merkle import Frontier, verify_consistency, verify_inclusion
from gateway.ledger.notes import checkpoint_from, split
from gateway.ledger.proofs import proven
from gateway.ledger.reading import LogReader
from gateway.settings import load
from mocks.server import Running
from tests.conftest import FIRM, Desk, open_desk
from tests.ledgers import fill, opened
from tests.recorded import settings_file

RIGHT = '\n[rights]\nproofs = ["one-stop"]\n'


@pytest.fixture
async def desk(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url, more=RIGHT))) as desk:
        yield desk


async def answered(desk: Desk) -> dict[str, Any]:
    """An answer whose record a checkpoint covers."""
    _, answer = await desk.ask("dkdn.enterprise", FIRM)
    assert desk.core.ledger is not None
    await desk.core.ledger.sign_checkpoint()
    return answer


async def test_an_answer_can_be_proved_to_stand_in_the_ledger(desk: Desk) -> None:
    """Evidence, the record that commits to it and the record's place under a signed checkpoint belong together."""
    answer = await answered(desk)
    _, published = await desk.get("/.well-known/jwks.json")
    keys = read_key_set(orjson.dumps(published))

    place = answer["ledger"]
    status, found = await desk.get(f"/v1/ledger/proofs/{place['index']}?log={place['log']}")
    document = verified(answer["evidence"], keys)
    checkpoint = proven(found["proof"], found["record"].encode(), document, keys.values())

    assert status == 200
    assert checkpoint.origin == place["log"]
    assert checkpoint.size > place["index"]


async def test_the_log_is_proved_to_have_only_grown(desk: Desk) -> None:
    """The consistency proof leads from an older checkpoint to the latest."""
    await answered(desk)
    _, before = await desk.get("/v1/ledger/checkpoint")
    old = checkpoint_from(split(before["logs"][0]["checkpoint"])[0])
    await answered(desk)

    _, found = await desk.get(f"/v1/ledger/consistency/{old.size}?log={old.origin}")
    new = checkpoint_from(split(found["checkpoint"])[0])

    assert new.size > old.size
    hashes = [base64.b64decode(one) for one in found["hashes"]]
    assert verify_consistency(old.size, new.size, hashes, old.root, new.root)


async def test_what_is_not_there_is_said_to_be_not_there(desk: Desk) -> None:
    """An unknown log, an index beyond the checkpoint, a missing name and a wrong number each have their problem."""
    answer = await answered(desk)
    log = answer["ledger"]["log"]

    said = [
        (await desk.get(path))
        for path in (
            f"/v1/ledger/proofs/999?log={log}",
            "/v1/ledger/proofs/0?log=nobody/0",
            f"/v1/ledger/consistency/999?log={log}",
            "/v1/ledger/proofs/0",
            f"/v1/ledger/proofs/-1?log={log}",
        )
    ]

    assert [status for status, _ in said] == [404, 404, 404, 400, 400]
    assert {body["type"].rpartition(":")[2] for _, body in said} == {"no_such_record", "invalid"}


@pytest.mark.parametrize("bent", [b"\0" * 32, b""])
async def test_proofs_do_not_believe_the_hash_rows(tmp_path: Path, bent: bytes) -> None:
    """Bent or cut off, they are made again from the records: nobody discredits evidence by a derived file."""
    async with opened(tmp_path) as log:
        await fill(log, 300)
        await log.sign_checkpoint()
        row = tmp_path / "tiles" / "0"
        row.write_bytes(bent + row.read_bytes()[32:])
        reader = LogReader(tmp_path)
        wanted = checkpoint_from(split(log.checkpoint)[0])

        found = proving.proof(reader, 1)
        hashes, _ = proving.consistency(reader, 3)
        tree = Frontier()
        tree.extend(entry.leaf for entry in reader.entries(0, 3))

    assert found.record is not None
    path = [base64.b64decode(line) for line in found.text.partition("\n\n")[0].split("\n")[2:]]
    assert verify_inclusion(leaf_hash(found.record), 1, 300, path, wanted.root)
    assert verify_consistency(3, 300, hashes, tree.root(), wanted.root)


async def test_proofs_want_their_right(tmp_path: Path, stand_ins: Running) -> None:
    """Without the right `proofs` there are none, and the refusal stands in the ledger with whose it was."""
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url))) as desk:
        status, problem = await desk.get("/v1/ledger/checkpoint")
        stranger, _ = await desk.get("/v1/ledger/checkpoint", key="wrong")
        assert desk.core.ledger is not None
        kept = [one.record for one in LogReader(desk.core.ledger.folder).entries(flushed_only=False) if one.record]

    refused = [(record["type"], record["consumer"], record["refusal"]) for record in map(orjson.loads, kept)]
    assert refused == [("refused", "one-stop", "forbidden"), ("refused", None, "unauthenticated")]
    assert (status, problem["reason"]) == (403, "forbidden")
    assert stranger == 401
