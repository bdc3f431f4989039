"""The shape in which a paper plan leaves, and how /openapi.json describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.compare.standing import Ground, Standing
from gateway.domain.compare.verdict import Verdict
from gateway.domain.outcome import Unknown
from gateway.lookup.access import Consumer
from gateway.lookup.agreeing import Agreement, Says
from gateway.lookup.asked import Asked
from gateway.lookup.comparison import FieldStanding, FieldVerdict
from gateway.lookup.document import provenance_members
from gateway.lookup.plan_desk import Decided
from gateway.lookup.planning import Place, Plan
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.words import Cause, Clause, Decision, Situation
from gateway.tickets.opening import NO_TICKETS, TicketProblem, Tickets
from gateway.web.inbound import Inbound
from gateway.web.problems import MEDIA_TYPE
from gateway.web.schemas import PlaceView, ProvenanceView
from gateway.web.verifications import VerdictView

__all__ = [
    "PLAN",
    "AskedView",
    "DecidedView",
    "PaperStandingView",
    "PaperVerdictView",
    "PlanView",
    "place_in",
    "plan_view",
    "told_of",
]

_REF = "#/components/schemas/"
_NOBODY = dict.fromkeys(("registry", "owner", "registry_en", "owner_en"), "")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PaperVerdictView(VerdictView):
    """A verdict that the decision rests on."""

    subject: int


class PaperStandingView(_View):
    """What a field says of the record's being in force."""

    subject: int
    field: str
    standing: Standing
    ground: Ground
    reason_vi: str
    reason_en: str


class DecidedView(_View):
    """One paper with its decision."""

    id: str
    title: str
    title_en: str
    role: str
    clause: Clause
    basis: str
    decision: Decision
    cause: Cause | None = Field(description="Why it is not waived, in law; null where it is.")
    situation: Situation
    officer_vi: str
    officer_en: str
    citizen_vi: str
    citizen_en: str
    dataset: str | None = Field(description="What the decision hangs on, as the catalogue names it.")
    subject: int | None = Field(description="Whom it hangs on: a place in `subjects`, from 0 on.")
    missing: list[str] = Field(description="What was not declared, or may not be compared.")
    verdicts: list[PaperVerdictView]
    standings: list[PaperStandingView] = Field(description="Whether what was found is in force, by field.")
    lookups: list[str] = Field(description="The `lookup_id`s of the questions that it rests on.")
    fetched: list[str] = Field(description="The `lookup_id`s of the questions that brought what the form needs.")
    withheld: list[str] = Field(description="What the form may need and no rule gives.")
    replaced_by: str | None = Field(description="The result code, where the paper is waived (MaKetQuaThayThe).")
    retry_at: datetime | None = Field(
        description="Where it is pending: when to ask again, or when the gateway does where there is a ticket."
    )
    decision_blocked_until_verified: bool = Field(
        description="True while the paper is pending: the dossier may be taken, and not be decided."
    )
    ticket_id: str | None = Field(description="Under which GET /v1/tickets/{id} tells what becomes of it.")
    ticket_problem: TicketProblem | None = Field(description="Why a pending paper has no ticket.")


class FieldFaultView(_View):
    """What is wrong with something that was declared, or not allowed."""

    field: str
    code: str
    advice: str


class AskedView(_View):
    """One question that was asked for the plan, however many papers need it."""

    lookup_id: str
    dataset: str
    subject: int
    outcome: Literal["found", "absent", "unknown", "refused"] = Field(description="`refused`: it never left.")
    reason: str | None
    retry_at: datetime | None
    taken_from: list[str] = Field(description="The lookups whose answers brought keys of this question.")
    problems: list[FieldFaultView]
    record: dict[str, Any] | None = Field(None, description="What was fetched; null where claims were compared.")
    provenance: ProvenanceView | None = None
    evidence: str | None = Field(None, description="The verdicts, signed and dated (JWS): keep it in the dossier.")
    ledger: PlaceView | None = None


class CorrectionOfferView(_View):
    """Whose data is wrong by rule, and who corrects it: what POST /v1/corrections wants."""

    dataset: str
    field: str
    owner: str
    owner_en: str


class AgreementView(_View):
    """One fact about one subject in two registries; no value stands in it."""

    subject: int
    fact: str
    title: str
    title_en: str
    says: Says = Field(description="`unclear`: only diacritics differ, a date is coarser, or they cannot be compared.")
    right: str = Field(description="The dataset that is right by rule, or the first that answered.")
    by_rule: bool
    other: str
    verdict: Verdict
    basis: str
    lookups: list[str] = Field(description="The lookups that told it, in the order of `right` and `other`.")
    correction: CorrectionOfferView | None


class PlanView(_View):
    """Every paper of the case with exactly one decision."""

    plan_id: str
    procedure: str
    case: str
    catalogue: str
    remembered: bool = Field(description="Whether a receipt (POST /v1/paper-plans/{id}/receipt) can follow.")
    decision_blocked_until_verified: bool = Field(description="True while one of the papers is pending.")
    papers: list[DecidedView]
    consistency: list[AgreementView] = Field(description="What two registries tell about one subject, and how alike.")
    lookups: list[AskedView]


def plan_view(
    plan: Plan, catalogue: Catalogue, tickets: Tickets = NO_TICKETS, *, remembered: bool = False
) -> dict[str, Any]:
    """A plan as JSON values. `remembered`: a receipt can follow."""
    return {
        "plan_id": plan.plan_id,
        "procedure": plan.procedure,
        "case": plan.case,
        "catalogue": catalogue.version,
        "remembered": remembered,
        "decision_blocked_until_verified": any(one.ruling.decision is Decision.PENDING for one in plan.papers),
        "papers": [_paper(one, catalogue, tickets) for one in plan.papers],
        "consistency": [_agreement(one, catalogue) for one in plan.agreements],
        "lookups": [_asked(one) for one in plan.asked],
    }


def told_of(plan: Plan, one: Decided) -> dict[str, Any]:
    """What a plan says of one paper beside its decision: verdicts, and the questions that it rests on."""
    used = {id(asked) for asked in (*one.asked, *one.fetched)}
    return {
        "verdicts": [_verdict(subject, verdict) for subject, verdict in one.verdicts],
        "standings": [_standing(subject, standing) for subject, standing in one.standings],
        "fetched": [asked.lookup_id for asked in one.fetched],
        "withheld": list(one.withheld),
        "lookups": [_asked(asked) for asked in plan.asked if id(asked) in used],
    }


def _agreement(one: Agreement, catalogue: Catalogue) -> dict[str, Any]:
    names = catalogue.names(one.other.dataset)
    offer = {"dataset": one.other.dataset, "field": one.other.field}
    return {
        "subject": one.subject,
        "fact": one.name,
        "title": one.fact.title,
        "title_en": one.fact.title_en,
        "says": one.says.value,
        "right": one.right.dataset,
        "by_rule": one.by_rule,
        "other": one.other.dataset,
        "verdict": one.verdict.value,
        "basis": one.fact.basis,
        "lookups": list(one.lookups),
        "correction": offer | {"owner": names["owner"], "owner_en": names["owner_en"]} if one.is_to_correct else None,
    }


def _paper(one: Decided, catalogue: Catalogue, tickets: Tickets) -> dict[str, Any]:
    row = one.ruling.row
    is_pending, ticket = row.decision is Decision.PENDING, tickets.by_paper.get(one.paper.id)
    names = _NOBODY if one.dataset is None else catalogue.names(one.dataset)
    officer, citizen = row.officer.about(names), row.citizen.about(names)
    return {
        "id": one.paper.id,
        "title": one.kind.title,
        "title_en": one.kind.title_en,
        "role": one.paper.role,
        "clause": one.paper.clause.value,
        "basis": one.kind.basis,
        "decision": row.decision.value,
        "cause": row.cause.value if row.cause is not None else None,
        "situation": one.ruling.situation.value,
        "officer_vi": officer.vietnamese,
        "officer_en": officer.english,
        "citizen_vi": citizen.vietnamese,
        "citizen_en": citizen.english,
        "dataset": one.dataset,
        "subject": one.subject,
        "missing": list(one.missing),
        "verdicts": [_verdict(subject, verdict) for subject, verdict in one.verdicts],
        "standings": [_standing(subject, standing) for subject, standing in one.standings],
        "lookups": [asked.lookup_id for asked in one.asked],
        "fetched": [asked.lookup_id for asked in one.fetched],
        "withheld": list(one.withheld),
        "replaced_by": one.kind.result if row.decision is Decision.WAIVED else None,
        "retry_at": one.retry_at if ticket is None else ticket.due_at,
        "decision_blocked_until_verified": is_pending,
        "ticket_id": None if ticket is None else ticket.ticket_id,
        "ticket_problem": tickets.otherwise if is_pending and ticket is None else None,
    }


def _verdict(subject: int, one: FieldVerdict) -> dict[str, Any]:
    return {
        "subject": subject,
        "field": one.field,
        "verdict": one.verdict.value,
        "why": one.why.value,
        "reason_vi": one.reason.vietnamese,
        "reason_en": one.reason.english,
    }


def _standing(subject: int, one: FieldStanding) -> dict[str, Any]:
    return {
        "subject": subject,
        "field": one.field,
        "standing": one.standing.value,
        "ground": one.ground.value,
        "reason_vi": one.reason.vietnamese,
        "reason_en": one.reason.english,
    }


def _asked(one: Asked) -> dict[str, Any]:
    unknown = one.outcome if isinstance(one.outcome, Unknown) else None
    view: dict[str, Any] = {
        "lookup_id": one.lookup_id,
        "dataset": one.entry.id,
        "subject": one.subject,
        "outcome": "refused" if one.outcome is None else one.outcome.word,
        "reason": unknown.reason.value if unknown is not None else one.refusal,
        "retry_at": unknown.retry_at if unknown is not None else None,
        "taken_from": [feed.source.lookup_id for feed in one.feeds],
        "record": _record(one),
        "problems": [
            {"field": _place(one.subject, fault.location), "code": fault.code, "advice": fault.advice}
            for fault in one.problems
        ],
    }
    if one.result is not None:
        view["provenance"] = provenance_members(one.result.answer.provenance)
        if (recorded := one.result.recorded) is not None:
            view |= {"evidence": recorded.evidence, "ledger": {"log": recorded.log, "index": recorded.index}}
    return view


def _record(one: Asked) -> dict[str, Any] | None:
    """What was fetched; None of a question that compared claims, and where nothing was found."""
    written = one.result.record if one.result is not None and one.fields is not None else None
    return None if written is None else written.values


def _place(subject: int, location: str) -> str:
    """Where the caller wrote what a question calls `query.…` or `claims.…`."""
    above, _, name = location.partition(".")
    return f"subjects.{subject}.claims.{name}" if above in {"query", "claims"} and name else location


def place_in(inbound: Inbound, consumer: Consumer) -> Place:
    """What gives each further question of a plan a place of its own among those that this worker carries."""

    @contextmanager
    def place() -> Iterator[Unknown | None]:
        if not inbound.enter():
            yield inbound.overloaded()
            return
        try:
            if not inbound.begin(consumer):
                yield inbound.overloaded()
                return
            try:
                yield None
            finally:
                inbound.end(consumer)
        finally:
            inbound.leave()

    return place


_EXAMPLE = {
    "inquiry": {
        "case_id": "H08.12-260301-0001",
        "procedure": "1.000894",
        "agency": "H08.12",
        "officer": {"id": "000080000009", "account": "canbo.mau"},
        "purpose": "verify_identity",
    },
    "subjects": [
        {
            "role": "applicant",
            "claims": {
                "citizen_id": "000099000001",
                "full_name": "Nguyễn Văn Mẫu",
                "birth_date": "1999-01-31",
                "sex": "1",
            },
        }
    ],
}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


PLAN: Mapping[str, Any] = {
    "/v1/paper-plans": {
        "post": {
            "operationId": "paper_plan",
            "summary": "Giấy tờ nào được thay bằng dữ liệu / which papers data replaces",
            "description": "Every paper of the case with exactly one decision. Each registry is asked once for each "
            "subject, all at once but for those that wait for a key, or for an earlier result; what one of them does "
            "changes nothing for papers that another one replaces.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": f"{_REF}PaperPlanRequest"},
                        "examples": {"marriage": {"value": _EXAMPLE}},
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "Mỗi giấy tờ một quyết định / a decision for each paper",
                    "content": {"application/json": {"schema": {"$ref": f"{_REF}{PlanView.__name__}"}}},
                },
                "400": _problem("invalid"),
                "401": _problem("unauthenticated"),
                "408": _problem("too_slow"),
                "413": _problem("too_large"),
                "415": _problem("packed"),
                "422": _problem("invalid"),
                "503": _problem("check_unavailable, overloaded"),
            },
        }
    }
}
