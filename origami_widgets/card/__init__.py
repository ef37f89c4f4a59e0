"""The card: one view of a run's state, and everything that draws it."""
