"""
For pytest, in any package that is installed beside this one: `pytest --registry dancu=mock --registry dkdn@dkkd=URL`.

Everything else is imported when a test wants it: a run that asks for no registry loads nothing of the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gateway.kit.registries import Registries

__all__ = ["pytest_addoption", "pytest_configure", "pytest_generate_tests", "registries"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--registry` and `--registry-settings`."""
    group = parser.getgroup("gateway", "national registries, or their stand-ins")
    group.addoption(
        "--registry",
        action="append",
        default=[],
        metavar="NAME[@CONTRACT]=mock|URL",
        help="ask this registry: its stand-in in a process of its own, or what answers at the address; may be repeated",
    )
    group.addoption(
        "--registry-settings",
        metavar="FILE",
        help="the gateway's settings: an instance of that name gives a URL credentials, options and route",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Whatever is wrong with an option is said before the first test."""
    config.addinivalue_line("markers", "registry(*names): registries that a test asks where no --registry names any")
    if config.getoption("--registry"):
        from gateway.kit.registries import UsageError, targets

        try:
            targets(config.getoption("--registry"))
        except UsageError as exc:
            raise pytest.UsageError(str(exc)) from None


@pytest.fixture(scope="session")
def registries(request: pytest.FixtureRequest) -> Iterator[Registries]:
    """The registries of this run. Stand-ins start when the first of them is wanted, and end with the run."""
    from gateway.kit.registries import Registries

    config = request.config
    with Registries(config.getoption("--registry"), config.getoption("--registry-settings")) as opened:
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `registry_case` is made for every case file of the registries of this run."""
    if "registry_case" not in metafunc.fixturenames:
        return
    from gateway.kit.registries import cases

    marks = [name for mark in metafunc.definition.iter_markers("registry") for name in mark.args]
    found = cases(metafunc.config.getoption("--registry"), marks)
    metafunc.parametrize("registry_case", [pytest.param(one, id=one.id) for one in found])
