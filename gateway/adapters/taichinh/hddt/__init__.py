"""
The e-invoice portal's look-up of a taxpayer. Source: others.md, 8.1.

It is the back end of a public screen, not an agreed integration: its list of states is what counts. Ask the owner for
an address before anything is connected to it.
"""
