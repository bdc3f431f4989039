"""Coverage-guided fuzzing of what reads a registry's bytes. `make faults PART=fuzz`."""
