"""Hồ Chí Minh City's re-export of the firm: flat, in an envelope of its own. Source: others.md, 1.3."""
