"""
What a stand-in is, and what most of them share. A package outside this one needs nothing else to bring its own.

A stand-in is declared in the entry point group `gateway.mocks` as a callable that takes a `World` and gives a
`StandIn`, mostly the class itself:

    [project.entry-points."gateway.mocks"]
    dancu = "mocks.dancu:STAND_IN"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol, TypeAlias

from contracts.reader import Contract, RecordedRequest
from mocks.province import Province

__all__ = ["Answer", "Call", "CaseAnswers", "Open", "StandIn", "UnknownCommand", "World", "installed", "uncovered"]


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request as a stand-in sees it: `path` begins after `/<registry>`, `headers` ignore upper and lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What goes back. `operation` and `matched` go into the journal: what was asked, and what decided the answer
    (`case:<name>`, `province` or `nothing`). Neither may hold an identifier.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    operation: str = ""
    matched: str = "nothing"


@dataclass(frozen=True, slots=True)
class World:
    """What stand-ins share: the people and firms, and the time (`now` gives seconds since 1970, UTC)."""

    province: Province
    now: Callable[[], float]


class StandIn(Protocol):
    """One registry's stand-in. It may keep state (tokens), but no question and no answer."""

    registry: str
    contract: Contract

    def answer(self, call: Call) -> Answer:
        """The answer to one request. Anything not covered is `uncovered(...)`, never an exception."""

    def another(self, call: Call) -> Answer:
        """A well-formed answer about somebody else than `call` asks about: what the fault `swap` sends."""

    def admin(self, command: str) -> None:
        """Do what a test asks for, such as `expire-token` or `reset`. Raise UnknownCommand for anything else."""


Open: TypeAlias = Callable[[World], StandIn]


class UnknownCommand(KeyError):
    """A stand-in does not know this command."""


class CaseAnswers:
    """
    The answers of a contract's case files, ready to send, by the question each one asks.

    `question` reads what is asked out of a recorded request: two requests with equal questions get one answer.
    """

    def __init__(self, contract: Contract, version: str, question: Callable[[RecordedRequest], Hashable]) -> None:
        self._answers: dict[Hashable, Answer] = {}
        for case in contract.cases():
            if case.contract != version:
                continue
            key = question(case.request)
            if key in self._answers:
                raise ValueError(f"{contract.registry}: {case.dataset}/{case.name} asks what another case asks")
            self._answers[key] = Answer(
                status=case.response.status,
                body=case.response.content,
                headers=case.response.headers,
                operation=contract.datasets[case.dataset].operation_in(case.contract),
                matched=f"case:{case.name}",
            )

    def find(self, question: Hashable) -> Answer | None:
        """The answer of the case that asks this; None when no case does."""
        return self._answers.get(question)


def uncovered(registry: str, operation: str = "") -> Answer:
    """501: neither a case file nor the province covers the request. Says nothing of what was asked."""
    problem = {
        "type": "about:blank",
        "title": "Not covered",
        "status": 501,
        "detail": f"No case file of {registry} and no entry of the synthetic province covers this request.",
    }
    return Answer(501, json.dumps(problem).encode(), {"Content-Type": "application/problem+json"}, operation)


def installed() -> dict[str, Open]:
    """Every stand-in that an installed package declares in the entry point group `gateway.mocks`."""
    return {point.name: point.load() for point in entry_points(group="gateway.mocks")}
