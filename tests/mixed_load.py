"""A mixed load for whole gateways: every way to ask, good and bad, and what each caller was told."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from mocks.province import Citizen, Enterprise, Province
from tests.conftest import INQUIRY, KEY, NOBODY

__all__ = ["BATCH_ITEMS", "PEOPLE", "Load"]

PEOPLE = 400
"""So many people and as many firms are asked about: all of them before memory is measured for the first time."""

BATCH_ITEMS = 100
_DAY_S = 86_400
_WAIT_S = 20.0
_AGAIN_S = 0.05
_BAD: tuple[tuple[str, dict[str, Any], dict[str, str], int], ...] = (
    ("unknown field", {"colour": "red"}, {}, 400),
    ("unknown dataset", {"dataset": "dkdn.colour"}, {}, 400),
    ("check digit", {"query": {"enterprise_code": "9900000020"}}, {}, 422),
    ("purpose", {"inquiry": INQUIRY | {"purpose": "curiosity"}}, {}, 403),
    ("key", {}, {"X-API-Key": "somebody-else"}, 401),
)
_MIX: tuple[tuple[str, int], ...] = (
    ("rest", 30),
    ("kept", 24),
    ("soap", 20),
    ("set", 6),
    ("verification", 8),
    ("plan", 4),
    ("absent", 3),
    ("bad", 5),
)


@dataclass
class Told:
    """What callers were told. `lookups` has the outcome of each lookup that somebody read; `wrong` must stay empty."""

    asked: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    by_end: Counter[str] = field(default_factory=Counter)
    lookups: dict[str, str] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    batches: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def answer(self, answer: dict[str, Any], expected: str, about: tuple[str, str] | None) -> None:
        """An answer or a problem document of one lookup: it is about whom was asked, and absent is who must be."""
        outcome = str(answer.get("outcome"))
        self.by_end[str(answer.get("reason") or outcome)] += 1
        if outcome not in (expected, "unknown"):
            self.wrong.append(f"{outcome}, expected {expected}")
        elif outcome == "found" and about is not None and answer["record"].get(about[0]) != about[1]:
            self.wrong.append("about somebody else")
        if outcome != "None" and answer.get("lookup_id"):
            self.lookups[answer["lookup_id"]] = outcome


class Load:
    """Callers that ask until they are stopped; who is cut off asks something else."""

    def __init__(self, session: aiohttp.ClientSession, url: str, province: Province, dice: random.Random) -> None:
        self.told = Told()
        self._url = url
        self._dice = dice
        self._people = [province.citizen(index) for index in range(PEOPLE)]
        self._firms = [province.enterprise(index) for index in range(PEOPLE)]
        self._may = asyncio.Event()
        self._under_way = 0
        self._session = session

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, province: Province, dice: random.Random, callers: int) -> AsyncIterator[Load]:
        """So many callers, who wait until they may ask, until the end."""
        timeout = aiohttp.ClientTimeout(total=_WAIT_S)
        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}, timeout=timeout) as session:
            load = cls(session, url, province, dice)
            asking = asyncio.gather(*(load._ask_on() for _ in range(callers)))
            try:
                yield load
            finally:
                asking.cancel()
                with suppress(asyncio.CancelledError):
                    await asking

    async def reach(self, more: int, within_s: float) -> None:
        """Let the callers ask until so many more questions were asked, or the time is over."""
        until = self.told.asked + more
        self._may.set()
        try:
            async with asyncio.timeout(within_s):
                while self.told.asked < until:  # noqa: ASYNC110  callers tell nobody
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass

    async def rest(self) -> None:
        """No new questions; come back when nothing is under way."""
        self._may.clear()
        while self._under_way:  # noqa: ASYNC110  callers tell nobody
            await asyncio.sleep(0.02)

    async def bring_batch(self) -> None:
        """A batch of verifications; it is noted once it was taken."""
        job = {"asks": "verifications", "dataset": "dancu.citizen", "inquiry": INQUIRY}
        people = (self._people[number % PEOPLE] for number in range(BATCH_ITEMS))
        items = [{"ref": one.citizen_id, "query": _who(one), "claims": {"full_name": one.full_name}} for one in people]
        body = b"".join(orjson.dumps(one) + b"\n" for one in (job, *items))
        headers = {"Content-Type": "application/x-ndjson"}
        async with self._session.post(f"{self._url}/v1/batches", data=body, headers=headers) as reply:
            answer = orjson.loads(await reply.read())
            if reply.status == 202:
                self.told.batches.append(answer["batch_id"])

    async def read_batch(self, batch_id: str) -> list[dict[str, Any]] | None:
        """Its results once it has ended; None before that."""
        async with self._session.get(f"{self._url}/v1/batches/{batch_id}/results") as reply:
            text = await reply.read()
            return [orjson.loads(line) for line in text.splitlines()] if reply.status == 200 else None

    async def _ask_on(self) -> None:
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "rest": self._rest,
            "kept": self._kept,
            "soap": self._soap,
            "set": self._set,
            "verification": self._verification,
            "plan": self._plan,
            "absent": self._absent,
            "bad": self._bad,
        }
        names, weights = zip(*_MIX, strict=True)
        while True:
            await self._may.wait()
            (kind,) = self._dice.choices(names, weights)
            self._under_way += 1
            try:
                await kinds[kind]()
                self.told.by_kind[kind] += 1
            except (aiohttp.ClientError, TimeoutError, OSError) as exc:
                self.told.by_end[type(exc).__name__] += 1
                await asyncio.sleep(_AGAIN_S)
            finally:
                self._under_way -= 1

    async def _post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
        data = orjson.dumps(body)
        sent = {"Content-Type": "application/json"} | headers
        async with self._session.post(self._url + path, data=data, headers=sent) as reply:
            return reply.status, orjson.loads(await reply.read())

    def _firm(self) -> Enterprise:
        return self._dice.choice(self._firms)

    def _person(self) -> Citizen:
        return self._dice.choice(self._people)

    async def _rest(self, max_age_s: int = 0) -> None:
        code = self._firm().enterprise_code
        body = _lookup("dkdn.enterprise", {"enterprise_code": code}, INQUIRY)
        _, answer = await self._post("/v1/lookups", body | {"max_age_s": max_age_s})
        self.told.asked += 1
        self.told.answer(answer, "found", ("enterprise_code", code))

    async def _kept(self) -> None:
        await self._rest(_DAY_S)

    async def _soap(self) -> None:
        person = self._person()
        _, answer = await self._post("/v1/lookups", _lookup("dancu.citizen", _who(person), _of(person)))
        self.told.asked += 1
        self.told.answer(answer, "found", ("citizen_id", person.citizen_id))

    async def _set(self) -> None:
        person, firms = self._person(), (self._firm(), self._firm())
        lookups = [{"name": "person", "dataset": "dancu.citizen", "query": _who(person)}]
        lookups += [
            {"name": f"firm-{place}", "dataset": "dkdn.enterprise", "query": {"enterprise_code": one.enterprise_code}}
            for place, one in enumerate(firms)
        ]
        _, answer = await self._post("/v1/lookup-sets", {"inquiry": _of(person), "lookups": lookups})
        self.told.asked += len(lookups)
        about = [("citizen_id", person.citizen_id), *(("enterprise_code", one.enterprise_code) for one in firms)]
        for one, key in zip(answer["lookups"], about, strict=True):
            self.told.answer(one.get("answer") or one["problem"], "found", key)

    async def _verification(self) -> None:
        person = self._person()
        body = _lookup("dancu.citizen", _who(person), _of(person)) | {"claims": {"full_name": person.full_name}}
        _, answer = await self._post("/v1/verifications", body)
        self.told.asked += 1
        self.told.answer(answer, "found", None)
        if answer.get("outcome") == "found" and answer["verdicts"][0]["verdict"] != "match":
            self.told.wrong.append("another verdict")

    async def _plan(self) -> None:
        person = self._person()
        applicant = {"role": "applicant", "claims": _who(person) | {"sex": person.sex}}
        body = {"inquiry": _of(person) | {"procedure": "9.000001"}, "subjects": [applicant]}
        status, answer = await self._post("/v1/paper-plans", body)
        self.told.asked += 1
        if status != 200:
            self.told.wrong.append(f"plan {status}")
            return
        self.told.by_end[f"plan {answer['papers'][0]['decision']}"] += 1
        self.told.tickets |= {one["ticket_id"] for one in answer["papers"] if one.get("ticket_id")}
        for one in answer["lookups"]:
            self.told.answer(one, "found", None)

    async def _absent(self) -> None:
        _, answer = await self._post("/v1/lookups", _lookup("dancu.citizen", NOBODY, INQUIRY))
        self.told.asked += 1
        self.told.answer(answer, "absent", None)

    async def _bad(self) -> None:
        name, changes, headers, expected = self._dice.choice(_BAD)
        good = _lookup("dkdn.enterprise", {"enterprise_code": self._firm().enterprise_code}, INQUIRY)
        status, answer = await self._post("/v1/lookups", good | changes, **headers)
        self.told.asked += 1
        self.told.by_end[f"bad {status}"] += 1
        if status != expected or "record" in answer:
            self.told.wrong.append(f"{name}: {status}")


def _lookup(dataset: str, query: dict[str, Any], inquiry: dict[str, Any]) -> dict[str, Any]:
    return {"dataset": dataset, "query": query, "inquiry": inquiry}


def _who(person: Citizen) -> dict[str, Any]:
    return {"citizen_id": person.citizen_id, "full_name": person.full_name, "birth_date": person.birth_date}


def _of(person: Citizen) -> dict[str, Any]:
    """An inquiry of the person's own case."""
    return INQUIRY | {"case_id": f"H08.12-260301-{person.index + 10:04}"}
