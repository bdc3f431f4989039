"""A paper that could not be decided is asked about again by itself, until it is decided or its time is over."""
