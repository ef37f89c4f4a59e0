"""Leads of tables: turn pages of rows into the columns of a frame."""
