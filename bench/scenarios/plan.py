"""A paper plan over eight registries of 50 ms beside the slowest of them by itself; and with one that hangs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson

from bench.asking import JSON, KEY
from bench.cases import CITIZEN, inquiry
from bench.check import answer
from bench.errors import BenchError
from bench.finding import Finding, Target
from bench.row import Ask
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import closed
from bench.stage import Server, Stage, free_port
from contracts.reader import load
from gateway.kit.sections import section

__all__ = ["EIGHT", "PLAN", "catalogue", "one_asked", "plan_asked"]

EIGHT: Mapping[str, str] = {
    "dancu.citizen": "full_name",
    "dkdn.enterprise": "name",
    "bhxh.participant": "full_name",
    "datdai.certificate": "certificate_number",
    "cpxd.permit": "permit_number",
    "gplx.dossier": "dossier_number",
    "hotich.marital_status": "full_name",
    "lltp.dossier": "dossier_number",
}
"""One dataset of each, and what is claimed of its record."""
_ROLES = ("applicant", "firm", "heir", "parcel", "work", "founder", "spouse", "child")
PROCEDURE = "9.000008"
_HUNG = "dkdn"
_DEADLINE_S = 1.0
_SECONDS = 6.0
_MUST = 1.25
_NUMBER = 11
_LATE_MS = 250.0


def _known(dataset: str) -> tuple[Mapping[str, Any], str]:
    """Whom a dataset is asked about, and what its record says of the field that is claimed."""
    registry, _, noun = dataset.partition(".")
    case = load(f"contracts.{registry}").datasets[noun].case("found")
    return case.query, str((case.record or {})[EIGHT[dataset]])


def catalogue(folder: Path) -> Path:
    """A folder with a procedure of eight papers, each of which another registry replaces."""
    folder.mkdir()
    published = "\n".join(f'"{dataset}" = 2026-01-01' for dataset in EIGHT)
    kinds = "".join(_kind(dataset) for dataset in EIGHT)
    papers = "\n".join(
        f'  {{id = "{_name(dataset)}", kind = "of_{_name(dataset)}", role = "{role}", clause = "A"}},'
        for dataset, role in zip(EIGHT, _ROLES, strict=True)
    )
    head = f"""
[procedures."{PROCEDURE}"]
title = "Tám cơ sở dữ liệu"
title_en = "Eight registries"
levels = ["province"]
decision = "bench"
source = "portal"
[[procedures."{PROCEDURE}".cases]]
id = "general"
papers = [
{papers}
]
"""
    (folder / "eight.toml").write_text(f"[published]\n{published}\n{kinds}{head}", encoding="utf-8")
    return folder


def _name(dataset: str) -> str:
    return dataset.partition(".")[0]


def _kind(dataset: str) -> str:
    query, _ = _known(dataset)
    return f"""
[kinds.of_{_name(dataset)}]
title = "Giấy tờ {_name(dataset)}"
title_en = "A paper of {_name(dataset)}"
basis = "bench"
source = "portal"
citizen = "Không phải nộp giấy này."
citizen_en = "This paper need not be handed in."
[[kinds.of_{_name(dataset)}.alternatives]]
[[kinds.of_{_name(dataset)}.alternatives.questions]]
dataset = "{dataset}"
keys = {json.dumps(list(query))}
match = {json.dumps([EIGHT[dataset]])}
"""


def plan_asked(deadline_s: float | None = None) -> bytes:
    """The body that asks for the plan of all eight."""
    subjects = []
    for (dataset, field), role in zip(EIGHT.items(), _ROLES, strict=True):
        query, value = _known(dataset)
        subjects.append({"role": role, "claims": {**query, field: value}})
    asked: dict[str, Any] = {"inquiry": _inquiry(), "subjects": subjects}
    return orjson.dumps(asked | ({"deadline_s": deadline_s} if deadline_s else {}))


def one_asked(dataset: str) -> bytes:
    """The body that verifies just what the plan does with one of them."""
    query, value = _known(dataset)
    return orjson.dumps({"dataset": dataset, "query": query, "inquiry": _inquiry(), "claims": {EIGHT[dataset]: value}})


def _inquiry() -> dict[str, Any]:
    return inquiry(CITIZEN) | {"procedure": PROCEDURE}


def registries(url: str) -> dict[str, Any]:
    """The sections of all eight, towards the stand-ins there."""
    found = {_name(dataset): section(_name(dataset), None, url) for dataset in EIGHT}
    versions = {"bhxh": "ngsp", "gplx": "dvc", "hotich": "province"}
    return found | {name: section(name, contract, url) for name, contract in versions.items()}


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    mocks = _stand_ins(stage)
    url = f"http://127.0.0.1:{mocks.port}"
    folder = catalogue(stage.folder / "procedures")
    settings = {
        "registries": json.dumps(registries(url)),
        "procedures.folder": str(folder),
    }
    gateway = stage.gateway(settings=settings, grants=tuple(EIGHT))
    whole = Ask(path="/v1/paper-plans", headers=JSON | KEY, body=plan_asked())
    ones = {one: Ask(path="/v1/verifications", headers=JSON | KEY, body=one_asked(one)) for one in EIGHT}
    _check(gateway, whole)
    seconds = effort.seconds(_SECONDS)
    closed(stage, effort, gateway, whole, 1, seconds / 4)
    slowest: dict[str, float] = {}
    for name, ask in ones.items():
        slowest[name] = closed(stage, effort, gateway, ask, 1, seconds / 4).p50_ms
    dataset = max(slowest, key=lambda one: slowest[one])
    ratios = []
    for _ in range(effort.rounds):
        alone = closed(stage, effort, gateway, ones[dataset], 1, seconds / 2).p50_ms
        ratios.append((closed(stage, effort, gateway, whole, 1, seconds).p50_ms / alone, alone))
    ratios.sort()
    ratio, alone = ratios[len(ratios) // 2]
    first = Finding(
        name="a plan over eight registries of 50 ms: p50 / the slowest of them by itself",
        measured=ratio,
        target=Target(number=_NUMBER, must=_MUST),
        note=f"median of {effort.rounds} rounds, {ratios[0][0]:.2f}–{ratios[-1][0]:.2f}; {dataset} {alone:.1f} ms of "
        f"{min(slowest.values()):.1f}–{max(slowest.values()):.1f}",
    )
    return [first, *_hung(gateway, mocks, effort)]


def _stand_ins(stage: Stage) -> Server:
    port = free_port()
    slow = [part for dataset in EIGHT for part in ("--fault", f"{_name(dataset)}=slow:0.05")]
    command = (sys.executable, "-m", "mocks", "--port", str(port), "--citizens", "100", "--enterprises", "100", *slow)
    return stage.program(*command, port=port, load_side=True)


def _check(gateway: Server, whole: Ask) -> None:
    status, body = answer("a plan", gateway, whole)
    waived = body.count(b'"decision":"waived"')
    if status != 200 or waived != len(EIGHT):
        others = [
            f"{one['id']} {one['situation']} {one['missing']}"
            for one in orjson.loads(body).get("papers", ())
            if one["decision"] != "waived"
        ]
        raise BenchError(f"a plan: status {status}, not waived: {', '.join(others)}")


def _hung(gateway: Server, mocks: Server, effort: Effort) -> list[Finding]:
    """One of eight says nothing: how late the whole is, and what became of the others."""
    _tell(mocks, "PUT", f"/_mocks/faults/{_HUNG}", b'{"fault": "silence"}')
    late, waived = [], []
    for _ in range(max(3, round(10 * effort.share))):
        began = time.perf_counter()
        status, told = _post(gateway, "/v1/paper-plans", plan_asked(_DEADLINE_S))
        late.append((time.perf_counter() - began - _DEADLINE_S) * 1000)
        if status != 200:
            raise BenchError(f"a plan with one that hangs: status {status}")
        waived.append(sum(one["decision"] == "waived" for one in told["papers"]))
    _tell(mocks, "DELETE", f"/_mocks/faults/{_HUNG}")
    late.sort()
    return [
        Finding(
            name="the same where one hangs: the whole answer beyond its deadline, at the latest",
            measured=late[-1],
            unit="ms",
            target=Target(number=_NUMBER, must=_LATE_MS),
            note=f"deadline {_DEADLINE_S * 1000:.0f} ms, of {len(late)}; median {late[len(late) // 2]:.1f}",
        ),
        Finding(
            name="the same where one hangs: papers of the other seven that are waived, at the least",
            measured=min(waived),
            unit="",
            target=Target(number=_NUMBER, must=7, at_least=True),
            note=f"of {len(waived)} plans",
        ),
    ]


def _post(server: Server, path: str, body: bytes) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", path, body, JSON | KEY)
        reply = connection.getresponse()
        return reply.status, orjson.loads(reply.read())
    finally:
        connection.close()


def _tell(server: Server, method: str, path: str, body: bytes = b"") -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body)
        if connection.getresponse().status >= 300:
            raise BenchError(f"the stand-ins: {method} {path} was not taken")
    finally:
        connection.close()


PLAN = Scenario(name="plan", title="a paper plan over eight registries at 50 ms", run=_run)
