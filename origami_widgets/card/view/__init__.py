"""View: from the state of a run to the dictionary that every renderer is given."""

from origami_widgets.card.view.run_view import make_view

__all__ = ["make_view"]
