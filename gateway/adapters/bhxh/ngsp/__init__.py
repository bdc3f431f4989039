"""NGSP's `apiBHXH`: three questions, texts only. Source: others.md, 2.1."""
