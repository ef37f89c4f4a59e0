"""Which cell of a marimo notebook runs now.

marimo has no public name for that. Where its inner ones are no longer what they were, nothing is known, and a cell that
is run again starts a run of its own, as a script does.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from origami_widgets.run.presenter import Place

MARK = "_origami_widgets_mark"


def running_cell() -> Place | None:
    """The cell, the same each time it is run by this visitor of the notebook, and this time; None outside of marimo."""
    runtime: Any = sys.modules.get("marimo._runtime.context")
    if runtime is None:
        return None
    try:
        visitor = runtime.get_context()
        execution = visitor.execution_context
        return Place(f"{_mark(visitor)}/{execution.cell_id}", _mark(execution))
    except Exception:  # noqa: BLE001 - no cell is running, or these names mean something else by now
        return None


def _mark(thing: object) -> str:
    """The same for the same thing, and for no other: an address may be given again."""
    mark: str = vars(thing).setdefault(MARK, uuid.uuid4().hex)
    return mark
