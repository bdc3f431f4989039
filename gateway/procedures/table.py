"""
The table that decides: for each situation what becomes of the paper, why in law, and what officer and citizen read.

`{registry}` and `{owner}` stand for the registry's title and its owner. Nothing of a person stands in a text: the two
spellings of a name are told by the verdict's own sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.procedures.words import Cause, Decision, Situation

__all__ = ["TABLE", "Row", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or two, Vietnamese and English."""

    vietnamese: str
    english: str

    def about(self, names: Mapping[str, str]) -> Text:
        """With the registry's names: `registry`, `owner`, `registry_en`, `owner_en`."""
        english = {"registry": names["registry_en"], "owner": names["owner_en"]}
        return Text(self.vietnamese.format_map(names), self.english.format_map(english))


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `cause` is None exactly where the paper is waived."""

    decision: Decision
    cause: Cause | None
    when: Text
    officer: Text
    citizen: Text


_PLAIN_ASK = Text("Đề nghị ông/bà nộp giấy tờ này.", "Please hand this paper in.")
_NOT_YOUR_FAULT = Text(
    "Cơ quan chưa lấy được dữ liệu từ {registry}; đây không phải lỗi của ông/bà. Đề nghị ông/bà nộp giấy tờ này.",
    "The office could not get the data from {registry}; this is no fault of yours. Please hand this paper in.",
)
_WAIT = Text(
    "Cơ quan chưa lấy được dữ liệu từ {registry}; đây không phải lỗi của ông/bà. Hồ sơ vẫn được tiếp "
    "nhận, cơ quan sẽ hỏi "
    "lại.",
    "The office could not get the data from {registry} yet; this is no fault of yours. The dossier is taken, and the "
    "office asks again.",
)
_BEING_CHECKED = Text(
    "Cán bộ đang kiểm tra dữ liệu; chỉ nộp giấy tờ này khi cán bộ đề nghị.",
    "An officer is checking the data; hand this paper in only if asked.",
)
_UPDATE = (
    "đề nghị ông/bà nộp giấy tờ này và đề nghị cơ quan quản lý dữ liệu ({owner}) cập nhật.",
    "please hand this paper in, and ask the registry's owner ({owner}) to update it.",
)


def _waiting(when: Text) -> Row:
    officer = Text(
        "Chưa hỏi được {registry}. Tiếp nhận hồ sơ và hỏi lại; khi không thể chờ thì yêu cầu giấy tờ và "
        "ghi lý do “không khai "
        "thác được”.",
        "{registry} could not be asked. Take the dossier and ask again; where that cannot wait, ask for the paper and "
        "note “not obtained”.",
    )
    return Row(Decision.PENDING, Cause.NOT_OBTAINED, when, officer, _WAIT)


def _not_obtained(when: Text, then: Text) -> Row:
    officer = Text(
        f"Không khai thác được {{registry}}. Yêu cầu giấy tờ; {then.vietnamese}",
        f"Nothing could be obtained from {{registry}}. Ask for the paper; {then.english}",
    )
    return Row(Decision.REQUIRED, Cause.NOT_OBTAINED, when, officer, _NOT_YOUR_FAULT)


def _looked_at(cause: Cause, when: Text, officer: Text) -> Row:
    return Row(Decision.OFFICER, cause, when, officer, _BEING_CHECKED)


_TELL_OPERATOR = Text("báo quản trị cổng.", "tell the gateway's operator.")

TABLE: Mapping[Situation, Row] = {
    Situation.NO_CLAUSE: Row(
        Decision.REQUIRED,
        Cause.NO_CLAUSE,
        Text("thủ tục không cho thay giấy tờ bằng dữ liệu (loại N)", "the procedure has no clause (N)"),
        Text(
            "Quyết định công bố thủ tục vẫn liệt kê giấy tờ này, chưa cho thay bằng dữ liệu. Yêu cầu giấy tờ.",
            "The procedure still lists this paper, and does not let data replace it. Ask for it.",
        ),
        _PLAIN_ASK,
    ),
    Situation.NO_REGISTRY: Row(
        Decision.REQUIRED,
        Cause.NOT_OBTAINED,
        Text("chưa có cơ sở dữ liệu nào trả lời cho giấy tờ này", "no registry answers for this paper"),
        Text(
            "Cổng chưa có cơ sở dữ liệu nào để khai thác thay giấy tờ này. Yêu cầu giấy tờ.",
            "No registry of the gateway answers for this paper. Ask for it.",
        ),
        _PLAIN_ASK,
    ),
    Situation.NOT_PUBLISHED: Row(
        Decision.REQUIRED,
        Cause.NOT_PUBLISHED,
        Text("cơ quan chủ quản chưa công bố dữ liệu đủ điều kiện", "the owner has not published the data as ready"),
        Text(
            "{owner} chưa công bố dữ liệu này của {registry} đủ điều kiện khai thác thay giấy tờ. Yêu cầu giấy tờ.",
            "{owner} has not published this data of {registry} as ready to replace papers. Ask for the paper.",
        ),
        _PLAIN_ASK,
    ),
    Situation.OUTSIDE: Row(
        Decision.REQUIRED,
        Cause.NOT_PUBLISHED,
        Text("dữ liệu mới công bố cho một phần, không gồm trường hợp này", "published for a part, and not for this"),
        Text(
            "Dữ liệu của {registry} mới được công bố cho một phần đối tượng, không gồm trường hợp này. "
            "Yêu cầu giấy tờ.",
            "The data of {registry} is published for a part of the subjects, and this is none of them. Ask for the "
            "paper.",
        ),
        _PLAIN_ASK,
    ),
    Situation.UNSAID: _looked_at(
        Cause.NOT_PUBLISHED,
        Text("chưa cho biết có thuộc phần đã công bố hay không", "nobody said whether it is of the published part"),
        Text(
            "Dữ liệu của {registry} mới được công bố cho một phần đối tượng: cán bộ xác định trường hợp "
            "này có thuộc phần đó "
            "không rồi hỏi lại.",
            "The data of {registry} is published for a part of the subjects: find out whether this is one of them, and "
            "ask again.",
        ),
    ),
    Situation.NOT_ASKED: _looked_at(
        Cause.NOT_OBTAINED,
        Text(
            "câu hỏi chưa gửi đi: thiếu nội dung khai hoặc quyền",
            "the question did not leave: a claim or right lacks",
        ),
        Text(
            "Chưa gửi câu hỏi tới {registry}: thiếu nội dung khai hoặc thiếu quyền. Bổ sung rồi hỏi lại.",
            "The question did not leave for {registry}: a declared value or a right is missing. Add it and ask again.",
        ),
    ),
    Situation.BOOKED: Row(
        Decision.PENDING,
        Cause.NOT_OBTAINED,
        Text("hẹn hỏi trước buổi làm việc", "it is asked about before the appointment"),
        Text(
            "Cổng sẽ hỏi {registry} trước buổi hẹn và báo kết quả.",
            "The gateway asks {registry} before the appointment, and tells what comes of it.",
        ),
        Text(
            "Cơ quan sẽ tra cứu {registry} trước buổi hẹn; chỉ nộp giấy tờ này khi cán bộ đề nghị.",
            "The office looks {registry} up before the appointment; hand this paper in only if asked.",
        ),
    ),
    Situation.EXPIRED: _not_obtained(
        Text("đã hỏi lại đến hết hạn, vẫn chưa có câu trả lời", "asked again until the end, and never answered"),
        Text("ghi lý do “không khai thác được”.", "note “not obtained”."),
    ),
    Situation.MATCHING: Row(
        Decision.WAIVED,
        None,
        Text("có dữ liệu, đầy đủ, trùng khớp", "data obtained, complete and exact"),
        Text(
            "{registry} có dữ liệu đầy đủ, trùng khớp: không được yêu cầu giấy tờ này; lưu chứng cứ vào hồ sơ.",
            "{registry} has the data, complete and exact: the paper may not be asked for; keep the evidence in the "
            "dossier.",
        ),
        Text(
            "Ông/bà không phải nộp giấy tờ này: đã có dữ liệu trong {registry}.",
            "You need not hand this paper in: {registry} has the data.",
        ),
    ),
    Situation.CONTRADICTED: Row(
        Decision.OFFICER,
        Cause.INACCURATE,
        Text(
            "hai cơ sở dữ liệu nói khác nhau: một bên trùng khớp, một bên không",
            "two registries say different things: one matches, one does not",
        ),
        Text(
            "Dữ liệu của {registry} không trùng khớp với nội dung khai, trong khi cơ sở dữ liệu khác trùng khớp. "
            "Xem xét trước khi quyết định; yêu cầu giấy tờ khi chưa rõ bên nào đúng.",
            "The data of {registry} does not match what was declared, while another registry's does. Look before "
            "deciding; ask for the paper while it is not clear which of them is right.",
        ),
        _BEING_CHECKED,
    ),
    Situation.NOT_IN_FORCE: _looked_at(
        Cause.NOT_IN_FORCE,
        Text(
            "có dữ liệu, trùng khớp, nhưng không (hoặc không còn) hiệu lực, hoặc đang bị hạn chế",
            "data obtained and exact, and it says that it is not in force, or restricted",
        ),
        Text(
            "{registry} ghi là không (hoặc không còn) hiệu lực, hoặc đang bị hạn chế: không coi là đã có giấy tờ. "
            "Xem lý do ở từng nội dung rồi quyết định; nếu người dân có giấy tờ mới hơn thì yêu cầu nộp.",
            "{registry} says that it is not in force, or restricted: it stands for no paper. Read why, then decide; "
            "where there is a newer paper, ask for it.",
        ),
    ),
    Situation.MISMATCH: Row(
        Decision.REQUIRED,
        Cause.INACCURATE,
        Text("có dữ liệu, không trùng khớp", "data obtained, and it does not match"),
        Text(
            "Dữ liệu của {registry} không trùng khớp với nội dung khai. Kiểm tra lại nội dung khai; nếu "
            "đúng thì yêu cầu giấy tờ "
            "và hướng dẫn người dân đề nghị {owner} cập nhật.",
            "The data of {registry} does not match what was declared. Check what was declared; if it is right, ask for "
            "the paper and advise to have {owner} correct the registry.",
        ),
        Text(
            f"Dữ liệu trong {{registry}} không trùng khớp với nội dung khai: {_UPDATE[0]}",
            f"The data in {{registry}} does not match what was declared: {_UPDATE[1]}",
        ),
    ),
    Situation.INCOMPLETE: Row(
        Decision.REQUIRED,
        Cause.INCOMPLETE,
        Text("có dữ liệu, không đầy đủ", "data obtained, and incomplete"),
        Text(
            "{registry} thiếu thông tin cần thay giấy tờ này. Yêu cầu giấy tờ và hướng dẫn người dân đề "
            "nghị {owner} cập nhật.",
            "{registry} lacks something that this paper is needed for. Ask for the paper, and advise to have {owner} "
            "complete the registry.",
        ),
        Text(
            f"Dữ liệu trong {{registry}} chưa đầy đủ: {_UPDATE[0]}",
            f"The data in {{registry}} is incomplete: {_UPDATE[1]}",
        ),
    ),
    Situation.KEY_MISSING: Row(
        Decision.REQUIRED,
        Cause.INCOMPLETE,
        Text(
            "có dữ liệu, thiếu nội dung để hỏi cơ sở dữ liệu tiếp theo",
            "data obtained, and it lacks what the next registry is asked by",
        ),
        Text(
            "{registry} không ghi nội dung cần để hỏi cơ sở dữ liệu tiếp theo, hoặc ghi loại giấy tờ mà nơi đó không "
            "nhận (như hộ chiếu). Yêu cầu giấy tờ.",
            "{registry} does not have what the next registry is asked by, or has a kind that it does not take (such as "
            "a passport's number). Ask for the paper.",
        ),
        _PLAIN_ASK,
    ),
    Situation.FORCE_UNCLEAR: _looked_at(
        Cause.INCOMPLETE,
        Text(
            "có dữ liệu, trùng khớp, chưa rõ còn hiệu lực hay không",
            "data obtained and exact, and nothing clear of its being in force",
        ),
        Text(
            "Dữ liệu của {registry} chưa cho biết rõ còn hiệu lực hay không: xem rồi chấp nhận hoặc yêu cầu giấy tờ.",
            "The data of {registry} does not say clearly whether it is in force: look, then accept or ask for the "
            "paper.",
        ),
    ),
    Situation.DIACRITICS: _looked_at(
        Cause.INACCURATE,
        Text("chỉ khác dấu: có thể là lỗi nhập, có thể là tên khác", "only diacritics differ: a slip, or another name"),
        Text(
            "Nội dung khai và {registry} chỉ khác dấu: so hai cách viết, xác nhận là một người hoặc yêu cầu giấy tờ.",
            "What was declared and {registry} differ in diacritics alone: look at both spellings, then "
            "accept or ask for "
            "the paper.",
        ),
    ),
    Situation.COARSER_DATE: _looked_at(
        Cause.INCOMPLETE,
        Text("ngày chỉ khớp đến tháng hoặc năm", "a date agrees to the month or year only"),
        Text(
            "Ngày trong {registry} hoặc trong nội dung khai chỉ biết đến tháng hoặc năm: kiểm tra rồi "
            "chấp nhận hoặc yêu cầu "
            "giấy tờ.",
            "A date is known to the month or year alone, in {registry} or as declared: look, then accept "
            "or ask for the "
            "paper.",
        ),
    ),
    Situation.NOT_COMPARABLE: _looked_at(
        Cause.INCOMPLETE,
        Text("có dữ liệu, không so sánh được", "data obtained, and it cannot be compared"),
        Text(
            "Dữ liệu của {registry} và nội dung khai không so sánh được với nhau: kiểm tra rồi chấp nhận "
            "hoặc yêu cầu giấy tờ.",
            "The data of {registry} and what was declared say nothing about one another: look, then accept or ask for "
            "the paper.",
        ),
    ),
    Situation.ABSENT: Row(
        Decision.REQUIRED,
        Cause.NOT_OBTAINED,
        Text("cơ sở dữ liệu trả lời là không có", "the registry says that it has no such record"),
        Text(
            "{registry} trả lời không có dữ liệu này. Kiểm tra lại nội dung đã nhập: sai số, tên hoặc ngày "
            "cũng là không có; nếu đúng thì yêu cầu giấy tờ và hướng dẫn người dân đề nghị {owner} cập nhật.",
            "{registry} says that it has no such record. Check what was typed: a wrong number, name or date is none "
            "either; if it is right, ask for the paper and advise to have {owner} add it.",
        ),
        Text(
            f"{{registry}} không có dữ liệu theo nội dung khai: {_UPDATE[0]}",
            f"{{registry}} has no record of what was declared: {_UPDATE[1]}",
        ),
    ),
    Situation.ABSENT_UNSURE: _looked_at(
        Cause.NOT_OBTAINED,
        Text(
            "cơ sở dữ liệu trả lời là không có, nhưng có thể do đăng ký trước khi có cơ sở dữ liệu",
            "the registry has no such record, but may be younger than what would stand in it",
        ),
        Text(
            "{registry} trả lời không có dữ liệu này, nhưng việc đăng ký có thể có trước cơ sở dữ liệu: chưa nói lên "
            "điều gì. Kiểm tra nội dung đã nhập, hỏi người dân nơi và thời gian đăng ký, rồi yêu cầu giấy tờ khi cần.",
            "{registry} has no such record, but the registration may be older than the registry: that says nothing "
            "yet. Check what was typed, ask where and when it was registered, then ask for the paper where needed.",
        ),
    ),
    Situation.TIMEOUT: _waiting(Text("cơ sở dữ liệu không trả lời kịp", "the registry did not answer in time")),
    Situation.UNREACHABLE: _waiting(Text("không kết nối được", "the registry cannot be reached")),
    Situation.CIRCUIT_OPEN: _waiting(
        Text("cơ sở dữ liệu đang hỏng, tạm ngừng hỏi", "the registry fails and is left alone")
    ),
    Situation.THROTTLED: _waiting(Text("cơ sở dữ liệu yêu cầu giảm tần suất", "the registry asks to slow down")),
    Situation.OVERLOADED: _waiting(Text("cổng đang quá tải", "the gateway is overloaded")),
    Situation.LEDGER_UNAVAILABLE: _waiting(
        Text("cổng chưa ghi được sổ nhật ký", "the gateway's ledger cannot be written")
    ),
    Situation.REFUSED: _not_obtained(
        Text("cơ sở dữ liệu từ chối quyền của cổng", "the registry refuses the gateway"), _TELL_OPERATOR
    ),
    Situation.REJECTED: _looked_at(
        Cause.NOT_OBTAINED,
        Text("cơ sở dữ liệu không nhận câu hỏi", "the registry does not take the question"),
        Text(
            "{registry} không nhận câu hỏi: kiểm tra số và nội dung đã nhập rồi hỏi lại, hoặc yêu cầu giấy tờ.",
            "{registry} does not take the question: check the numbers that were typed and ask again, or ask for the "
            "paper.",
        ),
    ),
    Situation.MALFORMED: _not_obtained(
        Text("câu trả lời sai cấu trúc", "the answer breaks the contract"), _TELL_OPERATOR
    ),
    Situation.MISMATCHED: _not_obtained(
        Text("câu trả lời về đối tượng khác", "the answer is about somebody else"), _TELL_OPERATOR
    ),
    Situation.AMBIGUOUS: _looked_at(
        Cause.NOT_OBTAINED,
        Text("có nhiều bản ghi, không biết là bản ghi nào", "several records, and no telling which"),
        Text(
            "{registry} có nhiều bản ghi cho câu hỏi này: kiểm tra rồi hỏi lại bằng số khác, hoặc yêu cầu giấy tờ.",
            "{registry} has several records for this question: look, and ask again by another number, or ask for the "
            "paper.",
        ),
    ),
    Situation.NOT_COVERED: _not_obtained(
        Text("cơ sở dữ liệu chưa có dữ liệu của địa bàn", "the registry has no data for the area yet"),
        Text("không cần hỏi lại.", "asking again does not help."),
    ),
    Situation.NOT_CONNECTED: _not_obtained(
        Text("cổng chưa kết nối cơ sở dữ liệu", "the registry is not connected"),
        Text("không cần hỏi lại.", "asking again does not help."),
    ),
}
"""In the order in which the documentation prints it."""
