"""A licence check. ASSUMED, all of it: none was found (others.md, 5.3)."""
