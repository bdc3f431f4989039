"""Work that has been left behind, and what was refused or altered unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.web.console.moment import Moment
from gateway.web.console.repairs.item import Item

__all__ = ["PAGE", "left_behind", "tickets"]

PAGE = "console.md#tồn-đọng--left-behind"
_HOUR_S, _DAY_S = 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class _Row:
    """An item that is there while a value is above its limit."""

    id: str
    value: Callable[[Moment], float]
    above: float
    title: str
    title_en: str
    todo: str
    todo_en: str
    command: str | None = None
    page: str = PAGE


def tickets(moment: Moment) -> Iterator[Item]:
    """Papers that have waited for a registry for more than a day."""
    for labels, age_s in moment.figures.each("gateway_tickets_oldest_seconds"):
        if age_s <= _DAY_S:
            continue
        name, hours = labels["registry"], age_s / _HOUR_S
        count = moment.figures.total("gateway_tickets_open", registry=name)
        yield Item(
            id=f"tickets:{name}",
            urgency="today",
            title=f"{count:.0f} giấy tờ chờ {name or 'cơ sở dữ liệu'}, lâu nhất {hours:.0f} giờ",
            title_en=f"{count:.0f} papers wait for {name or 'a registry'}, the oldest for {hours:.0f} hours",
            todo="Xem từng phiếu; báo một cửa nếu phải đòi giấy.",
            todo_en="Look at the tickets; tell the one-stop where the paper must be asked for.",
            page="runbook/tickets-held.md",
            command="gateway tickets list",
        )


def left_behind(moment: Moment) -> Iterator[Item]:
    """One item for each row that is above its limit."""
    for row in _ROWS:
        if row.value(moment) > row.above:
            yield Item(
                id=row.id,
                urgency="today",
                title=row.title,
                title_en=row.title_en,
                todo=row.todo,
                todo_en=row.todo_en,
                page=row.page,
                command=row.command,
            )


_ROWS = (
    _Row(
        "callbacks",
        lambda moment: moment.increase("gateway_ticket_deliveries_total", result="given_up"),
        0,
        "Một hệ thống một cửa không nhận kết quả phiếu",
        "A one-stop system does not take what became of tickets",
        "Kiểm tra địa chỉ gọi lại của hệ thống đó, rồi gửi lại phiếu.",
        "Check its callback address, then deliver the tickets again.",
        "gateway tickets list",
        "runbook/callbacks-fail.md",
    ),
    _Row(
        "batches",
        lambda moment: moment.figures.total("gateway_batch_oldest_seconds"),
        _DAY_S,
        "Một lô chạy hơn một ngày chưa xong",
        "A batch has been running for more than a day",
        "Xem lô chờ điều gì; thường là hạn mức hoặc cơ sở dữ liệu không trả lời.",
        "See what it waits for: most often a quota, or a registry that does not answer.",
        page="runbook/batch-stands.md",
    ),
    _Row(
        "index",
        lambda moment: moment.figures.total("gateway_index_behind_seconds"),
        60.0,
        "Mục lục của sổ chậm: công dân chưa thấy lượt tra cứu mới nhất",
        "The ledger's index is behind: citizens do not see the latest lookups yet",
        "Kiểm tra cơ sở dữ liệu của mục lục; nó tự đuổi kịp khi chạy lại.",
        "Check the index's database; it catches up by itself once that is back.",
    ),
    _Row(
        "second-place",
        lambda moment: moment.figures.total("gateway_ledger_unshipped_seconds"),
        2 * _HOUR_S,
        "Nơi lưu thứ hai thiếu hơn hai giờ của sổ",
        "The second place lacks more than two hours of the ledger",
        "Kiểm tra đường tới nơi lưu thứ hai, rồi chuyển ngay.",
        "Check the way to the second place, then ship at once.",
        "gateway ledger ship",
    ),
    _Row(
        "rules",
        lambda moment: moment.figures.total("gateway_reload_rejected_timestamp_seconds"),
        0,
        "Một tệp thiết lập mới bị từ chối; bản cũ còn hiệu lực",
        "A file that was read again was refused; the old one is in force",
        "Xem reload.rejected trong nhật ký, sửa tệp, nạp lại.",
        "See reload.rejected in the log, mend the file, reload.",
        "gateway check",
    ),
    _Row(
        "kept-altered",
        lambda moment: (
            moment.increase("gateway_cache_alarms_total", what="altered")
            + moment.increase("gateway_cache_alarms_total", what="rolled_back")
            + moment.increase("gateway_batch_alarms_total", what="altered")
        ),
        0,
        "Một tệp lưu tạm không còn như khi ghi",
        "A file of kept answers or batches is not as it was written",
        "Xem ai có quyền ghi thư mục đó; cổng đã không dùng dòng bị sửa.",
        "See who may write to that folder; the gateway did not use what was altered.",
    ),
    _Row(
        "bugs",
        lambda moment: moment.increase("gateway_bugs_total"),
        0,
        "Cổng gặp lỗi chưa lường trước",
        "The gateway met an error that nobody foresaw",
        "Gửi dòng web.bug của nhật ký cho người phát triển.",
        "Send the developers the event web.bug of the log.",
    ),
)
