"""Batches at the front door: taken whole or not at all, asked item by item, given back, deleted."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import orjson
from openapi_spec_validator import validate

from gateway.keyring import read_key_set
from gateway.ledger.evidence import verified
from gateway.ledger.reading import LogReader
from gateway.settings import BatchSettings, BreakerSettings, Settings, load
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, MAU, NOBODY, Desk, open_desk
from tests.load import until
from tests.policies import policy, rule
from tests.recorded import settings_file

ROOT = Path(__file__).parents[1]
RIGHTS = '[rights]\nbatches = ["one-stop"]\n'
JOB = {"asks": "verifications", "dataset": "dancu.citizen", "inquiry": INQUIRY}
LOOKUPS = JOB | {"asks": "lookups"}
COLUMNS = (
    "ref",
    "query.citizen_id",
    "query.full_name",
    "query.birth_date",
    "claims.full_name",
    "claims.permanent_residence.detail",
)
CLAIMS = {"full_name": "Nguyễn Văn Mậu", "birth_date": "1999"}


def batch_settings(folder: Path, url: str, *, more: str = RIGHTS, **section: Any) -> Settings:
    settings = load(settings_file(folder, url, more=more))
    batches = BatchSettings(file=folder / "batches.db", lease_s=2, **section)
    dancu = settings.registries["dancu"].model_copy(update={"breaker": BreakerSettings(probe_s=0.2, successes=1)})
    return settings.model_copy(update={"batches": batches, "registries": settings.registries | {"dancu": dancu}})


@asynccontextmanager
async def batching(folder: Path, stand_ins: Running, **section: Any) -> AsyncIterator[Desk]:
    async with open_desk(batch_settings(folder, stand_ins.base_url, **section)) as desk:
        yield desk


def lines(job: Mapping[str, Any], *items: Mapping[str, Any]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in (job, *items))


async def bring(
    desk: Desk, body: bytes, *, form: str = "application/x-ndjson", **headers: str
) -> tuple[int, dict[str, Any]]:
    sent = {"X-API-Key": KEY, "Content-Type": form} | headers
    async with desk.session.post(f"{desk.url}/v1/batches", data=body, headers=sent) as reply:
        return reply.status, await reply.json(content_type=None)


async def call(
    desk: Desk, method: str, batch_id: str, more: str = "", *, accept: str = "application/x-ndjson"
) -> tuple[int, bytes]:
    headers = {"X-API-Key": KEY, "Accept": accept}
    async with desk.session.request(method, f"{desk.url}/v1/batches/{batch_id}{more}", headers=headers) as reply:
        return reply.status, await reply.read()


async def ended(desk: Desk, batch_id: str, within_s: float = 20.0) -> dict[str, Any]:
    """How it stands once it has ended."""
    async with asyncio.timeout(within_s):
        while True:
            _, told = await desk.get(f"/v1/batches/{batch_id}")
            if told["state"] not in {"waiting", "running"}:
                return dict(told)
            await asyncio.sleep(0.05)


async def waiting(desk: Desk, batch_id: str, within_s: float = 20.0) -> dict[str, Any]:
    """How it stands once it waits for a registry."""
    async with asyncio.timeout(within_s):
        while True:
            _, told = await desk.get(f"/v1/batches/{batch_id}")
            if told["waits_for"]:
                return dict(told)
            await asyncio.sleep(0.02)


async def results(desk: Desk, batch_id: str) -> list[dict[str, Any]]:
    status, body = await call(desk, "GET", batch_id, "/results")
    assert status == 200, body
    return [orjson.loads(line) for line in body.splitlines()]


def in_file(folder: Path, statement: str) -> list[Any]:
    """What a statement finds in the file of batches, or changes in it."""
    with closing(sqlite3.connect(folder / "batches.db", timeout=5)) as database, database:
        return database.execute(statement).fetchall()


def content(folder: Path) -> bytes:
    """Everything that lies on the disk of batches."""
    return b"".join(file.read_bytes() for file in folder.glob("batches.db*"))


async def until_answered(desk: Desk, batch_id: str, within_s: float = 10.0) -> None:
    """Return once the first item has its result."""
    async with asyncio.timeout(within_s):
        while not (await desk.get(f"/v1/batches/{batch_id}"))[1]["items"]["answered"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def records(desk: Desk) -> list[dict[str, Any]]:
    assert desk.core.ledger is not None
    entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
    return [orjson.loads(entry.record) for entry in entries if entry.record]


async def test_each_item_of_a_batch_is_answered_as_if_it_had_come_by_itself(tmp_path: Path, stand_ins: Running) -> None:
    """One result a line, in their order, with verdicts, evidence and a place in the ledger of its own."""
    items = [
        {"ref": "hồ sơ 1", "query": MAU, "claims": CLAIMS, "case_id": "H08.12-260301-0002"},
        {"query": NOBODY, "claims": {"full_name": "Trần Thị Mẫu"}},
    ]
    async with batching(tmp_path, stand_ins) as desk:
        status, taken = await bring(desk, lines(JOB, *items))
        told = await ended(desk, taken["batch_id"])
        found, absent = await results(desk, taken["batch_id"])
        _, published = await desk.get("/.well-known/jwks.json")
        written = {one["lookup_id"]: one for one in records(desk) if one["type"] == "asked"}
        metrics = await desk.metrics()

    assert (status, taken["items"]["total"]) == (202, 2)
    assert taken["state"] in {"waiting", "running"}  # a worker that is free begins at once
    assert (told["state"], told["items"]["answered"]) == ("done", 2)
    assert told["outcomes"] == {"found": 1, "absent": 1, "unknown": 0, "refused": 0}
    assert (found["line"], found["ref"], found["outcome"]) == (2, "hồ sơ 1", "found")
    assert [one["verdict"] for one in found["answer"]["verdicts"]] == ["diacritics_differ", "match_at_year"]
    assert (absent["line"], absent["ref"], absent["outcome"], absent["answer"]["verdicts"]) == (3, None, "absent", [])
    document = verified(found["answer"]["evidence"], read_key_set(orjson.dumps(published)))
    assert document["lookup_id"] == found["answer"]["lookup_id"]
    asked = written[found["answer"]["lookup_id"]]
    assert (asked["case_id"], asked["asks"]) == ("H08.12-260301-0002", "verification")
    assert 'gateway_batch_items_total{outcome="found",registry="dancu"} 1' in metrics


async def test_a_table_goes_in_and_a_table_comes_out(tmp_path: Path, stand_ins: Running) -> None:
    """CSV with a row of names; results as CSV that Excel reads, in which nothing begins like a formula."""
    table = f"{','.join(COLUMNS)}\r\n"
    table += '"=cmd|\'/c calc\'!A1",000099000001,Nguyễn Văn Mẫu,1999-01-31,Nguyễn Văn Mẫu,"Số 1, phố Mẫu"\r\n'
    table += "@2,000099000003,Trần Thị Mẫu,1999,Trần Thị Mẫu,\r\n"
    async with batching(tmp_path, stand_ins) as desk:
        _, taken = await bring(desk, orjson.dumps(JOB) + b"\n" + table.encode(), form="text/csv")
        await ended(desk, taken["batch_id"])
        status, body = await call(desk, "GET", taken["batch_id"], "/results", accept="text/csv")

    assert (status, body[:3]) == (200, b"\xef\xbb\xbf")
    first, second = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert (first["line"], first["ref"]) == ("3", "'=cmd|'/c calc'!A1")
    assert (first["outcome"], first["verdict.full_name"]) == ("found", "match")
    assert first["verdict.permanent_residence"]
    assert first["evidence"].count(".") == 2
    assert (second["ref"], second["outcome"], second["verdict.full_name"]) == ("'@2", "absent", "")


async def test_a_table_of_records_has_a_column_for_each_field(tmp_path: Path, stand_ins: Running) -> None:
    """Of lookups the granted fields stand in columns of their own, and what lies in one is JSON."""
    job = LOOKUPS | {"fields": ["full_name", "permanent_residence"]}
    async with batching(tmp_path, stand_ins) as desk:
        _, taken = await bring(desk, lines(job, {"query": MAU}))
        await ended(desk, taken["batch_id"])
        _, body = await call(desk, "GET", taken["batch_id"], "/results", accept="text/csv")

    (row,) = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert row["record.full_name"] == "NGUYỄN VĂN MẪU"
    assert orjson.loads(row["record.permanent_residence"])["commune_code"] == "99903"
    assert row["record.birth_date"] == row["record.religion"] == ""


async def test_a_batch_with_one_wrong_line_is_refused_whole(tmp_path: Path, stand_ins: Running) -> None:
    """The line and the field are named, no value is, nobody is asked, and no row stays."""
    right = {"query": MAU, "claims": CLAIMS}
    wrong = {"query": MAU | {"birth_date": "1999-02-31"}, "claims": CLAIMS}
    async with batching(tmp_path, stand_ins) as desk:
        status, told = await bring(desk, lines(JOB, *[right] * 600, wrong, *[right] * 600))
        kept = in_file(tmp_path, "SELECT count(*) FROM batches UNION ALL SELECT count(*) FROM batch_items")
        written = {one["type"] for one in records(desk)}

    assert status == 422
    assert [(one["field"], one["code"]) for one in told["problems"]] == [("lines.602.query.birth_date", "partial_date")]
    assert kept == [(0,), (0,)]
    assert written == {"refused"}
    assert "Mẫu" not in str(told)


async def test_whoever_has_no_right_has_no_batches(tmp_path: Path, stand_ins: Running) -> None:
    """Asking thousands at once wants a right of its own; and the rule for the dataset beside it."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    item = {"query": FIRM, "claims": {"name": "x"}}
    async with batching(tmp_path / "one", stand_ins, more="") as desk:
        without = await bring(desk, lines(JOB | {"dataset": "dkdn.enterprise"}, item))
    async with batching(tmp_path / "other", stand_ins) as desk:
        fields = await bring(desk, lines(LOOKUPS | {"fields": ["full_name", "shoe_size"]}, {"query": MAU}))
        withheld = await bring(desk, lines(LOOKUPS | {"fields": ["religion"]}, {"query": MAU}))
        inquiry = INQUIRY | {"agency": "H09.1"}
        no_rule = await bring(desk, lines(JOB | {"inquiry": inquiry}, {"query": MAU, "claims": CLAIMS}))

    assert (without[0], without[1]["problems"][0]["code"]) == (403, "no_right")
    assert (no_rule[0], no_rule[1]["problems"][0]["code"]) == (403, "no_rule")
    problem = fields[1]["problems"][0]
    assert (fields[0], problem["field"], problem["code"]) == (422, "lines.1.fields.1", "unknown_field")
    assert (withheld[0], withheld[1]["problems"][0]["code"]) == (403, "not_granted")


async def test_a_batch_under_one_key_is_one_batch(tmp_path: Path, stand_ins: Running) -> None:
    """The same body under the same key is the batch that came first; another body is a conflict, and leaves nothing."""
    body = lines(JOB, {"query": MAU, "claims": CLAIMS})
    key = {"Idempotency-Key": '"one"'}
    async with batching(tmp_path, stand_ins) as desk:
        first, again = await bring(desk, body, **key), await bring(desk, body, **key)
        other = await bring(desk, body + body.splitlines()[1] + b"\n", **key)
        await ended(desk, first[1]["batch_id"])
        kept = in_file(tmp_path, "SELECT count(*) FROM batches")

    assert (first[0], again[0], other[0]) == (202, 200, 409)
    assert first[1]["batch_id"] == again[1]["batch_id"]
    assert kept == [(1,)]


async def test_rights_are_decided_anew_for_each_item_and_for_results(tmp_path: Path, stand_ins: Running) -> None:
    """Items that no rule allows any more are refused one by one; and what was given is not given again."""
    items = [{"query": MAU, "claims": CLAIMS} for _ in range(3)]
    nothing = policy(rule({"dkdn.enterprise": ["*"]}), more=RIGHTS)
    async with batching(tmp_path, stand_ins) as desk:
        _, before = await bring(desk, lines(JOB, *items))
        await ended(desk, before["batch_id"])
        stand_ins.faults.set("dancu", Fault("down"))
        _, after = await bring(desk, lines(JOB, *items))
        await waiting(desk, after["batch_id"])
        (tmp_path / "policy.toml").write_text(nothing)
        await desk.core.reloader.reload()
        stand_ins.faults.clear()
        told = await ended(desk, after["batch_id"])
        status, body = await call(desk, "GET", before["batch_id"], "/results")
        (tmp_path / "policy.toml").write_text(nothing.replace("dkdn.enterprise", "dancu.citizen"))
        await desk.core.reloader.reload()
        again, _ = await call(desk, "GET", before["batch_id"], "/results")
        refused = await results(desk, after["batch_id"])

    assert (told["state"], told["outcomes"]["refused"], told["reasons"]) == ("done", 3, {"forbidden": 3})
    assert (status, orjson.loads(body)["problems"][0]["code"]) == (403, "rights_changed")
    assert again == 200
    assert [one["problem"]["reason"] for one in refused] == ["forbidden"] * 3


async def test_an_outage_costs_no_item_its_answer(tmp_path: Path, stand_ins: Running) -> None:
    """While the registry is out the batch waits and says for what; then every item is answered."""
    items = [{"query": MAU, "claims": CLAIMS} for _ in range(20)]
    async with batching(tmp_path, stand_ins, at_once=4) as desk:
        stand_ins.faults.set("dancu", Fault("down"))
        _, taken = await bring(desk, lines(JOB, *items))
        told = await waiting(desk, taken["batch_id"])
        status, _ = await call(desk, "GET", taken["batch_id"], "/results")
        stand_ins.faults.clear()
        whole = await ended(desk, taken["batch_id"])

    assert told["waits_for"] in {"unreachable", "circuit_open"}
    assert told["waits_until"]
    assert status == 409
    assert whole["outcomes"]["found"] == 20


async def test_an_item_that_never_gets_an_answer_is_unknown_in_the_end(tmp_path: Path, stand_ins: Running) -> None:
    """After so many tries it ends as `unknown`, with its problem, and holds up none of the others."""
    item = {"query": MAU, "claims": CLAIMS}
    async with batching(tmp_path, stand_ins, tries=2, at_once=2) as desk:
        stand_ins.faults.set("dancu", Fault("down", times=4))
        _, taken = await bring(desk, lines(JOB, item))
        told = await ended(desk, taken["batch_id"])
        (result,) = await results(desk, taken["batch_id"])

    assert (told["outcomes"]["unknown"], told["reasons"]) == (1, {"unreachable": 1})
    assert (result["problem"]["reason"], result["problem"]["status"]) == ("unreachable", 503)


async def test_a_batch_goes_at_its_consumers_pace(tmp_path: Path, stand_ins: Running) -> None:
    """It takes its share of what the consumer may ask in a minute, evenly; officers keep the rest."""
    settings = batch_settings(tmp_path, stand_ins.base_url, rate_share=0.5)
    slow = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 12})
    settings = settings.model_copy(update={"consumers": {"one-stop": slow}})
    async with open_desk(settings) as desk:
        _, taken = await bring(desk, lines(JOB, *[{"query": MAU, "claims": CLAIMS}] * 40))
        for _ in range(5):
            status, _ = await desk.ask("dancu.citizen", MAU)
            assert status == 200
        _, told = await desk.get(f"/v1/batches/{taken['batch_id']}")

    assert told["items"]["answered"] <= 2


async def test_a_cancelled_batch_asks_nothing_more_and_gives_what_there_is(tmp_path: Path, stand_ins: Running) -> None:
    """Cancelling ends it at once; answered items can be fetched, what was not asked is gone from the file."""
    items = [{"query": MAU, "claims": CLAIMS} for _ in range(200)]
    async with batching(tmp_path, stand_ins, at_once=1) as desk:
        _, taken = await bring(desk, lines(JOB, *items))
        await until_answered(desk, taken["batch_id"])
        status, body = await call(desk, "POST", taken["batch_id"], "/cancel")
        await asyncio.sleep(0.3)
        _, told = await desk.get(f"/v1/batches/{taken['batch_id']}")
        given = await results(desk, taken["batch_id"])
        left = in_file(tmp_path, "SELECT count(item) FROM batch_items")
        again, _ = await call(desk, "POST", taken["batch_id"], "/cancel")

    assert (status, orjson.loads(body)["state"], told["state"]) == (200, "cancelled", "cancelled")
    assert 0 < len(given) == told["items"]["answered"] < 200
    assert left == [(0,)]
    assert again == 200


async def test_results_are_deleted_when_they_were_fetched_or_nobody_came(tmp_path: Path, stand_ins: Running) -> None:
    """Fetched whole they go after `keep_fetched_s`, else after `keep_s`; a consumer may delete them at once."""
    item = lines(JOB, {"query": MAU, "claims": CLAIMS})
    settings = batch_settings(tmp_path, stand_ins.base_url, keep_fetched_s=0)
    async with open_desk(settings) as desk:
        fetched, deleted, kept = [(await bring(desk, item))[1]["batch_id"] for _ in range(3)]
        for one in (fetched, deleted, kept):
            await ended(desk, one)
        await results(desk, fetched)
        gone, _ = await call(desk, "DELETE", deleted)
        statuses = [(await call(desk, "GET", one))[0] for one in (fetched, deleted, kept)]
    async with open_desk(settings) as desk:  # whoever begins deletes first what has had its time
        await ended(desk, kept)
        await until(lambda: in_file(tmp_path, "SELECT id FROM batches") == [(kept,)])
        items = in_file(tmp_path, "SELECT DISTINCT batch FROM batch_items")

    assert (gone, statuses) == (204, [404, 404, 200])
    assert items == [(kept,)]


async def test_nobody_sees_another_consumers_batch(tmp_path: Path, stand_ins: Running) -> None:
    """To whoever did not bring it, a batch is not there, with all its routes."""
    settings = batch_settings(tmp_path, stand_ins.base_url, more='[rights]\nbatches = ["one-stop", "other"]\n')
    other = settings.consumers["one-stop"].model_copy(
        update={"api_key_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}  # of "foo"
    )
    settings = settings.model_copy(update={"consumers": settings.consumers | {"other": other}})
    async with open_desk(settings) as desk:
        _, taken = await bring(desk, lines(JOB, {"query": MAU, "claims": CLAIMS}))
        await ended(desk, taken["batch_id"])
        told = []
        for method, more in (("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")):
            url = f"{desk.url}/v1/batches/{taken['batch_id']}{more}"
            async with desk.session.request(method, url, headers={"X-API-Key": "foo"}) as reply:
                told.append((reply.status, (await reply.json(content_type=None))["type"].rpartition(":")[2]))
        odd, _ = await call(desk, "GET", "not-an-id")

    assert told == [(404, "no_such_batch")] * 4
    assert odd == 404


async def test_nothing_of_a_person_stands_in_the_file(tmp_path: Path, stand_ins: Running) -> None:
    """Inputs and results are sealed; each row is bound to its place, and one that was moved is not believed."""
    items = [{"ref": "ho-so-rieng", "query": MAU, "claims": CLAIMS}, {"query": NOBODY, "claims": CLAIMS}]
    async with batching(tmp_path, stand_ins) as desk:
        _, taken = await bring(desk, lines(JOB, *items))
        await ended(desk, taken["batch_id"])
        await results(desk, taken["batch_id"])
        held = content(tmp_path)
        first, second = in_file(tmp_path, "SELECT result FROM batch_items ORDER BY line")
        moved = "UPDATE batch_items SET result = (SELECT result FROM batch_items WHERE line = 2) WHERE line = 3"
        in_file(tmp_path, moved)
        status, body = await call(desk, "GET", taken["batch_id"], "/results")

    assert first != second
    for canary in (*MAU.values(), *NOBODY.values(), "ho-so-rieng", "canbo.mau", "000080000009", "MẪU", "eyJ"):
        assert canary.encode() not in held
    assert (status, orjson.loads(body)["type"].rpartition(":")[2]) == (503, "batches_unavailable")


async def test_an_altered_item_ends_its_batch_as_failed(tmp_path: Path, stand_ins: Running) -> None:
    """A row that is not what was written is asked of nobody: the batch ends, and an alarm is counted."""
    async with batching(tmp_path, stand_ins, at_once=1) as desk:
        stand_ins.faults.set("dancu", Fault("slow", delay_s=0.4))
        _, taken = await bring(desk, lines(JOB, *[{"query": MAU, "claims": CLAIMS}] * 200))
        in_file(tmp_path, "UPDATE batch_items SET item = zeroblob(80) WHERE line > 100")
        stand_ins.faults.clear()
        told = await ended(desk, taken["batch_id"])
        metrics = await desk.metrics()

    assert told["state"] == "failed"
    assert 'gateway_batch_alarms_total{what="altered"} 1' in metrics


async def test_too_many_unfinished_batches_are_refused(tmp_path: Path, stand_ins: Running) -> None:
    """A consumer has so many unfinished ones at once; one more waits with its consumer."""
    async with batching(tmp_path, stand_ins, unfinished=1) as desk:
        stand_ins.faults.set("dancu", Fault("slow", delay_s=0.3))
        first, _ = await bring(desk, lines(JOB, {"query": MAU, "claims": CLAIMS}))
        second, told = await bring(desk, lines(JOB, {"query": MAU, "claims": CLAIMS}))
        stand_ins.faults.clear()

    assert (first, second, told["problems"][0]["code"]) == (202, 429, "too_many_batches")


async def test_what_is_no_batch_is_told_so(tmp_path: Path, stand_ins: Running) -> None:
    """Another media type, a body beyond the limit."""
    async with batching(tmp_path, stand_ins, body_limit_bytes=2048) as desk:
        form, told = await bring(desk, b"{}", form="application/json")
        large, _ = await bring(desk, lines(JOB, *[{"query": MAU, "claims": CLAIMS}] * 20))

    assert (form, told["problems"][0]["code"]) == (400, "content_type")
    assert large == 413


async def test_batches_are_described(tmp_path: Path, stand_ins: Running) -> None:
    """The document of a gateway with batches is a valid OpenAPI document, and tells of their routes."""
    async with batching(tmp_path, stand_ins) as desk:
        _, document = await desk.get("/openapi.json")

    validate(document)
    assert {path for path in document["paths"] if "batch" in path} == {
        "/v1/batches",
        "/v1/batches/{id}",
        "/v1/batches/{id}/cancel",
        "/v1/batches/{id}/results",
    }


async def test_whoever_has_no_file_has_no_batches(desk: Desk) -> None:
    """Without `batches.file` there are no such routes."""
    status, _ = await desk.post("/v1/batches", lines(JOB))

    assert status == 404


async def typed(*arguments: str) -> tuple[int | None, str, str]:
    """`gateway batch` as somebody types it: exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        "batch",
        *arguments,
        cwd=ROOT,
        env=os.environ | {"GATEWAY_API_KEY": KEY, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_file_becomes_a_file(tmp_path: Path, stand_ins: Running) -> None:
    """`gateway batch run` brings a table, shows how far it is, and writes a table that nobody else may read."""
    people = tmp_path / "people.csv"
    people.write_text(
        "ref,query.citizen_id,query.full_name,query.birth_date,claims.full_name\n"
        "a,000099000001,Nguyễn Văn Mẫu,1999-01-31,Nguyễn Văn Mẫu\nb,000099000003,Trần Thị Mẫu,1999,Trần Thị Mẫu\n"
    )
    asking = ("--dataset", "dancu.citizen", "--inquiry", str(ROOT / "demo" / "question.json"))
    async with batching(tmp_path, stand_ins) as desk:
        code, out, err = await typed("run", str(people), *asking, "--url", desk.url)
        again, _, _ = await typed("run", str(people), *asking, "--url", desk.url, "--to", str(tmp_path / "again.jsonl"))
        batches = in_file(tmp_path, "SELECT id FROM batches")
        status, told, _ = await typed("status", batches[0][0], "--url", desk.url, "--json")
        cancelled, _, _ = await typed("cancel", batches[0][0], "--url", desk.url)
        results, _, _ = await typed("results", batches[0][0], "--to", str(tmp_path / "r.jsonl"), "--url", desk.url)

    assert (code, again, status, cancelled, results) == (0, 0, 0, 0, 0), err
    assert "2/2 done found 1 absent 1" in out
    assert len(batches) == 1  # typed again it was the same batch
    assert orjson.loads(told)["state"] == "done"
    written = tmp_path / "people.results.csv"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert [row["ref"] for row in csv.DictReader(io.StringIO(written.read_text("utf-8-sig")))] == ["a", "b"]
    assert (tmp_path / "r.jsonl").read_text().count("\n") == 2


async def test_the_command_names_the_files_own_lines(tmp_path: Path, stand_ins: Running) -> None:
    """What is wrong is told by the line that an editor shows, and without the gateway it is said that there is none."""
    people = tmp_path / "people.csv"
    people.write_text("query.citizen_id,query.full_name,query.birth_date,claims.sex\n12,Mẫu,1999,1\n")
    asking = ("--dataset", "dancu.citizen", "--inquiry", str(ROOT / "demo" / "question.json"))
    async with batching(tmp_path, stand_ins) as desk:
        code, _, err = await typed("run", str(people), *asking, "--url", desk.url)
    away, _, gone = await typed("status", "01a2137e-55ee-7590-8a8c-dced9209fcf2", "--url", desk.url)
    nowhere, _, _ = await typed("status", "01a2137e-55ee-7590-8a8c-dced9209fcf2", "--url", "ftp://x")

    assert code == 2
    assert "line 2 query.citizen_id: " in err
    assert (away, nowhere) == (2, 2)
    assert "does not answer" in gone
