"""The one sentence that an officer reads beside a verdict: Vietnamese first, then English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.compare.verdict import Why

__all__ = ["SENTENCES", "Sentence", "Spellings", "sentence"]

Pair = tuple[str, str]

SENTENCES: Mapping[Why, Pair] = {
    Why.EQUAL: ("trùng với cơ sở dữ liệu", "the same as in the registry"),
    Why.SPELLED_OTHERWISE: (
        "trùng với cơ sở dữ liệu, chỉ khác cách viết hoa, vị trí dấu thanh hoặc ký tự ẩn",
        "the same as in the registry, but for case, the place of a tone mark, or an invisible mark",
    ),
    Why.SAME_PLACE_NOW: (
        "cùng một nơi, một bên ghi theo đơn vị hành chính trước ngày 01/7/2025 và một bên theo đơn vị hiện nay",
        "the same place: one side has the unit before 2025-07-01, the other that of today",
    ),
    Why.MONTH_ONLY: (
        "trùng tháng và năm; một bên không ghi ngày",
        "month and year agree; one side does not say the day",
    ),
    Why.YEAR_ONLY: ("trùng năm; một bên chỉ ghi năm", "the year agrees; one side says nothing more"),
    Why.FIRST_OF_JANUARY: (
        "trùng năm; ngày 01/01 có thể chỉ là cách ghi khi không rõ ngày tháng",
        "the year agrees; a first of January may stand for a day that nobody knew",
    ),
    Why.ONLY_DIACRITICS: (
        "chỉ khác dấu, khoảng trắng hoặc dấu câu; có thể là lỗi nhập hoặc là hai tên khác nhau, cán bộ kiểm tra",
        "only diacritics, spaces or marks differ; a slip of typing or another name: an officer must look",
    ),
    Why.ANOTHER_ALPHABET: (
        "một bên có chữ không thuộc bảng chữ cái Latinh nên không so sánh được; nhập lại bằng bàn phím tiếng Việt",
        "one side has letters that are not Latin, so they cannot be compared; type it anew",
    ),
    Why.GARBLED: (
        "một bên có ký tự lạ (có thể là chữ TCVN3, VNI hoặc lỗi phông) nên không so sánh được; gõ lại bằng Unicode",
        "one side has odd characters (TCVN3, VNI or a wrong encoding), so they cannot be compared; type it in Unicode",
    ),
    Why.FREE_TEXT: (
        "ghi khác nhau nhưng là phần ghi tự do nên chưa nói lên điều gì; cán bộ đọc và quyết định",
        "written differently, but it is free text, which says nothing yet: an officer must read it",
    ),
    Why.OTHER_FORM: (
        "hai số khác dạng (số cũ và số mới, hoặc hai loại giấy tờ) nên chỉ nhìn số thì không biết có phải của cùng một "
        "người hay không",
        "two forms of number (an old and a new one, or two kinds of paper): the numbers alone do not tell whether they "
        "belong together",
    ),
    Why.ANOTHER_LIST: (
        "hai mã thuộc hai danh mục khác nhau nên không so sánh được",
        "the two codes belong to different lists, so they cannot be compared",
    ),
    Why.COMMUNE_SPLIT: (
        "đơn vị cũ đã được chia vào nhiều đơn vị mới nên không biết thuộc đơn vị nào",
        "the old unit went into several new ones, and nothing tells into which",
    ),
    Why.PLACE_UNKNOWN: (
        "có đơn vị hành chính không nhận ra được; ghi mã hoặc tên đầy đủ của xã và tỉnh",
        "a unit is none that is known; give the code or the whole name of commune and province",
    ),
    Why.PLACE_UNCLEAR: (
        "mã hoặc tên này chỉ nhiều nơi, trước và sau ngày 01/7/2025; ghi thêm xã, huyện cũ hoặc tỉnh",
        "the code or name means several places, before and after 2025-07-01; add commune, former district or province",
    ),
    Why.PLACE_COARSER: (
        "cơ sở dữ liệu chỉ ghi đến cấp trên, không trái với nội dung khai nhưng cũng không xác nhận",
        "the registry has only the unit above, which neither contradicts nor confirms what was declared",
    ),
    Why.DETAIL_NOT_RECORDED: (
        "đúng nơi, nhưng cơ sở dữ liệu không ghi số nhà, đường, thôn",
        "the place is right, but the registry does not have house and street",
    ),
    Why.EMPTY: (
        "cơ sở dữ liệu không có thông tin này; không phải là sai khác",
        "the registry has nothing here; that is no difference",
    ),
    Why.I_OR_Y: (
        "khác nhau ở chữ i và y; đó là hai tên khác nhau trên giấy tờ",
        "they differ in i and y, which are two names on paper",
    ),
    Why.OTHER_ORDER: ("cùng các chữ nhưng khác thứ tự", "the same words in another order"),
    Why.DIFFERENT: ("khác với cơ sở dữ liệu", "different from the registry"),
    Why.UNIT_OF_FIRM: (
        "một bên là mã của doanh nghiệp, một bên là mã của đơn vị phụ thuộc của chính doanh nghiệp đó",
        "one is the code of a firm, the other that of a dependent unit of this very firm",
    ),
    Why.OTHER_PLACE: ("là nơi khác với nơi ghi trong cơ sở dữ liệu", "another place than the registry has"),
    Why.NONE_OF_THEM: (
        "không trùng với mục nào trong danh sách của cơ sở dữ liệu",
        "the same as none of those that the registry lists",
    ),
}
"""What a reason says, without a full stop; the name of the field stands before it."""

_WITHOUT_SPELLINGS = frozenset({Why.EQUAL, Why.EMPTY, Why.NONE_OF_THEM})


@dataclass(frozen=True, slots=True)
class Spellings:
    """What was declared and what is recorded, for somebody who may see both."""

    declared: str = field(repr=False)
    recorded: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same in Vietnamese and in English. It may hold values of a record, and is printed nowhere."""

    vietnamese: str = field(repr=False)
    english: str = field(repr=False)


def sentence(label: Pair, why: Why, spellings: Spellings | None = None) -> Sentence:
    """
    The sentence about one field, with both spellings where they are given and there is something to see in them.

    `label` names the field in both languages.
    """
    vietnamese, english = SENTENCES[why]
    if spellings is None or why in _WITHOUT_SPELLINGS:
        return Sentence(f"{label[0]}: {vietnamese}.", f"{label[1]}: {english}.")
    ours, theirs = spellings.declared, spellings.recorded
    return Sentence(
        f"{label[0]}: {vietnamese} (khai “{ours}”, cơ sở dữ liệu ghi “{theirs}”).",
        f"{label[1]}: {english} (declared “{ours}”, recorded “{theirs}”).",
    )
