"""What may be asked of business registration, and what settings may vary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query
from gateway.domain.identifiers import EnterpriseCode

__all__ = ["DkdnOptions", "EnterpriseQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class EnterpriseQuery(Query):
    """One firm or dependent unit by its code."""

    enterprise_code: EnterpriseCode


class DkdnOptions(Options):
    """Where a platform puts the service. Source: others.md, C.1: provinces rename the context or drop the version."""

    context: PathSegment = "apiCSDLDKDN"
    """The API's name on the platform; Lào Cai calls it `NGSP-CSDLDKDN`."""

    api_version: PathSegment | Literal[""] = "1.0"
    """The version segment; an empty text where the platform has none."""
