"""One question from arrival to answer: access, cache, channel, evidence, ledger."""
