"""A user's own list: its upload as a job with a record, and the uploaded table."""
