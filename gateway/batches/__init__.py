"""Thousands of lookups or verifications as one job: taken in whole or not at all, asked item by item, given back."""
