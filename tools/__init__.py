"""What is run by hand when packaged data is made anew. Nothing of it is installed."""
