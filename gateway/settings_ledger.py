"""The ledger's settings: where it lies, what it is called, how much it holds and how often it signs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.ledger.limits import Limits
from gateway.settings_keep import KeepSettings

__all__ = ["LedgerSettings"]

Origin = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./_-]{0,119}$")]


class LedgerSettings(KeepSettings):
    """The log of every question. Without this section there is none, and nothing proves who asked what."""

    folder: Path = Field(description="Folder of the logs; on a local disk, not a network share.")
    origin: Origin = Field(
        description="What the logs are called, the same for ever: an address such as `cong.tinh.gov.vn/ledger`."
    )
    waiting_records: int = Field(
        10_000, ge=1, description="Most records waiting for the disk; more are `ledger_unavailable`."
    )
    waiting_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, le=1 << 30, description="Most bytes of records waiting for the disk."
    )
    segment_bytes: int = Field(
        64 * 1024 * 1024, ge=4096, le=1 << 31, description="A segment is sealed when it is larger than this."
    )
    segment_age_s: float = Field(
        24 * 3600.0, gt=0, description="A segment is sealed when it is older than this; only sealed ones are shipped."
    )
    checkpoint_s: float = Field(5.0, gt=0, le=9, description="Time between signed checkpoints.")

    @property
    def limits(self) -> Limits:
        """What a log is opened with."""
        return Limits(
            waiting_records=self.waiting_records,
            waiting_bytes=self.waiting_bytes,
            segment_bytes=self.segment_bytes,
            segment_age_s=self.segment_age_s,
            checkpoint_s=self.checkpoint_s,
        )
