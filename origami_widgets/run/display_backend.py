"""Display backend of runs and batches. Installed by the package, so that `run` imports no widget, renderer or frame code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from origami_widgets.host.cells import CellRef

DtypeBackend: TypeAlias = Literal["numpy_nullable", "pyarrow"]

# Type parameters, because the classes import this module: `Run` and `RunBatch` in the backend that the package
# installs.
RunT_contra = TypeVar("RunT_contra", contravariant=True)
BatchT_contra = TypeVar("BatchT_contra", contravariant=True)


class DisplayBackend(Protocol[RunT_contra, BatchT_contra]):
    """Shows runs and batches in the host that runs the code: a notebook, a terminal or a script."""

    def cell(self) -> CellRef | None:
        """Return the cell that is being executed; None outside a notebook and in notebooks without cell ids."""
        ...

    def show(self, shown: RunT_contra | BatchT_contra) -> None:
        """Show a run or batch that was just started or attached. Does nothing outside a notebook."""
        ...

    def display(self, shown: RunT_contra | BatchT_contra) -> None:
        """Show a run or batch that is the value of a cell, unless the cell already shows it."""
        ...

    def mimebundle(self, shown: RunT_contra | BatchT_contra) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return data and metadata by media type, as `_repr_mimebundle_` does. Shows nothing."""
        ...

    def waited(self, shown: RunT_contra | BatchT_contra) -> None:
        """Update the outputs after a wait: when a program executes the notebook, the kernel may end right after it."""
        ...

    def continued(self, run: RunT_contra) -> None:
        """Show the new run of an answer or follow-up in the card of the run that it continues."""
        ...

    def html(self, run: RunT_contra) -> str:
        """Return the snapshot of the run's card as HTML."""
        ...

    def text(self, run: RunT_contra) -> str:
        """Return the run's card as text, as it is now."""
        ...

    def history_frame(self, run: RunT_contra, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """Return the run's history as a DataFrame."""
        ...

    def leads(self, run: RunT_contra, options: dict[str, Any]) -> Any:
        """Return the run's leads as a widget."""
        ...


class PlainBackend:
    """Display backend that shows the `repr`. In use until the package installs its own."""

    def cell(self) -> CellRef | None:
        """Return None: it knows no cells."""
        return None

    def show(self, shown: object) -> None:
        """Show nothing."""

    def display(self, shown: object) -> None:
        """Show nothing."""

    def mimebundle(self, shown: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the `repr` as plain text."""
        return {"text/plain": repr(shown)}, {}

    def waited(self, shown: object) -> None:
        """Do nothing."""

    def continued(self, run: object) -> None:
        """Do nothing."""

    def html(self, run: object) -> str:
        """Raise `RuntimeError`: HTML needs the card."""
        raise RuntimeError(f"No card is installed for {run!r}; import origami_widgets instead of its inner modules.")

    def text(self, run: object) -> str:
        """Return the `repr`."""
        return repr(run)

    def history_frame(self, run: object, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """Raise `RuntimeError`: frames need pandas, which the package loads on demand."""
        raise RuntimeError(
            f"No {dtype_backend} frame for {run!r}; import origami_widgets instead of its inner modules."
        )

    def leads(self, run: object, options: dict[str, Any]) -> Any:
        """Raise `RuntimeError`: a grid of leads is a widget."""
        raise RuntimeError(f"No widget for {run!r} ({options!r}): import origami_widgets itself.")


@contextmanager
def attach_hint(token: str) -> Iterator[None]:
    """Add a note with the line that attaches the run to any exception raised while a new run is shown.

    Args:
        token: the run's token. The run costs credits, and its caller has no handle on it yet.
    """
    try:
        yield
    except BaseException as error:
        error.add_note(f'The run was started and is running. To see it: ow.attach("{token}")')
        raise


_backend: DisplayBackend[Any, Any] = PlainBackend()


def display_backend() -> DisplayBackend[Any, Any]:
    """Return the display backend of this process."""
    return _backend


def set_display_backend(backend: DisplayBackend[Any, Any]) -> None:
    """Install the display backend of this process."""
    global _backend  # noqa: PLW0603 - set once, by the package's top
    _backend = backend
