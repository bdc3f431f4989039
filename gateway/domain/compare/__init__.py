"""What a citizen declared beside what a registry recorded: a verdict for each pair, and why. Pure."""
