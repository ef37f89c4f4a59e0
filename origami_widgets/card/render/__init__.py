"""Renderers: from a view to HTML and text."""
