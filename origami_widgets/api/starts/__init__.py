"""Start exactly one run for each start job, whatever happens to its requests."""
