"""
Generation 1, `apiHoTichTuPhap` or `hotich/1.0`: results as objects, or as XML in a text. Source:
dancu-justice-transport.md, 3.1.
"""
