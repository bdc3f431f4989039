"""The central service (`CSDL_DATDAI`) of the national exchange; that it exists is all that is known: others.md, 3.8."""
