"""Near misses of every contract: nothing odd about a good question, and a date in another order is always seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from contracts.reader import CaseFile, installed
from mocks.near_misses import NearMisses, form_of
from mocks.stand_in import Answer, Call
from tests.registries import OURS

CONTRACTS = {name: contract for name, contract in installed().items() if name in OURS}
ORDERS = {"yyyy-MM-dd": "%Y-%m-%d", "yyyyMMdd": "%Y%m%d", "dd/MM/yyyy": "%d/%m/%Y", "dd.MM.yyyy": "%d.%m.%Y"}


def asked(case: CaseFile) -> Call:
    request = case.request
    return Call(request.method, request.path, request.query, {}, (request.body or "").encode())


def in_vain(registry: str, case: CaseFile) -> Answer:
    """An answer that says that nothing fitted."""
    return Answer(200, b"", {}, CONTRACTS[registry].datasets[case.dataset].operation_in(case.contract))


def good_cases(registry: str) -> Iterator[CaseFile]:
    """What is asked with success as each version asks it: one with options of its own asks otherwise."""
    for case in CONTRACTS[registry].cases():
        if case.outcome in {"found", "absent"} and not case.options:
            yield case


@pytest.mark.parametrize("registry", CONTRACTS)
def test_a_good_question_is_no_near_miss(registry: str) -> None:
    """Whatever a case file asks with success has nothing odd about it, even where it is answered with nothing."""
    near = NearMisses(CONTRACTS[registry])

    odd = {
        f"{case.dataset}/{case.name}": near.of(asked(case), in_vain(registry, case)) for case in good_cases(registry)
    }

    assert {name: hints for name, hints in odd.items() if hints} == {}


def in_another_order(case: CaseFile) -> Iterator[tuple[str, Call]]:
    """The question with each of its dates in an order that it does not have, and which order that is."""
    call, texts = asked(case), _texts(case)
    for value in texts:
        form = form_of(value)
        if form not in ORDERS:
            continue
        day = datetime.strptime(value, ORDERS[form])  # noqa: DTZ007  a day, no moment
        for name, order in ORDERS.items():
            other = f"{day:{order}}"
            if name != form:
                query = {key: other if held == value else held for key, held in call.query.items()}
                yield name, replace(call, query=query, body=call.body.replace(value.encode(), other.encode()))


def _texts(case: CaseFile) -> set[str]:
    sent: Mapping[str, Any] = case.request.query
    words = (case.request.body or "").replace("<", '"').replace(">", '"').split('"')
    return {word for word in (*words, *sent.values()) if form_of(word) in ORDERS}


def test_a_date_in_another_order_is_always_seen() -> None:
    """In each registry that is asked with dates, a date in an order that no question of its kind has is told."""
    seen: dict[str, list[bool]] = {}
    for registry, contract in CONTRACTS.items():
        near = NearMisses(contract)
        for case in good_cases(registry):
            known = {form_of(text) for other in good_cases(registry) for text in _texts(other)}
            for order, call in in_another_order(case):
                if order not in known:
                    hints = " ".join(near.of(call, in_vain(registry, case)))
                    seen.setdefault(registry, []).append(f"you sent {order}, the contract says" in hints)

    assert {"bhxh", "dancu", "dkdn", "gplx", "hotich"} <= seen.keys()
    assert all(all(told) for told in seen.values()), {name: told.count(False) for name, told in seen.items()}


def test_a_number_of_no_range_and_a_missing_key_are_told() -> None:
    """501 to a known question says that the number is nobody's here; 401 without a header says so."""
    contract = CONTRACTS["qhns"]
    near, case = NearMisses(contract), contract.datasets["unit"].case("found")
    uncovered = near.of(asked(case), replace(in_vain("qhns", case), status=501))
    without = near.of(asked(case), replace(in_vain("qhns", case), status=401))

    assert ["no invented range" in hint for hint in uncovered] == [True]
    assert ["no Authorization header" in hint for hint in without] == [True]
