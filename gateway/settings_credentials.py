"""
How registries know us, as settings: one section a scheme, chosen by `scheme`, and the X-Road names.

No secret stands in them: each is named by the file that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.transport.endpoint import checked

__all__ = [
    "AnonymousSettings",
    "C06Settings",
    "CredentialsSettings",
    "HeaderTokenSettings",
    "InsurancePortalSettings",
    "LgspHeaderSettings",
    "LgspTokenSettings",
    "OAuthSettings",
    "PasswordGrantSettings",
    "PlatformSettings",
    "Section",
    "SessionSettings",
    "Url",
    "XRoadClientSettings",
    "XRoadServiceSettings",
    "XRoadSettings",
    "XmlSignatureSettings",
]

Url = Annotated[str, Field(max_length=500), AfterValidator(checked)]
# At least one character that is neither a dot nor a space: no part of a path may climb.
Part = Annotated[str, Field(pattern=r"^.*[^.\s].*$", max_length=255)]
Text = Annotated[str, Field(min_length=1)]
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_FRAMING = frozenset({"content-length", "transfer-encoding"})


class Section(BaseModel):
    """The base of every section: frozen, no unknown keys, no value in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _CredentialsSettings(Section):
    headers: dict[str, str] = Field({}, description="Headers sent with each request, such as `X-Road-Client`.")
    secret_headers: dict[str, Path] = Field({}, description="Headers whose values are secrets, by file.")
    secrets: dict[str, Path] = Field({}, description="Values for the adapter's placeholders, by file.")

    def proving(self) -> Iterator[tuple[str, str]]:
        """Each header that the scheme writes by itself, with the setting that makes it do so."""
        yield from ()

    @model_validator(mode="after")
    def _each_header_has_one_source(self) -> Self:
        sources = list(self.proving())
        sources += [(name, f"headers.{name}") for name in self.headers]
        sources += [(name, f"secret_headers.{name}") for name in self.secret_headers]
        first: dict[str, str] = {}
        for header, setting in sources:
            other = first.setdefault(header.lower(), setting)
            if other != setting:
                raise ValueError(f"{other} and {setting} both write the header {header}: set only one of them")
        for name, setting in sources:
            if not _HEADER.fullmatch(name) or name.lower() in _FRAMING:
                raise ValueError(f"{setting}: no header of that name can be set")
        return self


class AnonymousSettings(_CredentialsSettings):
    """No log-in; fixed headers at most."""

    scheme: Literal["none"] = Field("none", description="How the registry knows us.")


class C06Settings(_CredentialsSettings):
    """The population database's Basic over a hash."""

    scheme: Literal["c06_basic"] = Field("c06_basic", description="How the registry knows us.")
    username: Text = Field(description="The account that the registry gave us.")
    secret_file: Path = Field(description="File with the account's secret.")
    sv_url: str = Field(description="The address as it goes into the hash; not always the one that is called.")
    timestamp_unit: Literal["ms", "s"] = Field("ms", description="Unit of the `Timestamp` header.")
    esb_source: bool = Field(
        False, description="Whether the account goes out as `ESB_SOURCE_TYPE` and `ESB_SOURCE_USERNAME` too."
    )

    def proving(self) -> Iterator[tuple[str, str]]:
        yield from (("Authorization", "scheme"), ("Timestamp", "scheme"))
        if self.esb_source:
            yield from (("ESB_SOURCE_TYPE", "esb_source"), ("ESB_SOURCE_USERNAME", "esb_source"))


class OAuthSettings(_CredentialsSettings):
    """OAuth2 client credentials, as on NGSP and provincial platforms."""

    scheme: Literal["oauth2_client_credentials"] = Field(
        "oauth2_client_credentials", description="How the registry knows us."
    )
    token_url: Url = Field(description="Where tokens are given out.")
    key: Text = Field(description="Consumer key.")
    secret_file: Path = Field(description="File with the consumer secret.")
    style: Literal["basic", "form", "json"] = Field(
        "basic", description="Key and secret as Basic, in the form, or as JSON."
    )

    def proving(self) -> Iterator[tuple[str, str]]:
        yield "Authorization", "scheme"


class PasswordGrantSettings(_CredentialsSettings):
    """OAuth2's password grant, as one land platform wants it."""

    scheme: Literal["oauth2_password"] = Field("oauth2_password", description="How the registry knows us.")
    token_url: Url = Field(description="Where tokens are given out.")
    key: Text = Field(description="`client_id`.")
    secret_file: Path = Field(description="File with the `client_secret`.")
    username: Text = Field(description="The account that the registry gave us.")
    password_file: Path = Field(description="File with the account's password.")

    def proving(self) -> Iterator[tuple[str, str]]:
        yield "Authorization", "scheme"


class _LgspSettings(_CredentialsSettings):
    key: Text = Field(description="`AccessKey`.")
    secret_file: Path = Field(description="File with the `SecretKey`.")
    app_name: Text = Field(description="`AppName`.")
    partner_code: str = Field("", description="`PartnerCode`: the agency's electronic id.")
    partner_code_cus: str = Field("", description="`PartnerCodeCus`.")


class LgspHeaderSettings(_LgspSettings):
    """The `lgspaccesstoken` text in one header, without a log-in."""

    scheme: Literal["lgsp_header"] = Field("lgsp_header", description="How the registry knows us.")
    header: Literal["lgspaccesstoken", "Authorization"] = Field(
        "lgspaccesstoken", description="Which header; `Authorization` without a scheme word in Ho Chi Minh City."
    )

    def proving(self) -> Iterator[tuple[str, str]]:
        yield self.header, "header"


class LgspTokenSettings(_LgspSettings):
    """The `lgspaccesstoken` text and a token fetched with it."""

    scheme: Literal["lgsp_token"] = Field("lgsp_token", description="How the registry knows us.")
    token_url: Url = Field(description="Where tokens are given out.")
    place: Literal["headers", "body"] = Field(
        "headers", description="Both as headers, or in a JSON envelope around the question (Hậu Giang)."
    )
    officer_key: str | None = Field(None, description="Key name of `AuthHash`; needed where `place` is `body`.")
    officer_key_file: Path | None = Field(None, description="File with that key's password.")

    def proving(self) -> Iterator[tuple[str, str]]:
        if self.place == "headers":
            yield from (("lgspaccesstoken", "scheme"), ("Authorization", "scheme"))
            if self.officer_key is not None:
                yield "AuthHash", "officer_key"

    @model_validator(mode="after")
    def _officer_is_whole(self) -> Self:
        if (self.officer_key is None) != (self.officer_key_file is None):
            raise ValueError("officer_key and officer_key_file belong together: set both or none")
        if self.place == "body" and self.officer_key is None:
            raise ValueError('place = "body" needs officer_key and officer_key_file')
        return self


class HeaderTokenSettings(_CredentialsSettings):
    """A token for an issued text in the header `Auth`, as in Đồng Tháp."""

    scheme: Literal["header_token"] = Field("header_token", description="How the registry knows us.")
    token_url: Url = Field(description="Where tokens are given out.")
    secret_file: Path = Field(description="File with the issued base64 text, as it goes into the header `Auth`.")

    def proving(self) -> Iterator[tuple[str, str]]:
        yield "Authorization", "scheme"


class PlatformSettings(Section):
    """The platform in front of a registry that has a log-in of its own: OAuth2 client credentials."""

    token_url: Url = Field(description="Where the platform gives out tokens.")
    key: Text = Field(description="Consumer key at the platform.")
    secret_file: Path = Field(description="File with the consumer secret at the platform.")
    style: Literal["basic", "form", "json"] = Field(
        "basic", description="Key and secret as Basic, in the form, or as JSON."
    )


class _LogInSettings(_CredentialsSettings):
    login_url: Url = Field(description="Where the log-in is.")
    username: Text = Field(description="The account that the registry gave us.")
    secret_file: Path = Field(description="File with the account's password.")
    platform: PlatformSettings | None = Field(None, description="The platform in front, where there is one.")

    def proving(self) -> Iterator[tuple[str, str]]:
        if self.platform is not None:
            yield "Authorization", "platform"


class SessionSettings(_LogInSettings):
    """A log-in whose session goes into later requests."""

    scheme: Literal["session"] = Field("session", description="How the registry knows us.")
    username_field: Text = Field("username", description="Name of the account in the log-in.")
    password_field: Text = Field("password", description="Name of the password in the log-in.")
    session_field: Text = Field("session", description="Name of the session in the log-in's answer.")
    as_bearer: bool = Field(False, description="Whether the session goes out as `Authorization: Bearer` too.")
    old_statuses: list[int] = Field([401], description="HTTP statuses that mean: log in again.")
    code_field: Text = Field("error_code", description="Name of the code in the registry's JSON answers.")
    old_codes: tuple[str, ...] = Field((), description="Codes that mean: log in again.")

    def proving(self) -> Iterator[tuple[str, str]]:
        yield from super().proving()
        if self.as_bearer:
            yield "Authorization", "as_bearer"


class InsurancePortalSettings(_LogInSettings):
    """The health-insurance portal: MD5 password, two tokens, all in the query string."""

    scheme: Literal["insurance_portal"] = Field("insurance_portal", description="How the registry knows us.")


CredentialsSettings = Annotated[
    AnonymousSettings
    | C06Settings
    | OAuthSettings
    | PasswordGrantSettings
    | LgspHeaderSettings
    | LgspTokenSettings
    | HeaderTokenSettings
    | SessionSettings
    | InsurancePortalSettings,
    Field(discriminator="scheme"),
]


class XRoadClientSettings(Section):
    """Who asks, in X-Road's names."""

    instance: Part = Field(description="X-Road instance of our own subsystem.")
    member_class: Part = Field(description="Class of our member, such as `GOV`.")
    member_code: Part = Field(description="Code of our member.")
    subsystem: Part | None = Field(None, description="Our subsystem; a member alone may ask too.")


class XRoadServiceSettings(Section):
    """Who is asked, in X-Road's names."""

    instance: Part = Field(description="X-Road instance of the registry.")
    member_class: Part = Field(description="Class of its member.")
    member_code: Part = Field(description="Code of its member.")
    subsystem: Part = Field(description="Its subsystem.")
    service: Part = Field(description="Code of its service.")


class XRoadSettings(Section):
    """X-Road's REST protocol: the endpoint is our own security server."""

    client: XRoadClientSettings = Field(description="Who asks.")
    service: XRoadServiceSettings = Field(description="Who is asked.")


class XmlSignatureSettings(Section):
    """Signed XML messages: the key that we sign with, and who may have signed the answers."""

    key_file: Path = Field(description="PEM of our private key, without a pass phrase.")
    certificate_file: Path = Field(description="PEM of its certificate.")
    signer_file: Path | None = Field(
        None, description="PEM of the registry's own certificates: one of these must have signed."
    )
    ca_file: Path | None = Field(
        None, description="PEM of the authorities that issue the registry's certificates; instead of `signer_file`."
    )
    signer_name: Text | None = Field(
        None, description="Whom such a certificate must be issued to, as in RFC 4514; goes with `ca_file`."
    )
    crl_file: Path | None = Field(
        None, description="PEM of these authorities' revocation lists; a certificate without a current one is refused."
    )

    @model_validator(mode="after")
    def _one_trust(self) -> Self:
        if (self.signer_file is None) == (self.ca_file is None):
            raise ValueError("signer_file and ca_file are two ways to the same: set one of them")
        if (self.ca_file is None) != (self.signer_name is None):
            raise ValueError("ca_file and signer_name belong together: an authority signs for many")
        if self.crl_file is not None and self.ca_file is None:
            raise ValueError("crl_file goes with ca_file: a pinned certificate is taken out of signer_file instead")
        return self
