"""Which papers a procedure asks for, which registries replace them, and what is decided of each. Pure but for files."""
