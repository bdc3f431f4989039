"""The health-insurance portal GDBHYT: one question, `maKetQua` in every answer. Source: others.md, 2.2-2.4."""
