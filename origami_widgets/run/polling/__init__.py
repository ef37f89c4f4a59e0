"""When the server is asked about each run: the poller, its schedule and its rate limits."""
