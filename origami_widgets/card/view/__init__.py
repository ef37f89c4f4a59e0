"""From the state of a run to the view that every renderer is given."""

from origami_widgets.card.view.make import make_view
from origami_widgets.card.view.saved import as_saved

__all__ = ["as_saved", "make_view"]
