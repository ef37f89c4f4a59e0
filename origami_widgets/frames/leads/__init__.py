"""The leads of a table: pages of rows to columns of a frame, or to record batches."""
