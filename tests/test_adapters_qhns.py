"""Budget codes: what is a code, and of which kind."""

from __future__ import annotations

import pytest

from gateway.domain.budget_codes import BudgetProjectCode, BudgetUnitCode


@pytest.mark.parametrize("code", ["1990001", "2990001", "3990001", "199000A", "7990001", "8990001"])
def test_the_first_digit_of_a_budget_code_tells_its_kind(code: str) -> None:
    """1, 2 and 3 are units, 7 and 8 projects; a code of one kind is none of the other, and no print shows it."""
    right, wrong = (BudgetUnitCode, BudgetProjectCode) if code[0] in "123" else (BudgetProjectCode, BudgetUnitCode)

    assert right(code).value == code
    assert code not in repr(right(code))
    with pytest.raises(ValueError, match="budget code"):
        wrong(code)


@pytest.mark.parametrize(
    "code", ["0880001", "4880001", "9880001", "188000", "18800011", "1 88000", "188000a", "١٨٨٠٠٠١"]
)
def test_what_is_no_budget_code_is_refused(code: str) -> None:
    """Another first digit, another length, small letters and other digits are no budget code."""
    for kind in (BudgetUnitCode, BudgetProjectCode):
        with pytest.raises(ValueError, match="budget code") as caught:
            kind(code)
        assert code not in str(caught.value)
