"""One question under one idempotency key, through the whole gateway: asked once, told again, recorded each time."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.ledger.reading import LogReader
from gateway.settings import ConsumerSettings, IdempotencySettings, Settings, load
from gateway.settings_authentication import StateSettings
from gateway.telemetry import configure_logs
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, MAU, NOBODY, Desk, open_desk, settings_for
from tests.load import until
from tests.many import asking, many_settings
from tests.policies import policy, rule, with_policy
from tests.recorded import settings_file
from tests.test_views_whole import RIGHTS, SELF, fed

QUESTION = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
FIRM_QUESTION = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
OTHER_KEY = "another-key-not-real"


@dataclass(frozen=True)
class Said:
    """One answer as it came: `again` says whether it is marked as one that was given before."""

    status: int
    body: bytes
    again: bool

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(
    desk: Desk,
    key: str | list[str],
    question: Any = QUESTION,
    *,
    path: str = "/v1/lookups",
    by: str = KEY,
    headers: dict[str, str] | None = None,
) -> Said:
    sent = [("X-API-Key", by), *(headers or {}).items()]
    sent += [("Idempotency-Key", one) for one in ([key] if isinstance(key, str) else key)]
    async with desk.session.post(desk.url + path, data=orjson.dumps(question), headers=sent) as reply:
        return Said(reply.status, await reply.read(), reply.headers.get("Idempotency-Replayed") == "true")


def records(desk: Desk, kind: str = "") -> list[dict[str, Any]]:
    assert desk.core.ledger is not None
    entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
    found = [orjson.loads(entry.record) for entry in entries if entry.record]
    return [one for one in found if kind in {"", one["type"]}]


def asked_of(stand_ins: Running, registry: str = "dancu") -> int:
    """How many questions the registry saw."""
    return sum(entry.registry == registry and "token" not in entry.operation for entry in stand_ins.journal)


@pytest.fixture
def settings(tmp_path: Path, stand_ins: Running) -> Settings:
    return load(settings_file(tmp_path, stand_ins.base_url, more=RIGHTS))


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with open_desk(settings) as one:
        yield one


async def test_f38_fifty_at_once_are_one_question_and_fifty_answers(desk: Desk, stand_ins: Running) -> None:
    """One request leaves; each of fifty gets the same bytes and records of its own that name the one that was asked."""
    stand_ins.faults.set("dancu", Fault("slow", delay_s=0.3))
    said = await asyncio.gather(*(ask(desk, "key-1") for _ in range(50)))

    assert asked_of(stand_ins) == 1
    assert {one.status for one in said} == {200}
    assert len({one.body for one in said}) == 1
    assert sum(one.again for one in said) == 49
    first, answered = said[0].json["lookup_id"], records(desk, "answered")
    assert len({one["lookup_id"] for one in records(desk, "asked")}) == len(answered) == 50
    assert {one["outcome"] for one in answered} == {"found"}
    (fetch,) = [one for one in answered if one["attempts"]]
    repeats = [one for one in answered if not one["attempts"]]
    assert (fetch["lookup_id"], fetch["via"]) == (first, "live")
    assert {(one["via"], one["repeats"], one["request_id"]) for one in repeats} == {
        ("repeat", first, fetch["request_id"])
    }
    assert {tuple(one["fields"]) for one in records(desk, "asked")} == {tuple(records(desk, "asked")[0]["fields"])}


@pytest.mark.parametrize("query", [MAU, NOBODY], ids=["found", "absent"])
async def test_the_same_key_and_body_are_told_the_same(query: Any, desk: Desk, stand_ins: Running) -> None:
    """A later request gets the first one's answer byte for byte, marked as such; without a key it is asked anew."""
    question = QUESTION | {"query": query}
    first, again = await ask(desk, "key-1", question), await ask(desk, "key-1", question)
    asked = asked_of(stand_ins)
    anew = await desk.post("/v1/lookups", orjson.dumps(question))

    assert (first.status, first.again, again.again) == (200, False, True)
    assert first.body == again.body
    assert anew[1]["lookup_id"] != first.json["lookup_id"]
    assert asked_of(stand_ins) > asked


async def test_the_same_key_with_another_body_is_refused(desk: Desk, stand_ins: Running) -> None:
    """409, naming the header, and recorded; another spelling of the same JSON is another body."""
    await ask(desk, "key-1")
    asked = asked_of(stand_ins)
    others = [QUESTION | {"query": NOBODY}, QUESTION | {"max_age_s": 0}, FIRM_QUESTION]
    said = [await ask(desk, "key-1", other) for other in others]

    assert [(one.status, one.json["reason"]) for one in said] == [(409, "conflict")] * 3
    assert said[0].json["problems"][0] | {"advice": ""} == {
        "field": "Idempotency-Key",
        "code": "other_body",
        "advice": "",
    }
    assert [one["refusal"] for one in records(desk, "refused")] == ["conflict"] * 3
    assert asked_of(stand_ins) == asked
    assert (await ask(desk, "key-1")).again


async def test_another_body_does_not_wait_for_the_first(desk: Desk, stand_ins: Running) -> None:
    """While the first question is still being asked, the key is refused to another body at once."""
    stand_ins.faults.set("dancu", Fault("silence"))
    first = asyncio.create_task(ask(desk, "key-1"))
    await until(lambda: bool(records(desk, "asked")))
    other = await ask(desk, "key-1", FIRM_QUESTION)
    first.cancel()

    assert (other.status, other.json["reason"]) == (409, "conflict")


async def test_a_key_is_the_consumers_own(settings: Settings) -> None:
    """Two systems that use the same key and body are asked for twice: neither is told what the other was."""
    consumers = settings.consumers | {
        "other": ConsumerSettings(api_key_sha256=hashlib.sha256(OTHER_KEY.encode()).hexdigest())
    }
    settings = settings.model_copy(update={"consumers": consumers})
    text = policy(rule({"dancu.citizen": ["*"]}, consumers=("one-stop", "other")))
    async with open_desk(with_policy(settings, text)) as desk:
        mine, theirs = await ask(desk, "key-1"), await ask(desk, "key-1", by=OTHER_KEY)

    assert (mine.status, theirs.status, theirs.again) == (200, 200, False)
    assert mine.json["lookup_id"] != theirs.json["lookup_id"]


async def test_after_unknown_the_same_key_asks_anew(desk: Desk, stand_ins: Running) -> None:
    """No answer is nothing to give again; the key stays that of its body, and has the answer once there is one."""
    stand_ins.faults.set("dancu", Fault("down"))
    unknown = await ask(desk, "key-1")
    other = await ask(desk, "key-1", FIRM_QUESTION)
    stand_ins.faults.clear()
    found, again = await ask(desk, "key-1"), await ask(desk, "key-1")

    assert (unknown.status, unknown.json["reason"]) == (503, "unreachable")
    assert other.status == 409
    assert (found.status, found.again) == (200, False)
    assert (again.body, again.again) == (found.body, True)


async def test_those_who_waited_share_an_unknown(desk: Desk, stand_ins: Running) -> None:
    """Whoever came while it was being asked gets the same problem, byte for byte; each has records of it."""
    stand_ins.faults.set("dancu", Fault("silence"))
    first = asyncio.create_task(ask(desk, "key-1", headers={"Request-Timeout": "0.5"}))
    await until(lambda: bool(records(desk, "asked")))
    waiting = [asyncio.create_task(ask(desk, "key-1", headers={"Request-Timeout": "1"})) for _ in range(4)]
    said = [await first, *[await one for one in waiting]]
    answered = records(desk, "answered")

    assert {(one.status, one.json["reason"]) for one in said} == {(504, "timeout")}
    assert len({one.body for one in said}) == 1
    assert [one.again for one in said] == [False, True, True, True, True]
    assert [(one["outcome"], one["reason"]) for one in answered] == [("unknown", "timeout")] * 5
    assert {one["repeats"] for one in answered if one["via"] == "repeat"} == {said[0].json["lookup_id"]}


async def test_who_has_time_is_not_bound_by_anothers_haste(desk: Desk, stand_ins: Running) -> None:
    """After a timeout of somebody in a hurry, one who waited for it and has seconds left asks himself."""
    stand_ins.faults.set("dancu", Fault("silence", times=1))
    hurried = asyncio.create_task(ask(desk, "key-1", headers={"Request-Timeout": "0.3"}))
    await until(lambda: bool(records(desk, "asked")))
    patient = await ask(desk, "key-1")

    assert (await hurried).json["reason"] == "timeout"
    assert (patient.status, patient.again) == (200, False)


async def test_who_waits_has_his_own_deadline(desk: Desk, stand_ins: Running) -> None:
    """Somebody in a hurry who waits for another's answer is a timeout by his own time, and recorded as such."""
    stand_ins.faults.set("dancu", Fault("silence"))
    first = asyncio.create_task(ask(desk, "key-1"))
    await until(lambda: bool(records(desk, "asked")))
    hurried = await ask(desk, "key-1", headers={"Request-Timeout": "0.2"})
    first.cancel()

    assert (hurried.status, hurried.json["reason"]) == (504, "timeout")
    (record,) = [one for one in records(desk, "answered") if one["lookup_id"] == hurried.json["lookup_id"]]
    assert (record["reason"], record["repeats"]) == ("timeout", None)


async def test_when_the_first_hangs_up_the_next_one_asks(desk: Desk, stand_ins: Running) -> None:
    """Who waits for a caller that goes away is not lost with him: the question is asked once more, and answered."""
    stand_ins.faults.set("dancu", Fault("silence", times=1))
    first = asyncio.create_task(ask(desk, "key-1"))
    await until(lambda: bool(records(desk, "asked")))
    second = asyncio.create_task(ask(desk, "key-1"))
    await asyncio.sleep(0.1)
    first.cancel()
    said = await second

    assert (said.status, said.again) == (200, False)
    assert [one["reason"] for one in records(desk, "answered")] == ["caller_gone", None]


async def test_a_refused_question_uses_no_key(desk: Desk) -> None:
    """Whoever corrects what was refused may keep the key."""
    wrong = QUESTION | {"query": MAU | {"citizen_id": "1"}}
    purpose = QUESTION | {"inquiry": INQUIRY | {"purpose": "curiosity"}}
    said = [await ask(desk, "key-1", question) for question in (wrong, purpose, QUESTION)]

    assert [one.status for one in said] == [422, 403, 200]


BAD_KEYS = {
    "empty": "",
    "empty in quotes": '""',
    "too long": "x" * 256,
    "control characters": "a\tb",
    "a letter with marks": '"kh\u00f3a"',
    "one quote": '"key',
    "text after the quotes": '"key";a=1',
    "two in one": "key-1, key-2",
    "two": ["key-1", "key-1"],
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
async def test_a_bad_key_is_refused(key: str | list[str], desk: Desk) -> None:
    """400, naming the header; for a set too."""
    for path in ("/v1/lookups", "/v1/lookup-sets"):
        said = await ask(desk, key, path=path)
        assert (said.status, said.json["reason"]) == (400, "invalid")
        assert [one["field"] for one in said.json["problems"]] == ["Idempotency-Key"]
    assert [one["problems"] for one in records(desk)] == [["idempotency_key"]] * 2


async def test_a_key_is_the_same_with_and_without_quotes(desk: Desk) -> None:
    """`"key-1"` is a string of RFC 8941, `key-1` what most clients send."""
    assert not (await ask(desk, '"key-1"')).again
    assert (await ask(desk, "key-1")).again
    assert not (await ask(desk, '"a \\"quoted\\" key, with everything"')).again
    assert not (await ask(desk, "k" * 255)).again


async def test_rights_are_decided_anew(settings: Settings) -> None:
    """Who has lost the right gets the refusal; who has lost a field gets no answer with that field in it."""
    file = settings.policy.file
    assert file is not None
    whole = file.read_text()
    async with open_desk(settings) as desk:
        first = await ask(desk, "key-1")
        file.write_text(policy(rule({"dancu.citizen": ["full_name"]})))
        await desk.core.reloader.reload()
        narrower = await ask(desk, "key-1")
        file.write_text(policy(rule({"dkdn.enterprise": ["*"]})))
        await desk.core.reloader.reload()
        none = await ask(desk, "key-1")
        file.write_text(whole)
        await desk.core.reloader.reload()
        again = await ask(desk, "key-1")
        refused = [one["problems"] for one in records(desk, "refused")]

    assert (narrower.status, narrower.json["problems"][0]["code"]) == (403, "rights_changed")
    assert (none.status, none.json["problems"][0]["code"]) == (403, "no_rule")
    assert refused == [["rights_changed"], ["no_rule"]]
    assert b"full_name" not in narrower.body + none.body
    assert again.body == first.body


async def test_wider_rights_refuse_no_repeat(settings: Settings) -> None:
    """Who had a member of a field and has the whole of it now is told the same again, and no more."""
    file = settings.policy.file
    assert file is not None
    file.write_text(policy(rule({"dancu.citizen": ["full_name", "permanent_residence.commune_code"]})))
    async with open_desk(settings) as desk:
        first = await ask(desk, "key-1", QUESTION | {"fields": None})
        file.write_text(policy(rule({"dancu.citizen": ["*"]})))
        await desk.core.reloader.reload()
        wider = await ask(desk, "key-1", QUESTION | {"fields": None})

    assert first.json["record"]["permanent_residence"].keys() == {"commune_code"}
    assert (wider.status, wider.again, wider.body) == (200, True, first.body)


async def test_what_is_sensitive_is_kept_under_no_key(settings: Settings, stand_ins: Running) -> None:
    """The key stays bound to its body, and the registry is asked each time."""
    hotich = settings_for(stand_ins.base_url, hotich={"contract": "province"}).registries["hotich"]
    settings = settings.model_copy(update={"registries": {**settings.registries, "hotich": hotich}})
    settings = with_policy(settings, policy(rule({"hotich.marital_status": ["*"]})))
    person = {"citizen_id": "000099000201", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
    question = {"dataset": "hotich.marital_status", "query": person, "inquiry": INQUIRY}
    async with open_desk(settings) as desk:
        first, second = await ask(desk, "key-1", question), await ask(desk, "key-1", question)
        other = await ask(desk, "key-1", question | {"max_age_s": 60})

    assert (first.status, second.status, first.again, second.again) == (200, 200, False, False)
    assert asked_of(stand_ins, "hotich") == 2
    assert first.json["lookup_id"] != second.json["lookup_id"]
    assert other.status == 409


async def test_the_ledger_has_the_fields_that_were_told(settings: Settings) -> None:
    """Whoever has gained rights since is told what he was told, and the records of both name the same fields."""
    file = settings.policy.file
    assert file is not None
    whole = file.read_text()
    file.write_text(policy(rule({"dancu.citizen": ["full_name"]})))
    async with open_desk(settings) as desk:
        first = await ask(desk, "key-1")
        file.write_text(whole)
        await desk.core.reloader.reload()
        again = await ask(desk, "key-1")
        fields = [one["fields"] for one in records(desk, "asked")]

    assert again.body == first.body
    assert fields == [["full_name"]] * 2


async def test_each_telling_is_in_the_citizens_view(desk: Desk) -> None:
    """An answer that is given again is another time that data was given, and is explained as one."""
    for _ in range(3):
        first = (await ask(desk, "key-1", QUESTION | {"fields": ["full_name"]})).json["lookup_id"]
    repeat = next(one["lookup_id"] for one in records(desk, "answered") if one["via"] == "repeat")
    await fed(desk)
    _, seen = await desk.post("/v1/subject-views", SELF)
    _, told = await desk.get(f"/v1/lookups/{repeat}/explanation")

    assert [one["outcome"]["code"] for one in seen["entries"]] == ["given"] * 3
    assert len({one["lookup_id"] for one in seen["entries"]}) == 3
    steps = [one["step"] for one in told["steps"]]
    assert steps == ["authenticated", "checked", "allowed", "asked", "repeated", "answered"]
    assert told["steps"][4]["repeats"] == first
    assert told["result"]["outcome"] == "found"


async def test_each_telling_counts_against_the_consumers_limit(settings: Settings) -> None:
    """Being told again is a question like any other."""
    one_stop = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 3})
    async with open_desk(settings.model_copy(update={"consumers": {"one-stop": one_stop}})) as desk:
        said = [await ask(desk, "key-1") for _ in range(4)]

    assert [one.status for one in said] == [200, 200, 200, 429]


async def test_nothing_is_told_again_without_its_record(desk: Desk) -> None:
    """A ledger that takes nothing keeps an answer back though it is there."""
    await ask(desk, "key-1")
    assert desk.core.ledger is not None
    await desk.core.ledger.close()
    said = await ask(desk, "key-1")

    assert (said.status, said.json["reason"], said.again) == (503, "ledger_unavailable", False)
    assert b"full_name" not in said.body


@pytest.mark.parametrize("place", ["log", "file"])
async def test_neither_key_nor_answer_stands_anywhere_in_the_clear(
    place: str, settings: Settings, tmp_path: Path
) -> None:
    """The log and the file of the state hold no key, no number and no name, whatever the key was made of."""
    stream = io.BytesIO()
    state = StateSettings(store="file", file=tmp_path / "state.sqlite")
    async with open_desk(settings.model_copy(update={"state": state})) as desk:
        configure_logs("debug", stream)
        for _ in range(2):
            said = await ask(desk, f"canary-{MAU['citizen_id']}")
        await ask(desk, f"canary-{MAU['citizen_id']}", FIRM_QUESTION)
        kept = b"".join((tmp_path / f"state.sqlite{part}").read_bytes() for part in ("", "-wal"))

    text = kept if place == "file" else stream.getvalue()
    assert said.again
    assert len(text) > 200
    for secret in ("canary", MAU["citizen_id"], "NGUYỄN", said.json["evidence"][:40]):
        assert secret.encode() not in text


async def test_a_shared_state_outlives_a_restart(settings: Settings, tmp_path: Path, stand_ins: Running) -> None:
    """What was answered before a restart is told again after it, where the state lies in a file."""
    state = StateSettings(store="file", file=tmp_path / "state.sqlite")
    settings = settings.model_copy(update={"state": state})
    async with open_desk(settings) as desk:
        first = await ask(desk, "key-1")
    async with open_desk(settings) as desk:
        again, other = await ask(desk, "key-1"), await ask(desk, "key-1", FIRM_QUESTION)

    assert (again.body, again.again, other.status) == (first.body, True, 409)
    assert asked_of(stand_ins) == 1


async def test_workers_that_share_a_state_ask_once(settings: Settings, tmp_path: Path, stand_ins: Running) -> None:
    """The same key at two workers at once is one question: the second waits for what the first one gets."""
    state = StateSettings(store="file", file=tmp_path / "state.sqlite")
    settings = settings.model_copy(update={"state": state})
    async with AsyncExitStack() as stack:
        two = [await stack.enter_async_context(open_desk(settings)) for _ in range(2)]
        stand_ins.faults.set("dancu", Fault("slow", delay_s=0.3))
        said = await asyncio.gather(*(ask(desk, "key-1") for desk in two * 5))
        answered = [one for desk in two for one in records(desk, "answered")]

    assert asked_of(stand_ins) == 1
    assert len({one.body for one in said}) == 1
    assert {one["repeats"] for one in answered if one["via"] == "repeat"} == {said[0].json["lookup_id"]}
    assert len(answered) == 10


async def test_without_its_state_no_key_is_taken(settings: Settings) -> None:
    """Where it cannot be told whether a key was used, its question is refused and recorded; others are asked."""
    state = StateSettings(store="redis", url="redis://127.0.0.1:9")
    one_stop = settings.consumers["one-stop"]
    async with open_desk(settings.model_copy(update={"state": state, "consumers": {"one-stop": one_stop}})) as desk:
        said = await ask(desk, "key-1")
        a_set = await ask(desk, "key-1", asking(1), path="/v1/lookup-sets")
        refused = [one["refusal"] for one in records(desk, "refused")]

    assert (said.status, said.json["reason"]) == (a_set.status, a_set.json["reason"]) == (503, "check_unavailable")
    assert refused == ["check_unavailable"] * 2


async def test_no_more_is_kept_than_settings_say(settings: Settings) -> None:
    """The oldest of a consumer's answers makes room for the newest; one that is too large is not kept at all."""
    few = settings.model_copy(update={"idempotency": IdempotencySettings(answers=2)})
    async with open_desk(few) as desk:
        for key in ("key-1", "key-2", "key-3"):
            await ask(desk, key)
        kept = {key: (await ask(desk, key)).again for key in ("key-3", "key-2", "key-1")}
    small = settings.model_copy(update={"idempotency": IdempotencySettings(answer_bytes=1024)})
    async with open_desk(small) as desk:
        said = [await ask(desk, "key-1") for _ in range(2)]
        metrics = await desk.metrics()

    assert kept == {"key-3": True, "key-2": True, "key-1": False}
    assert [(one.status, one.again) for one in said] == [(200, False)] * 2
    assert 'gateway_idempotency_total{result="not_kept"} 2.0' in metrics


# --- sets ------------------------------------------------------------------------------------------


@pytest.fixture
async def eight(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(many_settings(tmp_path, stand_ins.base_url, 8)) as one:
        yield one


async def test_a_set_is_told_again_whole(eight: Desk, stand_ins: Running) -> None:
    """Five times the same set at once: each registry is asked once, and all get the same bytes."""
    question = asking(1, 2, 3)
    said = await asyncio.gather(*(ask(eight, "key-1", question, path="/v1/lookup-sets") for _ in range(5)))
    later = await ask(eight, "key-1", question, path="/v1/lookup-sets")
    other = await ask(eight, "key-1", asking(1, 2), path="/v1/lookup-sets")

    assert asked_of(stand_ins, "dkdn") == 3
    assert {one.body for one in (*said, later)} == {said[0].body}
    assert (sum(one.again for one in said), later.again) == (4, True)
    assert (other.status, other.json["reason"]) == (409, "conflict")
    assert len(records(eight, "answered")) == 18


async def test_of_a_set_only_what_is_unknown_is_asked_anew(eight: Desk, stand_ins: Running) -> None:
    """The second time, what was answered is told again byte for byte, and the one that was not is asked."""
    stand_ins.faults.set("dkdn", Fault("down", times=2, path="chiTiet"))
    question = asking(1) | {"lookups": [QUESTION | {"name": "owner"}, *asking(1)["lookups"]]}
    del question["lookups"][0]["inquiry"]
    first = await ask(eight, "key-1", question, path="/v1/lookup-sets")
    second = await ask(eight, "key-1", question, path="/v1/lookup-sets")
    third = await ask(eight, "key-1", question, path="/v1/lookup-sets")

    assert first.json["lookups"][1]["problem"]["reason"] == "unreachable"
    assert second.json["lookups"][0] == first.json["lookups"][0]
    assert second.json["lookups"][1]["answer"]["outcome"] == "found"
    assert (second.again, third.again, third.body) == (False, True, second.body)
    assert asked_of(stand_ins) == 1
