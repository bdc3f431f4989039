"""The two recorded exchanges that every row asks for: a firm over REST, a citizen over SOAP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from contracts.reader import CaseFile, Contract, load

__all__ = ["CITIZEN", "FIRM", "firm_codes", "inquiry", "query", "question", "target"]


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


def query(recorded: tuple[Contract, CaseFile]) -> dict[str, Any]:
    """What is asked about."""
    return dict(recorded[1].query)


def inquiry(recorded: tuple[Contract, CaseFile]) -> dict[str, Any]:
    """Who asks, and why."""
    return {name: value for name, value in asdict(recorded[0].inquiry).items() if name != "consumer"}


def question(
    recorded: tuple[Contract, CaseFile], *, about: Mapping[str, Any] | None = None, max_age_s: int = 0
) -> bytes:
    """What a one-stop system sends to the gateway to ask just that, or `about` another. With 0 no cache answers it."""
    contract, case = recorded
    asked = {
        "dataset": f"{contract.registry}.{case.dataset}",
        "query": query(recorded) | dict(about or {}),
        "inquiry": inquiry(recorded),
        "max_age_s": max_age_s,
    }
    return json.dumps(asked).encode()


def firm_codes(count: int) -> list[str]:
    """So many enterprise codes of nobody: they begin with 99, which no province has, and their check digit fits."""
    codes: list[str] = []
    number = 990000000
    while len(codes) < count:
        with suppress(ValidationError):
            codes.append(mst.validate(f"{number}{mst.calc_check_digit(str(number))}"))
        number += 1
    return codes
