"""
Case files against an adapter: in memory, where the request is compared too, or over a real way to a registry.

The second reader of a contract: without a network, the adapter must write the recorded request and come to
the recorded outcome. What a mock or a test endpoint answers is judged by the same rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contracts.reader import CaseFile, Contract
from gateway.channel.answer import Answer
from gateway.channel.channel import Channel, Policy
from gateway.clock import SystemClock
from gateway.domain.dataset import Adapter, Dataset, Query
from gateway.domain.exchange import Request, Response, Secret
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Found, Unknown
from gateway.kit.fields import differences, pruned
from gateway.lookup.catalogue import Instance
from gateway.transport.base import Transport
from gateway.transport.memory import MemoryTransport
from gateway.transport.outgoing import filled
from gateway.wire import xml

__all__ = [
    "REQUEST_ID",
    "CaseResult",
    "ask_case",
    "cases_of",
    "inquiry_of",
    "options_of",
    "query_of",
    "response_of",
    "run_in_instance",
    "run_in_memory",
]

REQUEST_ID = "GW-000000000001"
"""The request id that every case file is written with."""

_NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


class _AtThatTime(SystemClock):
    """The moment that every case file is written for: some messages are dated. Time passes all the same."""

    def now(self) -> datetime:
        return _NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """
    One case file's verdict. `problems` is empty when it is proven; nothing in it is personal. `basis` is the case
    file's own, `dataset_basis` that of its dataset in the contract version; `reason` is that of an `unknown`.
    """

    registry: str
    dataset: str
    case: str
    contract: str
    basis: str
    dataset_basis: str
    reason: str | None
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True when request, outcome, reason and record are all as recorded."""
        return not self.problems


def cases_of(adapter: Adapter, contract: Contract) -> Iterator[tuple[str, CaseFile]]:
    """Every case file of a dataset and contract version that the adapter speaks, with the dataset's noun."""
    for dataset in adapter.datasets:
        for case in contract.datasets[dataset.noun].cases:
            if case.contract in dataset.ask:
                yield dataset.noun, case


def inquiry_of(contract: Contract) -> Inquiry:
    """Who asks in every case file."""
    who = contract.inquiry
    return Inquiry.model_validate(
        {
            "case_id": who.case_id,
            "procedure": who.procedure,
            "agency": who.agency,
            "purpose": who.purpose,
            "officer": {"id": who.officer.id, "account": who.officer.account},
        }
    )


def options_of(contract: Contract, case: CaseFile) -> dict[str, Any]:
    """The adapter's options in force for a case file: its version's, and its own over them."""
    return {**contract.versions[case.contract].options, **case.options}


def query_of(adapter: Adapter, noun: str, case: CaseFile) -> Query:
    """The question of a case file."""
    query: Query = _dataset(adapter, noun).query.model_validate(dict(case.query))
    return query


async def run_in_memory(adapter: Adapter, contract: Contract, noun: str, case: CaseFile) -> CaseResult:
    """Without a network: the adapter's request against the recorded one, and the outcome of the recorded answer."""
    transport = MemoryTransport(lambda _: response_of(case))
    answer = await ask_case(adapter, contract, noun, case, transport)
    declared = adapter.secrets.get(case.contract, frozenset())
    request_problems = [
        problem for request in transport.sent[:1] for problem in _request_problems(request, case, declared)
    ]
    problems = (*request_problems, *_outcome_problems(answer.outcome, case))
    return _result(contract, noun, case, problems)


async def run_in_instance(instance: Instance, contract: Contract, noun: str, case: CaseFile) -> CaseResult:
    """Over an instance's own channel, with its own options, credentials and limits."""
    adapter = instance.adapter
    query = query_of(adapter, noun, case)
    answer = await instance.channel.ask(
        _dataset(adapter, noun), query, inquiry_of(contract), officer_code=case.officer_code
    )
    problems = tuple(_outcome_problems(answer.outcome, case))
    return _result(contract, noun, case, problems)


async def ask_case(adapter: Adapter, contract: Contract, noun: str, case: CaseFile, transport: Transport) -> Answer:
    """A case file's question over any transport, with its contract's options, in one attempt."""
    channel = Channel(
        registry=adapter.registry,
        adapter=adapter.registry,
        contract=case.contract,
        basis=lambda _: case.basis,
        route="direct",
        options=adapter.options.model_validate(options_of(contract, case)),
        transport=transport,
        policy=Policy(attempts=1),
        clock=_AtThatTime(),
        new_id=lambda: REQUEST_ID,
    )
    return await channel.ask(
        _dataset(adapter, noun), query_of(adapter, noun, case), inquiry_of(contract), officer_code=case.officer_code
    )


def _result(contract: Contract, noun: str, case: CaseFile, problems: tuple[str, ...]) -> CaseResult:
    return CaseResult(
        registry=contract.registry,
        dataset=noun,
        case=case.name,
        contract=case.contract,
        basis=case.basis,
        dataset_basis=contract.datasets[noun].basis_in(case.contract),
        reason=case.reason,
        problems=problems,
    )


def _dataset(adapter: Adapter, noun: str) -> Dataset[Any, Any, Any]:
    dataset = adapter.dataset(noun)
    assert dataset is not None, noun  # noqa: S101  cases_of walks the adapter's own datasets
    return dataset


def response_of(case: CaseFile) -> Response:
    """The recorded answer, as a transport would give it."""
    return Response(
        status=case.response.status,
        headers={name.lower(): value for name, value in case.response.headers.items()},
        body=case.response.body.encode(),
        received_at=_NOW,
    )


def _outcome_problems(outcome: Any, case: CaseFile) -> Iterator[str]:
    if outcome.word != case.outcome:
        detail = f" ({outcome.reason}: {outcome.detail})" if isinstance(outcome, Unknown) else ""
        yield f"outcome: expected {case.outcome}, got {outcome.word}{detail}"
    elif isinstance(outcome, Unknown) and outcome.reason.value != case.reason:
        yield f"reason: expected {case.reason}, got {outcome.reason.value} ({outcome.detail})"
    elif isinstance(outcome, Found):
        got = outcome.record.model_dump(mode="json", exclude_none=True)
        expected = dict(case.record or {})
        yield from (f"record: {path}" for path in differences(pruned(expected), pruned(got)))


def _request_problems(request: Request, case: CaseFile, declared: Collection[str]) -> Iterator[str]:
    recorded = case.request
    undeclared = sorted(_secrets(request) - set(declared))
    if undeclared:
        yield f"request: the adapter does not declare the secret {', '.join(undeclared)}"
        return
    # In a recorded request a secret stands as its name in braces.
    sent = filled(request, "", {name: f"{{{name}}}" for name in declared})
    parts = urlsplit(sent.url)
    if request.method != recorded.method:
        yield f"request.method: expected {recorded.method}, got {request.method}"
    if (parts.path or "/") != (recorded.path or "/"):
        yield "request.path differs"
    if dict(parse_qsl(parts.query, keep_blank_values=True)) != dict(recorded.query):
        yield "request.query differs"
    if _canonical(sent.body or b"") != _canonical((recorded.body or "").encode()):
        yield "request.body differs"


def _secrets(request: Request) -> set[str]:
    parts = (*request.path, *(value for _, value in request.query), *request.body)
    return {part.name for part in parts if isinstance(part, Secret)}


def _canonical(body: bytes) -> bytes:
    """XML without what does not matter: prefixes and white space between elements."""
    if not body.strip().startswith(b"<"):
        return body.strip()
    lines = [f"{element.tag!s}={(element.text or '').strip()}" for element in xml.parse(body.strip()).iter()]
    return "\n".join(lines).encode()
