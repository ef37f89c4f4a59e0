"""The package's top: the one place that knows the handle, the card and the frames, and brings them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.default_client import set_default_client
from origami_widgets.card.display import CardPresenter
from origami_widgets.run.handle import Run
from origami_widgets.run.login import account, login
from origami_widgets.run.many import start_many
from origami_widgets.run.presenter import set_presenter
from origami_widgets.run.settings import client_or_default, configure
from origami_widgets.run.start import attach, attach_async, start, start_async

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from origami_widgets.run.batch import RunBatch
    from origami_widgets.run.presenter import DtypeBackend

__all__ = ["Run", "account", "attach", "attach_async", "configure", "login", "start", "start_async", "start_many"]


class NotebookPresenter(CardPresenter):
    """Shows runs as cards, and their history as a frame."""

    def history_frame(self, run: Run, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """The run's history as a DataFrame."""
        # Loaded here: a script that starts runs needs no pandas.
        from origami_widgets.frames import history_frame

        return history_frame(run, dtype_backend=dtype_backend)

    def show_batch(self, batch: RunBatch) -> None:
        """Show nothing: the line that the value of a cell prints tells of it."""

    def display_batch(self, batch: RunBatch) -> None:
        """The one line."""
        print(repr(batch))  # noqa: T201 - this is the display of a terminal

    def batch_mimebundle(self, batch: RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one line as plain text."""
        return {"text/plain": repr(batch)}, {}

    def waited_batch(self, batch: RunBatch) -> None:
        """Freeze the cards of its runs where a program executes the cells."""
        for run in batch.runs:
            self.waited(run)


set_presenter(NotebookPresenter())
set_default_client(lambda: client_or_default(None))
