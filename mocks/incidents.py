"""Incidents by name: several faults at once, as they come together in the field. All figures are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mocks.faults import Fault, Faults

__all__ = ["INCIDENTS", "Incident", "begin"]


@dataclass(frozen=True, slots=True)
class Incident:
    """What happens, in both languages, and the faults by target: a registry or a dataset."""

    title: str
    title_en: str
    faults: Mapping[str, tuple[Fault, ...]]


INCIDENTS: Mapping[str, Incident] = {
    "dancu-monday-at-eight": Incident(
        "Dân cư: tám giờ sáng thứ hai, mọi cửa cùng hỏi",
        "Population: Monday at eight, every counter asks at once",
        {
            "dancu": (
                Fault("throttle", percent=15, delay_s=5),
                Fault("silence", percent=3),
                Fault("slow", profile="busy"),
            )
        },
    ),
    "dancu-somebody-else": Incident(
        "Dân cư: trả nhầm câu trả lời của người khác",
        "Population: answers go to the wrong asker",
        {"dancu": (Fault("swap", percent=10), Fault("surplus", percent=10))},
    ),
    "dkdn-log-ins-fail": Incident(
        "Doanh nghiệp: cấp token chập chờn, token hết hạn sớm",
        "Business registration: log-ins fail, tokens end early",
        {"dkdn": (Fault("error", path="/token", percent=50), Fault("expired", percent=20))},
    ),
    "bhxh-maintenance": Incident(
        "BHXH: bảo trì mười phút",
        "Social insurance: ten minutes of maintenance",
        {"bhxh": (Fault("maintenance", delay_s=600, for_s=600),)},
    ),
    "datdai-half-dead": Incident(
        "Đất đai: máy chủ sắp dừng, trả lời dở dang",
        "Land: a server about to die answers in halves",
        {
            "datdai": (
                Fault("stall", percent=20),
                Fault("drip", percent=10),
                Fault("reset", percent=10),
                Fault("slow", profile="overloaded"),
            )
        },
    ),
    "gplx-changed-overnight": Incident(
        "GPLX: đổi cấu trúc mà không báo trước",
        "Driving licences: another structure, unannounced",
        {"gplx": (Fault("schema"),)},
    ),
    "hotich-garbage": Incident(
        "Hộ tịch: trang thông báo thay cho dữ liệu",
        "Civil status: web pages and garbage instead of data",
        {"hotich": (Fault("html", percent=50), Fault("garbage", percent=50))},
    ),
    "platform-down": Incident(
        "Nền tảng tích hợp ngừng ba mươi giây",
        "The integration platform is down for thirty seconds",
        {
            registry: (Fault("down", for_s=30),)
            for registry in ("dkdn", "hotich", "cpxd", "qhns", "khodlg", "datdai", "tkds")
        },
    ),
}
"""What is known by name."""


def begin(name: str, faults: Faults) -> None:
    """Let the incident begin for all targets that are served. KeyError for an unknown one."""
    for target, several in INCIDENTS[name].faults.items():
        if faults.knows(target):
            faults.set(target, *several)
