"""Paper plans as an officer sees them: each paper with what becomes of it, and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

__all__ = ["SCENES", "Call", "Scene", "played"]

Call = Callable[..., tuple[int, dict[str, Any]]]
"""Method, address and body; status and answer."""

_HOME = {"province_code": "52", "commune_code": "99903", "detail": "Số 1 phố Mẫu"}
_MAU = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31", "sex": "1"}
_MISSPELT = _MAU | {"full_name": "Nguyễn Văn Mậu"}
_YEAR_ONLY = {"citizen_id": "003053000019", "full_name": "Ngô Văn Năm", "birth_date": "1953", "sex": "1"}
_MOTHER = {
    "citizen_id": "100198764769",
    "full_name": "Phan Thị Hồng",
    "birth_date": "1998-06-07",
    "marital_status": "2",
    "relatives.spouse.full_name": "Nguyễn Văn Mẫu",
    "relatives.spouse.citizen_id": "000099000001",
}
_BIRTH, _FIRM = "1.001193", "2.001583"
_WORDS = {
    "waived": ("green", "KHÔNG PHẢI NỘP / waived"),
    "required": ("red", "PHẢI NỘP / required"),
    "officer": ("yellow", "CÁN BỘ XEM / officer"),
    "pending": ("cyan", "CHỜ HỎI LẠI / pending"),
}
_PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Scene:
    """A dossier at the counter, which registry fails meanwhile, and what must become of its papers."""

    title: str
    procedure: str
    subjects: Sequence[Mapping[str, Any]]
    expect: Mapping[str, str]
    fetch: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """What an officer must be able to read somewhere in it."""
    down: str | None = None
    then: Mapping[str, str] | None = None
    """What its tickets come to by themselves once the registry works again."""


def _subject(role: str, *claims: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": role, "claims": {name: value for some in claims for name, value in some.items()}}


SCENES = (
    Scene(
        "Đăng ký khai sinh: cha đứng khai / a birth is registered, the father declares it",
        _BIRTH,
        [_subject("applicant", _MAU, {"permanent_residence": _HOME}), _subject("mother", _MOTHER)],
        {
            "identity": "waived: matching",
            "residence": "waived: matching",
            "parents_marriage": "required: incomplete",
            "medical_birth": "required: no_registry",
        },
        fetch=("residence",),
    ),
    Scene(
        "Thành lập công ty TNHH một thành viên / a firm is founded",
        _FIRM,
        [_subject("founder", _MAU)],
        {"founder_identity": "waived: matching"},
    ),
    Scene(
        "Tên khai sai dấu: cán bộ thấy cả hai cách viết / a misspelt name: the officer sees both spellings",
        _FIRM,
        [_subject("founder", _MISSPELT)],
        {"founder_identity": "officer: diacritics_differ"},
        says=("Nguyễn Văn Mậu", "NGUYỄN VĂN MẪU"),
    ),
    Scene(
        "Chỉ biết năm sinh: không tự coi là trùng / a birth known to the year alone is no match by itself",
        _FIRM,
        [_subject("founder", _YEAR_ONLY)],
        {"founder_identity": "officer: coarser_date"},
        says=("1953",),
    ),
    Scene(
        "Cơ sở dữ liệu dân cư hỏng: nhận hồ sơ, cổng tự hỏi lại / the registry is down: it is asked again by itself",
        _BIRTH,
        [_subject("applicant", _MAU, {"permanent_residence": _HOME})],
        {
            "identity": "pending: unreachable",
            "residence": "pending: unreachable",
            "parents_marriage": "officer: not_asked",
            "medical_birth": "required: no_registry",
        },
        down="dancu",
        then={"identity": "waived: matching", "residence": "waived: matching"},
    ),
)


def played(scene: Scene, gateway: str, mocks: str, inquiry: Mapping[str, Any], call: Call, console: Console) -> bool:
    """Whether everything became what it must. Prints what an officer would read."""
    if scene.down:
        call("PUT", f"{mocks}/_mocks/faults/{scene.down}", {"fault": "reset"})
    body = {"inquiry": {**inquiry, "procedure": scene.procedure}, "subjects": scene.subjects, "fetch": scene.fetch}
    started = time.monotonic()
    status, plan = call("POST", f"{gateway}/v1/paper-plans", body | {"deadline_s": 2})
    elapsed_ms = (time.monotonic() - started) * 1000
    if scene.down:
        call("DELETE", f"{mocks}/_mocks/faults/{scene.down}")
    console.print(f"\n[bold]{scene.title}[/]")
    console.print(f"  POST /v1/paper-plans {scene.procedure} → {status} ({elapsed_ms:.0f} ms)", highlight=False)
    papers = plan.get("papers", [])
    for paper in papers:
        _print(paper, console)
    right = _became(papers, scene.expect, console) and _is_said(papers, scene.says, console)
    for lookup in plan.get("lookups", []):
        if lookup["record"] is not None:
            console.print(f"  dữ liệu cho biểu mẫu / for the form: {escape(str(lookup['record']))}", highlight=False)
            right &= lookup["outcome"] == "found"
    return right and (scene.then is None or _answered(papers, scene.then, gateway, call, console))


def _answered(
    papers: Sequence[Mapping[str, Any]], then: Mapping[str, str], gateway: str, call: Call, console: Console
) -> bool:
    """Whether the tickets of the pending papers came to an end by themselves, and to which."""
    console.print("  … cơ sở dữ liệu chạy lại; cổng tự hỏi / the registry works again, and the gateway asks by itself")
    waiting = {paper["id"]: paper["ticket_id"] for paper in papers if paper["decision"] == "pending"}
    ended: dict[str, dict[str, Any]] = {}
    until = time.monotonic() + _PATIENCE_S
    while len(ended) < len(waiting) and time.monotonic() < until:
        for name, ticket_id in waiting.items():
            if name not in ended:
                ticket = call("GET", f"{gateway}/v1/tickets/{ticket_id}")[1]
                ended |= {name: ticket} if ticket.get("state") == "answered" else {}
        time.sleep(0.2)
    told = [{**paper, **ended[paper["id"]], "id": paper["id"]} for paper in papers if paper["id"] in ended]
    for paper in told:
        _print(paper, console, note=f"  (phiếu / ticket, {paper['attempts']} lần hỏi / askings)")
    return _became(told, then, console)


def _print(paper: Mapping[str, Any], console: Console, note: str = "") -> None:
    colour, word = _WORDS[paper["decision"]]
    console.print(f"  [{colour}]{word}[/]  [bold]{escape(paper['title'])}[/]{note}", highlight=False)
    read = [paper["officer_vi"], *(one["reason_vi"] for one in _worth_reading(paper))]
    for line in read:
        console.print(Padding(escape(line), (0, 0, 0, 6)), highlight=False)


def _worth_reading(paper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an officer has to look at: what did not simply agree."""
    verdicts = [one for one in paper["verdicts"] if one["verdict"] not in {"match", "match_after_merger"}]
    return verdicts + [one for one in paper["standings"] if one["standing"] != "in_force"]


def _became(papers: Sequence[Mapping[str, Any]], expect: Mapping[str, str], console: Console) -> bool:
    got = {paper["id"]: f"{paper['decision']}: {paper['situation']}" for paper in papers}
    if got != expect:
        console.print(f"  [red]phải là / must be {expect}, là / is {got}[/]", highlight=False)
    return got == expect


def _is_said(papers: Sequence[Mapping[str, Any]], says: Sequence[str], console: Console) -> bool:
    read = " ".join(one["reason_vi"] for paper in papers for one in paper["verdicts"])
    missing = [text for text in says if text not in read]
    if missing:
        console.print(f"  [red]không đọc được / cannot be read: {', '.join(missing)}[/]", highlight=False)
    return not missing
