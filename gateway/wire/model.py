"""The base of every message model in an adapter's `wire.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from gateway.errors import MalformedAnswer

__all__ = ["ListOrOne", "NumberOrText", "Wire", "read"]


class Wire(BaseModel):
    """
    A message as the registry writes it, in the registry's names (as aliases).

    Unknown fields are ignored, since registries add them without notice; a missing or wrong one is an
    error. Nothing of it is ever printed.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return iter(())


W = TypeVar("W", bound=Wire)


def read(model: type[W], value: object) -> W:
    """The message, or MalformedAnswer naming the fields at fault (never their values)."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        places = sorted({f"{_place(error['loc'])}: {error['type']}" for error in exc.errors(include_input=False)})
        raise MalformedAnswer(f"{model.__name__}: {', '.join(places[:8])}") from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)[:120]


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


NumberOrText = Annotated[str, BeforeValidator(_as_text)]
"""A text that some versions of the service send as a whole number."""

ListOrOne = BeforeValidator(_as_list)
"""For `Annotated[list[X], ListOrOne]`: an object standing where a list is meant is a list of one."""
