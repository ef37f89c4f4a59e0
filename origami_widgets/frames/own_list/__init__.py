"""A user's own list: reading it from a frame, and joining the results to its rows."""
