"""A database that several instances share, from settings."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import SettingsError
from gateway.settings import secret
from gateway.stores.sql import Store

__all__ = ["shared"]


def shared(url: str, password_file: Path | None, place: str, *, connections: int) -> Store:
    """
    PostgreSQL at the address, with so many connections at most; `place` is the section that has the address. Contacts
    nobody. Raises SettingsError, which quotes no address.
    """
    password = (lambda: secret(password_file)) if password_file is not None else None
    store = Store.open(url, password, connections=connections, place=place)
    if store.kind != "postgresql":
        raise SettingsError(f"{place}.url: must be postgresql+psycopg://USER@HOST/DATABASE; a file is {place}.file")
    return store
