"""The package's top: the one place that knows the handle and the card, and brings them together."""

from __future__ import annotations

from origami_widgets.api.default_client import set_default_client
from origami_widgets.card.display import CardPresenter
from origami_widgets.run.handle import Run
from origami_widgets.run.presenter import set_presenter
from origami_widgets.run.settings import client_or_default, configure
from origami_widgets.run.start import attach, start

__all__ = ["Run", "attach", "configure", "start"]

set_presenter(CardPresenter())
set_default_client(lambda: client_or_default(None))
