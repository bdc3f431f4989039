"""One instance's policy: how long, how often, how many at once, and whose answer may be believed."""
