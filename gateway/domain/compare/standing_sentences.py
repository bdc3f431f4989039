"""The one sentence that an officer reads beside a standing: Vietnamese first, then English."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.compare.sentences import Sentence
from gateway.domain.compare.standing import Ground

__all__ = ["GROUNDS", "standing_sentence"]

Pair = tuple[str, str]

GROUNDS: Mapping[Ground, Pair] = {
    Ground.STATE_HOLDS: ("đang có hiệu lực theo cơ sở dữ liệu", "in force, as the registry has it"),
    Ground.DAY_NOT_PASSED: ("chưa hết hạn", "not run out"),
    Ground.NO_LAST_DAY: ("không có ngày hết hạn", "does not run out"),
    Ground.UNRESTRICTED: ("cơ sở dữ liệu ghi là không có", "the registry says that there is none"),
    Ground.STATE_UNLISTED: (
        "cơ sở dữ liệu ghi một trạng thái chưa có trong danh mục của cổng; cán bộ đọc và quyết định",
        "the registry has a state that the catalogue does not list: an officer must read it",
    ),
    Ground.NOT_TOLD: (
        "cơ sở dữ liệu không cho biết, nên chưa rõ còn hiệu lực hay không",
        "the registry does not tell, so that nobody knows whether it is in force",
    ),
    Ground.STATE_ENDED: ("không (hoặc không còn) hiệu lực theo cơ sở dữ liệu", "not in force, as the registry has it"),
    Ground.DAY_PASSED: ("đã hết hạn", "run out"),
    Ground.RESTRICTED: (
        "cơ sở dữ liệu ghi là có hạn chế (thế chấp, ngăn chặn hoặc tương tự); cán bộ xem trước khi quyết định",
        "the registry has a restriction (a mortgage, a freeze or the like): an officer must look",
    ),
}
"""What a ground says, without a full stop; the name of the field stands before it."""


def standing_sentence(label: Pair, ground: Ground, recorded: str | None = None) -> Sentence:
    """
    The sentence about one field, with what is recorded where it is handed in. `label` names the field in both
    languages.
    """
    vietnamese, english = GROUNDS[ground]
    if not recorded:
        return Sentence(f"{label[0]}: {vietnamese}.", f"{label[1]}: {english}.")
    return Sentence(
        f"{label[0]}: {vietnamese} (cơ sở dữ liệu ghi “{recorded}”).",
        f"{label[1]}: {english} (recorded “{recorded}”).",
    )
