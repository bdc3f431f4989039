"""Judicial records (lý lịch tư pháp): contract, schema and recorded exchanges."""
