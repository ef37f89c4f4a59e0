"""How runs and batches are shown. The package's top knows cards and frames, so that `run` imports no widget, renderer or frame."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

DtypeBackend: TypeAlias = Literal["numpy_nullable", "pyarrow"]

# Type parameters, because the classes import this module: `Run` and `RunBatch` in the backend of `card`.
RunT_contra = TypeVar("RunT_contra", contravariant=True)
BatchT_contra = TypeVar("BatchT_contra", contravariant=True)


class DisplayBackend(Protocol[RunT_contra, BatchT_contra]):
    """Shows runs and batches in the host that runs the code: a notebook, a terminal or a script."""

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

    def html(self, shown: RunT_contra | BatchT_contra) -> str:
        """Return the snapshot of the run's card, or of the batch's board, as HTML."""
        ...

    def text(self, run: RunT_contra) -> str:
        """Return the run's card as text, as it is now."""
        ...


def top() -> Any:
    """Return the package itself. Its names load what they need when they are first used."""
    return sys.modules[__name__.partition(".")[0]]


def display_backend() -> DisplayBackend[Any, Any]:
    """Return what shows runs and batches."""
    found: DisplayBackend[Any, Any] = top().display_backend
    return found


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
