"""The registries beyond the demo's two, as the examples in `demo/registries/` set them."""

from __future__ import annotations

from pathlib import Path

from gateway.kit.sections import section

__all__ = ["EXAMPLES", "OURS", "section"]

OURS = ("bhxh", "cpxd", "dancu", "datdai", "dkdn", "gplx", "hotich", "khodlg", "lltp", "qhns", "taichinh", "tkds")
"""Every registry of this project; another package may have offered more."""

EXAMPLES = Path(__file__).parents[1] / "demo" / "registries"
