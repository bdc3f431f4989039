"""A batch of 50,000 verifications, with a restart in its middle: what people who ask meanwhile notice, and memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

import orjson

from bench.asking import FIRM_FOUND, KEY, LOOKUP_FIRM
from bench.cases import CITIZEN, inquiry, query
from bench.check import check
from bench.errors import BenchError
from bench.figures import median
from bench.finding import Finding, Target
from bench.load import open as open_loop
from bench.load.open import Heard, Stream
from bench.processes import memory_mb
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import fifty_ms, firm_at
from bench.stage import Server, Stage, free_port
from gateway.kit.sections import section

__all__ = ["BATCH", "body"]

_ITEMS = 50_000
_PER_S, _SECONDS = 50.0, 10.0
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
    items = max(400, round(_ITEMS * effort.share))
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
    rounds = [_round(stage, gateway, items, effort.seconds(_SECONDS)) for _ in effort.numbers("quiet and beside it")]
    began = time.monotonic()
    batch_id = _bring(gateway, items)
    taken_s = time.monotonic() - began
    _until(gateway, batch_id, items // 2)
    gateway = stage.again(gateway)
    _until(gateway, batch_id, items * 6 // 10)
    early = memory_mb(gateway.pids[0])[0]
    told = _until(gateway, batch_id, items)
    took_s, late = time.monotonic() - began, memory_mb(gateway.pids[0])[0]
    lines = _results(gateway, batch_id)
    return (*_beside(rounds), *_whole(items, told, lines, (taken_s, took_s), (early, late)))


_Round = tuple[Heard, Heard, Heard]


def _round(stage: Stage, gateway: Server, items: int, seconds: float) -> _Round:
    """Quiet, beside a batch, quiet again: what else the machine does meanwhile is the same for all three."""
    quiet = _heard(stage, gateway, seconds)
    batch_id = _bring(gateway, items)
    _until(gateway, batch_id, 1)
    beside = _heard(stage, gateway, seconds)
    _call(gateway, "DELETE", f"/{batch_id}")
    return quiet, beside, _heard(stage, gateway, seconds)


def _beside(rounds: Sequence[_Round]) -> Sequence[Finding]:
    added = [two.right.p99_ms - (one.right.p99_ms + three.right.p99_ms) / 2 for one, two, three in rounds]
    noise = [abs(one.right.p99_ms - three.right.p99_ms) for one, _, three in rounds]
    quiet, beside = ([each[nth] for each in rounds] for nth in (0, 1))
    late_ms = max(one.late_ms for each in rounds for one in each)
    return (
        Finding(
            name="beside a batch: p99 of those who ask, beyond that of quiet times",
            measured=median(added),
            unit="ms",
            target=Target(number=_NUMBER, must=_ADDED_MS),
            note=f"median of {len(rounds)} rounds, {min(added):.1f}–{max(added):.1f}; quiet against quiet again "
            f"{median(noise):.1f} (up to {max(noise):.1f}); p99 {_of(quiet, 99)} and {_of(beside, 99)}, "
            f"p50 {_of(quiet, 50)} and {_of(beside, 50)} ms; the generator was {late_ms:.1f} ms late",
        ),
        Finding(
            name="beside it: questions without an answer",
            measured=sum(one.wrong for one in beside),
            unit="",
            target=Target(number=_NUMBER, must=0),
            note=f"of {sum(one.meant for one in beside)} at {_PER_S:g}/s",
        ),
    )


def _of(heard: Sequence[Heard], percent: int) -> str:
    return f"{median([one.right.p99_ms if percent == 99 else one.right.p50_ms for one in heard]):.1f}"


def _whole(
    items: int, told: dict[str, Any], lines: int, took: tuple[float, float], memory: tuple[float, float]
) -> Sequence[Finding]:
    return (
        Finding(
            name=f"a batch of {items:,} verifications, a restart in its middle: items with their result",
            measured=min(told["outcomes"]["found"], lines) / items,
            target=Target(number=_NUMBER, must=1.0, at_least=True),
            note=f"{told['outcomes']}; taken in {took[0]:.1f} s, done in {took[1]:.0f} s",
        ),
        Finding(
            name="memory at its end / soon after the restart",
            measured=memory[1] / memory[0],
            target=Target(number=_NUMBER, must=_GROWTH),
            note=f"RSS {memory[0]:.0f} and {memory[1]:.0f} MB",
        ),
    )


def _bring(gateway: Server, items: int) -> str:
    return str(_call(gateway, "POST", "", body(items), "application/x-ndjson")["batch_id"])


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
        told = orjson.loads(reply.read() or b"null")
    except (OSError, HTTPException) as exc:
        raise BenchError(f"the batch: no answer: {type(exc).__name__}") from exc
    finally:
        connection.close()
    if reply.status >= 300:
        raise BenchError(f"the batch: status {reply.status}, {told.get('type')} {told.get('problems', '')}")
    return told


BATCH = Scenario(name="batch", title="a batch of thousands beside people who ask", run=_run)
