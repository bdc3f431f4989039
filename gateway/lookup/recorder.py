"""From questions and answers to ledger records and evidence: the only place that knows both."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import Any

from gateway.channel.answer import Answer
from gateway.clock import Clock
from gateway.crypto import Secrets, Signer
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Unknown
from gateway.errors import LedgerUnavailable, QuestionRefused, Refusal
from gateway.ledger.canonical import Written
from gateway.ledger.evidence import Draft, draft
from gateway.ledger.log import Log
from gateway.ledger.records import INTERRUPTED, VERIFICATION, Asked, Record, closes, interrupted
from gateway.lookup.access import Consumer
from gateway.lookup.document import document_of
from gateway.lookup.fields import in_order
from gateway.lookup.repeats import Told
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Asking, Recorded
from gateway.telemetry import log

__all__ = ["Recorder"]

_REFUSAL_WAIT_S = 1.0
_REFUSALS = (1_200, 120)
"""How many refusals a minute get a record each: of one consumer, and of all strangers together."""
_MOST_OWED = 10_000
_OFFICERS = 4096


class Recorder:
    """Writes one process' log. Signs while the disk is still flushing."""

    def __init__(self, ledger: Log, signer: Signer, secrets: Secrets, clock: Clock) -> None:
        self.log = ledger
        self._signer = signer
        self._officers = lru_cache(maxsize=_OFFICERS)(secrets.pseudonym)  # few people ask, each of them often
        self._clock = clock
        self._budgets: dict[str | None, _Budget] = {}
        self._owed: deque[Record] = deque(maxlen=_MOST_OWED)
        """Ends of questions that the log could not take: they follow once it is open again."""

    async def asked(self, asking: Asking, *, within_s: float) -> int:
        self._pay()
        appended = self.log.append(self._asked(asking))
        try:
            await appended.durable(within_s)
        except LedgerUnavailable as exc:
            # Late is not lost: it may yet become durable, and then has an end too. A log that is failing has lost it.
            if self.log.state == "open":
                self._close(asking, appended.index, exc.reason.value)
            raise
        except BaseException:
            self.cut_off(asking, appended.index)
            raise
        return appended.index

    def noted(self, asking: Asking) -> int:
        self._pay()
        return int(self.log.append(self._asked(asking)).index)

    async def answered(
        self, asking: Asking, asked: int, answer: Answer, record: Written | None, *, within_s: float
    ) -> Recorded:
        try:
            evidence = self._drafted(asking, answer, record)
            entry = self._answered(asking, asked, answer) | {
                "digest": evidence.digest if evidence else None,
                "kid": self._signer.kid if evidence else None,
            }
            appended = self.log.append(entry)
        except LedgerUnavailable as exc:
            self._close(asking, asked, exc.reason.value)
            raise
        except BaseException:
            self.cut_off(asking, asked)
            raise
        try:
            sealed = evidence.sealed(self._signer, log=self.log.origin, index=appended.index) if evidence else None
            await appended.durable(within_s)
        except BaseException as exc:
            self._kept_back(asking, asked, exc)
            raise
        return Recorded(log=self.log.origin, index=appended.index, evidence=sealed)

    async def repeated(self, asking: Asking, asked: int, told: Told, *, within_s: float) -> None:
        record = interrupted(asking.lookup_id, Asked(asked, asking.entry.id)) | {
            "at": self._clock.now(),
            "outcome": told.outcome,
            "reason": told.unknown.reason.value if told.unknown is not None else None,
            "via": "repeat",
            "route": told.route,
            "request_id": told.request_id,
            "attempts": [],
            "repeats": told.lookup_id if told.lookup_id != asking.lookup_id else None,
        }
        try:
            appended = self.log.append(record)
        except LedgerUnavailable as exc:
            self._close(asking, asked, exc.reason.value)
            raise
        try:
            await appended.durable(within_s)
        except BaseException as exc:
            self._kept_back(asking, asked, exc)
            raise

    def _kept_back(self, asking: Asking, asked: int, error: BaseException) -> None:
        if isinstance(error, LedgerUnavailable) and self.log.state == "failing":  # it does not stand there
            self._close(asking, asked, error.reason.value)
        else:  # late, cancelled, or a key device that failed: it stands there, and does not leave
            self._append_quietly({"type": "undelivered", "lookup_id": asking.lookup_id})

    def cut_off(self, asking: Asking, asked: int) -> None:
        self._close(asking, asked, Refusal.CALLER_GONE.value if asking.caller.has_gone() else INTERRUPTED)

    def _close(self, asking: Asking, asked: int, reason: str) -> None:
        record = interrupted(asking.lookup_id, Asked(asked, asking.entry.id))
        self._append_quietly(record | {"reason": reason})

    @staticmethod
    def _drafted(asking: Asking, answer: Answer, record: Written | None) -> Draft | None:
        if isinstance(answer.outcome, Unknown):
            return None
        return draft(
            document_of(
                lookup_id=asking.lookup_id,
                dataset=asking.entry.id,
                consumer=asking.consumer.name,
                query=asking.query,
                inquiry=asking.inquiry,
                grant=asking.grant,
                answer=answer,
                record=record,
            )
        )

    async def refused(
        self,
        lookup_id: str,
        consumer: Consumer | None,
        refusal: QuestionRefused,
        request: LookupRequest | None,
        dataset: str | None,
    ) -> None:
        name = consumer.name if consumer is not None else None
        budget = self._budgets.setdefault(name, _Budget(self._clock, _REFUSALS[name is None]))
        if not budget.take():
            return  # whoever is only ever refused may not fill the disk; the next record counts this one
        more = {"dataset": dataset, "omitted": budget.omitted()}
        appended = self._append_quietly(self._refused(lookup_id, consumer, refusal, request) | more)
        if appended is not None:
            with suppress(LedgerUnavailable):
                await appended.durable(_REFUSAL_WAIT_S)

    def _append_quietly(self, record: Record) -> Any:
        try:
            return self.log.append({"at": self._clock.now()} | record)
        except LedgerUnavailable:
            if closes(record) and self.log.state in {"open", "failing"}:
                self._owed.append(record)
            else:
                log().error("ledger.record_lost", type=record["type"], lookup_id=record["lookup_id"])
            return None

    def _pay(self) -> None:
        for _ in range(len(self._owed) if self.log.state == "open" else 0):
            record = self._owed.popleft()
            if self.log.awaits(record["lookup_id"]):  # else the question was lost with its end
                self._append_quietly(record)

    def _asked(self, asking: Asking) -> Record:
        grant = asking.grant
        record: Record = {
            "type": "asked",
            "at": self._clock.now(),
            "lookup_id": asking.lookup_id,
            "consumer": asking.consumer.name,
            "by": asking.consumer.by,
            **self._who(asking.inquiry),
            "dataset": asking.entry.id,
            "subject": grant.subject,
            "fields": in_order(grant.fields),
            "rules": list(grant.rules),
            "policy": grant.policy,
            "findings": list(grant.findings),
            "case_checks": grant.case_checks,
        }
        if grant.comparing:
            record["asks"] = VERIFICATION
        if asking.taken_from:
            record["taken_from"] = list(asking.taken_from)
        return record

    def _answered(self, asking: Asking, asked: int, answer: Answer) -> Record:
        outcome, provenance = answer.outcome, answer.provenance
        return {
            "type": "answered",
            "at": self._clock.now(),
            "lookup_id": asking.lookup_id,
            "asked": asked,
            "dataset": asking.entry.id,
            "outcome": outcome.word,
            "reason": outcome.reason.value if isinstance(outcome, Unknown) else None,
            "via": provenance.via,
            "route": provenance.route,
            "request_id": provenance.request_id,
            "fetched_by": answer.fetched_by or None,
            "attempts": [one.view() for one in answer.attempts],
            "elapsed_ms": round(answer.elapsed_s * 1000),
            "clock_skew_s": round(answer.clock_skew_s) if answer.clock_skew_s is not None else None,
            "quota_left": answer.quota_left,
        }

    def _refused(
        self, lookup_id: str, consumer: Consumer | None, refusal: QuestionRefused, request: LookupRequest | None
    ) -> Record:
        record: Record = {
            "type": "refused",
            "lookup_id": lookup_id,
            "consumer": consumer.name if consumer else None,
            "by": consumer.by if consumer else None,
            "refusal": refusal.refusal.value,
            "problems": [problem.code for problem in refusal.problems],
        }
        if request is not None:
            record |= self._who(request.inquiry)
        return record

    def _who(self, inquiry: Inquiry) -> Record:
        return {
            "agency": inquiry.agency,
            "account": inquiry.officer.account,
            "officer": self._officers(inquiry.officer.id.subject_kind, inquiry.officer.id.value),
            "case_id": inquiry.case_id,
            "procedure": inquiry.procedure.value,
            "purpose": inquiry.purpose,
        }


class _Budget:
    """How many refusals a minute get a record each; the others are counted in the next."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._ends = 0.0
        self._taken = 0
        self._omitted = 0

    def take(self) -> bool:
        now = self._clock.monotonic()
        if now >= self._ends:
            self._ends, self._taken = now + 60, 0
        self._taken += 1
        if self._taken > self._most:
            self._omitted += 1
            return False
        return True

    def omitted(self) -> int:
        omitted, self._omitted = self._omitted, 0
        return omitted
