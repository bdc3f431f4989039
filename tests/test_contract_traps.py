"""Every trap that the facts name is numbered in its contract, and something shows that we know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.reader import Contract, Trap, load
from tests.registries import OURS

CONTRACTS = {name: load(f"contracts.{name}") for name in OURS}

# Of a registry that nobody has seen fewer traps can be known.
FEWEST = {"cpxd": 13, "qhns": 10, "tkds": 5, "khodlg": 19}


def names_of_tests() -> Iterator[str]:
    for file in Path(__file__).parent.rglob("test_*.py"):
        yield from re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)


TRAPS = [(contract, trap) for contract in CONTRACTS.values() for trap in contract.traps]


@pytest.mark.parametrize(("contract", "trap"), TRAPS, ids=lambda one: getattr(one, "id", ""))
def test_every_trap_is_shown_by_a_case_file_or_a_test(contract: Contract, trap: Trap) -> None:
    """A trap that the facts name has a source, and names case files and tests that are there."""
    cases = {f"{case.dataset}/{case.name}" for case in contract.cases()}
    assert ".md, " in trap.source
    assert set(trap.cases) <= cases
    assert set(trap.tests) <= set(names_of_tests())


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_traps_are_numbered_in_their_order(contract: Contract) -> None:
    """The traps of a registry are `<registry>-T1`, `-T2` and so on, each text once."""
    assert [trap.id for trap in contract.traps] == [
        f"{contract.registry}-T{number}" for number in range(1, len(contract.traps) + 1)
    ]
    assert len({trap.text for trap in contract.traps}) == len(contract.traps) >= FEWEST.get(contract.registry, 21)
