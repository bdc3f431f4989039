"""Registries that do not answer as they should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.errors import REASONS, Reason
from gateway.web.console.moment import Moment, Registry
from gateway.web.console.repairs.item import CHECK, Item

__all__ = ["drift", "registries"]

_PAGES: Mapping[str | None, str] = {Reason.REFUSED: "token.md", Reason.MALFORMED: "drift.md"}


def registries(moment: Moment) -> Iterator[Item]:
    for one in moment.known.registries:
        match moment.word(one):
            case "failing":
                yield _failing(moment, one)
            case "degraded":
                minute = moment.standing(one.name).minute
                said, said_en = _said(minute.foremost)
                yield Item(
                    id=f"registry-degraded:{one.name}",
                    urgency="today",
                    title=f"{one.title}: {minute.failed:.0f} câu hỏi hỏng trong một phút qua, {minute.answered:.0f} "
                    "câu được trả lời",
                    title_en=f"{one.name}: {minute.failed:.0f} questions failed within a minute, "
                    f"{minute.answered:.0f} were answered",
                    todo=f"{said} Theo dõi; báo bộ phận hỗ trợ nếu kéo dài.",
                    todo_en=f"{said_en} Watch it; call the help desk if it lasts.",
                    page="runbook/error-budget.md",
                    command=CHECK,
                )
            case "waiting":
                waits_s = moment.standing(one.name).waits_s
                yield Item(
                    id=f"registry-waiting:{one.name}",
                    urgency="today",
                    title=f"{one.title}: đã {waits_s:.0f} giây chưa câu hỏi nào có trả lời",
                    title_en=f"{one.name}: no question has ended for {waits_s:.0f} seconds",
                    todo="Chờ hết thời hạn câu hỏi; nếu hỏng, mục này thành “không trả lời”.",
                    todo_en="Wait for the questions' deadline; if they fail this becomes “does not answer”.",
                    page="runbook/registry-down.md",
                    command=CHECK,
                )


def _failing(moment: Moment, one: Registry) -> Item:
    standing = moment.standing(one.name)
    latest = standing.latest
    reason = (latest if latest is not None and latest.failed else standing.minute).foremost
    said, said_en = _said(reason)
    shut = moment.open_circuits(one.name)
    probing = f" Cổng đang tự thử lại từng câu một ({', '.join(shut)})." if shut else ""
    probing_en = f" The gateway probes by itself, one question at a time ({', '.join(shut)})." if shut else ""
    return Item(
        id=f"registry-failing:{one.name}",
        urgency="now",
        title=f"{one.title} không trả lời",
        title_en=f"{one.name} does not answer",
        todo=f"{said}{probing} Chạy lệnh kiểm tra, rồi gọi bộ phận hỗ trợ của {one.owner} hoặc của nền tảng.",
        todo_en=f"{said_en}{probing_en} Run the check, then call the registry's or the platform's help desk.",
        page=f"runbook/{_PAGES.get(reason, 'registry-down.md')}",
        command=CHECK,
        since=standing.failing_since,
    )


def _said(reason: str | None) -> tuple[str, str]:
    return ("", "") if reason is None else (REASONS[Reason(reason)].title_vi, REASONS[Reason(reason)].title_en)


def drift(moment: Moment) -> Iterator[Item]:
    for one in moment.known.registries:
        nouns = [
            noun for noun in one.datasets if moment.increase("gateway_drift_total", registry=one.name, dataset=noun)
        ]
        if nouns:
            yield Item(
                id=f"drift:{one.name}",
                urgency="today",
                title=f"{one.title}: câu trả lời có phần mà hợp đồng không biết ({', '.join(nouns)})",
                title_en=f"{one.name}: answers hold what the contract does not know ({', '.join(nouns)})",
                todo="So câu trả lời với hợp đồng bằng gateway contract drift.",
                todo_en="Compare an answer with the contract: gateway contract drift.",
                page="runbook/drift.md",
            )
