"""
Stand-ins for the registries, for laptops and tests. `python -m mocks` serves all that are installed on one port.

A stand-in answers from the case files of its contract and from a synthetic province, and says 501 to anything
else. Nothing here imports the gateway: a stand-in that shares code with what it tests would share its mistakes.
"""
