"""Views: turn the state of a run into the data that every renderer gets. All words are made here."""

from origami_widgets.card.view.run_view import make_view

__all__ = ["make_view"]
