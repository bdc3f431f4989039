"""The base of every message model in an adapter's `wire.py`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

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

    @classmethod
    def normal(cls, value: Any) -> Any:
        """The value in the form that the fields describe. Variants of a message are brought into it here."""
        return value

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return iter(())


W = TypeVar("W", bound=Wire)


def read(model: type[W], value: object, unlisted: dict[str, bool] | None = None) -> W:
    """
    The message, or MalformedAnswer naming the fields at fault (never their values).

    Names of fields that the model does not know go into `unlisted`, where it is given, each with whether it
    has something inside.
    """
    value = model.normal(value)
    if unlisted is not None:
        _note_unlisted(model, value, unlisted)
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        places = sorted({f"{_place(error['loc'])}: {error['type']}" for error in exc.errors(include_input=False)})
        raise MalformedAnswer(f"{model.__name__}: {', '.join(places[:8])}") from None


def _note_unlisted(model: type[Wire], value: object, unlisted: dict[str, bool]) -> None:
    if isinstance(value, dict):
        known, below = _fields(model)
        if not value.keys() <= known:
            for name in value.keys() - known:
                filled = value[name] not in (None, "", [], {})
                unlisted[name] = unlisted.get(name, False) or filled
        for name, models in below:
            if inner := value.get(name):
                for inner_model in models:
                    _note_unlisted(inner_model, inner, unlisted)
    elif isinstance(value, list):
        for one in value:
            _note_unlisted(model, one, unlisted)


@cache
def _fields(model: type[Wire]) -> tuple[frozenset[str], tuple[tuple[str, tuple[type[Wire], ...]], ...]]:
    """The wire names that a message may have, and the models that may stand below some of them."""
    names = {field.alias or name: tuple(_models(field.annotation)) for name, field in model.model_fields.items()}
    return frozenset(names), tuple((name, models) for name, models in names.items() if models)


def _models(annotation: Any) -> Iterator[type[Wire]]:
    if isinstance(annotation, type) and issubclass(annotation, Wire):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


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
