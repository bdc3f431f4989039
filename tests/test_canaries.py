"""Nothing personal is ever written anywhere but in the answer: canaries in every field, faults on, then a search."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import pkgutil
import secrets
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

import gateway
from gateway.domain.identifiers import Identifier
from gateway.domain.model import Masked
from gateway.wire.model import Wire
from mocks import dancu, dkdn
from mocks.faults import Fault
from mocks.server import Running, running
from tests.canaries.gateway import BUG_AGE_S
from tests.canaries.loud import WAYS, Loud
from tests.canaries.people import CanaryProvince
from tests.canaries.values import Flock, forms, shown
from tests.conftest import INQUIRY, KEY
from tests.trusted import trusted

ROOT = Path(__file__).parents[1]
FAULTS = (
    "silence",
    "stall",
    "limit",
    "shorter",
    "longer",
    "down",
    "reset",
    "garbage",
    "html",
    "throttle",
    "error",
    "swap",
)


@dataclass
class Run:
    """A gateway that logs all it can, registries made of canaries, and the folder with everything that is written."""

    folder: Path
    flock: Flock
    province: CanaryProvince
    stand_ins: Running
    session: aiohttp.ClientSession
    url: str
    metrics_url: str
    answers: list[bytes]
    problems: int = 0

    @property
    def questions(self) -> Mapping[str, Mapping[str, Any]]:
        flock = self.flock
        person = {
            "citizen_id": flock.citizen_id,
            "full_name": f"Nguyễn {flock.name}",
            "birth_date": flock.birth.isoformat(),
        }
        old = {"old_number": flock.old_number} | {name: person[name] for name in ("full_name", "birth_date")}
        return {
            "dancu.citizen": person,
            "dancu.household": person,
            "dancu.verification": person,
            "dkdn.enterprise": {"enterprise_code": self.province.enterprise_code},
            "dancu.citizen by old number": old,
        }

    @property
    def inquiry(self) -> dict[str, Any]:
        officer = {"id": self.flock.officer_id, "account": self.flock.account}
        return INQUIRY | {"case_id": self.flock.agency_case, "officer": officer}

    async def ask_all(self, *, hasty: bool = False, **more: Any) -> list[str]:
        """Every question at once; the outcomes, or words of refusals."""
        dot = "-hasty." if hasty else "."
        bodies = [
            {"dataset": name.split()[0].replace(".", dot), "query": query, "inquiry": self.inquiry, "max_age_s": 0}
            | more
            for name, query in self.questions.items()
        ]
        return await asyncio.gather(*(self.send(json.dumps(body).encode()) for body in bodies))

    async def ask_set(self, idempotency_key: str) -> str:
        """Every question in one set, under a key of the caller's."""
        lookups = [
            {"name": f"n{place}", "dataset": name.split()[0], "query": query}
            for place, (name, query) in enumerate(self.questions.items())
        ]
        body = {"inquiry": self.inquiry, "lookups": lookups}
        return await self.send(json.dumps(body).encode(), "/v1/lookup-sets", more={"Idempotency-Key": idempotency_key})

    async def verify(self, **claims: Any) -> str:
        """A verification of what the person declares, with these claims besides; its outcome, or the refusal."""
        flock, person = self.flock, self.questions["dancu.citizen"]
        claimed = {
            "full_name": f"{person['full_name']}x",
            "birth_date": person["birth_date"],
            "old_number": flock.old_number,
            "permanent_residence": {"province_code": "52", "detail": flock.street},
        }
        body = {"dataset": "dancu.citizen", "query": person, "inquiry": self.inquiry, "claims": claimed | claims}
        return await self.send(json.dumps(body | {"max_age_s": 1}).encode(), "/v1/verifications")

    async def plan(self) -> str:
        """A paper plan of what the person declares: once as the registry has it, and once with another name."""
        person = self.questions["dancu.citizen"]
        claims = [dict(person), person | {"full_name": f"{person['full_name']}x"}, person | {"citizen_id": "x"}]
        address = {"province_code": "52", "detail": self.flock.street}
        subjects = [{"role": "applicant", "claims": one | {"permanent_residence": address}} for one in claims]
        body = {"inquiry": self.inquiry, "subjects": subjects}
        return await self.send(json.dumps(body).encode(), "/v1/paper-plans")

    async def send(
        self, body: bytes, path: str = "/v1/lookups", key: str = KEY, more: Mapping[str, str] | None = None
    ) -> str:
        """One question as bytes. An answer is where canaries may stand; a problem document is kept for the search."""
        headers = {"X-API-Key": key, "Content-Type": "application/json", **(more or {})}
        async with self.session.post(self.url + path, data=body, headers=headers) as reply:
            content = await reply.read()
        told = json.loads(content)
        if reply.status == 200:
            self.answers.append(content)
            return str(told.get("outcome", "set"))
        self.problems += 1
        await asyncio.to_thread((self.folder / "problems" / f"{self.problems}").write_bytes, content)
        return str(told.get("reason", told["type"]))

    def loud(self, way: str) -> None:
        for stand_in in self.stand_ins.state.stand_ins.values():
            assert isinstance(stand_in, Loud)
            stand_in.way = way


@asynccontextmanager
async def run(folder: Path) -> AsyncIterator[Run]:
    """The registries here, the gateway in a process of its own with its every output below the folder."""
    flock = Flock(secrets.randbits(64))
    province = CanaryProvince(flock)
    for name in ("home", "work", "tmp", "problems"):
        (folder / name).mkdir()
    opens = [partial(Loud, one, flock) for one in (dancu.STAND_IN, dkdn.STAND_IN)]
    async with running(*opens, province=province) as stand_ins, aiohttp.ClientSession() as session:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.canaries.gateway", str(folder), stand_ins.base_url),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT),
            cwd=folder / "work",
            env=surroundings(folder),
        )
        assert child.stdin is not None
        assert child.stdout is not None
        told = json.loads(await child.stdout.readline() or b"null")
        try:
            assert told, "the gateway did not start"
            yield Run(folder, flock, province, stand_ins, session, told["url"], told["metrics"], [])
        finally:
            child.stdin.close()
            output = await child.stdout.read()
            await child.wait()
            await asyncio.to_thread((folder / "stdout").write_bytes, output)
    assert child.returncode == 0, await asyncio.to_thread((folder / "stderr").read_text)


def surroundings(folder: Path) -> dict[str, str]:
    """An environment in which whatever is written without being told where lands below the folder."""
    own = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}


def bad_bodies(one: Run) -> Iterator[bytes]:
    """Questions that are wrong in every part that a person could stand in."""
    flock = one.flock
    good = {"dataset": "dancu.citizen", "query": one.questions["dancu.citizen"], "inquiry": one.inquiry}
    query, inquiry = dict(good["query"]), dict(good["inquiry"])
    changes: list[dict[str, Any]] = [
        {"dataset": flock.citizen_id},
        {"dataset": 7, "query": flock.dossier},
        {"query": query | {"citizen_id": flock.citizen_id + "\n"}},
        {"query": query | {"citizen_id": int(flock.citizen_id or 0)}},
        {"query": query | {"citizen_id": flock.name}},
        {"query": query | {"full_name": flock.name + "\0"}},
        {"query": query | {"full_name": {"value": flock.dossier}}},
        {"query": query | {"birth_date": f"{flock.birth.isoformat()}T00:00:00"}},
        {"query": query | {"birth_date": flock.birth.strftime("%d/%m/%Y")}},
        {"query": query | {"old_number": flock.old_number}},
        {"query": [flock.dossier]},
        {"inquiry": inquiry | {"officer": {"id": flock.name, "account": flock.name}}},
        {"inquiry": inquiry | {"case_id": flock.dossier}},
        {"inquiry": inquiry | {"purpose": flock.dossier}},
        {"fields": [flock.dossier[:80]]},
        {"fields": ["religion"]},
        {"max_age_s": flock.citizen_id},
    ]
    yield from (json.dumps(good | change).encode() for change in changes)
    text = json.dumps(good, ensure_ascii=False)
    yield text[:-1].encode()
    yield text.replace('"query"', '"query": {}, "query"', 1).encode()
    yield text.encode("utf-16")
    yield text.encode() + b"\xff"
    yield flock.dossier.encode()


async def everything(one: Run) -> None:
    """Found, broken in every way, refused, wrong, and with a bug."""
    for _ in range(2):  # the second time from the cache, as far as it keeps them
        assert await one.ask_all(max_age_s=600) == ["found"] * 5
    for way in WAYS:
        one.loud(way)
        await one.ask_all()
    one.loud("")
    for fault in FAULTS:
        for registry in ("dancu", "dkdn"):
            one.stand_ins.faults.set(registry, Fault(fault, path="" if registry == "dancu" else "chiTiet"))
        await one.ask_all(hasty=True)
    one.stand_ins.faults.clear()
    assert {await one.send(body) for body in bad_bodies(one)} == {"invalid", "forbidden"}
    assert await one.verify() == "found"
    for way in WAYS:
        one.loud(way)
        await one.verify()
    one.loud("")
    for claims in ({one.flock.name: 1}, {"birth_date": one.flock.dossier}, {"citizen_id": f"{one.flock.citizen_id}0"}):
        assert await one.verify(**claims) == "invalid"
    assert await one.verify(**{"relatives.father.full_name": one.flock.father}) == "forbidden"
    for way in ("", *WAYS):
        one.loud(way)
        assert await one.plan() == "set"
    one.loud("")
    assert {*await one.ask_all(max_age_s=BUG_AGE_S)} == {"urn:onestop-gateway:problem:bug"}
    assert await one.send(b"{}", key=one.flock.wrong_key) == "unauthenticated"
    assert [await one.ask_set(f"{one.flock.citizen_id}") for _ in range(2)] == ["set", "set"]
    other = {"dataset": "dancu.citizen", "query": one.questions["dancu.citizen"], "inquiry": one.inquiry}
    for key, refusal in ((f"{one.flock.citizen_id}", "conflict"), (f'"{one.flock.citizen_id}', "invalid")):
        assert await one.send(json.dumps(other).encode(), more={"Idempotency-Key": key}) == refusal
    for path in (f"/v1/{one.flock.citizen_id}", f"/v1/lookups?citizen_id={one.flock.citizen_id}"):
        await one.send(one.flock.dossier.encode(), path)
    headers = {"X-API-Key": KEY, "X-Forwarded-For": one.flock.citizen_id, "traceparent": one.flock.citizen_id}
    for path in (f"/v1/datasets/{one.flock.citizen_id}", f"/{one.flock.citizen_id}", "/v1/registries", "/readyz"):
        async with one.session.get(one.url + path, headers=headers) as reply:
            content = await reply.read()
        await asyncio.to_thread((one.folder / "problems" / path.replace("/", "")[:6]).write_bytes, content)
    await command(one)
    assert await one.ask_all() == ["found"] * 5
    async with one.session.get(one.metrics_url) as reply:
        content = await reply.read()
    await asyncio.to_thread((one.folder / "metrics").write_bytes, content)


async def command(one: Run) -> None:
    """The command line, where the registry's answer is broken: all that it prints is searched."""
    url = one.stand_ins.base_url
    body = {"dataset": "dancu.citizen", "query": one.questions["dancu.citizen"], "inquiry": one.inquiry}
    one.loud("text for a number")
    register = {"case_id": one.inquiry["case_id"], "state": "open", "agencies": [one.inquiry["agency"]]}
    await one.session.put(f"{url}/_mocks/cases", json=register)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "lookup", "--settings", str(ROOT / "demo" / "gateway.toml")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=one.folder / "work",
        env=surroundings(one.folder)
        | trusted()
        | {
            "GATEWAY_CASES__URL": f"{url}/_mocks/cases",
            "GATEWAY_REGISTRIES__DANCU__ENDPOINT": f"{url}/dancu",
            "GATEWAY_REGISTRIES__DANCU__DEADLINE_S": "30",
            "GATEWAY_LEDGER__FOLDER": str(one.folder / "ledger"),
        },
    )
    output, _ = await child.communicate(json.dumps(body).encode())
    one.loud("")
    assert child.returncode == 3, output
    await asyncio.to_thread((one.folder / "command").write_bytes, output)


async def test_l01_l02_l03_l04_l05_l09_l13_no_canary_stands_anywhere_but_in_the_answer(tmp_path: Path) -> None:
    """
    A person in every field of question and answer, every library at DEBUG, every fault: logs, metrics, problem
    documents, files, names of files, standard output and error, and what every object says of itself hold nothing. All
    that is opened for writing lies where the search looks.
    """
    async with run(tmp_path) as one:
        await everything(one)

    answered = b"".join(one.answers).decode()
    flock = one.flock
    for canary in (
        flock.citizen_id,
        flock.old_number,
        *flock.name.upper().split(),
        flock.street,
        flock.birth.isoformat(),
    ):
        assert canary in answered
    assert flock.representative.upper() in answered
    for name in ("logs/gateway.jsonl", "logs/libraries.log", "metrics", "repr/last", "repr/0001", "problems/1"):
        assert (tmp_path / name).stat().st_size, name
    for text in ('"lookup.answered"', '"lookup.refused"', '"web.bug"', '"contract.drift"'):
        assert text in (tmp_path / "logs" / "gateway.jsonl").read_text()
    assert "asyncio DEBUG" in (tmp_path / "logs" / "libraries.log").read_text()
    assert "LookupRequest(" in "".join(file.read_text() for file in (tmp_path / "repr").iterdir())
    assert strays(tmp_path) == []
    assert shown(tmp_path, flock) == []


def strays(folder: Path) -> list[str]:
    """Files that were opened for writing where nobody searches."""
    opened = (folder / "opened").read_text().splitlines()
    assert len(opened) > 3
    return [file for file in opened if not (folder / "work" / file).resolve().is_relative_to(folder.resolve())]


# --- the search itself ---------------------------------------------------------------------------


def test_the_search_finds_each_canary_in_each_form(tmp_path: Path) -> None:
    """Planted among other bytes, every form of every canary is found; in a place where it may stand it is not."""
    flock = Flock(7)
    planted = [(canary.name, form) for canary in flock for form in forms(canary.value).values()]
    for place, (_, form) in enumerate(planted):
        (tmp_path / f"file {place}").write_bytes(b"\0xx" + form + b"\xff")

    found = shown(tmp_path, flock)
    for place, (name, form) in enumerate(planted):
        assert any(one.startswith(f"file {place}: {name}, ") for one in found), (name, form)
        (tmp_path / f"file {place}").unlink()
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "log").write_text(f"{flock.account} {flock.agency_case}")
    assert shown(tmp_path, flock) == []


# --- what prints itself --------------------------------------------------------------------------


def models() -> list[type[BaseModel]]:
    """Every model of messages, questions and records."""
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(one: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for child in one.__subclasses__():
            if child.__module__.startswith("gateway."):
                yield child
                yield from below(child)

    return sorted({*below(Masked), *below(Wire)}, key=lambda one: f"{one.__module__}.{one.__name__}")


@pytest.mark.parametrize("model", models(), ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_l13_no_model_prints_what_it_holds(model: type[BaseModel]) -> None:
    """With a canary in each of its fields a model says the names of fields at most, however it is printed."""
    whole = model.model_construct(**dict.fromkeys(model.model_fields, "canary-7f3a"))

    assert "canary" not in f"{whole!r} {whole!s} {[whole]} {whole}"


@pytest.mark.parametrize("kind", [one for one in Identifier.__subclasses__() if one.kind != "procedure"])
def test_l13_an_identifier_prints_its_last_digits_only(kind: type[Identifier]) -> None:
    """Three digits at most, in every way of printing."""
    whole = kind(kind.example)

    assert not inspect.isabstract(kind)
    assert kind.example[:-3] not in f"{whole!r} {whole!s} {whole} {[whole]}"
