"""A package for a registry of which one example is known: adapter, contract, stand-in and tests."""
