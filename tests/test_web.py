"""The front door, over real sockets, in front of real stand-ins."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from gateway.web.problems import MEDIA_TYPE, TYPE
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, MAU, NOBODY, Desk, open_desk, settings_for
from tests.policies import granting


async def test_a_citizen_is_found(desk: Desk) -> None:
    """The record comes in our words, cut down to the fields asked for, with where it comes from."""
    status, answer = await desk.ask("dancu.citizen", MAU, fields=["full_name", "birth_date"])

    assert status == 200
    assert (answer["outcome"], answer["dataset"]) == ("found", "dancu.citizen")
    assert answer["record"] == {"full_name": "NGUYỄN VĂN MẪU", "birth_date": "1999-01-31"}
    provenance = answer["provenance"]
    assert provenance["operation"] == "TraCuuThongTinCongDan"
    assert (provenance["registry"], provenance["route"], provenance["via"]) == ("dancu", "xroad", "live")
    assert (provenance["contract"], provenance["basis"], provenance["age_s"]) == ("dancu@2025", "observed", 0)
    assert provenance["asked_at"].endswith("Z")


async def test_a_firm_is_found_through_the_token_flow(desk: Desk, stand_ins: Running) -> None:
    """The token is fetched once, and the second question uses it."""
    first = await desk.ask("dkdn.enterprise", FIRM)
    second = await desk.ask("dkdn.enterprise", FIRM)

    assert first[1]["record"] == second[1]["record"]
    assert first[1]["record"]["charter_capital_vnd"] == "1500000000.000"
    assert [entry.operation for entry in stand_ins.journal].count("token") == 1


async def test_nobody_is_absent_with_status_200(desk: Desk) -> None:
    """That the registry has no such person is an answer, not an error."""
    status, answer = await desk.ask("dancu.citizen", NOBODY)

    assert (status, answer["outcome"]) == (200, "absent")
    assert "record" not in answer


async def test_family_religion_ethnic_and_blood_group_never_leave_by_default(desk: Desk) -> None:
    """What is withheld by default is not in an answer that named no fields."""
    _, answer = await desk.ask("dancu.citizen", MAU)

    assert "full_name" in answer["record"]
    assert not answer["record"].keys() & {"religion", "ethnic_group", "blood_group", "relatives"}


async def test_the_identity_papers_of_representatives_never_leave_by_default(desk: Desk) -> None:
    """Who represents a firm is public; the papers and the birth date of the person are not."""
    _, answer = await desk.ask("dkdn.enterprise", FIRM)

    (representative,) = answer["record"]["legal_representatives"]
    assert representative["full_name"]
    assert not representative.keys() & {"document", "birth_date"}


async def test_a_withheld_field_is_forbidden_when_named(desk: Desk, stand_ins: Running) -> None:
    """Asking for religion by name is refused before anybody is asked."""
    status, problem = await desk.ask("dancu.citizen", MAU, fields=["religion"])

    assert (status, problem["reason"]) == (403, "forbidden")
    assert not list(stand_ins.journal)


UNKNOWN = {
    "silence": (504, "timeout"),
    "stall": (504, "timeout"),
    "reset": (503, "unreachable"),
    "error": (503, "unreachable"),
    "garbage": (502, "malformed"),
    "html": (502, "malformed"),
    "throttle": (503, "throttled"),
    "swap": (502, "mismatched"),
}


@pytest.mark.parametrize(("dataset", "query"), [("dancu.citizen", MAU), ("dkdn.enterprise", FIRM)])
@pytest.mark.parametrize("fault", UNKNOWN)
async def test_no_fault_becomes_absent_or_a_wrong_record(
    fault: str, dataset: str, query: dict[str, Any], stand_ins: Running
) -> None:
    """Silence, stalls, resets, errors, garbage, throttling and swapped answers are unknown, each with its reason."""
    registry = dataset.partition(".")[0]
    async with open_desk(settings_for(stand_ins.base_url, **{registry: {"deadline_s": 0.3}})) as desk:
        stand_ins.faults.set(registry, Fault(fault, path="" if registry == "dancu" else "chiTiet"))
        status, problem = await desk.ask(dataset, query)

    assert (status, problem["outcome"], problem["reason"]) == (UNKNOWN[fault][0], "unknown", UNKNOWN[fault][1])
    assert problem["type"] == f"{TYPE}{UNKNOWN[fault][1]}"
    assert "record" not in problem


@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if fault != "swap"])
async def test_no_fault_makes_an_absent_person_of_anybody(fault: str, stand_ins: Running) -> None:
    """Even about somebody who is not registered, a broken answer says nothing."""
    async with open_desk(settings_for(stand_ins.base_url, dancu={"deadline_s": 0.3})) as desk:
        stand_ins.faults.set("dancu", Fault(fault))
        _, problem = await desk.ask("dancu.citizen", NOBODY)

    assert problem["outcome"] == "unknown"


async def test_f20_a_surplus_answer_never_reaches_the_next_question(stand_ins: Running) -> None:
    """A second answer on a kept connection is nobody's: the questions after it are answered rightly."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dkdn", Fault("surplus", times=1, delay_s=0.02, path="chiTiet"))
        outcomes = [(await desk.ask("dkdn.enterprise", FIRM))[1]]
        await asyncio.sleep(0.05)
        outcomes += [(await desk.ask("dkdn.enterprise", FIRM))[1] for _ in range(3)]

    assert {answer["outcome"] for answer in outcomes} == {"found"}
    assert {answer["record"]["enterprise_code"] for answer in outcomes} == {"9900000023"}


async def test_a_throttled_question_says_when_to_ask_again(desk: Desk, stand_ins: Running) -> None:
    """Retry-After travels from the registry to the caller, as a header and as a time."""
    stand_ins.faults.set("dancu", Fault("throttle"))
    body = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
    async with desk.session.post(
        f"{desk.url}/v1/lookups", json=body, headers={"X-API-Key": "test-key-not-real"}
    ) as reply:
        problem = await reply.json(content_type=MEDIA_TYPE)

    assert reply.status == 503
    assert 0 < int(reply.headers["Retry-After"]) <= 7
    assert problem["retry_at"].endswith("Z")
    assert (problem["retryable"], problem["actor"]) == (True, "registry")


async def test_an_expired_token_is_renewed_once_and_nobody_notices(desk: Desk, stand_ins: Running) -> None:
    """When the platform forgets its tokens in the middle, the question is answered all the same."""
    await desk.ask("dkdn.enterprise", FIRM)
    async with desk.session.post(f"{stand_ins.base_url}/_mocks/dkdn/expire-token"):
        pass

    status, answer = await desk.ask("dkdn.enterprise", FIRM)

    assert (status, answer["outcome"]) == (200, "found")
    assert [entry.operation for entry in stand_ins.journal].count("token") == 2


async def test_an_instance_without_an_endpoint_is_not_connected(stand_ins: Running) -> None:
    """A registry that nobody has connected yet says so, in every place."""
    async with open_desk(settings_for(stand_ins.base_url, dkdn={"endpoint": None})) as desk:
        status, problem = await desk.ask("dkdn.enterprise", FIRM)
        _, listed = await desk.get("/v1/registries")

    assert (status, problem["reason"]) == (502, "not_connected")
    assert {one["name"]: one["connected"] for one in listed["registries"]} == {"dancu": True, "dkdn": False}


@pytest.mark.parametrize("key", ["", "wrong", "x" * 5000, "ключ".encode().decode("latin-1")])
async def test_a01_a_caller_without_a_valid_key_is_unauthenticated(key: str, desk: Desk) -> None:
    """No key, no answer: for questions and for the catalogue alike."""
    assert (await desk.ask("dancu.citizen", MAU, key=key))[0] == 401
    for path in ("/v1/registries", "/v1/datasets", "/v1/datasets/dancu.citizen"):
        status, problem = await desk.get(path, key=key)
        assert (status, problem["reason"]) == (401, "unauthenticated")


async def test_a03_a_dataset_that_is_not_granted_is_forbidden(stand_ins: Running) -> None:
    """A consumer may ask what a rule of the policy names, and nothing else."""
    settings = settings_for(stand_ins.base_url)
    async with open_desk(granting(settings, "dkdn.enterprise")) as desk:
        status, problem = await desk.ask("dancu.citizen", MAU)

    assert (status, problem["reason"], problem["actor"]) == (403, "forbidden", "operator")


async def test_a_consumer_beyond_its_limit_is_told_to_wait(stand_ins: Running) -> None:
    """The third question of a minute that allows two is refused, with the time to come back."""
    settings = settings_for(stand_ins.base_url)
    slow = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 2})
    async with open_desk(settings.model_copy(update={"consumers": {"one-stop": slow}})) as desk:
        statuses = [(await desk.ask("dkdn.enterprise", FIRM))[0] for _ in range(3)]
        _, problem = await desk.ask("dkdn.enterprise", FIRM)

    assert statuses == [200, 200, 429]
    assert problem["reason"] == "too_many"
    assert problem["retry_at"]


GOOD = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
BAD_BODIES: dict[str, tuple[Any, int, str]] = {
    "not JSON": (b"{", 400, ""),
    "a list": ([], 400, ""),
    "duplicate key": (b'{"dataset": "a", "dataset": "b"}', 400, ""),
    "unknown field": (GOOD | {"extra": 1}, 400, "extra"),
    "unknown field in the query": (GOOD | {"query": MAU | {"cccd": "1"}}, 400, "query.cccd"),
    "prototype": (GOOD | {"__proto__": {}}, 400, "__proto__"),
    "missing inquiry": ({"dataset": "dancu.citizen", "query": MAU}, 400, "inquiry"),
    "unknown dataset": (GOOD | {"dataset": "dancu.nothing"}, 400, "dataset"),
    "number for a number": (GOOD | {"query": MAU | {"citizen_id": 99000001}}, 422, "query.citizen_id"),
    "wrong number": (GOOD | {"query": MAU | {"citizen_id": "12"}}, 422, "query.citizen_id"),
    "future number": (GOOD | {"query": MAU | {"citizen_id": "000999000001"}}, 422, "query.citizen_id"),
    "future birth": (GOOD | {"query": MAU | {"birth_date": "2199-01-01"}}, 422, "query.birth_date"),
    "epoch date": (GOOD | {"query": MAU | {"birth_date": 946684800}}, 422, "query.birth_date"),
    "both numbers": (GOOD | {"query": MAU | {"old_number": "000000001"}}, 422, "query"),
    "spaces for a name": (GOOD | {"query": MAU | {"full_name": "   "}}, 422, "query.full_name"),
    "unknown record field": (GOOD | {"fields": ["full_name", "shoe_size"]}, 422, "fields.1"),
    "no fields": (GOOD | {"fields": []}, 422, "fields"),
    "text for a number of seconds": (GOOD | {"max_age_s": "0"}, 400, "max_age_s"),
    "case number": (GOOD | {"inquiry": INQUIRY | {"case_id": "../x"}}, 422, "inquiry.case_id"),
}


@pytest.mark.parametrize(("body", "status", "field"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_bad_body_is_one_problem_that_names_the_field(
    body: Any, status: int, field: str, desk: Desk, stand_ins: Running
) -> None:
    """Whatever is wrong with a body, the caller learns where and what to do, and nothing leaves the gateway."""
    got, problem = await desk.post("/v1/lookups", body)

    assert (got, problem["reason"]) == (status, "invalid")
    assert [one["field"] for one in problem["problems"]] == [field]
    assert all(one["advice"] for one in problem["problems"])
    assert not list(stand_ins.journal)


async def test_a_problem_quotes_no_value(desk: Desk) -> None:
    """A wrong value is personal data too: the problem names the field and repeats nothing."""
    _, problem = await desk.ask("dancu.citizen", MAU | {"citizen_id": "CANARY-1", "birth_date": "CANARY-2"})

    assert "CANARY" not in json.dumps(problem)


async def test_j18_a_body_beyond_the_limit_is_413(desk: Desk) -> None:
    """A body larger than the limit is cut off with one problem document."""
    status, problem = await desk.post("/v1/lookups", b" " * (64 * 1024 + 1))

    assert (status, problem["type"]) == (413, f"{TYPE}too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/lookups", 405),
        ("TRACE", "/v1/lookups", 405),
        ("POST", "/healthz", 405),
        ("GET", "/v2/lookups", 404),
        ("GET", "/v1/datasets/dancu.nothing", 404),
        ("GET", "/v1/datasets/..%2F..%2Fetc", 404),
    ],
)
async def test_a_wrong_route_or_method_is_a_problem_document(method: str, path: str, status: int, desk: Desk) -> None:
    """What is not there is said in the same form as everything else, without a server banner."""
    async with desk.session.request(method, desk.url + path, headers={"X-API-Key": "test-key-not-real"}) as reply:
        problem = await reply.json(content_type=MEDIA_TYPE)

    assert (reply.status, problem["status"]) == (status, status)
    assert problem["detail"]
    assert "Server" not in reply.headers


async def test_the_catalogue_says_what_can_be_asked_and_how_sure_we_are(desk: Desk) -> None:
    """Datasets come with kind, sensitivity, fields, schemas, and the basis of their contract."""
    _, listed = await desk.get("/v1/datasets")
    status, one = await desk.get("/v1/datasets/dancu.citizen")

    assert [dataset["id"] for dataset in listed["datasets"]] == [entry.id for entry in desk.core.catalogue]
    assert status == 200
    assert (one["kind"], one["sensitivity"], one["basis"]) == ("one", "person", "observed")
    assert "religion" in one["withheld_by_default"]
    assert one["query_schema"]["properties"]["birth_date"]
    assert one["record_schema"]["properties"]["permanent_residence"]


async def test_health_comes_from_real_questions(desk: Desk, stand_ins: Running) -> None:
    """A registry is unasked, then ok, then failing, then ok again, as its answers tell."""

    async def state() -> str:
        _, listed = await desk.get("/v1/registries")
        return str(next(one["health"]["state"] for one in listed["registries"] if one["name"] == "dancu"))

    states = [await state()]
    await desk.ask("dancu.citizen", NOBODY)
    states.append(await state())
    stand_ins.faults.set("dancu", Fault("error"))
    await desk.ask("dancu.citizen", MAU)
    states.append(await state())
    stand_ins.faults.clear("dancu")
    await desk.ask("dancu.citizen", MAU)
    states.append(await state())

    assert states == ["unasked", "ok", "failing", "ok"]


async def test_the_openapi_document_is_valid_and_names_every_route(desk: Desk, stand_ins: Running) -> None:
    """The document passes OpenAPI 3.1 validation, and each example in it is accepted by the gateway."""
    _, document = await desk.get("/openapi.json")
    validate(document)
    settings = settings_for(stand_ins.base_url)
    free = granting(settings, *(entry.id for entry in desk.core.catalogue))
    examples = document["paths"]["/v1/lookups"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    async with open_desk(free) as allowed:
        statuses = {name: (await allowed.post("/v1/lookups", one["value"]))[0] for name, one in examples.items()}

    assert document["openapi"].startswith("3.1")
    assert statuses == dict.fromkeys((entry.id for entry in desk.core.catalogue), 200)


async def test_metrics_count_each_question_once(desk: Desk, stand_ins: Running) -> None:
    """One question is one count by outcome and reason, however many attempts it took."""
    stand_ins.faults.set("dancu", Fault("reset", times=1))
    await desk.ask("dancu.citizen", MAU)
    await desk.ask("dancu.citizen", NOBODY)
    await desk.ask("dancu.nothing", MAU)
    text = await desk.metrics()

    labels = 'dataset="citizen",outcome="%s",reason="",registry="dancu"'
    assert f"gateway_questions_total{{{labels % 'found'}}} 1.0" in text
    assert f"gateway_questions_total{{{labels % 'absent'}}} 1.0" in text
    assert 'gateway_attempts_total{registry="dancu",result="unreachable"} 1.0' in text
    assert 'gateway_refusals_total{refusal="invalid"} 1.0' in text
    assert 'gateway_questions_in_flight{registry="dancu"} 0.0' in text


async def test_metrics_are_not_served_at_the_front_door(desk: Desk) -> None:
    """What operators read listens at an address of its own."""
    assert (await desk.get("/metrics"))[0] == 404


async def test_the_gateway_is_alive_and_ready(desk: Desk) -> None:
    """Liveness and readiness need no key and name nothing."""
    assert await desk.get("/healthz", key="") == (200, {"status": "ok"})
    assert await desk.get("/readyz", key="") == (200, {"status": "ready"})
