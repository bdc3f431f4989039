"""
The text of a procedure becomes a draft for the catalogue: its papers, the kind that each seems to be, and its clause.

A draft decides nothing. Everything that was read out of wording is listed in `assumed`; a paper that no kind is called
like gets a kind of its own without a way to replace it. Whoever keeps the catalogue reads it beside the text, corrects
it, and takes `draft` out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from gateway.errors import SettingsError
from gateway.procedures.catalogue import Catalogue, Level
from gateway.procedures.words import Clause

__all__ = ["Draft", "DraftCase", "DraftPaper", "drafted", "written"]

_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD))
_CODE = re.compile(r"(?<![0-9.])([1-9]\.[0-9]{6})(?![0-9])")
_DECISION = re.compile(r"(?<![0-9])([0-9]{1,5}/QĐ-[A-ZĐ0-9]+(?:-[A-ZĐ0-9]+)?)")
_TITLE = re.compile(r"^tên thủ tục(?: hành chính)?\s*:?\s*(.+)$", re.IGNORECASE)
_LEVEL = re.compile(r"^cấp (?:thực hiện|giải quyết)\s*:?\s*(.+)$", re.IGNORECASE)
_LEVELS: Sequence[tuple[str, Level]] = (("bộ", "ministry"), ("trung ương", "ministry"), ("tỉnh", "province"),
                                       ("xã", "commune"), ("phường", "commune"))  # fmt: skip
_PAPERS = re.compile(r"^(?:\W|[0-9.])*thành phần (?:,\s*số lượng\s*)?hồ sơ\b\s*:?\s*(.*)$", re.IGNORECASE)
_NEXT = re.compile(
    r"^(?:[0-9IVX]+[.)]\s*)?(?:số lượng hồ sơ|số bộ hồ sơ|thời hạn|trình tự|cách thức|đối tượng|cơ quan|kết quả|phí|"
    r"lệ phí|tên mẫu đơn|mẫu đơn|yêu cầu|căn cứ pháp lý|cấp thực hiện|lĩnh vực|từ khóa|mô tả)\b",
    re.IGNORECASE,
)
_CASE = re.compile(r"^(?:[-+*•]\s*|[0-9a-z][.)]\s*)?(trường hợp\b.*?)\s*:?\s*$", re.IGNORECASE)
_MARK = re.compile(r"^(?:[-–+*•]+|\(?[0-9a-zđ]{1,2}[.)])\s*")
_NOTE = re.compile(r"^(?:[-+*•]\s*)?(?:\(?\*\)?\s*)?(?:lưu ý|ghi chú)\b", re.IGNORECASE)
_ONLY_IF = re.compile(
    r"chỉ (?:phải )?(?:nộp|xuất trình|yêu cầu)\b.*không (?:thể )?(?:khai thác|tra cứu|có)", re.IGNORECASE
)
_NOT_ASKED = re.compile(r"(?:không (?:phải |được )?(?:yêu cầu|nộp)|được miễn)\b", re.IGNORECASE)
_OBTAINED = re.compile(r"khai thác|tra cứu|cơ sở dữ liệu|CSDL", re.IGNORECASE)
_DECLARED = re.compile(r"(?:kê khai|khai) (?:số|mã số) định danh.*(?:không bao gồm|không phải nộp|thay)", re.IGNORECASE)
_ONCE_RUN = re.compile(
    r"(?:khi|sau khi|đến khi)\b.*(?:vận hành|kết nối|tích hợp)|chưa được (?:tích hợp|kết nối)", re.IGNORECASE
)
_LONGEST_TITLE = 300
_MOST_PAPERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPaper:
    """One paper as the text lists it. `kind` is None where no kind of the catalogue is called like it."""

    id: str
    text: str
    kind: str | None
    role: str
    clause: Clause


@dataclass(slots=True, kw_only=True)
class DraftCase:
    """A case of the text with its papers."""

    id: str
    title: str | None
    papers: list[DraftPaper] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was read of a text."""

    code: str
    title: str
    levels: tuple[Level, ...]
    decision: str | None
    cases: tuple[DraftCase, ...]


def drafted(text: str, catalogue: Catalogue, code: str | None = None) -> Draft:
    """
    A draft of a text. `code` is the procedure's where the text names none, or several.

    Raises SettingsError where there is no code, or nothing that looks like a list of papers.
    """
    lines = [line for raw in _plain(text).splitlines() if (line := re.sub(r"\s+", " ", raw).strip())]
    codes = list(dict.fromkeys(_CODE.findall("\n".join(lines))))
    if code is None and len(codes) != 1:
        named = f"có / there are {', '.join(codes)}" if codes else "không có mã nào / there is none"
        raise SettingsError(f"mã thủ tục: nêu bằng --code; {named} / say which code is meant, with --code")
    cases = _cases(lines, catalogue)
    if not any(one.papers for one in cases):
        raise SettingsError("không thấy mục “Thành phần hồ sơ” / no section “Thành phần hồ sơ” with papers in the text")
    titled = [found[1] for line in lines if (found := _TITLE.match(line))]
    levels = [found[1].casefold() for line in lines if (found := _LEVEL.match(line))]
    decisions = _DECISION.findall("\n".join(lines))
    return Draft(
        code=code or codes[0],
        title=(titled[0] if titled else lines[0])[:_LONGEST_TITLE],
        levels=tuple(dict.fromkeys(level for word, level in _LEVELS if any(word in one for one in levels))),
        decision=decisions[0] if decisions else None,
        cases=tuple(one for one in cases if one.papers),
    )


def _plain(text: str) -> str:
    """In one form of Unicode, without marks that nobody sees: both occur in the portal's texts."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE).replace("\u00a0", " "))


def _cases(lines: Iterable[str], catalogue: Catalogue) -> list[DraftCase]:
    cases = [DraftCase(id="general", title=None)]
    roles = _roles(catalogue)
    inside = False
    count = 0
    for line in lines:
        if (begins := _PAPERS.match(line)) is not None:
            inside = True
            if not begins[1]:
                continue
            line = begins[1]  # noqa: PLW2901  # the first paper may stand on the heading's line
        elif not inside:
            continue
        elif _NEXT.match(line):
            inside = False
            continue
        if _NOTE.match(line):
            _noted(cases[-1], line, catalogue)
        elif (named := _CASE.match(line)) and not _OBTAINED.search(line):
            cases.append(DraftCase(id=f"case_{len(cases)}", title=named[1][:_LONGEST_TITLE]))
        elif (bare := _MARK.sub("", line)) and count < _MOST_PAPERS:
            count += 1
            cases[-1].papers.append(_paper(bare, len(cases[-1].papers) + 1, catalogue, roles))
    return cases


def _paper(text: str, nth: int, catalogue: Catalogue, roles: dict[str, str]) -> DraftPaper:
    kind = next(iter(_kinds(text, catalogue)), None)
    role = roles.get(kind or "", "applicant")
    return DraftPaper(id=f"{kind or 'paper'}_{nth}", text=text, kind=kind, role=role, clause=clause_of(text))


def _noted(case: DraftCase, line: str, catalogue: Catalogue) -> None:
    """A note with a clause speaks of the papers above that it names; of all of them where it names none."""
    clause, named = clause_of(line), set(_kinds(line, catalogue))
    case.notes.append(line)
    if clause is Clause.N:
        return
    for nth, one in enumerate(case.papers):
        if one.clause is Clause.N and one.kind is not None and (not named or one.kind in named):
            case.papers[nth] = DraftPaper(id=one.id, text=one.text, kind=one.kind, role=one.role, clause=clause)


def clause_of(text: str) -> Clause:
    """The type of clause that a wording seems to have; N where it says nothing of data."""
    if _DECLARED.search(text):
        return Clause.C
    if _ONLY_IF.search(text):
        return Clause.B
    if _NOT_ASKED.search(text) and _OBTAINED.search(text):
        return Clause.A
    if _ONCE_RUN.search(text) and _OBTAINED.search(text):
        return Clause.D
    return Clause.N


def _kinds(text: str, catalogue: Catalogue) -> Iterator[str]:
    """The kinds that are called so, the one whose name stands first in the text at the head."""
    folded = text.casefold()
    found = [
        (folded.find(word.casefold()), -len(word), name)
        for name, kind in catalogue.kinds.items()
        for word in kind.words
        if word.casefold() in folded
    ]
    yield from dict.fromkeys(name for _, _, name in sorted(found))


def _roles(catalogue: Catalogue) -> dict[str, str]:
    """Whom papers of a kind are mostly about in the catalogue."""
    count: dict[str, Counter[str]] = {}
    for one in catalogue.procedures.values():
        for paper in (paper for case in one.cases for paper in case.papers):
            count.setdefault(paper.kind, Counter())[paper.role] += 1
    return {kind: roles.most_common(1)[0][0] for kind, roles in count.items()}


def written(draft: Draft, *, read_on: date, source: str) -> str:
    """The draft as a file of the catalogue. `source` says where the text came from."""
    slug = f"text_{draft.code.replace('.', '_')}"
    missing = ["title_en", *([] if draft.levels else ["levels"]), *([] if draft.decision else ["decision"])]
    head = [
        "# Bản nháp, chưa dùng được: đọc lại từng dòng bên văn bản thủ tục, sửa `assumed`, rồi bỏ `draft`.",
        "# A draft, which decides nothing: read it beside the text, correct what is `assumed`, take `draft` out.",
        "",
        "[sources]",
        f"{slug} = {_text(f'{source}, đọc ngày {read_on.isoformat()}')}",
    ]
    return "\n".join([*head, *_own_kinds(draft, slug), *_procedure(draft, slug, missing)]) + "\n"


def _own_kinds(draft: Draft, slug: str) -> Iterator[str]:
    for case in draft.cases:
        for paper in case.papers:
            if paper.kind is None:
                yield from (
                    "",
                    f"[kinds.{_own(draft, case, paper)}]",
                    f"title = {_text(paper.text)}",
                    f"title_en = {_text(paper.text)}",
                    f"basis = {_text(draft.decision or 'chưa rõ / not known')}",
                    f"source = {_text(slug)}",
                    'citizen = "Giấy tờ này vẫn phải nộp."',
                    'citizen_en = "This paper has to be handed in."',
                    'assumed = ["title_en", "basis"]',
                )


def _procedure(draft: Draft, slug: str, missing: Sequence[str]) -> Iterator[str]:
    yield from (
        "",
        f'[procedures."{draft.code}"]',
        "draft = true",
        f"title = {_text(draft.title)}",
        f"title_en = {_text(draft.title)}",
        f"levels = {json.dumps(list(draft.levels or ('commune', 'province')))}",
        f"decision = {_text(draft.decision or 'chưa rõ / not known')}",
        f"source = {_text(slug)}",
        f"assumed = {json.dumps(list(missing))}",
    )
    for case in draft.cases:
        yield from ("", f'[[procedures."{draft.code}".cases]]', f"id = {_text(case.id)}")
        if case.title is not None:
            yield from (f"title = {_text(case.title)}", f"title_en = {_text(case.title)}")
        yield from (f"# {_printable(note)}" for note in case.notes)
        yield "papers = ["
        for paper in case.papers:
            kind = paper.kind or _own(draft, case, paper)
            guessed = ["role", "clause", *(["kind"] if paper.kind else [])]
            yield f"  # {_printable(paper.text)}"
            yield (
                f"  {{id = {_text(paper.id)}, kind = {_text(kind)}, role = {_text(paper.role)}, "
                f'clause = "{paper.clause.value}", assumed = {json.dumps(guessed)}}},'
            )
        yield "]"


def _own(draft: Draft, case: DraftCase, paper: DraftPaper) -> str:
    return f"own_{draft.code.replace('.', '_')}_{case.id}_{paper.id}"


def _text(value: str) -> str:
    """A TOML text on one line; what is longer than a text of the catalogue may be is cut."""
    plain = _printable(value)
    return json.dumps(plain if len(plain) <= 600 else f"{plain[:599]}…", ensure_ascii=False)


def _printable(value: str) -> str:
    return "".join(mark for mark in value if mark.isprintable())
