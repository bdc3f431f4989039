"""When a ticket is asked about: the wait between two askings, the hours for it, the evening before a visit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from gateway.clock import VIETNAM

__all__ = ["Schedule"]

_SPREAD = 0.2
_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    `first_s` doubles with each asking up to `longest_s`; a ticket lives `open_s` from when it is due. `hours` and
    `evening` are the province's time; a pair of hours may go over midnight, and without any every hour will do.
    """

    first_s: float
    longest_s: float
    open_s: float
    hours: tuple[tuple[time, time], ...] = ()
    evening: time = time(19)

    def due(self, now: datetime, attempts: int, told: datetime | None, chance: float) -> datetime:
        """
        When to ask again what was asked `attempts` times. `told` is when the registry said so; `chance` (0 to 1) keeps
        tickets that failed together from coming together.
        """
        wait_s = min(self.first_s * 2 ** min(max(attempts - 1, 0), _MOST_DOUBLINGS), self.longest_s)
        spread = timedelta(seconds=wait_s * (1 - _SPREAD + 2 * _SPREAD * chance))
        earliest = now + spread
        return self.opens(earliest if told is None else max(earliest, told))

    def expires(self, due: datetime) -> datetime:
        """When a ticket that is due then is over."""
        return due + timedelta(seconds=self.open_s)

    def before(self, appointment: datetime | None, now: datetime) -> datetime | None:
        """The evening before the appointment; None where there is none, or that evening has come."""
        if appointment is None or appointment <= now:
            return None
        day = appointment.astimezone(VIETNAM).date() - timedelta(days=1)
        at = datetime.combine(day, self.evening, VIETNAM)
        return at.astimezone(now.tzinfo) if at > now else None

    def is_open(self, at: datetime) -> bool:
        """Whether tickets are asked about at this moment."""
        local = at.astimezone(VIETNAM).time()
        return not self.hours or any(_holds(begin, end, local) for begin, end in self.hours)

    def opens(self, at: datetime) -> datetime:
        """This moment, or the next at which tickets are asked about."""
        if self.is_open(at):
            return at
        local = at.astimezone(VIETNAM)
        begins = [datetime.combine(local.date(), begin, VIETNAM) for begin, _ in self.hours]
        return min(one if one > local else one + timedelta(days=1) for one in begins).astimezone(at.tzinfo)


def _holds(begin: time, end: time, at: time) -> bool:
    return begin <= at < end if begin < end else at >= begin or at < end
