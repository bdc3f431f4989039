"""A group of routes that joins the front door as a whole: its handlers, and how /openapi.json describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web
from pydantic import BaseModel

__all__ = ["Part"]


class Part(Protocol):
    """See the module. `inputs` and `outputs` are what `paths` refers to by name, beside the API's own schemas."""

    @property
    def paths(self) -> Mapping[str, Any]:
        """OpenAPI path items by path."""

    @property
    def inputs(self) -> tuple[type[BaseModel], ...]:
        """What callers send."""

    @property
    def outputs(self) -> tuple[type[BaseModel], ...]:
        """What they get."""

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in."""
