"""The integration gateway between a province's one-stop system and the national registries."""

__version__ = "0.1.0"
