"""The side-by-side benchmark: what a lookup costs beside the plainest server that could stand in its place."""
