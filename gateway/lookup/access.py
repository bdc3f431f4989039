"""Who may ask what, and which fields leave. Deny by default."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from gateway.clock import VIETNAM, Clock
from gateway.crypto import Secrets
from gateway.domain.dataset import Query
from gateway.domain.inquiry import Inquiry
from gateway.errors import FieldProblem, Forbidden, InvalidQuestion, PurposeUnknown, TooMany
from gateway.lookup.cases import CaseChecks, Cases, check_case
from gateway.lookup.catalogue import Entry
from gateway.lookup.comparing import comparable
from gateway.lookup.conduct import Conduct
from gateway.lookup.kept import Kept
from gateway.lookup.officers import Officers
from gateway.lookup.policy import Decision, Policy, Right, Scope
from gateway.lookup.request import LookupRequest
from gateway.lookup.windows import Windows
from gateway.stores.state import State

__all__ = ["Access", "Consumer", "Grant"]

_WINDOW_S = 60.0
_BY_ITSELF = frozenset({"appointment", "ticket"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """
    A system that may ask; what it may ask says the policy.

    `by` says how it proved this time who it is: `api_key`, `token`, `certificate`, or `command_line` for
    somebody who can read the settings and asks in its name; `appointment` and `ticket` where the gateway asks by
    itself, for the first time or again, what it was asked before. `weight` and `batch` say what share it gets where
    others wait too. `again`: what the gateway asks by itself has counted for the officer's limits before.
    """

    name: str
    questions_per_minute: int
    by: str = "api_key"
    weight: float = 1.0
    batch: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """
    What a question may bring back, and by which rules.

    `fields` are names of the record, or `outer.inner` for one of a list's members; `withheld` what the record
    has besides. `rules` and `policy` name the rules and the version of the policy that decided; `findings`
    are words for what was odd about the question (`off_hours`, `sequential`), though it was allowed.
    `officer_code` is what the registry knows the officer by, where it has its own codes. `subject` is the pseudonym of
    whom the question is about, None where it is about nobody. `case_checks` says how
    the case was checked, if it was. `comparing`: nothing is brought back; claims about these fields are compared, and
    the values of those in `seen` may stand in a verdict's sentence.
    """

    fields: frozenset[str]
    withheld: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    policy: str = ""
    findings: tuple[str, ...] = ()
    officer_code: str | None = None
    subject: str | None = None
    case_checks: CaseChecks = "off"
    comparing: bool = False
    seen: frozenset[str] = frozenset()


class Access:
    """Decides before anything leaves."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        *,
        policy: Kept[Policy],
        officers: Kept[Officers],
        secrets: Secrets,
        cases: Cases | None = None,
    ) -> None:
        self.policy = policy
        self.officers = officers
        self.cases = cases
        self._clock = clock
        self._windows = Windows(state, clock)
        self._conduct = Conduct(state, clock, secrets)
        self._pseudonym = secrets.pseudonym

    @property
    def case_checks(self) -> CaseChecks:
        """How it is known whether a case is open and whose it is; `off` where nothing is."""
        return "off" if self.cases is None else self.cases.checks

    async def grant(
        self,
        consumer: Consumer,
        entry: Entry,
        request: LookupRequest,
        query: Query,
        claimed: Collection[str] | None = None,
    ) -> Grant:
        """
        What may leave: the fields that were asked for, or all that are granted. With `claimed` nothing may, and claims
        about these fields may be compared.

        Raises PurposeUnknown, Forbidden (dataset, field, person, hour), OfficerUnmapped, TooMany, CaseClosed,
        CaseUnavailable; InvalidQuestion for a field that the record does not have. Whatever costs nothing is
        looked at first, and the one-stop is asked about the case only for a question that may be asked otherwise.
        """
        policy, inquiry, today = self.policy.current, request.inquiry, self._today()
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id)
        seen = frozenset[str]()
        if claimed is None:
            decision = self._decided(policy, scope, today)
            fields = _fields(policy, decision, entry, request.fields)
        else:
            decision = self._decided(policy, replace(scope, comparing=True), today)
            fields = comparable(policy.shapes[entry.id], decision.parts, claimed)
            given = policy.decide(scope, today)
            seen = policy.shapes[entry.id].whole(claimed, given.parts if given is not None else seen)
        code = self._officer_code(entry, inquiry, today)
        # What the gateway asks by itself takes no question from whoever stands at a counter.
        key = f"{'tickets' if consumer.by in _BY_ITSELF else 'consumer'}:{consumer.name}"
        count = await self._windows.count(key, _WINDOW_S)
        if count > consumer.questions_per_minute:
            raise TooMany(retry_at=await self._windows.ends(key, _WINDOW_S))
        superiors = self.officers.current.superiors(inquiry.agency, inquiry.officer.account, today)
        limits = policy.limits
        if consumer.by in _BY_ITSELF:
            limits = limits.once_more(is_first=not consumer.again)
        subject = query.subject()
        pseudonym = self._pseudonym(subject.kind, subject.number) if subject is not None else None
        findings = await self._conduct.findings(limits, inquiry, subject, pseudonym, superiors)
        if self.cases is not None:
            check_case(await self.cases.find(request), inquiry)
        return Grant(
            fields=fields,
            withheld=decision.withheld if claimed is None else (),
            rules=decision.rules,
            policy=policy.version,
            findings=findings,
            officer_code=code,
            subject=pseudonym,
            case_checks=self.case_checks,
            comparing=claimed is not None,
            seen=seen,
        )

    def may_compare(
        self, consumer: Consumer, entry: Entry, inquiry: Inquiry, claimed: Collection[str]
    ) -> frozenset[str]:
        """Those of the claims that may be compared for this inquiry, as far as the policy says; nothing is counted."""
        policy = self.policy.current
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id, comparing=True)
        decision = policy.decide(scope, self._today())
        return frozenset() if decision is None else policy.shapes[entry.id].whole(claimed, decision.parts)

    def may_give(self, consumer: Consumer, entry: Entry, inquiry: Inquiry, wanted: Collection[str]) -> frozenset[str]:
        """Those of the fields of which something may be given for this inquiry, as far as the policy says."""
        policy = self.policy.current
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id)
        decision, shape = policy.decide(scope, self._today()), policy.shapes[entry.id]
        if decision is None:
            return frozenset()
        return frozenset(name for name in wanted if name in shape.names and shape.asked(name, decision.parts))

    def may_pass(self, consumer: Consumer, entry: Entry, inquiry: Inquiry, field: str) -> bool:
        """Whether another registry may be asked by this field of what was found, as far as the policy says."""
        policy = self.policy.current
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id, passing=True)
        decision = policy.decide(scope, self._today())
        return decision is not None and bool(policy.shapes[entry.id].whole((field,), decision.parts))

    def check(
        self, consumer: Consumer, entry: Entry, inquiry: Inquiry, *, fields: list[str] | None, comparing: bool
    ) -> None:
        """
        Raises what `grant` does where no rule speaks of such questions, or gives these fields; nothing is counted.
        """
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id, comparing)
        policy = self.policy.current
        decision = self._decided(policy, scope, self._today())
        if not comparing:
            _fields(policy, decision, entry, fields)

    def still_gives(
        self,
        consumer: Consumer,
        entry: Entry,
        inquiry: Inquiry,
        fields: Collection[str],
        *,
        seen: Collection[str] | None = None,
    ) -> bool:
        """
        Whether what was given earlier may be given now: a record with these fields, or with `seen` verdicts about these
        fields, with the values of those in `seen`.
        """
        policy = self.policy.current
        scope = Scope(consumer.name, inquiry.agency, inquiry.procedure.value, inquiry.purpose, entry.id)
        given = policy.decide(scope, self._today())
        if seen is None:
            return given is not None and all(_is_given(name, given.fields) for name in fields)
        compared = policy.decide(replace(scope, comparing=True), self._today())
        if compared is None:
            return False
        shape = policy.shapes[entry.id]
        shown = shape.whole(seen, given.parts if given is not None else frozenset())
        return set(fields) <= shape.whole(fields, compared.parts) and set(seen) <= shown

    def require(self, consumer: Consumer, right: Right) -> None:
        """Raises Forbidden unless the policy gives the consumer this right."""
        if not self.policy.current.may(consumer.name, right):
            advice = (
                f"hệ thống gọi không có quyền {right.value}; quản trị thêm vào [rights] của policy.toml / "
                f"the calling system has no right {right.value}; the operator adds it to [rights] of policy.toml"
            )
            raise Forbidden(
                f"{consumer.name}: no right {right.value}", problems=(FieldProblem("", "no_right", advice),)
            )

    def _today(self) -> date:
        return self._clock.now().astimezone(VIETNAM).date()

    @staticmethod
    def _decided(policy: Policy, scope: Scope, today: date) -> Decision:
        decision = policy.decide(scope, today)
        if decision is not None:
            return decision
        if policy.version and scope.purpose not in policy.purposes:
            advice = (
                "mục đích không có trong danh mục của policy.toml; có: "
                f"{', '.join(policy.purposes)} / the purpose is none of the policy's; those are listed here"
            )
            raise PurposeUnknown(problems=(FieldProblem("inquiry.purpose", "purpose_unknown", advice),))
        advice = (
            f"không có quy tắc nào trong policy.toml cho phép đơn vị này hỏi {scope.dataset} cho thủ tục và mục đích "
            f"này / no rule of policy.toml lets this agency ask {scope.dataset} for this procedure and purpose"
        )
        raise Forbidden(
            f"{scope.consumer} may not ask {scope.dataset}", problems=(FieldProblem("dataset", "no_rule", advice),)
        )

    def _officer_code(self, entry: Entry, inquiry: Inquiry, today: date) -> str | None:
        if entry.instance.officers == "own":
            return None
        return self.officers.current.code(
            inquiry.agency, inquiry.officer.account, entry.instance.name, today, issuer=entry.instance.adapter.owner
        )


def _is_given(name: str, fields: frozenset[str]) -> bool:
    """Whether a name is given, itself or with the field that it is a member of."""
    return name in fields or name.partition(".")[0] in fields


def _fields(policy: Policy, decision: Decision, entry: Entry, asked: list[str] | None) -> frozenset[str]:
    if asked is None:
        return decision.fields
    shape = policy.shapes[entry.id]
    strangers = [place for place, name in enumerate(asked) if name not in shape.names]
    if strangers:
        advice = f"không có trường này; xem GET /v1/datasets/{entry.id} / no such field"
        problems = tuple(FieldProblem(f"fields.{place}", "unknown_field", advice) for place in strangers)
        raise InvalidQuestion(problems=problems, status=422)
    parts = [shape.asked(name, decision.parts) for name in asked]
    refused = [place for place, given in enumerate(parts) if not given]
    if refused:
        problems = tuple(
            FieldProblem(
                f"fields.{place}",
                "not_granted",
                f"không quy tắc nào cho trường {asked[place]}; bỏ trường này hoặc đề nghị quản trị cấp quyền / "
                f"no rule gives {asked[place]}; leave it out, or ask the operator to grant it",
            )
            for place in refused
        )
        raise Forbidden(
            f"{entry.id}: not granted: {', '.join(sorted(asked[one] for one in refused))}", problems=problems
        )
    return shape.spelled(frozenset[str]().union(*parts))
