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
    wsdl: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Tài liệu WSDL / a WSDL with its schema inside")
    ] = None,
    operation: Annotated[
        str | None, typer.Option(help="Thao tác trong tài liệu, hoặc GET /đường-dẫn / an operation, or GET /path")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Thư mục mới; mặc định gateway-<name> / a new folder")
    ] = None,
) -> None:
    """Tạo gói bộ nối từ một ví dụ / make adapter, contract, stand-in and tests from an example or a document."""
    from contracts.reader import installed
    from gateway.app import installed_adapters
    from gateway.kit.new_adapter import new_adapter
    from gateway.kit.scaffold.example import read_example, read_service
    from gateway.kit.scaffold.openapi import example_of, left_out

    given = [one for one in (example, openapi, wsdl) if one is not None]
    if len(given) != 1:
        raise typer.BadParameter("--example, --openapi, --wsdl: chỉ một / give one of the three")
    if example is not None and operation is not None:
        raise typer.BadParameter("--operation đi với --openapi, --wsdl / --operation goes with a document")
    text = given[0].read_bytes()
    if wsdl is not None:
        made = read_service(name, text, operation)
    else:
        made = read_example(name, text if openapi is None else example_of(text, operation))

    to = folder or Path(f"gateway-{name}")
    taken = {*installed_adapters(), *installed()}
    for file in new_adapter(made, to, taken):
        typer.echo(str(file))
    if openapi is not None and (unsent := left_out(text, operation)):
        typer.echo(f"Không gửi / not sent: {', '.join(unsent)}", err=True)
    typer.echo(f"pip install pytest -e {to} && gateway contract test {name} && python -m pytest {to}/tests")
