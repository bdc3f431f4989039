"""The two recorded exchanges that every row asks for: a firm over REST, a citizen over SOAP."""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import urlencode

from contracts.reader import CaseFile, Contract, load

__all__ = ["CITIZEN", "FIRM", "question", "target"]


def _found(registry: str, noun: str) -> tuple[Contract, CaseFile]:
    contract = load(f"contracts.{registry}")
    return contract, contract.datasets[noun].case("found")


FIRM = _found("dkdn", "enterprise")
CITIZEN = _found("dancu", "citizen")


def target(recorded: tuple[Contract, CaseFile]) -> str:
    """Path and query of the recorded request, below the registry's name."""
    contract, case = recorded
    path = f"/{contract.registry}{case.request.path}".rstrip("/")
    return f"{path}?{urlencode(case.request.query)}" if case.request.query else path


def question(recorded: tuple[Contract, CaseFile], *, max_age_s: int = 0) -> bytes:
    """What a one-stop system sends to the gateway to ask just that; by default never answered from a cache."""
    contract, case = recorded
    inquiry = {name: value for name, value in asdict(contract.inquiry).items() if name != "consumer"}
    dataset = f"{contract.registry}.{case.dataset}"
    return json.dumps(
        {"dataset": dataset, "query": dict(case.query), "inquiry": inquiry, "max_age_s": max_age_s}
    ).encode()
