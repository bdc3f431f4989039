"""Load generators: wrk where the machine has it, one of our own elsewhere. Both keep `connections` questions open."""
