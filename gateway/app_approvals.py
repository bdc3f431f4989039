"""Whether two persons have approved what gives rights: nothing is asked where settings name no file of approvals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from gateway.app_reload import approvers, installation
from gateway.errors import ApprovalError, SettingsError
from gateway.ledger.rights_change import RightsChange, approved
from gateway.settings import OfficersSettings, PolicySettings, Settings

__all__ = ["Kind", "approval_of", "change_in", "persons_needed"]

Kind = Literal["policy", "officers"]


def persons_needed(settings: Settings, kind: Kind) -> int:
    """How many persons a change of this file wants."""
    return 1 if _section(settings, kind).approvals is None else 2


def change_in(settings: Settings, kind: Kind, file: Path) -> RightsChange:
    """The change that this file's content is. Raises SettingsError where it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{kind} {file}: {exc.strerror}") from None
    return RightsChange.of(content, kind, installation(settings))


def approval_of(settings: Settings, kind: Kind, version: str) -> Mapping[str, Any]:
    """
    What the ledger says of the approval of the file's content, of which `version` was read; nothing where one person
    suffices. Raises ApprovalError unless two persons have approved it.
    """
    section = _section(settings, kind)
    if section.file is None or section.approvals is None:
        return {}
    change = change_in(settings, kind, section.file)
    if not change.sha256.startswith(version):
        raise ApprovalError(f"{kind} {section.file}: has changed while it was read")
    return approved(change, section.approvals, approvers(settings))


def _section(settings: Settings, kind: Kind) -> PolicySettings | OfficersSettings:
    return settings.policy if kind == "policy" else settings.officers
