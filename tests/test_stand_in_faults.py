"""Faults of every registry at once, as the gateway says them: none is ever "no such record"."""

from __future__ import annotations

import pytest

from mocks.faults import Fault
from mocks.province import Province
from tests.whole_province import everywhere, known_everywhere

PROVINCE = Province(seed=5, citizens=2000)
QUESTIONS = known_everywhere(PROVINCE)[1]
WITHOUT_TOKENS = {"dancu", "taichinh"}
"""Registries that give out no token at all."""


@pytest.mark.parametrize(("kind", "reason"), [("schema", "malformed"), ("maintenance", "unreachable")])
async def test_a_fault_of_all_registries_has_one_reason(kind: str, reason: str) -> None:
    """Another structure is malformed and maintenance is unreachable, whichever registry it is."""
    async with everywhere(PROVINCE) as gateways:
        for dataset, query in QUESTIONS.items():
            await gateways.record(dataset, query)
        for registry in gateways.server.state.stand_ins:
            gateways.server.faults.set(registry, Fault(kind))
        told = {dataset: await gateways.raw(dataset, query) for dataset, query in QUESTIONS.items()}

    assert {dataset: answer.get("reason") for dataset, (_, answer) in told.items()} == dict.fromkeys(QUESTIONS, reason)
    assert {answer["outcome"] for _, answer in told.values()} == {"unknown"}


async def test_a_token_that_ends_under_a_question_is_fetched_anew() -> None:
    """A token that has just ended costs another log-in and no answer; where there are none it is a refusal."""
    async with everywhere(PROVINCE) as gateways:
        for dataset, query in QUESTIONS.items():
            await gateways.record(dataset, query)
        told = {}
        for dataset, query in QUESTIONS.items():
            registry = dataset.partition(".")[0]
            gateways.server.faults.set(registry, Fault("expired", times=1))
            status, answer = await gateways.raw(dataset, query)
            told[dataset] = answer["outcome"] if status == 200 else answer["reason"]

    assert told == {
        dataset: "refused" if dataset.partition(".")[0] in WITHOUT_TOKENS else "found" for dataset in QUESTIONS
    }
