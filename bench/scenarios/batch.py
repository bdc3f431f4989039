"""A batch of 50,000 verifications, with a restart in its middle: what people who ask meanwhile notice, and memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

import orjson

from bench.asking import FIRM_FOUND, KEY, LOOKUP_FIRM
from bench.cases import CITIZEN, inquiry, query
from bench.check import check
from bench.errors import BenchError
from bench.finding import Finding, Target
from bench.load import open as open_loop
from bench.load.callers import Answers
from bench.load.open import Heard, Stream
from bench.processes import memory_mb
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import fifty_ms, firm_at
from bench.stage import Server, Stage, free_port
from gateway.kit.sections import section

__all__ = ["BATCH", "body"]

_ITEMS = 50_000
_PER_S, _SECONDS = 50.0, 20.0
_ADDED_MS, _GROWTH = 20.0, 1.10
_NUMBER = 12
_LOOK_S = 0.5
_STUCK_S = 120.0


def body(items: int) -> bytes:
    """The batch: the recorded citizen, again and again."""
    job = {"asks": "verifications", "dataset": "dancu.citizen", "inquiry": inquiry(CITIZEN)}
    claims = {"full_name": query(CITIZEN)["full_name"], "birth_date": query(CITIZEN)["birth_date"]}
    lines = [{"ref": str(number), "query": query(CITIZEN), "claims": claims} for number in range(items)]
    return b"\n".join(map(orjson.dumps, (job, *lines)))


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    items, seconds = max(400, round(_ITEMS * effort.share)), effort.seconds(_SECONDS)
    port = free_port()
    command = (sys.executable, "-m", "mocks", "--port", str(port), "--citizens", "100", "--enterprises", "100")
    mocks = stage.program(*command, port=port, load_side=True)
    settings = {
        **firm_at(fifty_ms(stage)),
        "registries.dancu": json.dumps(section("dancu", None, f"http://127.0.0.1:{mocks.port}")),
        "batches.file": str(stage.folder / "batches.db"),
        "batches.rate_share": "1",
        "batches.lease_s": "5",
    }
    gateway = stage.gateway(settings=settings)
    check("the other registry", gateway, LOOKUP_FIRM, FIRM_FOUND)
    _heard(stage, gateway, effort.seconds(4.0))
    first, again = _heard(stage, gateway, seconds), _heard(stage, gateway, seconds)
    began = time.monotonic()
    batch_id = str(_call(gateway, "POST", "", body(items), "application/x-ndjson")["batch_id"])
    taken_s = time.monotonic() - began
    _until(gateway, batch_id, items // 10)
    beside = [_heard(stage, gateway, seconds)]
    _until(gateway, batch_id, items // 2)
    gateway = stage.again(gateway)
    _until(gateway, batch_id, items * 6 // 10)
    early = memory_mb(gateway.pids[0])[0]
    beside.append(_heard(stage, gateway, seconds))
    told = _until(gateway, batch_id, items)
    took_s = time.monotonic() - began
    late = memory_mb(gateway.pids[0])[0]
    lines = _results(gateway, batch_id)
    return _findings(items, told, lines, (taken_s, took_s), (first, again), beside, (early, late))


def _findings(
    items: int,
    told: dict[str, Any],
    lines: int,
    took: tuple[float, float],
    quiet: tuple[Heard, Heard],
    beside: Sequence[Heard],
    memory: tuple[float, float],
) -> Sequence[Finding]:
    first, again = (one.right.p99_ms for one in quiet)
    p99_ms = max(one.right.p99_ms for one in beside)
    found = told["outcomes"]["found"]
    late_ms = max(one.late_ms for one in (*quiet, *beside))
    return (
        Finding(
            name=f"a batch of {items:,} verifications, a restart in its middle: items with their result",
            measured=min(found, lines) / items,
            target=Target(number=_NUMBER, must=1.0, at_least=True),
            note=f"{told['outcomes']}; taken in {took[0]:.1f} s, done in {took[1]:.0f} s",
        ),
        Finding(
            name="beside it: p99 of those who ask, beyond that of quiet times",
            measured=p99_ms - (first + again) / 2,
            unit="ms",
            target=Target(number=_NUMBER, must=_ADDED_MS),
            note=f"quiet {first:.1f}, again {again:.1f} (noise {abs(first - again):.1f}), beside it "
            f"{', '.join(f'{one.right.p99_ms:.1f}' for one in beside)} ms; p50 {_p50(quiet)} and {_p50(beside)}; "
            f"the generator was {late_ms:.1f} ms late",
        ),
        Finding(
            name="beside it: questions without an answer",
            measured=sum(one.wrong for one in beside),
            unit="",
            target=Target(number=_NUMBER, must=0),
            note=f"of {sum(one.meant for one in beside)} at {_PER_S:g}/s",
        ),
        Finding(
            name="memory at its end / soon after the restart",
            measured=memory[1] / memory[0],
            target=Target(number=_NUMBER, must=_GROWTH),
            note=f"RSS {memory[0]:.0f} and {memory[1]:.0f} MB",
        ),
    )


def _p50(heard: Sequence[Heard]) -> str:
    answers: Iterator[Answers] = (one.right for one in heard)
    return "–".join(f"{one.p50_ms:.1f}" for one in answers)


def _heard(stage: Stage, gateway: Server, seconds: float) -> Heard:
    stream = Stream(name="people", ask=LOOKUP_FIRM, per_s=_PER_S, seconds=seconds)
    return open_loop.run(gateway.port, [stream], core=stage.cores.load)["people"]


def _until(gateway: Server, batch_id: str, answered: int) -> dict[str, Any]:
    """How the batch stands once so many items have their result. Raises BenchError where nothing more comes."""
    seen, since = -1, time.monotonic()
    while True:
        told = _call(gateway, "GET", f"/{batch_id}")
        done = told["items"]["answered"]
        if done >= answered and (answered < told["items"]["total"] or told["state"] == "done"):
            return told
        if done > seen:
            seen, since = done, time.monotonic()
        if told["state"] not in {"waiting", "running"} or time.monotonic() - since > _STUCK_S:
            raise BenchError(f"the batch: {told['state']} with {done} items answered, {told['reasons']}")
        time.sleep(_LOOK_S)


def _results(gateway: Server, batch_id: str) -> int:
    """How many different items have a result line."""
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    try:
        connection.request("GET", f"/v1/batches/{batch_id}/results", headers=KEY)
        return len({orjson.loads(line)["line"] for line in connection.getresponse()})
    finally:
        connection.close()


def _call(gateway: Server, method: str, path: str, content: bytes = b"", form: str = "application/json") -> Any:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=120)
    try:
        connection.request(method, f"/v1/batches{path}", content or None, KEY | {"Content-Type": form})
        reply = connection.getresponse()
        told = orjson.loads(reply.read())
    except (OSError, HTTPException) as exc:
        raise BenchError(f"the batch: no answer: {type(exc).__name__}") from exc
    finally:
        connection.close()
    if reply.status >= 300:
        raise BenchError(f"the batch: status {reply.status}, {told.get('type')} {told.get('problems', '')}")
    return told


BATCH = Scenario(name="batch", title="a batch of thousands beside people who ask", run=_run)
