"""
One fuzz target, run by libFuzzer through atheris: `python -m tests.fuzz TARGET -max_total_time=60 CORPUS`.

Whatever bytes come, a reader gives a value or raises an error of our tree. Anything else ends the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["gateway.wire", "gateway.adapters", "gateway.domain"]):
    from gateway.app import installed_adapters
    from gateway.domain.dataset import Adapter, Question
    from gateway.domain.exchange import Response
    from gateway.errors import RegistryError
    from gateway.kit.cases import inquiry_of, query_of
    from gateway.wire import json as strict_json
    from gateway.wire import xml
    from gateway.wire.status import raise_for_status
    from gateway.wire.wrappers import WRAPPERS

from contracts.reader import installed

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def read_json(data: bytes) -> None:
    try:
        strict_json.parse(data)
    except strict_json.JsonError:
        return


def read_xml(data: bytes) -> None:
    try:
        xml.parse(data)
    except RegistryError:
        return


def read_status(data: bytes) -> None:
    status = 200 + (data[0] if data else 0)
    header = data[1:40].decode("latin-1")
    try:
        raise_for_status(
            Response(status=status, headers={"retry-after": header}, body=data[40:], received_at=_NOW), "op"
        )
    except RegistryError:
        return


def read_wrapper(data: bytes) -> None:
    for unwrap in WRAPPERS.values():
        try:
            unwrap(Response(status=200, body=data, received_at=_NOW))
        except RegistryError:
            continue


def reader_of(registry: str) -> Callable[[bytes], None]:
    """Feeds the bytes to every dataset and contract version of one adapter."""
    adapter: Adapter = installed_adapters()[registry]
    contract = installed()[registry]
    asked = []
    for dataset in adapter.datasets:
        for version, ask in dataset.ask.items():
            case = next((case for case in contract.datasets[dataset.noun].cases if case.contract == version), None)
            if case is not None:
                options = adapter.options.model_validate(dict(contract.versions[version].options))
                query = query_of(adapter, dataset.noun, case)
                asked.append((ask, Question(query, inquiry_of(contract), "GW-1", _NOW, options)))

    def read(data: bytes) -> None:
        for ask, question in asked:
            exchanges = ask(question)
            next(exchanges)
            try:
                exchanges.send(Response(status=200, body=data, received_at=_NOW))
            except (StopIteration, RegistryError):
                continue

    return read


TARGETS: dict[str, Callable[[bytes], None]] = {
    "json": read_json,
    "xml": read_xml,
    "status": read_status,
    "wrapper": read_wrapper,
}


def main() -> None:
    name = sys.argv.pop(1)
    target = TARGETS.get(name) or reader_of(name)
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


main()
