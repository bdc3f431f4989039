"""Where state lives, behind small ports."""
