"""The base of everything that holds personal data: frozen, strict, and silent when printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Masked"]


class Masked(BaseModel):
    """A frozen model of which `repr` and `str` show only which fields are set, never their values."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def as_json(self, names: set[str] | None = None) -> dict[str, Any]:
        """
        The fields that are set, or those of these names, as JSON values. What `model_dump` gives, by its own serializer
        and without the third of its time in which it reads its arguments.
        """
        serializer = type(self).__pydantic_serializer__
        values: dict[str, Any] = serializer.to_python(self, mode="json", include=names, exclude_none=True)
        return values

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name in type(self).model_fields:
            if getattr(self, name) is not None:
                yield None, _Name(name)

    def __str__(self) -> str:
        return repr(self)


class _Name(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
