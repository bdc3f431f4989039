"""GIP, the tax authority's exchange for banks: signed XML as a text in SOAP. Source: others.md, 8.2."""
