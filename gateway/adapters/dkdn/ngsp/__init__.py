"""NGSP's `apiCSDLDKDN`: English names in upper case. Source: others.md, 1.1."""
