"""Does a person exist with just these three: number, name, birth date? Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.adapters.dancu import wire
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found
from gateway.domain.records.verification import Verification

__all__ = ["OPERATION", "verification_as"]

OPERATION = "XacThucThongTinCongDan"


def verification_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[Verification]]:
    """The verification in a contract version."""
    generation = wire.GENERATIONS[contract]

    def verification(ask: Question[CitizenQuery, DancuOptions]) -> Exchanges[Verification]:
        """
        Ask whether the whole tuple is registered (`XacThucThongTinCongDan`).

        Returns:
            `Found` when the registry says yes. `Absent` when it says no: "there is nobody with these three" is
            the registry's word that it has no such record, just as an empty collection is, and like that it
            does not tell which of the three is wrong. Neither names anybody, so the channel believes both only
            from a fresh connection.

        Source:
            contracts/dancu/contract.toml, dataset `verification`; facts in dancu-justice-transport.md, 1.3 and 1.4.
        """
        service = generation.verifications[generation.birth_date_form(ask.options)]
        response = yield Request(
            operation=OPERATION,
            media_type="application/xml",
            body=service.envelope(OPERATION, wire.verification_question(generation, ask)),
        )
        verdict = service.read(response, OPERATION, wire.Verdict)
        # The four spellings of xs:boolean; the schema has refused every other.
        return Found(Verification(exists=True)) if verdict.exists.strip() in {"true", "1"} else Absent()

    return verification
