"""
A province's own civil-status system, which the law names for marital status (domain.md, 1.3). ASSUMED, all of it: no
message of such a system was found.
"""
