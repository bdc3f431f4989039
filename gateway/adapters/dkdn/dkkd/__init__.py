"""The newer `apiDKKD`: Vietnamese names, lists in lists. Source: others.md, 1.2."""
