"""
One lookup told step by step from its ledger records: who was let in and why, each attempt, what came of it.

Nothing personal stands in it: no number or pseudonym of anybody, no officer, no dossier, no field value. Every sentence
comes from a table here or from the error classes; a word that no table has stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gateway.errors import REASONS, REFUSALS, Reason, Refusal
from gateway.ledger.records import VERIFICATION
from gateway.lookup.titles import Pair

__all__ = ["BY", "FINDINGS", "LAYERS", "OUTCOMES", "consumer_of", "explained"]

Told = tuple[str, int, Mapping[str, Any]]
"""Log, index and record, as `Questions.records_of` gives them."""

BY: dict[str, Pair] = {
    "api_key": ("khóa API", "an API key"),
    "token": ("mã truy cập OAuth2", "an OAuth2 access token"),
    "certificate": ("chứng thư TLS của hệ thống", "its TLS certificate"),
    "signature": ("chữ ký số trên yêu cầu", "a signature on the request"),
}
LAYERS: dict[str, Pair] = {
    "network": ("không ai trả lời (mạng)", "nobody answered (network)"),
    "platform": ("nền tảng trung gian trả lời", "a platform in between answered"),
    "registry": ("cơ sở dữ liệu trả lời", "the registry answered"),
    "ours": ("cổng tự dừng, chưa gửi gì", "the gateway itself stopped; nothing was sent"),
}
OUTCOMES: dict[str, Pair] = {
    "found": ("Cơ sở dữ liệu có bản ghi.", "The registry has a record."),
    "absent": ("Cơ sở dữ liệu trả lời là không có bản ghi.", "The registry said that it has no record."),
    "unknown": ("Không có câu trả lời dùng được.", "There was no usable answer."),
}
FINDINGS: dict[str, Pair] = {
    "many_questions": ("hỏi nhiều lần trong một giờ", "many questions within an hour"),
    "many_subjects": ("hỏi về nhiều đối tượng trong một giờ", "many subjects within an hour"),
    "sequential": ("hỏi lần lượt các số liền nhau", "one number after the other"),
    "off_hours": ("hỏi ngoài giờ làm việc", "outside office hours"),
    "oneself": ("hỏi về chính mình", "about the officer's own person"),
    "superior": ("hỏi về cấp trên", "about a superior"),
}
_INTERRUPTED: Pair = (
    "Cổng dừng giữa chừng; không biết câu hỏi kết thúc ra sao và không có gì được trả về.",
    "The gateway stopped half-way; nobody knows how the question ended, and nothing was returned.",
)
_UNDELIVERED: Pair = (
    "Câu trả lời ghi sổ quá muộn nên không được gửi đi.",
    "The answer was recorded too late, so it never left.",
)
_PENDING: Pair = ("Chưa có kết quả trong sổ nhật ký.", "The ledger has no result yet.")


def consumer_of(records: Iterable[Told]) -> str | None:
    """The system that asked; None where it was refused before anybody knew who it was."""
    names = (record.get("consumer") for _, _, record in records if record.get("type") in {"asked", "refused"})
    return next((name for name in names if isinstance(name, str)), None)


def explained(lookup_id: str, records: Sequence[Told]) -> dict[str, Any]:
    """The explanation of a lookup from all that was recorded of it."""
    steps: list[dict[str, Any]] = []
    result: dict[str, Any] = _said({"outcome": None}, _PENDING)
    dataset = None
    for log, index, record in records:
        place = {"at": record.get("at"), "ledger": {"log": log, "index": index}}
        dataset = dataset or record.get("dataset")
        match record.get("type"):
            case "asked":
                steps += _let_in(record)
                steps += _taken(record)
                steps.append(_said({"step": "asked"} | place, ("Đã ghi sổ trước khi hỏi.", "Recorded before asking.")))
            case "answered":
                steps += _attempts(record)
                steps += _repeats(record)
                result = _result(record)
                steps.append({"step": "answered"} | place | _evidence(record) | result)
            case "refused":
                steps += _let_in(record)
                result = _refusal(record)
                steps.append({"step": "refused"} | place | result)
            case "undelivered":
                result = _said({"outcome": "unknown", "delivered": False}, _UNDELIVERED)
                steps.append({"step": "undelivered"} | place | result)
    return {"lookup_id": lookup_id, "dataset": dataset, "result": result, "steps": steps}


def _said(values: dict[str, Any], text: Pair) -> dict[str, Any]:
    return values | {"text": text[0], "text_en": text[1]}


def _let_in(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    consumer, by = record.get("consumer"), record.get("by")
    if consumer is not None:
        vietnamese, english = BY.get(str(by), (str(by), str(by)))
        text = (f"Hệ thống {consumer} đã xác thực bằng {vietnamese}.", f"{consumer} is authenticated by {english}.")
        yield _said({"step": "authenticated", "consumer": consumer, "by": by}, text)
    if record.get("type") != "asked":
        return
    yield from _checks(record)
    rules, findings = _words(record.get("rules")), _words(record.get("findings"))
    odd = [FINDINGS.get(word, (word, word)) for word in findings]
    only = record.get("asks") == VERIFICATION
    text = (
        f"Chính sách {record.get('policy')} cho phép {'chỉ so sánh ' if only else ''}theo quy tắc: "
        f"{', '.join(rules) or 'không ghi'}." + (f" Lưu ý: {'; '.join(one for one, _ in odd)}." if odd else ""),
        f"Policy {record.get('policy')} allows it{', to be compared only,' if only else ''} by rule: "
        f"{', '.join(rules) or 'none recorded'}." + (f" Noted: {'; '.join(one for _, one in odd)}." if odd else ""),
    )
    values = {
        "step": "allowed",
        "policy": record.get("policy"),
        "rules": rules,
        "findings": findings,
        "procedure": record.get("procedure"),
        "purpose": record.get("purpose"),
        "agency": record.get("agency"),
        "fields": _words(record.get("fields")),
    }
    yield _said(values, text)


def _checks(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    checks = record.get("case_checks")
    if isinstance(checks, str):
        text = (
            ("Không kiểm tra hồ sơ và cán bộ: chưa nối với hệ thống một cửa.", "Case and officer are not checked.")
            if checks == "off"
            else ("Hồ sơ và cán bộ đã được kiểm tra.", "Case and officer were checked.")
        )
        yield _said({"step": "checked", "case_checks": checks}, text)


def _taken(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    sources = _words(record.get("taken_from"))
    if sources:
        text = (
            f"Khóa của câu hỏi lấy từ câu trả lời của lượt {', '.join(sources)}.",
            f"A key of the question was taken from the answer to lookup {', '.join(sources)}.",
        )
        yield _said({"step": "taken", "taken_from": sources}, text)


def _attempts(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    attempts = record.get("attempts")
    for number, attempt in enumerate(attempts if isinstance(attempts, list) else (), 1):
        if not isinstance(attempt, dict):
            continue
        vietnamese, english = LAYERS.get(str(attempt.get("layer")), ("", ""))
        result, status = attempt.get("result"), attempt.get("status")
        http = f", HTTP {status}" if status is not None else ""
        text = (
            f"Lần hỏi {number}: {vietnamese}{http}; kết quả {result}.",
            f"Attempt {number}: {english}{http}; result {result}.",
        )
        names = ("result", "layer", "status", "elapsed_ms", "fresh", "requests", "request_id")
        yield _said({"step": "attempt", "number": number} | {name: attempt.get(name) for name in names}, text)


def _repeats(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    first = record.get("repeats")
    if isinstance(first, str):
        text = (
            f"Không hỏi lại: trả lại kết quả của lượt {first} theo khóa chống lặp.",
            f"Not asked anew: what lookup {first} was told was told again, under its idempotency key.",
        )
        yield _said({"step": "repeated", "repeats": first}, text)


def _evidence(record: Mapping[str, Any]) -> dict[str, Any]:
    names = ("via", "fetched_by", "route", "request_id", "elapsed_ms", "clock_skew_s", "quota_left", "kid")
    return {name: record.get(name) for name in names}


def _result(record: Mapping[str, Any]) -> dict[str, Any]:
    outcome, reason = record.get("outcome"), record.get("reason")
    values: dict[str, Any] = {"outcome": outcome, "reason": reason}
    if reason in set(Reason):
        error = REASONS[Reason(reason)]
        return _said(
            values | {"actor": error.actor.value, "retryable": error.retryable}, (error.title_vi, error.title_en)
        )
    if reason == Refusal.CALLER_GONE:
        gone = REFUSALS[Refusal.CALLER_GONE]
        return _said(values | {"actor": gone.actor.value}, (gone.title_vi, gone.title_en))
    if outcome == "unknown" and reason is not None:
        return _said(values, _INTERRUPTED)
    return _said(values, OUTCOMES.get(str(outcome), _PENDING))


def _refusal(record: Mapping[str, Any]) -> dict[str, Any]:
    word = record.get("refusal")
    values: dict[str, Any] = {"outcome": None, "reason": word, "problems": _problems(record.get("problems"))}
    if word not in set(Refusal):
        return _said(values, (str(word), str(word)))
    error = REFUSALS[Refusal(word)]
    return _said(values | {"actor": error.actor.value}, (error.title_vi, error.title_en))


def _problems(problems: object) -> list[str]:
    """Codes alone: where a problem stood may be a key that the caller wrote."""
    found = problems if isinstance(problems, list) else []
    return [str(one.get("code")) if isinstance(one, dict) else str(one) for one in found]


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []
