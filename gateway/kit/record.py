"""`gateway contract record`: a real exchange becomes a case file in which nobody real is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from pydantic import ValidationError

from contracts.reader import CaseFile, Contract, ContractError, RecordedRequest, RecordedResponse, read_case
from gateway.domain.dataset import Adapter
from gateway.domain.outcome import Found, Unknown
from gateway.errors import RecordingRefused
from gateway.kit.case_text import case_text
from gateway.kit.cases import ask_case, response_of, run_in_memory
from gateway.kit.fields import pruned
from gateway.kit.invented import Examples, Invented
from gateway.kit.leaves import leaves, rewritten
from gateway.kit.sorts import sort_of
from gateway.kit.traces import trace
from gateway.transport.memory import MemoryTransport
from gateway.transport.outgoing import filled

__all__ = ["Exchange", "recorded"]

_HEADERS = ("content-type", "retry-after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked and answered, for real. `headers` in lower case. Never printed."""

    noun: str
    contract: str
    query: Mapping[str, Any] = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


async def recorded(
    adapter: Adapter, contract: Contract, exchange: Exchange, *, name: str, summary: str, basis: str, source: str
) -> str:
    """
    The case file as text, proven: its own test passes, it ends as the real exchange did, no neighbour asks the same,
    and nothing of the real exchange is left in it. Raises RecordingRefused naming the place that is in the way.
    """
    cases = _examples_first(contract, exchange)
    real = _case(exchange, name, exchange.query, exchange.body, exchange.headers)
    ended = await _outcome(adapter, contract, real)
    query, body = _invented(adapter, exchange, cases)
    case = _case(exchange, name, query, body.encode(), _headers(exchange, cases))
    case = replace(case, summary=summary, basis=basis, source=source)
    outcome, request, unlisted = await _outcome(adapter, contract, case)
    if _end(outcome) != _end(ended[0]):
        advice = f"{_end(ended[0])} became {_end(outcome)}: write this case by hand"
        raise RecordingRefused(f"{exchange.noun}: with invented values it ends otherwise; {advice}")
    record = pruned(outcome.record.model_dump(mode="json", exclude_none=True)) if isinstance(outcome, Found) else None
    reason = outcome.reason.value if isinstance(outcome, Unknown) else None
    case = replace(case, outcome=outcome.word, reason=reason, record=record, request=request, unlisted=unlisted)
    text = case_text(case)
    try:
        written = read_case(contract, exchange.noun, name, text)
    except ContractError as exc:  # such as an empty source; the message names the file and the key
        raise RecordingRefused(str(exc)) from None
    await _prove(adapter, contract, exchange, written)
    if place := trace(exchange.query, exchange.body, text, contract):
        raise RecordingRefused(f"{place}: its real value would be left in the case file")
    return text


def _examples_first(contract: Contract, exchange: Exchange) -> list[CaseFile]:
    """The case files that tell what values are: of this dataset and version, those with a record first."""
    cases = [case for case in contract.datasets[exchange.noun].cases if case.contract == exchange.contract]
    if not cases:
        raise RecordingRefused(f"{exchange.noun}: no case file of {exchange.contract} tells what its values are")
    return sorted(cases, key=lambda case: (case.outcome != "found", case.name != "found", case.name))


def _invented(adapter: Adapter, exchange: Exchange, cases: list[CaseFile]) -> tuple[dict[str, Any], str]:
    """Query and body with nobody real in them."""
    asked = Examples(leaf for case in cases for leaf in leaves(orjson.dumps(case.query)))
    answered = Examples(leaf for case in cases for leaf in leaves(case.response.content))
    values = Invented(asked.numbers() | answered.numbers())
    dataset = adapter.dataset(exchange.noun)
    assert dataset is not None  # noqa: S101  looked up by whoever made the exchange
    alike = next((case.query for case in cases if case.query.keys() == exchange.query.keys()), cases[0].query)

    def fits(place: str, text: str) -> bool:
        try:
            dataset.query.model_validate({**alike, place: text})
        except ValidationError:
            return False
        return True

    def of_query(place: str, value: Any) -> Any:
        return values.value(asked, place, value, fits=lambda text: fits(place, text), new=True)

    query = orjson.loads(rewritten(orjson.dumps(dict(exchange.query)), of_query))
    # Whole dates first, so that a year alone becomes that of its date.
    for place, value in sorted(leaves(exchange.body), key=lambda leaf: sort_of(leaf[1]) != "date"):
        values.value(answered, place, value, new=False)
    return query, rewritten(exchange.body, lambda place, value: values.value(answered, place, value, new=False))


def _headers(exchange: Exchange, cases: list[CaseFile]) -> dict[str, str]:
    """Those that a reader looks at, with values that case files have; every other is left out."""
    known = {(name.lower(), value) for case in cases for name, value in case.response.headers.items()}
    found = {name: value for name in _HEADERS if (name, value := exchange.headers.get(name, "")) in known}
    if "content-type" not in found:
        alike = (case for case in cases if case.response.status == exchange.status)
        headers = next((case.response.headers for case in alike), cases[0].response.headers)
        found |= {name.lower(): value for name, value in headers.items() if name.lower() == "content-type"}
    return {name.title(): value for name, value in found.items()}


def _case(exchange: Exchange, name: str, query: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> CaseFile:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RecordingRefused("the answer is not UTF-8") from None
    return CaseFile(
        dataset=exchange.noun,
        name=name,
        summary=name,
        outcome="absent",
        basis="assumed",
        source="-",
        contract=exchange.contract,
        query=query,
        request=RecordedRequest("GET", "/", {}, None),
        response=RecordedResponse(exchange.status, headers, text),
    )


async def _outcome(
    adapter: Adapter, contract: Contract, case: CaseFile
) -> tuple[Any, RecordedRequest, tuple[str, ...]]:
    """How the answer ends, the request that the adapter writes for it, and what it holds beyond its schema."""
    responses = []

    def answer(_: Any) -> Any:
        responses.append(response_of(case))
        return responses[-1]

    transport = MemoryTransport(answer)
    try:
        ended = await ask_case(adapter, contract, case.dataset, case, transport)
    except ValidationError as exc:
        wrong = {str(error["loc"][0]) for error in exc.errors() if error["loc"]} & _fields(adapter, case.dataset)
        said = ", ".join(sorted(wrong)) or "a member that the dataset does not have"
        raise RecordingRefused(f"{case.dataset}: it cannot be asked so; look at {said} of the query") from None
    if not transport.sent:
        raise RecordingRefused(f"{case.dataset}: the adapter asks nothing for this question")
    sent = filled(transport.sent[0], "", {one: f"{{{one}}}" for one in adapter.secrets.get(case.contract, ())})
    parts = urlsplit(sent.url)
    request = RecordedRequest(
        method=sent.method,
        path=parts.path or "/",
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        body=sent.body.decode() if sent.body else None,
    )
    return ended.outcome, request, tuple(sorted({name for one in responses for name in one.unlisted}))


def _fields(adapter: Adapter, noun: str) -> set[str]:
    dataset = adapter.dataset(noun)
    return set(dataset.query.model_fields) if dataset is not None else set()


def _end(outcome: Any) -> str:
    return f"{outcome.word}: {outcome.reason.value}" if isinstance(outcome, Unknown) else str(outcome.word)


async def _prove(adapter: Adapter, contract: Contract, exchange: Exchange, case: CaseFile) -> None:
    result = await run_in_memory(adapter, contract, exchange.noun, case)
    if not result.passed:
        raise RecordingRefused(f"{exchange.noun}: the case file does not prove itself: {'; '.join(result.problems)}")
    for other in contract.cases():
        if other.contract == case.contract and other.request == case.request:
            raise RecordingRefused(f"{exchange.noun}: {other.dataset}/{other.name} asks the same already")
