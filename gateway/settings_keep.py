"""What keeps the ledger safe, as settings: witnesses, the second place, retention, time stamps; and a witness's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.ledger.witness_keys import witness_key
from gateway.settings_credentials import Section, Url

__all__ = [
    "KeepSettings",
    "KnownLogSettings",
    "RetentionSettings",
    "ShippingSettings",
    "TimestampSettings",
    "WitnessServiceSettings",
    "WitnessSettings",
]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


def _checked(vkey: str) -> str:
    witness_key(vkey)
    return vkey


class WitnessSettings(Section):
    """One witness of this installation's logs: a folder, or an address."""

    folder: Path | None = Field(
        None, description="Folder of a witness that this gateway runs itself, on another disk or machine."
    )
    url: Url | None = Field(None, description="Address of somebody else's witness.")
    vkey: Annotated[str, AfterValidator(_checked)] | None = Field(
        None, description="The key of the witness at `url`: name+id+key, as its operator gives it."
    )
    ca_file: Path | None = Field(
        None, description="PEM of the authorities to trust for `url` instead of the machine's."
    )

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.folder is None) == (self.url is None):
            raise ValueError("set folder or url, one of the two")
        if (self.url is None) != (self.vkey is None):
            raise ValueError("url and vkey belong together: set both or none")
        return self


class ShippingSettings(Section):
    """The second place of sealed segments: a folder, or a database."""

    folder: Path | None = Field(None, description="A folder on another disk or machine; it must be there already.")
    url: str | None = Field(None, description="A database, such as `postgresql+psycopg://gateway@host/ledger`.")
    password_file: Path | None = Field(None, description="File with the database's password.")
    every_s: float = Field(60.0, gt=0, description="Time between two runs.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.folder is None) == (self.url is None):
            raise ValueError("set folder or url, one of the two")
        return self


class RetentionSettings(Section):
    """How long questions are kept before `gateway ledger destroy` takes them."""

    months: int = Field(24, ge=1, le=1200, description="Months that a question is kept, where its registry has none.")
    registries: dict[Name, Annotated[int, Field(ge=1, le=1200)]] = Field(
        {}, description="Months by registry instance, such as `{ bhxh = 60 }`."
    )


class TimestampSettings(Section):
    """Time stamps of an outside authority (RFC 3161) on checkpoints."""

    url: Url = Field(description="Address of the time-stamping authority.")
    ca_file: Path = Field(description="PEM of the authorities that its certificate must come from.")
    every_s: float = Field(3600.0, gt=0, description="Time between two stamps.")


class KeepSettings(Section):
    """What a ledger's section has for keeping it safe."""

    witnesses: dict[Name, WitnessSettings] = Field({}, description="Who cosigns the checkpoints, by name.")
    witness_every_s: float = Field(10.0, gt=0, description="Time between two checkpoints shown to the witnesses.")
    silent_witness: Literal["warn", "refuse"] = Field(
        "warn", description="What a start does when a witness cannot be asked what it has seen."
    )
    shipping: ShippingSettings | None = Field(None, description="The second place of sealed segments.")
    retention: RetentionSettings = Field(default_factory=RetentionSettings, description="How long questions are kept.")
    timestamps: TimestampSettings | None = Field(None, description="Time stamps on checkpoints.")


class KnownLogSettings(Section):
    """An installation that this witness cosigns for."""

    origin: Annotated[str, Field(pattern=r"^[^\s+]{1,200}$")] = Field(
        description="Its `ledger.origin`: every log below it is known."
    )
    keys_file: Path = Field(description="Its public keys: the JWK set that it publishes, or PEM.")


class WitnessServiceSettings(Section):
    """A witness for other installations; `gateway witness serve` runs it."""

    folder: Path = Field(description="Where its key is and what it remembers; `gateway witness new-key` makes it.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8092, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    logs: dict[Name, KnownLogSettings] = Field({}, description="Whose logs are cosigned, by a name of your own.")
