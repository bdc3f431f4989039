"""Settings of policy, officers and cases become what decides who may ask: the files are read here, and read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.app_approvals import approval_of
from gateway.app_credentials import credentials, log_in_urls, tls_context
from gateway.app_reload import WholeFile
from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.errors import SettingsError
from gateway.lookup.access import Access
from gateway.lookup.case_callback import CallbackCases
from gateway.lookup.cases import Cases
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.kept import Kept
from gateway.lookup.officers import Officers, read_officers
from gateway.lookup.policy import Policy
from gateway.lookup.policy_file import Known, read_policy
from gateway.reloading import Reloadable
from gateway.settings import CasesSettings, Settings
from gateway.stores.state import State
from gateway.transport.endpoint import literal
from gateway.transport.http import HttpTransport
from gateway.transport.resolver import Addresses, Resolver
from gateway.web.case_token import TokenCases

__all__ = ["Rules", "access", "counting_secrets", "known", "read_rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What says who may ask: the reading in force of each file."""

    policy: Kept[Policy]
    officers: Kept[Officers]
    _settings: Settings

    def parts(self) -> list[Reloadable]:
        """Those that the settings have, to be read again: without a file there is no version."""
        parts: list[Reloadable] = []
        if self.policy.current.version:
            parts.append(WholeFile("policy", self.policy, lambda policy: policy.version, self._approved("policy")))
        if self.officers.current.version:
            parts.append(
                WholeFile("officers", self.officers, lambda officers: officers.version, self._approved("officers"))
            )
        return parts

    def require_approval(self) -> None:
        """Raise ApprovalError where a file in force wants two persons' approval and has none."""
        if self.policy.current.version:
            self._approved("policy")(self.policy.current)
        if self.officers.current.version:
            self._approved("officers")(self.officers.current)

    def _approved(self, kind: Literal["policy", "officers"]) -> Callable[[Policy | Officers], Mapping[str, Any]]:
        return lambda newer: approval_of(self._settings, kind, newer.version)


def known(settings: Settings, catalogue: Catalogue) -> Known:
    """What a policy may name."""
    return Known(settings.consumers.keys(), {entry.id: entry.dataset for entry in catalogue})


def counting_secrets() -> Secrets:
    """A secret that dies with the process: enough for what is only counted, and compared with nothing kept."""
    return Secrets((os.urandom(32),))


def read_rules(settings: Settings, catalogue: Catalogue, secrets: Secrets) -> Rules:
    """Policy and officers as the settings' files have them. Raises SettingsError naming what is wrong in which."""
    names = known(settings, catalogue)
    policy_file, officers_file = settings.policy.file, settings.officers.file
    for name, registry in settings.registries.items():
        if registry.officers == "mapped" and officers_file is None:
            raise SettingsError(f"registries.{name}.officers: `mapped` needs officers.file")
    rules = Rules(
        Kept(lambda: Policy() if policy_file is None else read_policy(policy_file, names)),
        Kept(
            lambda: Officers() if officers_file is None else read_officers(officers_file, secrets, settings.registries)
        ),
        settings,
    )
    rules.require_approval()
    return rules


def access(settings: Settings, rules: Rules, state: State, secrets: Secrets, clock: Clock) -> Access:
    """Who decides. Raises SettingsError for a way to the one-stop that cannot work."""
    return Access(
        state, clock, policy=rules.policy, officers=rules.officers, secrets=secrets, cases=_cases(settings.cases, clock)
    )


def _cases(section: CasesSettings, clock: Clock) -> Cases | None:
    if section.token_key_file is not None:
        return TokenCases.load(section.token_key_file, section.token_audience, clock)
    if section.url is None:
        return None
    called = {"url": section.url} | {f"credentials.{key}": url for key, url in log_in_urls(section.credentials).items()}
    addresses = Addresses(section.allowed_addresses)
    _check_addresses(called, section, addresses)
    transport = HttpTransport(
        endpoint=section.url,
        credentials=credentials(section.credentials, clock),
        clock=clock,
        tls=tls_context("cases", section.tls) if any(url.startswith("https:") for url in called.values()) else None,
        resolver=Resolver(clock=clock, addresses=addresses),
    )
    return CallbackCases(transport, clock, deadline_s=section.deadline_s, keep_s=section.keep_s)


def _check_addresses(called: Mapping[str, str], section: CasesSettings, addresses: Addresses) -> None:
    for key, url in called.items():
        address = literal(url)
        if address is not None and section.allowed_addresses and not addresses.admit(address):
            raise SettingsError(f"cases.{key}: {address} does not lie in cases.allowed_addresses")
