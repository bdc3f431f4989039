"""
The tax authority (cơ quan thuế), Ministry of Finance: the state of a taxpayer, and what he owes.

Two services that have nothing in common but the tax code: the e-invoice portal's public look-up (`hddt`), and GIP, the
exchange that banks ask (`gip`), whose messages are signed. A national finance database as a service was not found.
"""

from __future__ import annotations

from gateway.adapters.taichinh.gip import envelope
from gateway.adapters.taichinh.gip import mapping as gip
from gateway.adapters.taichinh.hddt import mapping as hddt
from gateway.adapters.taichinh.query import DuesQuery, TaichinhOptions, TaxpayerQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.tax import TaxDues, Taxpayer
from gateway.domain.signature import SignedForm

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="taichinh",
    title="Cơ sở dữ liệu về tài chính, thuế",
    title_en="Finance and tax",
    owner="Bộ Tài chính",
    options=TaichinhOptions,
    contracts=("hddt", "gip"),
    default_contract="hddt",
    needed_options={"gip": frozenset({"sender_code"})},
    signatures={
        "gip": SignedForm(parts=("HEADER", "BODY"), place="SECURITY", pack=envelope.packed, unpack=envelope.unpacked)
    },
    datasets=(
        Dataset(
            noun="taxpayer",
            title="Trạng thái người nộp thuế",
            title_en="One taxpayer as registered now, with his state",
            kind=Kind.ONE,
            query=TaxpayerQuery,
            record=Taxpayer,
            ask={"hddt": hddt.taxpayer},
            about=lambda query, taxpayer: taxpayer.tax_code == query.tax_code,
            sensitivity=Sensitivity.PUBLIC,
            operation=hddt.OPERATION,
            freshness_s=24 * 3600,
        ),
        Dataset(
            noun="dues",
            title="Số thuế còn phải nộp theo mã số thuế",
            title_en="What one taxpayer owes now",
            kind=Kind.ONE,
            query=DuesQuery,
            record=TaxDues,
            ask={"gip": gip.dues},
            about=lambda query, dues: dues.tax_code == query.tax_code,
            sensitivity=Sensitivity.SENSITIVE,
            operation=gip.OPERATION,
            withheld_by_default=frozenset(
                {
                    "address",
                    "dues.asset_address",
                    "dues.asset_description",
                    "dues.chassis_number",
                    "dues.engine_number",
                }
            ),
        ),
    ),
)
