"""From the state of a run to the view that every renderer is given."""

from origami_widgets.card.view.make import make_view
from origami_widgets.card.view.snapshot_words import as_saved
from origami_widgets.card.view.tables import make_all_columns

__all__ = ["as_saved", "make_all_columns", "make_view"]
