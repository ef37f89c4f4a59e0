"""Widgets: live cards, boards and grids in a notebook, and their snapshots."""
