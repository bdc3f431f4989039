"""
What is registered of births, deaths and marriages: one vocabulary in both generations. Source:
dancu-justice-transport.md, 3.2 and 3.4.
"""
