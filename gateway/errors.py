"""
Every error of the gateway, and the two closed lists of words that callers see.

    GatewayError
    ├── QuestionRefused              the question never left; `refusal` says why
    │   ├── InvalidQuestion          invalid
    │   ├── Unauthenticated          unauthenticated
    │   ├── Forbidden                forbidden
    │   ├── OfficerUnmapped          officer_unmapped
    │   ├── CaseClosed               case_closed
    │   ├── CaseUnavailable          case_unavailable
    │   ├── PurposeUnknown           purpose_unknown
    │   ├── IdempotencyConflict      conflict
    │   ├── TooMany                  too_many
    │   ├── CheckUnavailable         check_unavailable
    │   └── CallerGone               caller_gone (ledger only)
    ├── RegistryError                no answer; `reason` says why
    │   ├── RegistryUnavailable      another attempt may help
    │   │   ├── RegistryTimeout      timeout
    │   │   ├── RegistryUnreachable  unreachable
    │   │   ├── CircuitOpen          circuit_open
    │   │   ├── RegistryThrottled    throttled
    │   │   ├── Overloaded           overloaded
    │   │   └── LedgerUnavailable    ledger_unavailable
    │   ├── RegistryRefused          refused
    │   ├── RegistryRejected         rejected
    │   ├── MalformedAnswer          malformed
    │   ├── MismatchedAnswer         mismatched
    │   ├── AmbiguousAnswer          ambiguous
    │   ├── NotCovered               not_covered
    │   └── NotConnected             not_connected
    ├── KeepingError                 the ledger goes on, but something that keeps it safe did not work
    │   ├── WitnessUnreachable       a witness gave no answer
    │   ├── WitnessRefused           a witness does not take what it was shown
    │   ├── WitnessConflict          a witness has seen another log under this name, or a longer one
    │   ├── PlaceError               the second place cannot be read or written, or holds something else
    │   ├── StampRefused             no time stamp, or one that proves nothing
    │   └── RetentionError           records cannot be held or destroyed like this
    ├── EvidenceError                a piece of evidence does not hold; `word` says why
    │   ├── EvidenceUnreadable       not_evidence
    │   ├── EvidenceHeaderOdd        odd_header
    │   ├── EvidenceKeyUnknown       unknown_key
    │   ├── EvidenceAlgorithmWrong   wrong_algorithm
    │   ├── EvidenceSignatureWrong   wrong_signature
    │   ├── EvidenceNotCanonical     not_canonical
    │   ├── EvidenceMembersWrong     wrong_members
    │   └── EvidenceNotInLedger      not_in_ledger
    ├── NotShown                     what the gateway itself was asked about cannot be shown; `word` says why
    │   ├── StoreUnavailable         store_unavailable
    │   ├── MeasureUnavailable       measure_unavailable
    │   ├── NoSuchCorrection         no_such_correction
    │   ├── NoSuchLookup             no_such_lookup
    │   ├── NoSuchPlan               no_such_plan
    │   ├── NoSuchRecord             no_such_record
    │   ├── NoSuchTicket             no_such_ticket
    │   ├── TicketsUnavailable       tickets_unavailable
    │   ├── NoSuchBatch              no_such_batch
    │   ├── BatchNotEnded            batch_not_ended
    │   └── BatchesUnavailable       batches_unavailable
    └── SetupError                   the gateway cannot start or be used like this
        ├── SettingsError            a setting is missing or wrong
        ├── ContractError            a packaged contract or adapter is unusable
        ├── RecordingRefused         an exchange cannot become a case file: what a value is cannot be told
        ├── ApprovalError            what two persons must approve is not approved by two
        ├── LedgerInUse              another process writes this log
        └── LedgerDamaged            a log is not what had been written; nothing is repaired silently

A message says registry, operation and what happened. Nothing from a record ever stands in one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

__all__ = [
    "REASONS",
    "REFUSALS",
    "Actor",
    "AmbiguousAnswer",
    "ApprovalError",
    "BatchNotEnded",
    "BatchesUnavailable",
    "CallerGone",
    "CaseClosed",
    "CaseUnavailable",
    "CheckUnavailable",
    "CircuitOpen",
    "ContractError",
    "EvidenceAlgorithmWrong",
    "EvidenceError",
    "EvidenceHeaderOdd",
    "EvidenceKeyUnknown",
    "EvidenceMembersWrong",
    "EvidenceNotCanonical",
    "EvidenceNotInLedger",
    "EvidenceSignatureWrong",
    "EvidenceUnreadable",
    "FieldProblem",
    "Forbidden",
    "GatewayError",
    "IdempotencyConflict",
    "InvalidQuestion",
    "KeepingError",
    "LedgerDamaged",
    "LedgerInUse",
    "LedgerUnavailable",
    "MalformedAnswer",
    "MeasureUnavailable",
    "MismatchedAnswer",
    "NoSuchBatch",
    "NoSuchCorrection",
    "NoSuchLookup",
    "NoSuchPlan",
    "NoSuchRecord",
    "NoSuchTicket",
    "NotConnected",
    "NotCovered",
    "NotShown",
    "OfficerUnmapped",
    "Overloaded",
    "PlaceError",
    "PurposeUnknown",
    "QuestionRefused",
    "Reason",
    "RecordingRefused",
    "Refusal",
    "RegistryError",
    "RegistryRefused",
    "RegistryRejected",
    "RegistryThrottled",
    "RegistryTimeout",
    "RegistryUnavailable",
    "RegistryUnreachable",
    "RetentionError",
    "SettingsError",
    "SetupError",
    "StampRefused",
    "StoreUnavailable",
    "TicketsUnavailable",
    "TooMany",
    "Unauthenticated",
    "WitnessConflict",
    "WitnessRefused",
    "WitnessUnreachable",
]


class Reason(StrEnum):
    """Why an outcome is `unknown`. One word in error, metric label, log, problem document and case file."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CIRCUIT_OPEN = "circuit_open"
    THROTTLED = "throttled"
    OVERLOADED = "overloaded"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    REFUSED = "refused"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    MISMATCHED = "mismatched"
    AMBIGUOUS = "ambiguous"
    NOT_COVERED = "not_covered"
    NOT_CONNECTED = "not_connected"


class Refusal(StrEnum):
    """Why a question never left the gateway."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    OFFICER_UNMAPPED = "officer_unmapped"
    CASE_CLOSED = "case_closed"
    CASE_UNAVAILABLE = "case_unavailable"
    PURPOSE_UNKNOWN = "purpose_unknown"
    CONFLICT = "conflict"
    TOO_MANY = "too_many"
    CHECK_UNAVAILABLE = "check_unavailable"
    CALLER_GONE = "caller_gone"


class Actor(StrEnum):
    """Who must do something before the question can be answered."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    CONSUMER = "consumer"
    OPERATOR = "operator"
    REGISTRY = "registry"


class GatewayError(Exception):
    """The root of everything this program raises on purpose."""


# --- the question never left -------------------------------------------------------------------


class FieldProblem:
    """One thing wrong with one field: where it stands, a code, and what to do. Never the value."""

    __slots__ = ("advice", "code", "location")

    def __init__(self, location: str, code: str, advice: str) -> None:
        self.location = location
        self.code = code
        self.advice = advice

    def __repr__(self) -> str:
        return f"FieldProblem({self.location!r}, {self.code!r})"


class QuestionRefused(GatewayError):
    """The gateway itself says no; no registry was asked. `retry_at` is there where time alone helps."""

    refusal: ClassVar[Refusal]
    http_status: ClassVar[int]
    actor: ClassVar[Actor] = Actor.CONSUMER
    title_vi: ClassVar[str]
    title_en: ClassVar[str]

    def __init__(
        self, message: str = "", *, problems: tuple[FieldProblem, ...] = (), retry_at: datetime | None = None
    ) -> None:
        super().__init__(message or self.title_en)
        self.problems = problems
        self.retry_at = retry_at


class InvalidQuestion(QuestionRefused):
    """The body, an identifier or a date is wrong. 422 where it parses but says something impossible."""

    refusal = Refusal.INVALID
    http_status = 400
    title_vi = "Yêu cầu không hợp lệ; xem danh sách trường cần sửa."
    title_en = "The request is not valid; see which fields to correct."

    def __init__(
        self, message: str = "", *, problems: tuple[FieldProblem, ...] = (), status: int | None = None
    ) -> None:
        super().__init__(message, problems=problems)
        self.status = status or self.http_status


class Unauthenticated(QuestionRefused):
    """No valid credentials came with the request."""

    refusal = Refusal.UNAUTHENTICATED
    http_status = 401
    title_vi = "Hệ thống gọi chưa được xác thực; kiểm tra khóa API, token, chứng thư hoặc chữ ký."
    title_en = "The calling system is not authenticated; check its API key, token, certificate or signature."


class Forbidden(QuestionRefused):
    """The policy does not allow this question."""

    refusal = Refusal.FORBIDDEN
    http_status = 403
    actor = Actor.OPERATOR
    title_vi = "Hệ thống gọi không được quyền hỏi dữ liệu này; đề nghị quản trị cấp quyền."
    title_en = "The calling system has no right to this; ask the operator to grant it."


class OfficerUnmapped(QuestionRefused):
    """The officer has no identity at the registry."""

    refusal = Refusal.OFFICER_UNMAPPED
    http_status = 403
    actor = Actor.OPERATOR
    title_vi = "Cán bộ chưa được khai báo với cơ sở dữ liệu; đề nghị quản trị bổ sung."
    title_en = "The officer is not mapped to an identity at the registry; ask the operator to add it."


class CaseClosed(QuestionRefused):
    """The dossier is closed, unknown, or somebody else's."""

    refusal = Refusal.CASE_CLOSED
    http_status = 403
    actor = Actor.OFFICER
    title_vi = "Hồ sơ đã đóng hoặc không thuộc cán bộ này."
    title_en = "The case is closed or not assigned to this officer."


class CaseUnavailable(QuestionRefused):
    """Nobody can say now whether the dossier is open and whose it is, so nothing is asked."""

    refusal = Refusal.CASE_UNAVAILABLE
    http_status = 503
    actor = Actor.OPERATOR
    title_vi = (
        "Không kiểm tra được hồ sơ với hệ thống một cửa nên chưa được hỏi; thử lại sau, nếu vẫn lỗi thì báo quản trị."
    )
    title_en = "The one-stop system cannot be asked about the case; try again later, then call the operator."


class PurposeUnknown(QuestionRefused):
    """The purpose stands in no table of purposes."""

    refusal = Refusal.PURPOSE_UNKNOWN
    http_status = 403
    actor = Actor.OPERATOR
    title_vi = "Mục đích khai thác không có trong danh mục."
    title_en = "The purpose is not one of the known purposes."


class IdempotencyConflict(QuestionRefused):
    """The same idempotency key came with another body."""

    refusal = Refusal.CONFLICT
    http_status = 409
    title_vi = "Khóa chống lặp đã dùng cho một yêu cầu khác."
    title_en = "The idempotency key was used with another body."


class TooMany(QuestionRefused):
    """The officer's or the consumer's own limit is used up until `retry_at`."""

    refusal = Refusal.TOO_MANY
    http_status = 429
    title_vi = "Đã vượt giới hạn số lần hỏi; thử lại sau."
    title_en = "The limit of questions is used up; try again later."


class CheckUnavailable(QuestionRefused):
    """
    Something that is needed to decide whether the question may leave cannot be reached: the shared state, the
    issuer's keys. Without it nothing is let through.
    """

    refusal = Refusal.CHECK_UNAVAILABLE
    http_status = 503
    actor = Actor.OPERATOR
    title_vi = "Chưa kiểm tra được yêu cầu vì cổng không truy cập được dữ liệu cần thiết; thử lại sau, báo quản trị."
    title_en = "What is needed to check the request cannot be reached; try again later or call the operator."


class CallerGone(QuestionRefused):
    """The caller hung up before the answer. Written to the ledger, never sent: nobody is there."""

    refusal = Refusal.CALLER_GONE
    http_status = 499
    title_vi = "Bên gọi đã ngắt kết nối."
    title_en = "The caller closed the connection."


# --- no answer ---------------------------------------------------------------------------------


class RegistryError(GatewayError):
    """A registry gave no usable answer. `reason`, `retryable` and `http_status` are read when handled."""

    reason: ClassVar[Reason]
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 502
    actor: ClassVar[Actor] = Actor.OPERATOR
    title_vi: ClassVar[str]
    title_en: ClassVar[str]
    layer: str | None = None
    """Who said so, where whoever raises it knows: `network`, `platform` or `registry`."""

    def __init__(self, message: str = "", *, retry_at: datetime | None = None) -> None:
        super().__init__(message or self.title_en)
        self.retry_at = retry_at


class RegistryUnavailable(RegistryError):
    """Nothing is known, and another attempt may help."""

    retryable = True
    http_status = 503
    actor = Actor.REGISTRY


class RegistryTimeout(RegistryUnavailable):
    """The deadline passed before the answer was whole."""

    reason = Reason.TIMEOUT
    http_status = 504
    title_vi = "Cơ sở dữ liệu không trả lời kịp thời hạn; thử lại sau."
    title_en = "The registry did not answer in time; try again later."


class RegistryUnreachable(RegistryUnavailable):
    """Connection, TLS or DNS failed, or the registry answered that it is out of order."""

    reason = Reason.UNREACHABLE
    title_vi = "Không kết nối được tới cơ sở dữ liệu; thử lại sau."
    title_en = "The registry cannot be reached; try again later."


class CircuitOpen(RegistryUnavailable):
    """The registry failed so often that it is left in peace until `retry_at`."""

    reason = Reason.CIRCUIT_OPEN
    retryable = False
    title_vi = "Cơ sở dữ liệu đang gián đoạn; cổng tạm ngừng hỏi và sẽ tự thử lại."
    title_en = "The registry is failing; the gateway has paused asking it."


class RegistryThrottled(RegistryUnavailable):
    """The registry asks us to slow down. Another attempt may help, but not before `retry_at`."""

    reason = Reason.THROTTLED
    title_vi = "Cơ sở dữ liệu đang giới hạn số lượt hỏi; thử lại sau."
    title_en = "The registry limits the rate of questions; try again later."


class Overloaded(RegistryUnavailable):
    """The gateway has no room for another question to this registry."""

    reason = Reason.OVERLOADED
    retryable = False
    actor = Actor.OPERATOR
    title_vi = "Cổng đang quá tải; thử lại sau ít giây."
    title_en = "The gateway is overloaded; try again in a few seconds."


class LedgerUnavailable(RegistryUnavailable):
    """The ledger cannot take the record, so no answer may leave."""

    reason = Reason.LEDGER_UNAVAILABLE
    retryable = False
    actor = Actor.OPERATOR
    title_vi = "Không ghi được sổ nhật ký nên không được phép trả lời; báo quản trị."
    title_en = "The ledger cannot be written, so no answer may leave; call the operator."


class RegistryRefused(RegistryError):
    """The registry does not accept our credentials or our right to ask."""

    reason = Reason.REFUSED
    title_vi = "Cơ sở dữ liệu từ chối quyền truy cập của cổng; báo quản trị."
    title_en = "The registry refused the gateway's credentials or right; call the operator."


class RegistryRejected(RegistryError):
    """The registry calls the query wrong. Asking the same again cannot help."""

    reason = Reason.REJECTED
    actor = Actor.OFFICER
    title_vi = "Cơ sở dữ liệu cho rằng nội dung hỏi không đúng; kiểm tra lại thông tin đã nhập."
    title_en = "The registry calls the query wrong; check what was entered."


class MalformedAnswer(RegistryError):
    """The answer breaks the registry's contract."""

    reason = Reason.MALFORMED
    title_vi = "Câu trả lời của cơ sở dữ liệu không đúng định dạng; báo quản trị."
    title_en = "The registry's answer breaks its contract; call the operator."


class MismatchedAnswer(RegistryError):
    """The answer is about somebody else. It is shown to nobody."""

    reason = Reason.MISMATCHED
    title_vi = "Câu trả lời không thuộc về đối tượng được hỏi nên đã bị loại bỏ; báo quản trị."
    title_en = "The registry answered about somebody else; the answer was discarded. Call the operator."


class AmbiguousAnswer(RegistryError):
    """Several records answer to one key."""

    reason = Reason.AMBIGUOUS
    actor = Actor.OFFICER
    title_vi = "Cơ sở dữ liệu có nhiều bản ghi cho cùng thông tin này; cán bộ cần kiểm tra."
    title_en = "The registry holds several records for this key; an officer must look."


class NotCovered(RegistryError):
    """The registry has no data for that area or kind yet."""

    reason = Reason.NOT_COVERED
    actor = Actor.REGISTRY
    title_vi = "Cơ sở dữ liệu chưa có dữ liệu cho phạm vi này."
    title_en = "The registry has no data for this scope yet."


class NotConnected(RegistryError):
    """No usable endpoint is configured."""

    reason = Reason.NOT_CONNECTED
    title_vi = "Cổng chưa được nối tới dịch vụ này của cơ sở dữ liệu; báo quản trị."
    title_en = "The gateway is not connected to this service of the registry; call the operator."


# --- what keeps the ledger safe ------------------------------------------------------------------


class KeepingError(GatewayError):
    """The ledger goes on, but something that keeps it safe did not work. Nobody's question fails of it."""


class WitnessUnreachable(KeepingError):
    """A witness gave no answer. It is asked again with the next checkpoint."""


class WitnessRefused(KeepingError):
    """A witness does not take what it was shown; `status` is that of its answer, as in C2SP tlog-witness."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class WitnessConflict(KeepingError):
    """
    What a witness has cosigned is not what it was told it had; `size` is the size of that. Where it is larger than
    the log, or the proof from it fails, the log has been cut or rewritten.
    """

    def __init__(self, size: int, why: str) -> None:
        super().__init__(why)
        self.size = size


class PlaceError(KeepingError):
    """The second place cannot be read or written, or holds under a segment's name what is not that segment."""


class StampRefused(KeepingError):
    """No time stamp, or one that proves nothing."""


class RetentionError(KeepingError):
    """Records cannot be held, released or destroyed like this; the message says what to do."""


# --- evidence ----------------------------------------------------------------------------------


class EvidenceError(GatewayError):
    """
    What was presented as evidence proves nothing. The message says what is wrong with its form; nothing of
    what stands in it.
    """

    word: ClassVar[str]
    title_vi: ClassVar[str]
    title_en: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        titles = f"{self.title_vi} / {self.title_en}"
        super().__init__(f"{titles} ({detail})" if detail else titles)


class EvidenceUnreadable(EvidenceError):
    """No compact JWS: not three parts of base64url, or no JSON in them."""

    word = "not_evidence"
    title_vi = "Không phải chứng cứ của cổng: sai dạng JWS."
    title_en = "This is no evidence of the gateway: not a JWS."


class EvidenceHeaderOdd(EvidenceError):
    """The header has a member that evidence never has (`crit`, `jwk`, `x5u`), lacks one, or names another type."""

    word = "odd_header"
    title_vi = "Phần đầu của chứng cứ có thành phần lạ hoặc thiếu."
    title_en = "The header of the evidence has a member it must not have, or lacks one."


class EvidenceKeyUnknown(EvidenceError):
    """The key set does not have the key that the evidence names."""

    word = "unknown_key"
    title_vi = "Không có khóa công khai mà chứng cứ nêu; lấy bộ khóa đầy đủ của cổng."
    title_en = "The key that the evidence names is not in the key set; get the gateway's whole key set."


class EvidenceAlgorithmWrong(EvidenceError):
    """The algorithm in the header is not the one that the named key is used with."""

    word = "wrong_algorithm"
    title_vi = "Thuật toán ký không phải của khóa được nêu."
    title_en = "The algorithm is not that of the named key."


class EvidenceSignatureWrong(EvidenceError):
    """The named key did not sign this."""

    word = "wrong_signature"
    title_vi = "Chữ ký sai: nội dung đã bị sửa, hoặc không do khóa này ký."
    title_en = "The signature is wrong: the content was changed, or another key signed it."


class EvidenceNotCanonical(EvidenceError):
    """The content is not in the one form that the gateway writes, so two readers could understand two things."""

    word = "not_canonical"
    title_vi = "Nội dung không ở dạng chuẩn duy nhất của cổng."
    title_en = "The content is not in the one form that the gateway writes."


class EvidenceMembersWrong(EvidenceError):
    """The content lacks a member, has one too many, or one of a wrong type."""

    word = "wrong_members"
    title_vi = "Nội dung thiếu, thừa hoặc sai thành phần."
    title_en = "The content lacks a member, has one too many, or a wrong one."


class EvidenceNotInLedger(EvidenceError):
    """The record, or the proof of its place in the ledger, does not belong to this evidence."""

    word = "not_in_ledger"
    title_vi = "Bản ghi sổ hoặc bằng chứng kèm theo không khớp với chứng cứ."
    title_en = "The ledger record or the proof does not belong to this evidence."


# --- the gateway's own records -----------------------------------------------------------------

_STORE_AGAIN_S = 5
"""A database that was started again is found again within this."""


class NotShown(GatewayError):
    """What the gateway was asked about its own records cannot be shown now. Lookups go on."""

    word: ClassVar[str]
    http_status: ClassVar[int]
    actor: ClassVar[Actor]
    retry_after_s: ClassVar[int | None] = None
    """When to ask again, where that may help."""
    title_vi: ClassVar[str]
    title_en: ClassVar[str]

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.title_en)


class StoreUnavailable(NotShown):
    """The database behind the ledger's index does not answer. The ledger is whole; its index catches up later."""

    word = "store_unavailable"
    http_status = 503
    actor = Actor.OPERATOR
    retry_after_s = _STORE_AGAIN_S
    title_vi = "Cơ sở dữ liệu của chỉ mục sổ nhật ký không trả lời; thử lại sau."
    title_en = "The database behind the ledger's index does not answer; try again later."


class NoSuchLookup(NotShown):
    """The ledger's index has no lookup of this id, or it is another consumer's."""

    word = "no_such_lookup"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Không có lượt hỏi nào mang mã này, hoặc lượt hỏi thuộc hệ thống khác."
    title_en = "There is no lookup of this id, or it belongs to another system."


class MeasureUnavailable(NotShown):
    """The database of plans and receipts does not answer, or settings name none. Plans go on without it."""

    word = "measure_unavailable"
    http_status = 503
    actor = Actor.OPERATOR
    retry_after_s = _STORE_AGAIN_S
    title_vi = "Cơ sở dữ liệu của phép đo không trả lời hoặc chưa được cấu hình; thử lại sau."
    title_en = "The database of the measure does not answer, or is not configured; try again later."


class NoSuchCorrection(NotShown):
    """No request for a correction has this id, or it is another consumer's."""

    word = "no_such_correction"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Không có đề nghị sửa dữ liệu nào mang mã này, hoặc đề nghị thuộc hệ thống khác."
    title_en = "There is no request for a correction of this id, or it belongs to another system."


class NoSuchPlan(NotShown):
    """No plan of this id is remembered, or it is another consumer's."""

    word = "no_such_plan"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Không có kế hoạch giấy tờ nào mang mã này, hoặc kế hoạch thuộc hệ thống khác."
    title_en = "There is no paper plan of this id, or it belongs to another system."


class NoSuchRecord(NotShown):
    """No log of that name, no record of that index in it, or none that a checkpoint covers yet."""

    word = "no_such_record"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Sổ không có bản ghi này, hoặc chưa có điểm chốt nào bao gồm nó; thử lại sau mười giây."
    title_en = "The ledger has no such record, or no checkpoint covers it yet; try again in ten seconds."


class NoSuchTicket(NotShown):
    """There is no ticket of this id, it is another consumer's, or it ended too long ago."""

    word = "no_such_ticket"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Không có phiếu chờ nào mang mã này, hoặc phiếu thuộc hệ thống khác, hoặc đã kết thúc từ lâu."
    title_en = "There is no ticket of this id, it belongs to another system, or it ended long ago."


class TicketsUnavailable(NotShown):
    """Where tickets are kept cannot be read or written now. What stands there is asked about once it can."""

    word = "tickets_unavailable"
    http_status = 503
    actor = Actor.OPERATOR
    retry_after_s = _STORE_AGAIN_S
    title_vi = "Nơi lưu phiếu chờ chưa đọc hoặc ghi được; thử lại sau."
    title_en = "Where tickets are kept cannot be read or written now; try again later."


class NoSuchBatch(NotShown):
    """There is no batch of this id, it is another consumer's, or it has had its time."""

    word = "no_such_batch"
    http_status = 404
    actor = Actor.CONSUMER
    title_vi = "Không có lô nào mang mã này, lô thuộc hệ thống khác, hoặc đã bị xóa theo thời hạn."
    title_en = "There is no batch of this id, it belongs to another system, or its time is over and it was deleted."


class BatchNotEnded(NotShown):
    """Results are given once their batch has ended."""

    word = "batch_not_ended"
    http_status = 409
    actor = Actor.CONSUMER
    title_vi = "Lô chưa xong; xem tiến độ ở GET /v1/batches/{id}, hoặc hủy lô để lấy phần đã có."
    title_en = "The batch has not ended; GET /v1/batches/{id} tells how far it is; cancel it to have what there is."


class BatchesUnavailable(NotShown):
    """Where batches are kept cannot be read or written. Lookups go on; what was accepted goes on later."""

    word = "batches_unavailable"
    http_status = 503
    actor = Actor.OPERATOR
    retry_after_s = _STORE_AGAIN_S
    title_vi = "Nơi lưu các lô không đọc hoặc ghi được; thử lại sau."
    title_en = "Where batches are kept cannot be read or written; try again later."


# --- the gateway itself ------------------------------------------------------------------------


class SetupError(GatewayError):
    """The gateway cannot start, or a command cannot run, with what it was given."""


class SettingsError(SetupError):
    """A setting is missing, unknown or wrong; the message names it and says what to write."""


class ContractError(SetupError):
    """A packaged contract, adapter or schema cannot be used; the message names the file or entry point."""


class RecordingRefused(SetupError):
    """An exchange cannot become a case file. Names places, never a value: what was recorded is about somebody."""


class ApprovalError(SetupError):
    """What two persons must approve is not approved by two. The message says whose approval does not count, and why."""


class LedgerInUse(SetupError):
    """Another process holds the lease of this log, or the log was ended; two never write one."""


class LedgerDamaged(SetupError):
    """A log is not what had been written. The message names file, offset and record; a person must look."""


def _leaves(root: type[GatewayError]) -> list[type[GatewayError]]:
    children = root.__subclasses__()
    return [root] if not children else [leaf for child in children for leaf in _leaves(child)]


REASONS: dict[Reason, type[RegistryError]] = {
    leaf.reason: leaf for leaf in _leaves(RegistryError) if issubclass(leaf, RegistryError)
}
"""The error class of each reason."""

REFUSALS: dict[Refusal, type[QuestionRefused]] = {
    leaf.refusal: leaf for leaf in _leaves(QuestionRefused) if issubclass(leaf, QuestionRefused)
}
"""The error class of each refusal."""
