"""What an officer did, paper by paper, as the one-stop system reports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.instant import Instant
from gateway.errors import FieldProblem
from gateway.impact.memory import Contradicted, begin_of
from gateway.impact.rows import Done, Remembered
from gateway.impact.words import Did, Shows, Why, contradicts
from gateway.lookup.paper_plan import Word

__all__ = ["PaperReceipt", "ReceiptRequest", "contradictions", "strange"]

_STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
_AHEAD = timedelta(minutes=5)


class PaperReceipt(BaseModel):
    """What was done about one paper."""

    model_config = _STRICT

    paper: Word = Field(description="The `id` of a paper of the plan.")
    did: Annotated[Did, Field(strict=False)] = Field(
        description="`accepted`: data stood in its place. `asked`: the citizen had to hand it in."
    )
    why: Annotated[Why, Field(strict=False)] | None = Field(
        None, description="Why the officer did otherwise than the plan said; needed exactly there."
    )
    shows: Annotated[Shows, Field(strict=False)] | None = Field(
        None, description="Which was wrong, as the paper shows, where it was asked for and something did not match."
    )


class ReceiptRequest(BaseModel):
    """When the dossier was received, and what was done about its papers; some of them, or all."""

    model_config = _STRICT

    received_at: Instant
    papers: Annotated[list[PaperReceipt], Field(min_length=1, max_length=200)]

    def done(self) -> dict[str, Done]:
        """By paper."""
        return {one.paper: Done(did=one.did, why=one.why, shows=one.shows) for one in self.papers}


def strange(asked: ReceiptRequest, plan: Remembered, now: datetime, oldest: str) -> Iterator[FieldProblem]:
    """
    What cannot be: a moment to come or before `oldest`, the first month that is kept, a paper that is not in the plan
    or twice here, a reason that lacks.
    """
    papers = {one.paper: one for one in plan.papers}
    if asked.received_at > now + _AHEAD:
        yield FieldProblem(
            "received_at", "future", "thời điểm tiếp nhận ở tương lai / the reception lies in the future"
        )
    if asked.received_at < begin_of(oldest):
        advice = f"trước tháng cũ nhất còn giữ / before the oldest month that is kept, {oldest}"
        yield FieldProblem("received_at", "too_old", advice)
    seen: set[str] = set()
    for nth, one in enumerate(asked.papers):
        place = f"papers.{nth}"
        if one.paper in seen:
            yield FieldProblem(f"{place}.paper", "twice", "giấy tờ này nêu hai lần / this paper is named twice")
        seen.add(one.paper)
        if (paper := papers.get(one.paper)) is None:
            advice = f"kế hoạch không có giấy tờ này; có / no such paper in the plan; there are: {', '.join(papers)}"
            yield FieldProblem(f"{place}.paper", "unknown_paper", advice)
            continue
        if contradicts(paper.decision, one.did) != (one.why is not None):
            advice = (
                "nêu lý do (why) khi và chỉ khi làm khác kế hoạch / "
                f"give why exactly where the plan said otherwise; here it said {paper.decision.value}"
            )
            yield FieldProblem(f"{place}.why", "why", advice)
        if one.shows is not None and one.did is not Did.ASKED:
            advice = "chỉ nêu khi đã yêu cầu giấy tờ / only where the paper was asked for"
            yield FieldProblem(f"{place}.shows", "not_asked_for", advice)


def contradictions(asked: ReceiptRequest, exc: Contradicted) -> tuple[FieldProblem, ...]:
    """What an earlier receipt says otherwise, as problems of this one."""
    places: Mapping[str | None, str] = {None: "received_at"} | {
        one.paper: f"papers.{nth}.did" for nth, one in enumerate(asked.papers)
    }
    advice = "đã báo nhận khác trước đó; bản đầu được giữ / an earlier receipt says otherwise, and stands"
    return tuple(FieldProblem(places[name], "said_before", advice) for name in exc.papers)
