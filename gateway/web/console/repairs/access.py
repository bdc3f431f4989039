"""What lets us in at registries, and runs out: quotas, log-ins, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.web.console.moment import Moment
from gateway.web.console.repairs.item import CHECK, Item

__all__ = ["certificates", "log_ins", "quotas"]

_DAY_S = 86_400.0
_QUOTA_S = 4 * 3_600.0
_CERTIFICATE_SOON_S, _CERTIFICATE_S = 3 * _DAY_S, 30 * _DAY_S


def quotas(moment: Moment) -> Iterator[Item]:
    for one in moment.known.registries:
        ends_at = moment.figures.one("gateway_quota_runs_out_timestamp_seconds", registry=one.name) or 0.0
        left = moment.figures.one("gateway_quota_left", registry=one.name)
        is_out = left is not None and left <= 0
        if not is_out and not (ends_at and -moment.age_s(ends_at) < _QUOTA_S):
            continue
        until = f"{datetime.fromtimestamp(ends_at, UTC):%Y-%m-%dT%H:%MZ}" if ends_at else ""
        yield Item(
            id=f"quota:{one.name}",
            urgency="now" if is_out else "today",
            title=f"{one.title}: " + ("đã hết hạn mức gọi" if is_out else f"hạn mức sắp hết, lúc {until}"),
            title_en=f"{one.name}: "
            + ("the quota is used up" if is_out else f"the quota will have run out at {until}"),
            todo="Tạm dừng các lô lớn; xin tăng hạn mức nếu việc này lặp lại.",
            todo_en="Hold large batches back; ask for a larger quota if this comes again.",
            page="runbook/quota.md",
        )


def log_ins(moment: Moment) -> Iterator[Item]:
    for labels, ends_at in moment.figures.each("gateway_token_expires_timestamp_seconds"):
        name = labels["registry"]
        if moment.age_s(ends_at) <= 0 or not moment.standing(name).minute.failed:
            continue  # nobody asks, so nobody has renewed it
        yield Item(
            id=f"log-in:{name}:{labels['log_in']}",
            urgency="now",
            title=f"{name}: phiên đăng nhập ({labels['log_in']}) đã hết và không gia hạn được",
            title_en=f"{name}: the log-in ({labels['log_in']}) has ended and is not renewed",
            todo="Kiểm tra tài khoản và bí mật kết nối.",
            todo_en="Check the account and its secret.",
            page="runbook/token.md",
            command=CHECK,
        )


def certificates(moment: Moment) -> Iterator[Item]:
    for labels, ends_at in moment.figures.each("gateway_certificate_expires_timestamp_seconds"):
        left_s = -moment.age_s(ends_at)
        if left_s >= _CERTIFICATE_S:
            continue
        days = max(0, int(left_s // _DAY_S))
        yield Item(
            id=f"certificate:{labels['setting']}",
            urgency="now" if left_s < _CERTIFICATE_SOON_S else "today",
            title=f"{labels['setting']}: chứng thư số " + (f"còn {days} ngày" if left_s > 0 else "đã hết hạn"),
            title_en=f"{labels['setting']}: the certificate " + (f"ends in {days} days" if left_s > 0 else "has ended"),
            todo="Xin chứng thư mới, thay tệp, khởi động lại từng tiến trình.",
            todo_en="Get a new certificate, replace the file, restart.",
            page="runbook/certificate.md",
        )
