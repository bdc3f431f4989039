"""How callers say who they are, as settings: tokens, client certificates, signatures, and the state behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.settings_credentials import Section, Url
from gateway.settings_redis import Prefix, RedisSettings

__all__ = ["CertificateSettings", "SignaturesSettings", "StateSettings", "TokensSettings", "WebTlsSettings"]

Text = Annotated[str, Field(min_length=1, max_length=500)]
Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


class WebTlsSettings(Section):
    """TLS at the front door, TLS 1.2 or later. Without it the gateway speaks plain HTTP."""

    certificate_file: Path = Field(description="PEM of the gateway's certificate, with its chain.")
    key_file: Path | None = Field(None, description="PEM of its key, where it is not in the same file.")
    client_certificate: Literal["none", "optional", "required"] = Field(
        "none", description="Whether callers may or must show a client certificate."
    )
    client_ca_file: Path | None = Field(None, description="PEM of the authorities that client certificates come from.")
    client_crl_file: Path | None = Field(
        None, description="PEM of revocation lists; a client certificate that one of them names is refused."
    )


class CertificateSettings(Section):
    """Which client certificates are a consumer's: all that is given must be so."""

    issuer: Text = Field(description="The issuer's name as in RFC 4514: `CN=…,O=…,C=VN`.")
    organization: Text = Field(description="The organisation (O) of the certificate's subject.")
    common_name: Text | None = Field(None, description="Its common name (CN).")
    dns_name: Text | None = Field(None, description="One of its alternative DNS names.")
    serial_number: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{1,40}$")] | None = Field(
        None, description="Its serial number, in hex."
    )


class TokensSettings(Section):
    """OAuth2 access tokens: signed JWTs of one issuer."""

    issuer: Text = Field(description="What `iss` must be.")
    audience: Text = Field(description="What `aud` must be or hold.")
    jwks_file: Path | None = Field(None, description="File with the issuer's public keys (a JWK set).")
    jwks_url: Url | None = Field(None, description="Address of the issuer's public keys; `https://` but on loopback.")
    jwks_ca_file: Path | None = Field(None, description="PEM of the authorities to trust for `jwks_url`.")
    jwks_cache_file: Path | None = Field(None, description="Where the keys last fetched are kept over a restart.")
    jwks_refresh_s: int = Field(3600, ge=60, le=86400, description="How old fetched keys get before new ones are.")
    algorithms: tuple[Algorithm, ...] = Field(
        ("ES256", "RS256"), min_length=1, description="Signature algorithms that are accepted."
    )
    leeway_s: int = Field(30, ge=0, le=60, description="How far the issuer's clock and ours may differ.")
    max_lifetime_s: int = Field(3600, ge=60, le=86400, description="Longest life of a token, from `iat` to `exp`.")
    single_use: bool = Field(False, description="Whether a token is good for one request only.")
    client_claim: Literal["client_id", "azp", "sub"] = Field(
        "client_id", description="The claim that names the calling system."
    )


class SignaturesSettings(Section):
    """Signed requests (RFC 9421)."""

    max_age_s: int = Field(60, ge=1, le=60, description="How old a signature may be.")
    base_url: Url | None = Field(None, description="How callers address the gateway, behind a proxy.")


class StateSettings(RedisSettings):
    """Short-lived state: which tokens and nonces were used, and how much was asked."""

    store: Literal["memory", "file", "redis"] = Field("memory", description="Where it is kept.")
    file: Path | None = Field(None, description="The SQLite file of `file`.")
    sharers: int = Field(
        2, ge=1, le=1000, description="How many workers share it, over all instances: for when it is away."
    )
    timeout_s: float = Field(0.25, gt=0, le=5, description="How long one command to Redis may take, in seconds.")
    prefix: Prefix = Field(
        "gateway:", description="What every key begins with, where several gateways share one Redis."
    )
