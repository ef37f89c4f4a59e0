"""Rows of a table: pages, cells, and the leads that saved filters let through."""
