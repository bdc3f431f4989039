"""Commands of `gateway`, a module a group."""
