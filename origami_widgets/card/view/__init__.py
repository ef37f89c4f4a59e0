"""From the state of a run to the view that every renderer is given: all words are made here."""

from origami_widgets.card.view.run_view import make_view

__all__ = ["make_view"]
