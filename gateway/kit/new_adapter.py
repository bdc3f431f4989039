"""`gateway new-adapter`: a package of its own, made from one example, that passes its own contract test."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from gateway.errors import SettingsError
from gateway.kit.scaffold.code import records_py, wire_py
from gateway.kit.scaffold.contract import cases_of, contract_toml, schemas_of
from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.mapping import adapter_py, mapping_py
from gateway.kit.scaffold.rest import pyproject_toml, readme_md, stand_in_py, test_py

__all__ = ["new_adapter"]


def new_adapter(example: Example, folder: Path, installed: Collection[str]) -> list[Path]:
    """
    The files that were written, below a folder that was not there. Raises SettingsError for a registry that is there
    already, and where the folder cannot be made.
    """
    if example.name in installed:
        raise SettingsError(
            f"NAME: {example.name} is installed already; an entry point of that name would be hidden by it"
        )
    files = dict(_files(example))
    try:
        folder.mkdir(parents=True)
        for place, text in files.items():
            file = folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise SettingsError(
            f"{folder}: is there already, and nothing is written over it; give another --folder"
        ) from None
    except OSError as exc:
        raise SettingsError(f"{folder}: cannot be written: {exc.strerror}") from exc
    return [folder / place for place in files]


def _files(example: Example) -> Iterator[tuple[str, str]]:
    package = f"gateway_{example.name}"
    yield "pyproject.toml", pyproject_toml(example)
    yield "README.md", readme_md(example)
    # Imports nothing, so that the stand-in never loads the adapter that it tests.
    yield f"{package}/__init__.py", f'"""{example.name}: made from one example."""\n'
    yield f"{package}/records.py", records_py(example)
    yield f"{package}/wire.py", wire_py(example)
    yield f"{package}/mapping.py", mapping_py(example)
    yield f"{package}/adapter.py", adapter_py(example)
    yield f"{package}/stand_in.py", stand_in_py(example)
    yield f"{package}/contract/__init__.py", f'"""The contract of {example.name}: data only."""\n'
    yield f"{package}/contract/contract.toml", contract_toml(example)
    for name, text in schemas_of(example):
        yield f"{package}/contract/schema/{name}", text
    for name, text in cases_of(example):
        yield f"{package}/contract/{example.noun}/{name}.toml", text
    yield f"tests/test_{example.name}.py", test_py(example)
