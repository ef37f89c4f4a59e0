"""The package's top: the one place that knows the handle, the card and the frames, and brings them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.default_client import set_default_client
from origami_widgets.card.board.display import BoardPresenter
from origami_widgets.run.batches.many import start_many
from origami_widgets.run.handle import Run
from origami_widgets.run.login import account, account_async, login, login_async
from origami_widgets.run.presenter import set_presenter
from origami_widgets.run.settings import client_or_default, configure
from origami_widgets.run.start import attach, attach_async, start, start_async

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.run.presenter import DtypeBackend

__all__ = [
    "Run",
    "account",
    "account_async",
    "attach",
    "attach_async",
    "configure",
    "login",
    "login_async",
    "start",
    "start_async",
    "start_many",
]


class NotebookPresenter(BoardPresenter):
    """Shows runs as cards, batches as boards, and a run's history as a frame."""

    def history_frame(self, run: Run, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """The run's history as a DataFrame."""
        # Loaded here: a script that starts runs needs no pandas.
        from origami_widgets.frames import history_frame

        return history_frame(run, dtype_backend=dtype_backend)


set_presenter(NotebookPresenter())
set_default_client(lambda: client_or_default(None))
