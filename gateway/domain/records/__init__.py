"""Canonical records: one module for each registry's subject."""
