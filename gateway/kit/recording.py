"""The files of an exchange to what `record` wants: which adapter, which contract version, which dataset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contracts.reader import installed
from gateway.app import installed_adapters
from gateway.errors import SettingsError
from gateway.kit.record import Exchange, recorded
from gateway.wire import json

__all__ = ["record_files"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")


async def record_files(
    question: bytes,
    answer: bytes,
    *,
    version: str | None,
    status: int,
    headers: Mapping[str, str],
    name: str,
    summary: str,
    basis: str,
    source: str,
) -> str:
    """The case file's text. Raises SettingsError for what names nothing installed, RecordingRefused otherwise."""
    asked = _question(question)
    registry, _, noun = str(asked["dataset"]).partition(".")
    adapter, contract = installed_adapters().get(registry), installed().get(registry)
    dataset = adapter.dataset(noun) if adapter is not None else None
    if adapter is None or contract is None or dataset is None:
        raise SettingsError(f"question: dataset: {registry}.{noun} is not installed; name it as the adapter does")
    version = version or adapter.default_contract
    if version not in dataset.ask:
        raise SettingsError(f"--contract: {registry}.{noun} is offered in {', '.join(dataset.ask)}")
    if not _NAME.fullmatch(name):
        raise SettingsError("--name: small letters, digits and hyphens, such as found-year-only")
    if name in {case.name for case in contract.datasets[noun].cases}:
        raise SettingsError(f"--name: {noun}/{name} is there already")
    exchange = Exchange(noun=noun, contract=version, query=asked["query"], status=status, headers=headers, body=answer)
    return await recorded(adapter, contract, exchange, name=name, summary=summary, basis=basis, source=source)


def _question(body: bytes) -> dict[str, Any]:
    """Dataset and query of a question as `gateway lookup` takes it; who asked, and why, is not recorded."""
    try:
        value = json.parse(body)
    except json.JsonError:
        value = None
    members = (value.get("dataset"), value.get("query")) if isinstance(value, dict) else (None, None)
    if not isinstance(value, dict) or not isinstance(members[0], str) or not isinstance(members[1], dict):
        raise SettingsError("question: must be JSON with dataset and query, as for gateway lookup")
    return value
