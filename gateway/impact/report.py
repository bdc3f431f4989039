"""
The report of a month for people: one HTML page that needs no other host, and the same figures as CSV.

Vietnamese first. Where there is nothing to count it says so; what cannot be known is `n/a`. Nobody's data stands in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from gateway.impact.measures import TARGETS, Impact, Share, quantile
from gateway.impact.plots import bars, line
from gateway.impact.words import GROUPS, WHYS

__all__ = ["HEAD", "Names", "html", "rows", "table"]

HEAD = ("month", "measure", "what", "by", "name", "numerator", "denominator", "percent", "value", "note")
NOTHING = "không có mẫu số / nothing to count"
NOT_KNOWN = "n/a"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_BARS = 15
_BY = {"procedure": "thủ tục / procedure", "agency": "cơ quan / agency", "registry": "cơ sở dữ liệu / registry",
       "clause": "loại điều khoản / clause"}  # fmt: skip
_WAYS = {"live": "hỏi trực tiếp / asked live", "cache": "câu trả lời đã giữ / a kept answer",
         "stale": "câu trả lời đã giữ, quá hạn / a kept answer, too old"}  # fmt: skip
_SHOWS = {"registry_wrong": "cơ sở dữ liệu sai / the registry is wrong", "claim_wrong": "khai sai / the claim is wrong"}
_FEED = {
    "4.3": "Khai thác, sử dụng lại thông tin số hóa / exploited, re-used",
    "4.4": "Chia sẻ để tái sử dụng, từ kho kết quả / from the store of results",
    "4.5a": "Thủ tục khai thác dữ liệu dân cư / procedures using population data",
    "4.5b": "Hồ sơ khai thác dữ liệu dân cư / dossiers using population data",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}.en{color:#57606a}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{border-bottom:1px solid #d0d7de;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n{text-align:right;white-space:nowrap}
.plot{width:100%;height:auto}.grid{stroke:#e6e9ed}.target{stroke:#b35900;stroke-dasharray:6 4;stroke-width:1.5}
.line{fill:none;stroke:#0b5cad;stroke-width:2.5}.dot{fill:#0b5cad}.bar{fill:#0b5cad}.empty{fill:#eef1f4}
.axis{font-size:12px;fill:#3d444d}.end{text-anchor:end}.middle{text-anchor:middle}
.big{font-size:2.2rem;font-weight:600}@media print{body{margin:0;max-width:none}h2{break-after:avoid}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people read instead of codes; a code without a name stands for itself."""

    procedures: Mapping[str, str] = field(default_factory=dict)
    agencies: Mapping[str, str] = field(default_factory=dict)
    registries: Mapping[str, str] = field(default_factory=dict)

    def of(self, by: str, code: str) -> str:
        """The name beside its code."""
        known = {"procedure": self.procedures, "agency": self.agencies, "registry": self.registries}.get(by, {})
        return f"{code} {known[code]}" if code in known else code


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure: a share, or a value with its note."""

    measure: str
    title: str
    by: str = ""
    name: str = ""
    share: Share | None = None
    value: str = ""
    note: str = ""


def rows(one: Impact, reported: Mapping[str, float]) -> Iterator[Line]:
    """Every figure of a month, in the order of the measures."""
    yield Line(measure="-", title="Hồ sơ / dossiers", value=str(one.dossiers))
    yield Line(measure="-", title="Hồ sơ có biên nhận / dossiers with a receipt", share=one.receipts)
    unknown = f"chưa rõ / unknown: {one.once_only_unknown}"
    yield Line(measure="K1", title="Không phải nộp lại, chặt / once-only, strict", share=one.once_only, note=unknown)
    yield Line(measure="K2", title="Có giấy tờ được thay / a paper replaced", share=one.lenient)
    yield from _counts("K2", "Dữ liệu đến từ / the data came", "way", _WAYS, one.ways)
    yield Line(measure="K3", title="Giấy tờ được thay / papers replaced", share=one.replaced)
    for by, shares in one.replaced_by.items():
        for name, share in shares.items():
            yield Line(measure="K3", title=_BY[by], by=by, name=name or "-", share=share)
    yield Line(measure="K4", title="Có dữ liệu mà vẫn yêu cầu / asked for in spite of data", share=one.missed)
    whys = {why.value: f"{vi} / {en}" for why, (vi, en) in WHYS.items()}
    yield from _counts(
        "K4",
        "Lý do của cán bộ / the officer's reason",
        "why",
        whys,
        {why.value: count for why, count in one.missed_why.items()},
    )
    asked = sum(one.reasons.values())
    for group, (vi, en) in GROUPS.items():
        share = Share(one.reasons.get(group, 0), asked)
        yield Line(measure="K5", title=f"{vi} / {en}", by="group", name=group.value, share=share)
    yield from _counts("K5", "Trường không trùng khớp / field that did not match", "field", {}, one.fields)
    yield from _sources(one)
    shown = {shows.value: count for shows, count in one.confirmed.items()}
    yield from _counts("K7", "Giấy tờ cho thấy / the paper showed", "shows", _SHOWS, shown)
    yield from _corrections(one)
    yield _without_case(one)
    for name, below in (("p50_s", 0.5), ("p95_s", 0.95)):
        value = quantile(one.waits, below)
        title = "Giây từ tiếp nhận đến câu trả lời cuối / seconds from reception to the last answer"
        yield Line(
            measure="K9", title=title, by="quantile", name=name, value=NOT_KNOWN if value is None else f"{value:.1f}"
        )
    yield Line(measure="K9", title="Có trước khi đến / there before the visit", share=one.before_visit)
    for index, share in one.feed.items():
        told = reported.get(index)
        said = "chưa có số báo cáo / none reported" if told is None else f"số báo cáo / reported: {told:.2f} %"
        yield Line(measure="K10", title=_FEED[index], by="766", name=index, share=share, note=said)


def _counts(measure: str, title: str, by: str, names: Mapping[str, str], counts: Mapping[str, int]) -> Iterator[Line]:
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        shown = names.get(name, "")
        yield Line(measure=measure, title=f"{title}: {shown}" if shown else title, by=by, name=name, value=str(count))


def _sources(one: Impact) -> Iterator[Line]:
    for source in one.sources:
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(source.reasons.items()))
        times = f"p50 {source.p50_ms} ms, p95 {source.p95_ms} ms" if source.p50_ms is not None else NOT_KNOWN
        aged = f"; cũ nhất / oldest {source.oldest_s} s" if source.oldest_s else ""
        yield Line(
            measure="K6",
            title="Cơ sở dữ liệu trả lời / the registry answered",
            by="dataset",
            name=source.dataset,
            share=source.answered,
            value=times,
            note=f"{reasons}{aged}".removeprefix("; "),
        )


def _corrections(one: Impact) -> Iterator[Line]:
    title = "Đề nghị cơ quan chủ quản sửa / requests to owners"
    if one.corrections is None:
        yield Line(measure="K7", title=title, value=NOT_KNOWN)
        return
    for name in ("opened", "sent", "corrected", "declined"):
        yield Line(measure="K7", title=title, by="state", name=name, value=str(getattr(one.corrections, name)))
    days = one.corrections.median_days
    yield Line(
        measure="K7", title="Số ngày đến khi sửa / days until corrected", by="quantile", name="p50_days",
        value=NOT_KNOWN if days is None else f"{days:.1f}",
    )  # fmt: skip


def _without_case(one: Impact) -> Line:
    refused = ", ".join(f"{name} {count}" for name, count in sorted(one.case_refusals.items()))
    note = f"không kiểm tra / unchecked: {one.unchecked}" if one.unchecked else ""
    return Line(
        measure="K8",
        title="Hỏi khi không có hồ sơ đang mở / asked without an open case",
        value=NOT_KNOWN if one.without_case is None else str(one.without_case),
        note="; ".join(part for part in (note, refused) if part),
    )


def table(one: Impact, reported: Mapping[str, float]) -> str:
    """The figures as CSV, one a row. No cell begins like a formula, whatever a name is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    for line_ in rows(one, reported):
        numbers = ("", "", "") if line_.share is None else _numbers(line_.share)
        cells = (one.month, line_.measure, line_.title, line_.by, line_.name, *numbers, line_.value, line_.note)
        writer.writerow([_plain(str(cell)) for cell in cells])
    return text.getvalue()


def _numbers(share: Share) -> tuple[str, str, str]:
    percent = NOTHING if share.value is None else f"{100 * share.value:.2f}"
    return str(share.numerator), str(share.denominator), percent


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and len(cell) > 1 else cell


def html(one: Impact, before: Sequence[tuple[str, Share]], names: Names, reported: Mapping[str, float]) -> str:
    """The page. `before` is K1 by month, in order, this month's included."""
    targets = {f"{year}: {share:.0%}": share for year, share in TARGETS.items()}
    k1 = one.once_only
    big = "n/a" if k1.value is None else f"{100 * k1.value:.2f} %"
    said = NOTHING if k1.value is None else f"{k1.numerator}/{k1.denominator}"
    title = f"Giấy tờ được thay bằng dữ liệu, tháng {_month(one.month)}"
    parts = [
        '<!doctype html><html lang="vi"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f'<p class="en">Papers replaced by data, {escape(one.month)}</p>',
        "<h2>Người dân, doanh nghiệp không phải nộp lại giấy tờ (K1) / who need not re-submit</h2>",
        f'<p><span class="big">{big}</span> {escape(said)}; chưa rõ / unknown: {one.once_only_unknown}</p>',
        f"<p>Hồ sơ có biên nhận / dossiers with a receipt: {one.receipts.numerator}/{one.receipts.denominator}. "
        "Hồ sơ không có biên nhận không nằm trong tỷ lệ nào. "
        '<span class="en">A dossier without a receipt is in no share.</span></p>',
        line(before, targets, "K1 theo tháng, và mục tiêu 2022, 2025 / K1 by month, with the targets of 2022 and 2025"),
    ]
    for by, heading in _BY.items():
        ranked = sorted(one.replaced_by[by].items(), key=lambda pair: -pair[1].denominator)[:_MOST_BARS]
        shown = [(names.of(by, code) or "-", share) for code, share in ranked]
        parts += _section(f"Giấy tờ được thay theo {heading} (K3)", shown)
    asked = sum(one.reasons.values())
    groups = [(vi, Share(one.reasons[group], asked)) for group, (vi, _) in GROUPS.items() if one.reasons.get(group)]
    parts += _section("Vì sao vẫn phải nộp (K5) / why papers were asked for", groups)
    parts.append("<h2>Mọi số liệu / all figures</h2><table><tr><th>#</th><th>Nội dung / what</th><th></th>")
    parts.append("<th>Số / figure</th><th>Ghi chú / note</th></tr>")
    parts += [_row(line_, names) for line_ in rows(one, reported)]
    parts.append("</table></body></html>\n")
    return "".join(parts)


def _section(heading: str, shown: Sequence[tuple[str, Share]]) -> Iterable[str]:
    yield f"<h2>{escape(heading)}</h2>"
    yield bars(shown, heading) if shown else f"<p>{NOTHING}</p>"


def _row(one: Line, names: Names) -> str:
    name = names.of(one.by, one.name)
    if one.share is None:
        figure = one.value
    elif one.share.value is None:
        figure = f"{one.share.numerator}/{one.share.denominator}: {NOTHING}"
    else:
        figure = f"{one.share.numerator}/{one.share.denominator} = {100 * one.share.value:.2f} %"
    note = "; ".join(part for part in ((one.value if one.share is not None else ""), one.note) if part)
    cells = (one.measure, one.title, name)
    return (
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}"
        f'<td class="n">{escape(figure)}</td><td>{escape(note)}</td></tr>'
    )


def _month(month: str) -> str:
    return f"{month[5:]}/{month[:4]}"
