"""
How an officer asks: how much, about how many people, number by number, when, and about whom.

Each limit of the policy either refuses the question or notes a finding and lets it pass. An officer is counted twice,
as account of an agency and as person, so that neither another account nor another number buys a second allowance.
Whoever is asked about is known here by a keyed pseudonym only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from gateway.clock import VIETNAM, Clock
from gateway.crypto import Secrets
from gateway.domain.dataset import Subject
from gateway.domain.inquiry import Inquiry
from gateway.errors import FieldProblem, Forbidden, TooMany
from gateway.lookup.limits import Finding, Limits, Most, Then
from gateway.lookup.windows import Windows
from gateway.stores.state import State

__all__ = ["Conduct"]

_HOUR_S = 3600.0
_OFFICERS = 4096
_CODE_DIGITS = 9  # of an enterprise or tax code; the tenth is a check digit
_Series = tuple[str, str, str]

_PLACES = {
    Finding.MANY_QUESTIONS: "inquiry.officer",
    Finding.MANY_SUBJECTS: "inquiry.officer",
    Finding.SEQUENTIAL: "query",
    Finding.OFF_HOURS: "inquiry",
    Finding.ONESELF: "query",
    Finding.SUPERIOR: "query",
}
_ADVICE = {
    Finding.MANY_QUESTIONS: "cán bộ đã hỏi quá số lượt trong một giờ / the officer has asked too often within an hour",
    Finding.MANY_SUBJECTS: "cán bộ đã hỏi về quá nhiều đối tượng trong một giờ / "
    "the officer has asked about too many subjects within an hour",
    Finding.SEQUENTIAL: "cán bộ hỏi lần lượt các số liền nhau / the officer asks for one number after the other",
    Finding.OFF_HOURS: "ngoài giờ làm việc của tỉnh; hỏi lại trong giờ làm việc / "
    "outside the province's office hours; ask again within them",
    Finding.ONESELF: "cán bộ không tự tra cứu về mình; đề nghị cán bộ khác xử lý / "
    "an officer may not look himself up; another officer must",
    Finding.SUPERIOR: "cán bộ không tra cứu về cấp trên của mình; đề nghị cán bộ khác xử lý / "
    "an officer may not look a superior up; another officer must",
}


class Conduct:
    """Holds officers to the policy's limits."""

    def __init__(self, state: State, clock: Clock, secrets: Secrets) -> None:
        self._windows = Windows(state, clock)
        self._clock = clock
        self._pseudonym = secrets.pseudonym
        self._officers = lru_cache(maxsize=_OFFICERS)(secrets.pseudonym)  # few people ask, each of them often

    async def findings(
        self,
        limits: Limits,
        inquiry: Inquiry,
        subject: Subject | None,
        pseudonym: str | None,
        superiors: frozenset[str],
    ) -> tuple[str, ...]:
        """
        What is odd about the question and passes all the same.

        Raises Forbidden for who is asked about and when, TooMany for how much, with the end of the window.
        `pseudonym` is the subject's, `superiors` are those of the officer's superiors.
        """
        if limits.are_none:
            return ()
        officer = self._officers(inquiry.officer.id.subject_kind, inquiry.officer.id.value)
        noted = [_noted(finding, then) for finding, then in self._at_once(limits, pseudonym, officer, superiors)]
        # A log-in knows no capitals: `CanBo.Mau` is the same officer with the same allowance.
        account = self._officers("account", f"{inquiry.agency}/{inquiry.officer.account.lower()}")
        series = None if limits.sequential is None or subject is None else self._series(subject)
        for who in (account, officer):
            if limits.many_questions is not None:
                key = f"questions:{who}"
                count = await self._windows.count(key, _HOUR_S)
                noted += await self._beyond(Finding.MANY_QUESTIONS, limits.many_questions, count, key)
            if limits.many_subjects is not None and pseudonym is not None:
                key = f"subjects:{who}"
                place = await self._windows.place(key, pseudonym, _HOUR_S)
                noted += await self._beyond(Finding.MANY_SUBJECTS, limits.many_subjects, place, key)
            if limits.sequential is not None and series is not None:
                noted += await self._in_sequence(limits.sequential, who, series)
        return tuple(dict.fromkeys(noted))

    def _at_once(
        self, limits: Limits, subject: str | None, officer: str, superiors: frozenset[str]
    ) -> Iterator[tuple[Finding, Then]]:
        if limits.oneself is not None and subject == officer:
            yield Finding.ONESELF, limits.oneself.then
        if limits.superior is not None and subject in superiors:
            yield Finding.SUPERIOR, limits.superior.then
        if limits.off_hours is not None and limits.off_hours.at(self._clock.now().astimezone(VIETNAM)):
            yield Finding.OFF_HOURS, limits.off_hours.then

    async def _in_sequence(self, limit: Most, who: str, series: _Series) -> list[str]:
        """Numbers count that have a neighbour among those the officer asked for before, in whatever order."""
        before, own, after = series
        asked, key = f"numbers:{who}", f"sequential:{who}"
        await self._windows.place(asked, own, _HOUR_S)
        if not (await self._windows.has(asked, before) or await self._windows.has(asked, after)):
            return []
        place = await self._windows.place(key, own, _HOUR_S)
        return await self._beyond(Finding.SEQUENTIAL, limit, place, key)

    async def _beyond(self, finding: Finding, limit: Most, count: int, key: str) -> list[str]:
        if count <= limit.most:
            return []
        if limit.then is Then.REFUSE:
            retry_at = await self._windows.ends(key, _HOUR_S)
            raise TooMany(f"limit: {finding.value}", problems=(_problem(finding),), retry_at=retry_at)
        return [finding.value]

    def _series(self, subject: Subject) -> _Series | None:
        """
        Pseudonyms of the numbers before, at and after this one; None where it is no plain number. The check digit of
        a tax code is left out, and with it the number of a dependent unit: they follow from the rest.
        """
        digits = subject.number if len(subject.number) in {9, 12} else subject.number[:_CODE_DIGITS]
        if not (digits.isascii() and digits.isdigit()):
            return None
        at, kind = int(digits), f"series of {subject.kind}"
        before, own, after = (self._pseudonym(kind, f"{one:0{len(digits)}}") for one in (at - 1, at, at + 1))
        return before, own, after


def _noted(finding: Finding, then: Then) -> str:
    if then is Then.REFUSE:
        raise Forbidden(f"limit: {finding.value}", problems=(_problem(finding),))
    return finding.value


def _problem(finding: Finding) -> FieldProblem:
    return FieldProblem(_PLACES[finding], finding.value, _ADVICE[finding])
