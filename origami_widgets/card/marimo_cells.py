"""Whether the code runs in marimo, and in which of its cells.

marimo has no public name for the cell. Where its inner names are no longer what they were, the cell is unknown, and a cell
that is run again starts a run of its own, as a script does.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from origami_widgets.run.display_backend import CellRef

MARK = "_origami_widgets_mark"


def in_marimo() -> bool:
    """Whether this is a marimo notebook: it has no IPython shell and places what `_repr_mimebundle_` returns."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def marimo_cell_ref() -> CellRef | None:
    """Return the marimo cell that is being executed, whose id differs for each visitor; None outside of marimo."""
    runtime: Any = sys.modules.get("marimo._runtime.context")
    if runtime is None:
        return None
    try:
        visitor = runtime.get_context()
        execution = visitor.execution_context
        return CellRef(f"{_mark(visitor)}/{execution.cell_id}", _mark(execution))
    except Exception:  # noqa: BLE001 - no cell is running, or these names mean something else by now
        return None


def _mark(thing: object) -> str:
    """The same for the same thing, and for no other: an address may be given again."""
    mark: str = vars(thing).setdefault(MARK, uuid.uuid4().hex)
    return mark
