"""From the state of a run to the view that every renderer is given: all words are made here."""

from origami_widgets.card.view.card_view import make_view
from origami_widgets.card.view.tables import make_all_columns

__all__ = ["make_all_columns", "make_view"]
