"""Typed objects of the API, such as runs, tables and rows."""
