"""
One folder a registry: what it can be asked, its messages, and how they become our words.

An adapter does no I/O and knows no other adapter. Installed ones are found by entry point, group
`gateway.adapters`, from this package or anybody else's.
"""
