"""The card: the view of a run's state, its renderers and its widgets."""
