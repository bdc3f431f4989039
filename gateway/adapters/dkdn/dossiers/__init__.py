"""Dossiers of business registration, as NGSP's `apiCSDLDKDN` tells them. Source: others.md, 1.1."""
