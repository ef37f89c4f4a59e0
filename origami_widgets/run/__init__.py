"""Runs: their handles, their state, when the server is polled, and the actions on them."""
