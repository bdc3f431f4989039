"""Generation 1, `apiLyLichTuPhap` 1.0: states alone, no certificate. Source: dancu-justice-transport.md, 4.1."""
