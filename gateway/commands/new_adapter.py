"""`gateway new-adapter`: from one example to a package that passes its own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["make"]


def make(
    name: Annotated[str, typer.Argument(help="Tên cơ sở dữ liệu / the registry's name: small letters")],
    example: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Ví dụ JSON, toàn giá trị bịa / JSON, all of it invented"),
    ] = None,
    openapi: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Tài liệu OpenAPI 3, JSON / a document in JSON")
    ] = None,
    operation: Annotated[
        str | None, typer.Option(help="operationId trong tài liệu, hoặc GET /đường-dẫn / an operationId, or GET /path")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Thư mục mới; mặc định gateway-<name> / a new folder")
    ] = None,
) -> None:
    """Tạo gói bộ nối từ một ví dụ / make adapter, contract, stand-in and tests from one example or OpenAPI document."""
    from contracts.reader import installed
    from gateway.app import installed_adapters
    from gateway.kit.new_adapter import new_adapter
    from gateway.kit.scaffold.openapi import example_of

    if (example is None) == (openapi is None):
        raise typer.BadParameter("--example hoặc --openapi / give either of the two")
    if example is not None and operation is not None:
        raise typer.BadParameter("--operation đi với --openapi / --operation goes with --openapi")
    given = example_of(openapi.read_bytes(), operation) if openapi is not None else (example or Path()).read_bytes()

    to = folder or Path(f"gateway-{name}")
    taken = {*installed_adapters(), *installed()}
    for file in new_adapter(name, given, to, taken):
        typer.echo(str(file))
    typer.echo(f"pip install -e {to} && gateway contract test {name} && python -m pytest {to}/tests")
