"""The ledger, its witnesses, and the clock that both go by."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.web.console.moment import Moment
from gateway.web.console.repairs.item import CHECK, Item

__all__ = ["ledger", "witnesses"]

_CHECKPOINT_S = 60.0
_WITNESS_S = 300.0


def ledger(moment: Moment) -> Iterator[Item]:
    states = moment.figures.by("gateway_ledger_state", "state")
    sick = states.get("failing", 0) + states.get("dead", 0)
    failed = sum(moment.increase("gateway_ledger_failures_total", what=what) for what in ("write", "flush", "full"))
    if sick or failed:
        yield Item(
            id="ledger-not-durable",
            urgency="now",
            title="Không ghi được sổ: không câu trả lời nào ra khỏi cổng"
            if sick
            else "Sổ đã có lần không ghi được trong mười phút qua",
            title_en="The ledger cannot be written: nothing is answered"
            if sick
            else "The ledger could not be written at times within ten minutes",
            todo="Xem đĩa của thư mục sổ: đầy, chỉ đọc, hay hỏng.",
            todo_en="Look at the disk of the ledger's folder: full, read-only, or broken.",
            page="runbook/ledger-not-durable.md",
        )
    for labels, at in moment.figures.each("gateway_ledger_checkpoint_timestamp_seconds"):
        if at and moment.age_s(at) > _CHECKPOINT_S:
            yield Item(
                id=f"checkpoint:{labels['log']}",
                urgency="now",
                title=f"{labels['log']}: không ký được điểm chốt từ {moment.age_s(at):.0f} giây",
                title_en=f"{labels['log']}: no checkpoint for {moment.age_s(at):.0f} seconds",
                todo="Xem khóa ký và thiết bị giữ khóa.",
                todo_en="Look at the signing key and its device.",
                page="runbook/checkpoint-late.md",
            )
    if moment.figures.total("gateway_ledger_clock_suspect"):
        yield Item(
            id="clock",
            urgency="now",
            title="Đồng hồ của máy nhảy hoặc lùi",
            title_en="The machine's clock has jumped or gone back",
            todo="Kiểm tra đồng bộ giờ (chrony, ntpd).",
            todo_en="Check the time service (chrony, ntpd).",
            page="runbook/clock-off.md",
        )


def witnesses(moment: Moment) -> Iterator[Item]:
    conflicts = moment.figures.by("gateway_ledger_witness_answers_total", "witness", result="conflict")
    for name in conflicts:
        if moment.increase("gateway_ledger_witness_answers_total", witness=name, result="conflict"):
            yield Item(
                id=f"contested:{name}",
                urgency="now",
                title=f"Nhân chứng {name} nhớ một lịch sử khác của sổ",
                title_en=f"The witness {name} remembers another past of the ledger",
                todo="Không sửa, không xóa gì trong thư mục sổ; làm theo sổ tay.",
                todo_en="Change and delete nothing in the ledger's folder; follow the runbook.",
                page="runbook/ledger-contested.md",
            )
    for name, at in moment.figures.by("gateway_ledger_witnessed_timestamp_seconds", "witness").items():
        if at and moment.age_s(at) > _WITNESS_S:
            yield Item(
                id=f"witness-late:{name}",
                urgency="today",
                title=f"Nhân chứng {name} chưa ký lại từ {moment.age_s(at) / 60:.0f} phút",
                title_en=f"The witness {name} has not cosigned for {moment.age_s(at) / 60:.0f} minutes",
                todo="Kiểm tra đường nối tới nhân chứng; cổng tự gửi lại.",
                todo_en="Check the way to the witness; the gateway tries again by itself.",
                page="console.md#tồn-đọng--left-behind",
                command=CHECK,
            )
