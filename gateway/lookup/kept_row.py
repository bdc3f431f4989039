"""
A kept answer as a sealed row, for whatever is shared with others, and what can be believed of one that is read.

A row is bound to its place, which is a keyed digest of everything that the answer depends on (dataset, subject,
purpose, fields, policy and the rest), and to its subject, its instant and its end. How old it is stands sealed in it,
by the clock and, within one boot of a machine, by the time since then: neither a clock that was set back nor an old
copy makes an answer younger than it is.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.channel.answer import Provenance
from gateway.clock import Clock
from gateway.crypto_sealing import Altered, KeyGone, Sealer
from gateway.ledger.canonical import canonical
from gateway.lookup.kept_answers import KeptAnswer, trimmed
from gateway.stores.sealed_file import Row

__all__ = ["RowForm", "Unbelievable", "bound", "micros"]

_MOST_SEEN = 100_000
_FUTURE_S = 1.0
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Unbelievable(Exception):
    """
    The row is of no use and may go. `what` is wrong with it: `altered`, `rolled_back` or `key_gone`; empty where it is
    ours, but of another form of this program.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(slots=True)
class _Seen:
    """The newest instant that was written or read in each place, as far as there is room."""

    at: OrderedDict[bytes, int]

    def is_older(self, place: bytes, at: int) -> bool:
        return at < self.at.get(place, at)

    def note(self, place: bytes, at: int) -> None:
        self.at[place] = max(at, self.at.get(place, at))
        self.at.move_to_end(place)
        if len(self.at) > _MOST_SEEN:
            self.at.popitem(last=False)


class RowForm:
    """Writes and reads the rows of one process, which remembers how new the rows were that it has seen."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self.sealer = sealer
        self._clock = clock
        self._boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        self._seen = _Seen(OrderedDict())

    def now(self) -> int:
        """By the clock, in microseconds since 1970."""
        return micros(self._clock.now())

    def row(self, place: bytes, kept: KeptAnswer) -> Row:
        """The answer as it may lie in this place."""
        at = self.now() - round((self._clock.monotonic() - kept.at) * 1e6)
        ends = at + round((kept.ends - kept.at) * 1e6)
        subject = kept.subject or ""
        plain = orjson.dumps(
            {
                "record": orjson.Fragment(kept.record) if kept.record is not None else None,
                "provenance": {name: getattr(kept.provenance, name) for name in Provenance.__slots__},
                "fetched_by": kept.fetched_by,
                "boot": self._boot,
                "since_boot": kept.at,
            }
        )
        return Row(place, subject, at, ends, self.sealer.seal(plain, bound(place, subject, at, ends)))

    def written(self, row: Row) -> None:
        """The row stands in its place now: an older one there is an old copy."""
        self._seen.note(row.place, row.at)

    def read(self, row: Row) -> KeptAnswer | None:
        """What the row says; None where its time is over or has not come. Raises Unbelievable."""
        try:
            plain = self._opened(row)
        except (AttributeError, TypeError, ValueError):  # a store keeps whatever somebody puts into it
            raise Unbelievable("altered") from None
        self._seen.note(row.place, row.at)
        try:
            return self._kept(row, orjson.loads(plain))
        except (KeyError, TypeError, ValueError):
            raise Unbelievable("") from None

    def _opened(self, row: Row) -> bytes:
        if self._seen.is_older(row.place, row.at):
            raise Unbelievable("rolled_back")
        try:
            return self.sealer.open(row.sealed, bound(row.place, row.subject, row.at, row.ends))
        except KeyGone:
            raise Unbelievable("key_gone") from None
        except Altered:
            raise Unbelievable("altered") from None

    def _kept(self, row: Row, told: dict[str, Any]) -> KeptAnswer | None:
        now, monotonic = self.now(), self._clock.monotonic()
        age_s = (now - row.at) / 1e6
        if age_s < -_FUTURE_S or now >= row.ends:
            return None
        if self._boot and told["boot"] == self._boot:
            age_s = max(age_s, monotonic - told["since_boot"])
        at = monotonic - max(age_s, 0.0)
        provenance = told["provenance"]
        for name in ("asked_at", "answered_at"):
            provenance[name] = datetime.fromisoformat(provenance[name])
        return KeptAnswer(
            record=trimmed(canonical(told["record"])) if told["record"] is not None else None,
            provenance=Provenance(**provenance),
            fetched_by=told["fetched_by"],
            subject=row.subject or None,
            at=at,
            ends=at + (row.ends - row.at) / 1e6,
        )


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def bound(place: bytes, subject: str, at: int, ends: int) -> bytes:
    """What a row is bound to: every other column."""
    return b"\0".join((b"kept answer 1", place.hex().encode(), subject.encode(), b"%d" % at, b"%d" % ends))
