"""Renderers that turn a view into HTML and text."""
