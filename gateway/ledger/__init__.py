"""The append-only, tamper-evident log of every question, and the evidence that it commits to."""
