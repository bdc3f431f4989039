"""Which fields claims may be compared with: all that they need, or the question never leaves."""

from __future__ import annotations

from collections.abc import Collection

from gateway.errors import FieldProblem, Forbidden
from gateway.lookup.fields import Shape

__all__ = ["comparable"]


def comparable(shape: Shape, granted: frozenset[str], claimed: Collection[str]) -> frozenset[str]:
    """
    The names of the fields that the claims need. Raises Forbidden naming each claim that no rule lets be compared: an
    address needs the whole of its field, so that no part of it is told that nobody granted.
    """
    whole = shape.whole(claimed, granted)
    refused = [name for name in claimed if name not in whole]
    if refused:
        problems = tuple(
            FieldProblem(
                f"claims.{name}",
                "not_granted",
                f"không quy tắc nào cho so sánh {name}; bỏ nội dung khai này hoặc đề nghị quản trị cấp quyền / "
                f"no rule lets {name} be compared; leave the claim out, or ask the operator to grant it",
            )
            for name in refused
        )
        raise Forbidden(f"not to be compared: {', '.join(sorted(refused))}", problems=problems)
    return shape.spelled(frozenset[str]().union(*(shape.needed(name) for name in claimed)))
