"""The closed lists of words about what became of papers, and what they are called in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gateway.procedures.words import Decision, Situation

__all__ = ["GROUPS", "NOT_REPLACEABLE", "WHYS", "Did", "Group", "Shows", "Why", "contradicts", "group_of"]


class Did(StrEnum):
    """What the officer did about one paper."""

    ACCEPTED = "accepted"
    """Data, or an earlier result, stood in its place."""
    ASKED = "asked"
    """The citizen had to hand it in."""


class Why(StrEnum):
    """Why an officer did otherwise than the plan said."""

    DATA_WRONG = "data_wrong"
    DATA_OLD = "data_old"
    LAW_ASKS = "law_asks"
    ORIGINAL_NEEDED = "original_needed"
    OFFERED = "offered"
    SYSTEM_DOWN = "system_down"
    SEEN = "seen"
    OTHER = "other"


class Shows(StrEnum):
    """What the paper showed where it and the registry differ."""

    REGISTRY_WRONG = "registry_wrong"
    CLAIM_WRONG = "claim_wrong"


class Group(StrEnum):
    """Why a paper was asked for, in the groups of the report."""

    ABSENT = "absent"
    INCOMPLETE = "incomplete"
    MISMATCH = "mismatch"
    NOT_IN_FORCE = "not_in_force"
    UNCLEAR = "unclear"
    SOURCE_DOWN = "source_down"
    NOT_AUTHORISED = "not_authorised"
    NOT_COVERED = "not_covered"
    NOT_ASKED = "not_asked"
    OVERRIDDEN = "overridden"


WHYS: Mapping[Why, tuple[str, str]] = {
    Why.DATA_WRONG: ("Dữ liệu sai so với bản gốc", "The data is wrong beside the original"),
    Why.DATA_OLD: ("Dữ liệu đã cũ", "The data is out of date"),
    Why.LAW_ASKS: ("Luật chuyên ngành vẫn yêu cầu", "A special law still asks for the paper"),
    Why.ORIGINAL_NEEDED: ("Cần bản chính để thu hồi, ghi chú", "The original is needed, to be withdrawn or noted on"),
    Why.OFFERED: ("Người dân tự nộp", "The citizen handed it in unasked"),
    Why.SYSTEM_DOWN: ("Hệ thống một cửa không dùng được kết quả", "The one-stop system could not use the answer"),
    Why.SEEN: ("Cán bộ đã kiểm tra theo cách khác", "The officer checked it in another way"),
    Why.OTHER: ("Lý do khác", "Another reason"),
}
"""In the order in which they are offered."""

GROUPS: Mapping[Group, tuple[str, str]] = {
    Group.ABSENT: ("Cơ sở dữ liệu không có", "The registry has no such record"),
    Group.INCOMPLETE: ("Dữ liệu không đầy đủ", "The data is incomplete"),
    Group.MISMATCH: ("Dữ liệu không trùng khớp", "The data does not match"),
    Group.NOT_IN_FORCE: ("Đăng ký, giấy phép không còn hiệu lực", "What is registered is not in force"),
    Group.UNCLEAR: (
        "Cán bộ phải xem: khác dấu, ngày chỉ có năm, hiệu lực",
        "An officer had to look: diacritics, a year alone, whether it is in force",
    ),
    Group.SOURCE_DOWN: ("Không hỏi được cơ sở dữ liệu", "The registry could not be asked"),
    Group.NOT_AUTHORISED: ("Cổng không được quyền", "The gateway has no right there"),
    Group.NOT_COVERED: ("Chưa có dữ liệu, chưa kết nối", "Not covered or not connected yet"),
    Group.NOT_ASKED: ("Chưa hỏi: thiếu nội dung khai hoặc quyền", "Not asked: a declared value or a right was missing"),
    Group.OVERRIDDEN: ("Dữ liệu đủ, cán bộ vẫn yêu cầu", "The data was there, and the officer asked all the same"),
}
"""In the order of the report."""

NOT_REPLACEABLE = frozenset({Situation.NO_CLAUSE, Situation.NO_REGISTRY, Situation.NOT_PUBLISHED, Situation.OUTSIDE})
"""Where the law lets data replace nothing: such a paper stands in no measure of papers replaced."""

_DOWN = (
    *(Situation.TIMEOUT, Situation.UNREACHABLE, Situation.CIRCUIT_OPEN, Situation.THROTTLED, Situation.OVERLOADED),
    *(Situation.LEDGER_UNAVAILABLE, Situation.REJECTED, Situation.MALFORMED, Situation.MISMATCHED),
    Situation.AMBIGUOUS,
)
_OF: Mapping[Situation, Group] = {
    Situation.ABSENT: Group.ABSENT,
    Situation.ABSENT_UNSURE: Group.ABSENT,
    Situation.INCOMPLETE: Group.INCOMPLETE,
    Situation.KEY_MISSING: Group.INCOMPLETE,
    Situation.MISMATCH: Group.MISMATCH,
    Situation.CONTRADICTED: Group.MISMATCH,
    Situation.NOT_IN_FORCE: Group.NOT_IN_FORCE,
    Situation.FORCE_UNCLEAR: Group.UNCLEAR,
    Situation.DIACRITICS: Group.UNCLEAR,
    Situation.COARSER_DATE: Group.UNCLEAR,
    Situation.NOT_COMPARABLE: Group.UNCLEAR,
    Situation.REFUSED: Group.NOT_AUTHORISED,
    Situation.NOT_COVERED: Group.NOT_COVERED,
    Situation.NOT_CONNECTED: Group.NOT_COVERED,
    Situation.NOT_ASKED: Group.NOT_ASKED,
    Situation.UNSAID: Group.NOT_ASKED,
    Situation.BOOKED: Group.NOT_ASKED,
    Situation.EXPIRED: Group.SOURCE_DOWN,
    Situation.MATCHING: Group.OVERRIDDEN,
    **dict.fromkeys(_DOWN, Group.SOURCE_DOWN),
}


def group_of(situation: Situation) -> Group:
    """The group of a replaceable paper that was asked for. Raises KeyError where no paper is replaceable."""
    return _OF[situation]


def contradicts(decision: Decision, did: Did) -> bool:
    """Whether an officer did otherwise than the plan said; where he was to look, either is what he was asked for."""
    if did is Did.ASKED:
        return decision is Decision.WAIVED
    return decision in {Decision.REQUIRED, Decision.PENDING}
