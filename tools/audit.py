"""
`make audit`: pip-audit over a lock, and the proof that it audited what is locked.

pip-audit leaves out what it cannot ask about, and a report without a package looks like one without a fault. So its
report is held against the lock: each package that is locked for this platform must stand in it, in that version, asked
about and without a known fault. Ends with 0 only then; 1 where something is known or was not audited; 2 where the
service of known faults could not be asked, so that nothing is proven.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name

__all__ = ["locked", "problems"]

_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; ([^\\]+))?", re.MULTILINE)


def locked(text: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Version by canonical name of each package of a lock that belongs on this platform, or on `environment`'s."""
    return {
        canonicalize_name(name): version
        for name, version, marker in _LINE.findall(text)
        if not marker or Marker(marker.strip()).evaluate(dict(environment or {}))
    }


def problems(report: Mapping[str, Any], lock: Mapping[str, str]) -> Iterator[str]:
    """What speaks against shipping what is locked, a sentence each; none: all of it was audited and is clean."""
    told = {canonicalize_name(one["name"]): one for one in report["dependencies"]}
    for name, version in lock.items():
        match told.get(name):
            case None:
                yield f"{name} {version}: không được kiểm / was not audited: it is not in the report"
            case {"skip_reason": why}:
                yield f"{name} {version}: không được kiểm / was not audited: {why}"
            case {"version": audited} if audited != version:
                yield f"{name} {version}: kiểm nhầm bản / another version was audited: {audited}"
            case {"vulns": faults}:
                for fault in faults:
                    mended = ", ".join(fault.get("fix_versions", ())) or "–"
                    yield f"{name} {version}: {fault['id']}; sửa ở / mended in: {mended}"
            case _:
                yield f"{name} {version}: không được kiểm / was not audited: the report does not say what is known"


def main(lock: Path, service: str) -> int:
    """Audit one lock and say what came of it. Gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes", "-s", service]
        command += ["--progress-spinner", "off", "-r", str(lock), "-f", "json", "-o", str(report)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  its own arguments
        if not report.exists():
            last = (done.stderr.strip().splitlines() or ["?"])[-1]
            print(  # noqa: T201
                f"{lock}: không kiểm được, chưa chứng minh được gì / could not be audited,"
                f" nothing is proven. pip-audit: {last}\n"
                "Cần tới được dịch vụ lỗ hổng (pypi.org, hoặc SERVICE=osv) / it needs a service of known faults.",
                file=sys.stderr,
            )
            return 2
        found = json.loads(report.read_text(encoding="utf-8"))
    wanted = locked(lock.read_text(encoding="utf-8"))
    wrong = list(problems(found, wanted))
    for one in wrong:
        print(one, file=sys.stderr)  # noqa: T201
    print(f"{lock}: {len(wanted)} gói bị khóa / packages are locked; {len(wrong)} vấn đề / problems")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
