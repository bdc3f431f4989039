"""
Generation 2 (2024): the central system, with the certificate's content. Source: dancu-justice-transport.md, 4.2.
"""
