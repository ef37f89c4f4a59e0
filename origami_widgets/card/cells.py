"""The notebook cell that is being executed: its id, who executes it, and how the background loop sends in its name.

A kernel notes the request that it works on in context variables. From a thread it mostly falls back on the newest
request; ipykernel 7.0 raises `LookupError` instead, after a trait is set and before anything is sent. There, what the
background loop does runs in a copy of the newest cell's context: not of the one that made the card, whose updates a
program that executes notebooks drops as soon as the next cell runs.
"""

from __future__ import annotations

import contextvars
from typing import Any

from origami_widgets.api.loop import background
from origami_widgets.api.shell import current_shell, in_kernel, request
from origami_widgets.card.marimo_cells import marimo_cell_ref
from origami_widgets.run.display_backend import CellRef

_newest: contextvars.Context | None = None


def running_cell() -> str | None:
    """Return the id of the cell execution in progress; None outside a kernel."""
    if not in_kernel():
        return None
    return str(request().get("header", {}).get("msg_id") or current_shell().execution_count)


def cell_ref() -> CellRef | None:
    """Return the cell that is being executed; None where the front end sends no cell ids."""
    execution, cell = running_cell(), request().get("metadata", {}).get("cellId")
    if execution and isinstance(cell, str) and cell:
        return CellRef(cell, execution)
    return marimo_cell_ref()


def executed_by_program() -> bool:
    """Whether a program such as nbclient or papermill executes the cell, and not a person: it can answer no `input`.

    That no view was drawn says nothing: while a cell is blocked, the kernel does not hear of its views.
    """
    return request().get("content", {}).get("allow_stdin") is False


def follow_cells() -> None:
    """Let the background loop send in the name of the newest cell, where the kernel cannot find that out itself.

    May be called again and again; does nothing outside a kernel, and nothing in a kernel that needs no help.
    """
    if _newest is None and in_kernel() and _is_lost_in_threads(current_shell().kernel):
        _remember()
        current_shell().events.register("pre_run_cell", _remember)
        background().new_context = _copy


def _is_lost_in_threads(kernel: Any) -> bool:
    get_parent = getattr(kernel, "get_parent", None)
    if get_parent is None:
        return False
    try:
        contextvars.Context().run(get_parent)
    except LookupError:
        return True
    return False


def _remember(_info: object = None) -> None:
    global _newest  # noqa: PLW0603 - there is one newest cell in a process
    _newest = contextvars.copy_context()


def _copy() -> contextvars.Context:
    # A context can be entered once at a time only, and what is sent may make something else be sent.
    return contextvars.Context() if _newest is None else _newest.copy()
