"""The second place that is a database."""

from __future__ import annotations

import hashlib

from gateway.errors import PlaceError
from gateway.ledger.places import Copy, Held, MayReplace
from gateway.stores.segments import SegmentRow, SegmentStore

__all__ = ["DatabasePlace"]


class DatabasePlace:
    """Copies as rows of `ledger_segments`."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store

    def logs(self) -> list[str]:
        return sorted(self._store.logs())

    def held(self, log: str) -> dict[int, Held]:
        return {row.first: Held(row.count, row.sha256) for row in self._store.rows(log)}

    def put(self, copy: Copy, may_replace: MayReplace) -> None:
        held = copy.held
        row = SegmentRow(copy.first, held.count, held.sha256)
        self._store.put(copy.log, row, copy.content, may_replace=may_replace)

    def get(self, log: str, first: int) -> bytes:
        held = self.held(log).get(first)
        content = self._store.content(log, first)
        if held is None or content is None:
            raise PlaceError(f"ledger_segments: no copy of {log} from {first} on")
        if hashlib.sha256(content).hexdigest() != held.sha256:
            raise PlaceError(f"ledger_segments: the copy of {log} from {first} on is damaged")
        return content

    def forget_replaced(self) -> None:
        self._store.write_anew()

    def close(self) -> None:
        self._store.close()
