"""Shares no code with the gateway: one file that anybody can read, copy and run."""
