"""How a run is shown. The handle knows no widget, no renderer and no frame: the package's top hands them in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from origami_widgets.run.batch import RunBatch
    from origami_widgets.run.handle import Run

DtypeBackend: TypeAlias = Literal["numpy_nullable", "pyarrow"]


class Place(NamedTuple):
    """Where code runs.

    Args:
        cell: the cell, the same each time it is run.
        execution: this time.
    """

    cell: str
    execution: str


class Presenter(Protocol):
    """What a handle asks of whoever shows it."""

    def place(self) -> Place | None:
        """The cell that runs now; None outside a notebook, and where the notebook does not name its cells."""
        ...

    def show(self, run: Run) -> None:
        """Show the run because it was started or attached; does nothing outside a notebook."""
        ...

    def display(self, run: Run) -> None:
        """Show the run because it is the value of a cell."""
        ...

    def mimebundle(self, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata of the run's output, without any side effect on what is shown."""
        ...

    def html(self, run: Run) -> str:
        """The static card."""
        ...

    def text(self, run: Run) -> str:
        """The text for a terminal."""
        ...

    def history_frame(self, run: Run, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """The run's history as a DataFrame."""
        ...

    def continued(self, run: Run) -> None:
        """The caller has started this run, which continues another one."""
        ...

    def waited(self, run: Run) -> None:
        """The caller has waited for the run; the next thing to end may be the kernel."""
        ...

    def show_batch(self, batch: RunBatch) -> None:
        """Show the batch because it was started; does nothing outside a notebook."""
        ...

    def display_batch(self, batch: RunBatch) -> None:
        """Show the batch because it is the value of a cell."""
        ...

    def batch_mimebundle(self, batch: RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata of the batch's output, without any side effect on what is shown."""
        ...

    def waited_batch(self, batch: RunBatch) -> None:
        """The caller has waited for the batch; the next thing to end may be the kernel."""
        ...


class PlainPresenter:
    """Shows a run as one line; in use until the package's top hands in the card."""

    def place(self) -> Place | None:
        """None: nothing is known of cells."""
        return None

    def show(self, run: Run) -> None:
        """Show nothing."""

    def display(self, run: Run) -> None:
        """Show nothing."""

    def mimebundle(self, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one line as plain text."""
        return {"text/plain": repr(run)}, {}

    def html(self, run: Run) -> str:
        """Raise: there is no HTML without the card."""
        raise RuntimeError(f"No card is installed for {run!r}; import origami_widgets instead of its inner modules.")

    def history_frame(self, run: Run, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """Raise: there are no frames without the package's top."""
        raise RuntimeError(
            f"No {dtype_backend} frame for {run!r}; import origami_widgets instead of its inner modules."
        )

    def text(self, run: Run) -> str:
        """The one line."""
        return repr(run)

    def continued(self, run: Run) -> None:
        """Do nothing."""

    def waited(self, run: Run) -> None:
        """Do nothing."""

    def show_batch(self, batch: RunBatch) -> None:
        """Show nothing."""

    def display_batch(self, batch: RunBatch) -> None:
        """Show nothing."""

    def batch_mimebundle(self, batch: RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one line as plain text."""
        return {"text/plain": repr(batch)}, {}

    def waited_batch(self, batch: RunBatch) -> None:
        """Do nothing."""


@contextmanager
def naming(run: Run) -> Iterator[None]:
    """Let a failure to show a run say how to find it: it was paid for, and the caller has no handle on it yet."""
    try:
        yield
    except BaseException as error:
        error.add_note(f'The run was started and goes on. To see it: ow.attach("{run.token}")')
        raise


_presenter: Presenter = PlainPresenter()


def presenter() -> Presenter:
    """Whoever shows runs in this process."""
    return _presenter


def set_presenter(new: Presenter) -> None:
    """Hand in whoever shows runs."""
    global _presenter  # noqa: PLW0603 - set once, by the package's top
    _presenter = new
