"""
What the systems of land offices report of a dossier. Source: others.md, 3.2 and 3.3.

They send it of their own accord, to the one-stop. Whoever keeps what was sent can make the dossier's state of it here:
`mapping.dossier` is the same for reports that were asked for and for reports that came by themselves.
"""
