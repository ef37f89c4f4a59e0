"""The widgets: cards and boards that live in a notebook."""
