"""Where a Redis or Valkey is and how it knows us, as settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.settings_credentials import Section

__all__ = ["Prefix", "RedisSettings"]

Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.-]{1,60}$")]


class RedisSettings(Section):
    """One Redis or Valkey."""

    url: Annotated[str, Field(pattern=r"^rediss?://[^/@\s]+(/[0-9]{1,3})?$")] | None = Field(
        None, description="The address of `redis`, without a password."
    )
    username: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="The account at Redis, where it has accounts."
    )
    password_file: Path | None = Field(None, description="File with the password for Redis.")
    ca_file: Path | None = Field(None, description="PEM of the authorities to trust for `rediss://`.")
