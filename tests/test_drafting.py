"""`gateway procedures add`: the text of a procedure becomes a draft, which a person corrects."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway import app, app_papers
from gateway.cli import cli
from gateway.errors import InvalidQuestion, SettingsError
from gateway.lookup.paper_plan import parse_plan
from gateway.procedures.drafting import Draft, clause_of, drafted, written
from gateway.procedures.reading import packaged, read_catalogue
from gateway.procedures.words import Clause

DAY = date(2026, 3, 1)
TEXT = """
Mã thủ tục: 1.009999
Số quyết định: 77/QĐ-UBND
Tên thủ tục: Hỗ trợ người mẫu của tỉnh
Cấp thực hiện: Cấp Xã
Trình tự thực hiện: Người dân nộp hồ sơ tại Bộ phận Một cửa.
Thành phần hồ sơ:
Trường hợp người mẫu tự làm:
- Tờ khai theo mẫu số 1
- Bản sao thẻ căn cước hoặc hộ\u200b chiếu (không yêu cầu nộp khi cơ quan khai thác được trên CSDL quốc gia về dân cư)
- Giấy xác nhận\u00a0tình trạng hôn nhân, chỉ nộp trong trường hợp cơ quan không khai thác được thông tin
Trường hợp tổ chức làm:
1. Giấy chứng nhận đăng ký doanh nghiệp
2. Giấy chứng nhận quyền sử dụng đất
3. Bản vẽ mẫu
Lưu ý: giấy chứng nhận quyền sử dụng đất được thay bằng dữ liệu khi cơ sở dữ liệu đất đai được vận hành
Số lượng hồ sơ: 01 bộ
Yêu cầu, điều kiện: có thẻ căn cước
"""


def draft(text: str = TEXT, code: str | None = None) -> Draft:
    return drafted(text, packaged(), code)


def test_the_papers_of_a_text_are_found_with_their_cases() -> None:
    """Code, decision, title, level, each case and each paper come of the text; what lies outside its list does not."""
    found = draft()

    assert (found.code, found.decision, found.title) == ("1.009999", "77/QĐ-UBND", "Hỗ trợ người mẫu của tỉnh")
    assert found.levels == ("commune",)
    assert [(case.title, [(paper.kind, paper.clause.value) for paper in case.papers]) for case in found.cases] == [
        ("Trường hợp người mẫu tự làm", [(None, "N"), ("identity", "A"), ("marital_status", "B")]),
        ("Trường hợp tổ chức làm", [("enterprise", "N"), ("land", "D"), (None, "N")]),
    ]
    assert {paper.kind: paper.role for case in found.cases for paper in case.papers}["enterprise"] == "firm"


CLAUSES = {
    "không yêu cầu nộp giấy khai sinh khi cơ quan khai thác được thông tin trên cơ sở dữ liệu": Clause.A,
    "không phải nộp nếu tra cứu được": Clause.A,
    "chỉ nộp trong trường hợp cơ quan không khai thác được hoặc không đầy đủ, không chính xác": Clause.B,
    "đã kê khai số định danh cá nhân thì hồ sơ không bao gồm bản sao giấy tờ pháp lý": Clause.C,
    "được thay thế bằng dữ liệu khi cơ sở dữ liệu quốc gia về đất đai được vận hành": Clause.D,
    "nộp trong trường hợp CSDL chưa được tích hợp, kết nối": Clause.D,
    "bản sao có chứng thực": Clause.N,
    "không yêu cầu nộp bản gốc": Clause.N,
    "được miễn phí": Clause.N,
}


@pytest.mark.parametrize(("text", "clause"), CLAUSES.items())
def test_a_clause_is_read_from_its_wording(text: str, clause: Clause) -> None:
    """The four wordings of the law's replacement clause are told apart; a text that says nothing of data has none."""
    assert clause_of(text) is clause


def test_a_draft_is_a_file_of_the_catalogue(tmp_path: Path) -> None:
    """It can be read as it is, says what was guessed, keeps the text beside each paper, and publishes nothing."""
    file = written(draft(), read_on=DAY, source="mau.txt")
    (tmp_path / "draft.toml").write_text(file, encoding="utf-8")
    catalogue = app_papers.procedures(tmp_path, app.installed_adapters())

    one = catalogue.drafts["1.009999"]
    assert catalogue.published == {}
    assert all("clause" in paper.assumed and "role" in paper.assumed for case in one.cases for paper in case.papers)
    assert "đọc ngày 2026-03-01" in catalogue.sources[one.source]
    assert "# Bản vẽ mẫu" in file
    own = [kind for name, kind in catalogue.kinds.items() if name.startswith("own_")]
    assert [(kind.title, kind.alternatives) for kind in own] == [("Tờ khai theo mẫu số 1", ()), ("Bản vẽ mẫu", ())]
    assert "\u200b" not in file


def test_a_draft_decides_nothing(tmp_path: Path) -> None:
    """A plan for it is refused, and the procedure that it would replace goes on until somebody takes `draft` out."""
    file = written(draft(code="1.001193"), read_on=DAY, source="mau.txt")
    for name, text in (("a", file), ("b", file.replace("draft = true\n", ""))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.toml").write_text(text, encoding="utf-8")
    draft_only, live = read_catalogue(tmp_path / "a"), read_catalogue(tmp_path / "b")
    plan = b'{"inquiry":{"case_id":"H08.12-260301-0001","procedure":"1.009999","agency":"H08.12","officer":' \
           b'{"id":"000080000009","account":"canbo.mau"},"purpose":"verify_identity"},"subjects":[]}'  # fmt: skip

    assert draft_only.procedures["1.001193"] == packaged().procedures["1.001193"]
    assert live.procedures["1.001193"].title == "Hỗ trợ người mẫu của tỉnh"
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "own.toml").write_text(written(draft(), read_on=DAY, source="x"), encoding="utf-8")
    with pytest.raises(InvalidQuestion) as refused:
        parse_plan(plan, read_catalogue(tmp_path / "c"), DAY)
    assert [one.code for one in refused.value.problems] == ["unknown_procedure"]


def test_a_fault_in_a_draft_is_found(tmp_path: Path) -> None:
    """What a person mistypes while correcting is named as in any other procedure."""
    file = written(draft(), read_on=DAY, source="x").replace('role = "firm"', 'role = "frim"')
    (tmp_path / "own.toml").write_text(file, encoding="utf-8")

    with pytest.raises(SettingsError, match="did you mean 'firm'"):
        read_catalogue(tmp_path)


def test_a_text_in_pieces_is_read_alike() -> None:
    """Letters with their marks apart, as some pages have them, come to the same draft."""
    assert written(draft(unicodedata.normalize("NFD", TEXT)), read_on=DAY, source="x") == written(
        draft(), read_on=DAY, source="x"
    )


@pytest.mark.parametrize(("text", "said"), [("", "--code"), ("Mã thủ tục: 1.000001", "Thành phần hồ sơ"),
                                            (f"{TEXT}\n2.000001", "1.009999, 2.000001")])  # fmt: skip
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    """Without one code, or without a list of papers, there is no draft, and what lacks is said."""
    with pytest.raises(SettingsError, match=said):
        draft(text)


@given(st.lists(st.text(max_size=80), max_size=8))
def test_whatever_stands_in_a_text_a_draft_can_be_read(lines: list[str]) -> None:
    """Any papers at all give a file that is TOML, with as many papers, and none that data replaces by a guess alone."""
    found = draft("Thành phần hồ sơ:\n- thẻ căn cước\n" + "\n".join(lines), "1.009999")
    read = tomllib.loads(written(found, read_on=DAY, source="x"))

    cases = read["procedures"]["1.009999"]["cases"]
    assert sum(len(case["papers"]) for case in cases) == sum(len(case.papers) for case in found.cases)
    assert read["procedures"]["1.009999"]["draft"] is True


def test_the_command_writes_a_new_file_and_no_other(tmp_path: Path) -> None:
    """It says how many papers there are; a file that is there is not touched, and `check` names the draft."""
    (tmp_path / "gateway.toml").write_text('[procedures]\nfolder = "own"\n')
    (tmp_path / "own").mkdir()
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    arguments = ["procedures", "add", str(tmp_path / "text.txt"), "--to", str(tmp_path / "own" / "new.toml")]
    settings = ["-s", str(tmp_path / "gateway.toml")]

    first = CliRunner().invoke(cli, [*arguments, *settings])
    again = CliRunner().invoke(cli, [*arguments, *settings])
    printed = CliRunner().invoke(cli, [*arguments[:3], *settings])
    checked = CliRunner().invoke(cli, ["procedures", "check", *settings])

    assert first.exit_code == 0, first.output
    assert "6 giấy tờ / papers, 4" in first.output
    assert isinstance(again.exception, SettingsError)
    assert printed.output == (tmp_path / "own" / "new.toml").read_text(encoding="utf-8")
    assert "1.009999 Hỗ trợ người mẫu của tỉnh" in checked.output


def test_the_page_for_the_process_owner_shows_what_the_command_writes(tmp_path: Path) -> None:
    """The text on docs/procedures.md becomes the draft beside it, and once `draft` is out it can be planned for."""
    page = (Path(__file__).parents[1] / "docs" / "procedures.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    file = written(draft(text), read_on=DAY, source="procedure.txt")
    (tmp_path / "own.toml").write_text(file.replace("draft = true\n", ""), encoding="utf-8")

    assert file.endswith(shown)
    papers = read_catalogue(tmp_path).procedures["1.009998"].cases[0].papers
    assert [(paper.kind, paper.clause.value) for paper in papers[1:]] == [("identity", "A"), ("residence", "B")]
