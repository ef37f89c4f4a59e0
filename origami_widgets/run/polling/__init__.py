"""Polling: when the server is asked about each run, within the rate limits."""
