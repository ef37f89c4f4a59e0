"""From a view to HTML and text."""
