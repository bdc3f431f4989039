"""What integrators run."""
