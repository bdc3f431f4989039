"""Settings of tracing: off where there is no section."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.settings_credentials import Section, Url

__all__ = ["TracingSettings"]


class TracingSettings(Section):
    """Where spans go. Wants the optional packages of the group `tracing`."""

    endpoint: Url = Field(
        description="Where spans are sent, by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`."
    )
    ca_file: Path | None = Field(None, description="PEM of the authorities to trust for it instead of the machine's.")
    share: float = Field(
        1.0, ge=0, le=1, description="Part of the requests that is traced, where the caller does not say."
    )
    to_registries: tuple[str, ...] = Field(
        (), description="Registries that are sent `traceparent`, by instance name: those that want it."
    )
