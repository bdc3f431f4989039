"""Generation 2: the interlinked flow, results as JSON or JSON in a text. Source: dancu-justice-transport.md, 3.2."""
