"""What a command loads, loaded once for all that `tests.commands` runs."""

from contracts.reader import installed
from gateway import serve
from gateway.app import installed_adapters
from gateway.kit import contract_test

__all__ = ["contract_test", "serve"]

installed_adapters()
installed()
