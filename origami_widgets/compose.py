"""The package's top: the one place that knows the handle and the card, and brings them together."""

from __future__ import annotations

from origami_widgets.card.display import CardPresenter
from origami_widgets.run.handle import Run
from origami_widgets.run.presenter import set_presenter
from origami_widgets.run.start import attach, start

__all__ = ["Run", "attach", "start"]

set_presenter(CardPresenter())
