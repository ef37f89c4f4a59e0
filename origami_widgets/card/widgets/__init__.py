"""Widgets: cards and boards that live in a notebook, and their snapshots."""
