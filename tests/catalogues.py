"""Catalogues of a province, as text: what tests of papers begin theirs with."""

from __future__ import annotations

__all__ = ["FIRST_CASE", "FREED", "NAMED_FIRM", "PROCEDURE"]

PROCEDURE = """
[procedures."9.000001"]
title = "Thủ tục mẫu"
title_en = "A procedure"
levels = ["province"]
decision = "1/QĐ-UBND"
source = "portal"
"""
FIRST_CASE = """[[procedures."9.000001".cases]]
id = "general"
"""
FREED = """basis = "Nghị quyết 66.7/2025/NQ-CP, Điều 2"
source = "portal"
citizen = "Không phải nộp giấy này."
citizen_en = "This paper need not be handed in."
"""
"""What a kind of paper rests on, and what a citizen is told of it."""
NAMED_FIRM = f"""
[kinds.named_firm]
title = "Giấy chứng nhận đăng ký doanh nghiệp"
title_en = "Certificate of business registration"
{FREED}[[kinds.named_firm.alternatives]]
[[kinds.named_firm.alternatives.questions]]
dataset = "dkdn.enterprise"
keys = ["enterprise_code"]
match = ["name"]
"""
"""A firm whose name alone is compared."""
