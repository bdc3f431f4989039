"""
Settings: one TOML file, single values overridden by the environment, secrets read from files.

`GATEWAY_WEB__PORT=8081` overrides `[web] port`. Everything is checked at start: an unknown key is an error
that names the nearest known one. Relative paths start at the TOML file's folder.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, IPvAnyNetwork, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gateway.errors import SettingsError
from gateway.settings_authentication import (
    CertificateSettings,
    SignaturesSettings,
    StateSettings,
    TokensSettings,
    WebTlsSettings,
)
from gateway.settings_batches import BatchSettings
from gateway.settings_cache import CacheSettings
from gateway.settings_credentials import (
    AnonymousSettings,
    CredentialsSettings,
    OAuthSettings,
    Url,
    XmlSignatureSettings,
    XRoadSettings,
)
from gateway.settings_credentials import Section as _Section
from gateway.settings_impact import ImpactSettings
from gateway.settings_keep import WitnessServiceSettings
from gateway.settings_keys import KeysSettings
from gateway.settings_ledger import LedgerSettings
from gateway.settings_papers import ProceduresSettings
from gateway.settings_tickets import TicketsSettings
from gateway.settings_tracing import TracingSettings
from gateway.transport.endpoint import literal

__all__ = [
    "BatchSettings",
    "BreakerSettings",
    "CacheSettings",
    "CallbackSettings",
    "CasesSettings",
    "ConsumerSettings",
    "EndpointSettings",
    "HidingSettings",
    "IdempotencySettings",
    "KeysSettings",
    "LogSettings",
    "MetricsSettings",
    "NamesSettings",
    "OfficersSettings",
    "PolicySettings",
    "ProceduresSettings",
    "QuotaSettings",
    "RegistrySettings",
    "ReloadSettings",
    "Settings",
    "StoreSettings",
    "TicketsSettings",
    "TlsSettings",
    "WaySettings",
    "WebSettings",
    "load",
    "paths",
    "secret",
]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Noun = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class WebSettings(_Section):
    """The front door."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    body_limit_bytes: int = Field(64 * 1024, ge=1024, description="Largest request body.")
    header_timeout_s: float = Field(10.0, gt=0, description="How long a request's head may take to arrive.")
    body_timeout_s: float = Field(10.0, gt=0, description="How long its body may take after that.")
    connections: int = Field(500, ge=1, description="Most connections at once; the longest idle one goes first.")
    questions: int = Field(400, ge=1, description="Most questions at once, over all registries; more are `overloaded`.")
    set_lookups: int = Field(16, ge=1, le=64, description="Most lookups in one set.")
    caller_gone: Literal["cancel", "finish"] = Field(
        "cancel", description="What becomes of a question whose caller has hung up."
    )
    drain_s: float = Field(
        0.5, ge=0, le=60, description="How long after SIGTERM connections are still taken while /readyz says 503."
    )
    shutdown_s: float = Field(15.0, gt=0, description="How long open questions may end after SIGTERM.")
    docs: Literal["open", "authenticated", "off"] = Field(
        "open", description="Who may read `/docs` and `/openapi.json`: they describe the API and hold no data."
    )
    tls: WebTlsSettings | None = Field(None, description="TLS at the front door.")


class IdempotencySettings(_Section):
    """Answers that are given again under their `Idempotency-Key`. They are kept where short-lived state is."""

    keep_s: int = Field(86_400, ge=60, le=604_800, description="How long an answer is kept.")
    answers: int = Field(1_000, ge=1, le=1_000_000, description="Most answers kept for one consumer.")
    answer_bytes: int = Field(65_536, ge=1_024, description="Largest answer that is kept.")


class MetricsSettings(_Section):
    """Where Prometheus reads. Anywhere but on loopback it needs a key."""

    host: str = Field("127.0.0.1", description="Address of the metrics listener.")
    port: int = Field(9090, ge=0, le=65535, description="Port of the metrics listener; 0 takes a free one.")
    api_key_sha256: Digest | None = Field(
        None, description="SHA-256 of the key that Prometheus must show, in hex; needed where `host` is not loopback."
    )

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.api_key_sha256 is None and not _is_loopback(self.host):
            raise ValueError("a host that is not loopback needs metrics.api_key_sha256; `gateway new-key` makes one")
        return self


class LogSettings(_Section):
    """Logs: one JSON line an event, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level written.")


class TlsSettings(_Section):
    """TLS towards one registry. Without it: the machine's authorities, TLS 1.2 or later."""

    ca_file: Path | None = Field(None, description="PEM of the authorities to trust instead of the machine's.")
    certificate_file: Path | None = Field(None, description="PEM of our client certificate.")
    key_file: Path | None = Field(None, description="PEM of its key, where it is not in the same file.")
    crl_file: Path | None = Field(
        None, description="PEM of revocation lists; a certificate that one of them names is refused."
    )


class CallbackSettings(_Section):
    """Where a consumer is told what became of its tickets. Plain HTTP only to this machine."""

    url: Url = Field(description="Where a POST is sent.")
    allowed_addresses: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks that the address may resolve to; any where not given."
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="TLS towards the consumer.")

    @model_validator(mode="after")
    def _is_not_overheard(self) -> Self:
        if self.url.startswith("http:") and not _is_loopback(literal(self.url) or ""):
            raise ValueError("url must begin with https:// unless it is an address of this machine, such as 127.0.0.1")
        return self


class ConsumerSettings(_Section):
    """A system that may ask, such as the one-stop system."""

    api_key_sha256: Digest | None = Field(
        None, description="SHA-256 of the consumer's API key, in hex; `gateway new-key` makes both."
    )
    token_client: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        None, description="What its access tokens say in `tokens.client_claim`."
    )
    certificate: CertificateSettings | None = Field(None, description="Which client certificates are its own.")
    signature_keys: dict[Annotated[str, Field(min_length=1, max_length=256)], Path] = Field(
        {}, description="Public keys that it signs requests with: `keyid` to PEM file."
    )
    require: tuple[Literal["api_key", "token", "certificate", "signature"], ...] = Field(
        (), description="What each request must show, all at once; any one that it has where not given."
    )
    questions_per_minute: int = Field(600, ge=1, description="More than this are refused with `too_many`.")
    weight: float = Field(1.0, gt=0, le=100, description="Its share where consumers wait for the same registry.")
    batch: bool = Field(False, description="Nobody waits for its answers: it counts a tenth of its weight.")
    callback: CallbackSettings | None = Field(None, description="Where it is told what became of its tickets.")


class BreakerSettings(_Section):
    """When a registry that fails is left in peace, for each dataset by itself."""

    in_a_row: int = Field(10, ge=1, description="So many failures one after another open it.")
    failure_ratio: float = Field(0.5, gt=0, le=1, description="So large a share of failures opens it.")
    slow_ratio: float = Field(0.9, gt=0, le=1, description="So large a share of slow answers opens it.")
    minimum: int = Field(30, ge=2, description="Attempts that must stand in the window before a share counts.")
    window_s: float = Field(30.0, gt=0, le=600, description="How far back the shares look.")
    throttles: int = Field(5, ge=1, description="So many throttled attempts one after another open it.")
    probe_s: float = Field(5.0, gt=0, le=600, description="Time between two probes of a registry that fails.")
    successes: int = Field(5, ge=1, description="Good answers in a row, asked for one at a time, that close it.")


class QuotaSettings(_Section):
    """How many requests the registry takes from us."""

    per_minute: int | None = Field(None, ge=1, description="Requests a minute.")
    per_day: int | None = Field(None, ge=1, description="Requests a day, until midnight in Vietnam.")
    counter_share: float = Field(0.2, ge=0, lt=1, description="The part of a quota that is closed to batches.")


class WaySettings(_Section):
    """One way to a registry: where it is, and how it knows us there."""

    route: Name = Field(
        "direct", description="The way to the registry, named in provenance: `direct`, `lgsp`, `xroad`."
    )
    wrapper: Literal["plain", "thai_nguyen", "ho_chi_minh", "error_code", "opencps", "json_text"] = Field(
        "plain", description="How a provincial platform packs the answers."
    )
    allowed_addresses: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks that the endpoint's name may resolve to, such as `10.1.0.0/16`; any where not given."
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="TLS towards this registry.")
    credentials: CredentialsSettings = Field(
        default_factory=AnonymousSettings, description="How the registry knows us."
    )
    xroad: XRoadSettings | None = Field(None, description="X-Road's REST protocol, where the way leads through it.")
    xml_signature: XmlSignatureSettings | None = Field(
        None, description="Keys of signed messages, where the contract has any."
    )
    real: bool = Field(False, description="Whether the registry itself answers there, and no stand-in.")


class EndpointSettings(WaySettings):
    """Another way to the same registry."""

    endpoint: Url = Field(description="Base address.")


class RegistrySettings(WaySettings):
    """One instance of a registry. Datasets are called after it: `[registries.dancu]` has `dancu.citizen`."""

    adapter: Name = Field(description="Which adapter speaks to it.")
    contract: str | None = Field(None, description="Contract version; the adapter's default where not given.")
    endpoint: Url | None = Field(
        None, description="Base address; while it is missing every question is `unknown: not_connected`."
    )
    endpoints: tuple[EndpointSettings, ...] = Field(
        (), description="Other ways to the same registry, in order of preference, with the same keys as its own way."
    )
    deadline_s: float | None = Field(
        None, gt=0, le=120, description="Bound on a whole question; the dataset's own where not given."
    )
    attempts: int = Field(2, ge=1, le=5, description="Most attempts for one question.")
    in_flight: int = Field(32, ge=1, description="Most questions asked at once.")
    in_flight_floor: int = Field(2, ge=1, description="So many are always allowed, however slow its answers are.")
    waiting: int = Field(128, ge=0, description="Most questions waiting for a place; more are `overloaded`.")
    retry_share: float = Field(0.1, ge=0, le=1, description="Retries per question that is asked, at most.")
    retry_burst: float = Field(10.0, ge=0, le=1000, description="Retries that may be saved up.")
    hedge: bool = Field(False, description="Whether a late answer gets a second attempt beside the first.")
    quota: QuotaSettings = Field(default_factory=QuotaSettings, description="How much may be asked in a period.")
    breaker: BreakerSettings = Field(default_factory=BreakerSettings, description="When it is left in peace.")
    freshness_s: dict[Noun, Annotated[int, Field(ge=0)]] = Field(
        {},
        description="How old a kept answer may be, by the dataset's noun, where less than the dataset's own rule.",
    )
    stale_s: dict[Noun, Annotated[int, Field(ge=0)]] = Field(
        {}, description="How much older it may be where the registry gives no answer, likewise."
    )
    max_answer_bytes: int = Field(2 * 1024 * 1024, ge=1024, description="Largest answer that is read.")
    max_answer_elements: int = Field(50_000, ge=100, description="Most elements of an XML answer.")
    max_answer_attributes: int = Field(32, ge=8, description="Most attributes of one element.")
    max_answer_depth: int = Field(64, ge=16, le=200, description="Deepest nesting of an XML answer.")
    max_answer_children: int = Field(2_000, ge=100, description="Most children of one element.")
    officers: Literal["own", "mapped"] = Field(
        "own", description="Whose identity it is shown: the officer's own, or the code in the file of officers."
    )
    options: dict[str, Any] = Field({}, description="What the adapter lets settings decide: see `docs/adapters.md`.")

    @model_validator(mode="after")
    def _x_road_has_its_headers(self) -> Self:
        own = [*self.credentials.headers, *self.credentials.secret_headers]
        if self.xroad is not None and not {"x-road-client", "x-road-id"}.isdisjoint(name.lower() for name in own):
            raise ValueError("xroad writes X-Road-Client and X-Road-Id: take them out of credentials.headers")
        return self


class PolicySettings(_Section):
    """Who may ask what: without a file nobody may ask anything."""

    file: Path | None = Field(None, description="The rules, such as `policy.toml`; read again on SIGHUP.")
    approvals: Path | None = Field(
        None, description="File with two approvers' approvals of its content; one person suffices where not given."
    )


class OfficersSettings(_Section):
    """Officers as registries know them."""

    file: Path | None = Field(None, description="The officers, such as `officers.toml`; read again on SIGHUP.")
    approvals: Path | None = Field(
        None, description="File with two approvers' approvals of its content; one person suffices where not given."
    )


class ReloadSettings(_Section):
    """How operators have files read again while the gateway runs."""

    folder: Path | None = Field(
        None, description="Folder in which `gateway reload` says who asks, and is told what came of it."
    )


class CasesSettings(_Section):
    """Whether a case is open and whose it is: asked of the one-stop, or signed by it; not checked without either."""

    url: Url | None = Field(None, description="Where the one-stop is asked about a case.")
    deadline_s: float = Field(2.0, gt=0, le=30, description="How long it may take to answer.")
    keep_s: float = Field(5.0, ge=0, le=60, description="How long its answer is believed without asking again.")
    allowed_addresses: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks that the address may resolve to; any where not given."
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="TLS towards the one-stop.")
    credentials: AnonymousSettings | OAuthSettings = Field(
        default_factory=AnonymousSettings, discriminator="scheme", description="How the one-stop knows us."
    )
    token_key_file: Path | None = Field(
        None, description="PEM of the public key with which the one-stop signs `case_token`."
    )
    token_audience: str = Field("onestop-gateway", min_length=1, description="What `aud` of a `case_token` must be.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.url is not None and self.token_key_file is not None:
            raise ValueError("url and token_key_file are two ways to the same: set one of them")
        return self


class StoreSettings(_Section):
    """The database behind the ledger's index. The ledger itself does not need it."""

    url: str | None = Field(
        None,
        description="`sqlite:FILE` or `postgresql+psycopg://USER@HOST/DATABASE`, never with a password; "
        "`index.db` in the ledger's folder where not given.",
    )
    password_file: Path | None = Field(None, description="File with the password of PostgreSQL's user.")
    feed: bool = Field(True, description="Whether this process reads the logs into the index; one of all must.")


class NamesSettings(_Section):
    """What people read instead of codes."""

    agencies: dict[str, str] = Field({}, description="Names of agencies by their identification code.")
    systems: dict[str, str] = Field({}, description="Names of the calling systems by consumer.")
    procedures: dict[str, str] = Field({}, description="Names of procedures by their national code.")


class HidingSettings(_Section):
    """What may be hidden from the person it is about, and by whom."""

    rules: dict[Name, str] = Field({}, description="Rules by name, each with its legal basis; no other one can hide.")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    web: WebSettings = Field(default_factory=WebSettings, description="The front door.")
    idempotency: IdempotencySettings = Field(
        default_factory=IdempotencySettings, description="Answers that are given again."
    )
    metrics: MetricsSettings = Field(default_factory=MetricsSettings, description="The metrics listener.")
    log: LogSettings = Field(default_factory=LogSettings, description="Logs.")
    tracing: TracingSettings | None = Field(None, description="Traces of requests.")
    ledger: LedgerSettings | None = Field(None, description="The log of every question.")
    keys: KeysSettings | None = Field(None, description="Keys and secrets; without them nothing is signed.")
    store: StoreSettings = Field(default_factory=StoreSettings, description="The database behind the index.")
    impact: ImpactSettings | None = Field(None, description="What became of papers, remembered for the measure.")
    names: NamesSettings = Field(default_factory=NamesSettings, description="What people read instead of codes.")
    hiding: HidingSettings = Field(default_factory=HidingSettings, description="What may be hidden from a citizen.")
    approvers: dict[Name, Path] = Field({}, description="Public key files (PEM) of those who may approve, by name.")
    witness: WitnessServiceSettings | None = Field(None, description="A witness for other installations' ledgers.")
    consumers: dict[Name, ConsumerSettings] = Field({}, description="Who may ask, by name.")
    policy: PolicySettings = Field(default_factory=PolicySettings, description="Who may ask what.")
    officers: OfficersSettings = Field(default_factory=OfficersSettings, description="Officers at registries.")
    reload: ReloadSettings = Field(default_factory=ReloadSettings, description="What is read again while it runs.")
    procedures: ProceduresSettings = Field(
        default_factory=ProceduresSettings, description="Procedures and their papers."
    )
    tickets: TicketsSettings = Field(default_factory=TicketsSettings, description="Papers that are asked about again.")
    cases: CasesSettings = Field(default_factory=CasesSettings, description="Whether a case is open, and whose.")
    tokens: TokensSettings | None = Field(None, description="OAuth2 access tokens.")
    signatures: SignaturesSettings = Field(default_factory=SignaturesSettings, description="Signed requests.")
    state: StateSettings = Field(default_factory=StateSettings, description="Short-lived state.")
    cache: CacheSettings = Field(default_factory=CacheSettings, description="Kept answers.")
    batches: BatchSettings = Field(default_factory=BatchSettings, description="Batches of lookups and verifications.")
    registries: dict[Name, RegistrySettings] = Field({}, description="What can be asked, by instance name.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)


def load(file: Path) -> Settings:
    """
    Read settings from a TOML file and the environment.

    Raises SettingsError naming each key at fault and what to write instead. No value is ever quoted.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        advice = "name the settings file with -s or GATEWAY_SETTINGS"
        raise SettingsError(f"settings {file}: {exc.strerror}; {advice}") from exc
    except (ValueError, RecursionError) as exc:  # not all that tomllib cannot read is a TOMLDecodeError
        raise SettingsError(f"{file}: not TOML: {exc}") from exc
    _check_environment()
    try:
        settings = Settings(**values)
    except ValidationError as exc:
        lines = [_explained(error["loc"], error["type"], error["msg"]) for error in exc.errors(include_input=False)]
        raise SettingsError(f"{file}:\n" + "\n".join(f"  {line}" for line in lines)) from None
    return _resolved(settings, file.parent.resolve())


def _check_environment() -> None:
    """Whoever misspells a variable's section would never be told: what no section takes is nobody's."""
    sections = {name.upper(): name for name in Settings.model_fields}
    lines = []
    for name in sorted(os.environ):
        section, parted, _ = name.upper().removeprefix("GATEWAY_").partition("__")
        if name.upper().startswith("GATEWAY_") and parted and section not in sections:
            near = difflib.get_close_matches(section, sections, n=1)
            lines.append(f"{name}: unknown setting" + (f"; did you mean GATEWAY_{near[0]}__...?" if near else ""))
    if lines:
        raise SettingsError("environment:\n" + "\n".join(f"  {line}" for line in lines))


def secret(file: Path) -> str:
    """The secret in a file, without the line end. Raises SettingsError naming the file."""
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"secret file {file}: {getattr(exc, 'strerror', None) or 'not text'}") from None
    if not text:
        raise SettingsError(f"secret file {file}: empty")
    return text


def paths(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, str]]:
    """Every setting as a dotted path with its description; `<name>` stands for a name of your own."""
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        inner = _sections(field.annotation)
        if not inner:
            yield path, field.description or ""
        for section in inner:
            by_name = "<name>." if "dict[" in str(field.annotation) else ""
            yield from paths(section, f"{path}.{by_name}")


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if annotation is EndpointSettings:
        return []  # its keys are those of the registry's own way, and are described there
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections(part)]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _explained(location: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(part) for part in location)
    if kind == "union_tag_invalid":  # its message quotes what was written
        return f"{path}.scheme: must be one of {message.partition('expected tags: ')[2]}"
    if kind != "extra_forbidden":
        return f"{path}: {message}"
    known = [name.rsplit(".", 1)[-1] for name, _ in paths()] + list(Settings.model_fields)
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"{path}: unknown setting" + (f"; did you mean {near[0]!r}?" if near else "")


def _resolved(settings: Settings, folder: Path) -> Settings:
    def walk(value: Any) -> Any:
        match value:
            case Path():
                return value if value.is_absolute() else folder / value
            case StoreSettings(url=str(url)) | ImpactSettings(url=str(url)) if url.startswith("sqlite:"):
                file = Path(url.removeprefix("sqlite:").removeprefix("///"))
                return value.model_copy(update={"url": f"sqlite:{folder / file}"})
            case BaseModel():
                return value.model_copy(update={name: walk(getattr(value, name)) for name in type(value).model_fields})
            case dict():
                return {key: walk(inner) for key, inner in value.items()}
            case tuple():
                return tuple(walk(inner) for inner in value)
            case _:
                return value

    resolved: Settings = walk(settings)
    return resolved
