"""Faults that no case file shows, tried on every question: none of them may make a record or an absence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from contracts.reader import CaseFile, Contract
from gateway.domain.dataset import Adapter
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Unknown
from gateway.errors import RegistryTimeout, RegistryUnreachable
from gateway.kit.cases import ask_case, response_of
from gateway.transport.memory import MemoryTransport

__all__ = ["FAULTS", "Fault", "survived"]

Fault = Callable[[Response], Response]

_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def _silent(_: Response) -> Response:
    raise RegistryTimeout("nothing came")


def _reset(_: Response) -> Response:
    raise RegistryUnreachable("the connection broke")


def _failed(status: int) -> Fault:
    return lambda answer: replace(answer, status=status, body=_PAGE)


FAULTS: Mapping[str, Fault] = {
    "silence": _silent,
    "reset": _reset,
    "nothing": lambda answer: replace(answer, body=b""),
    "half": lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "garbage": lambda answer: replace(answer, body=bytes(range(256))),
    "page": lambda answer: replace(answer, body=_PAGE),
    "throttled": _failed(429),
    "failed": _failed(500),
    "gateway_timeout": _failed(504),
}
"""What becomes of a good answer on its way, by name."""


async def survived(
    adapter: Adapter, contract: Contract, noun: str, case: CaseFile, faults: Mapping[str, Fault] = FAULTS
) -> frozenset[str]:
    """The faults under which the question of a case file comes to `unknown`, as it must under each."""
    found = set()
    for name, fault in faults.items():

        def answer(_: Request, fault: Fault = fault) -> Response:
            return fault(response_of(case))

        outcome = (await ask_case(adapter, contract, noun, case, MemoryTransport(answer))).outcome
        if isinstance(outcome, Unknown):
            found.add(name)
    return frozenset(found)
