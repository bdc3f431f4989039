"""
VNPT iLIS, asked by itself: a bearer token from an account's password, `{data, status}` around the reports.

Source: others.md, 3.1 and 3.3. ASSUMED: that it can be asked; only that it is written to, and writes, was seen.
"""
