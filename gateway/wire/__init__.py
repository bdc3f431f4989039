"""Bytes to values and back. Pure: no network, no clock."""
