"""The notebook cell that is being executed: its id, who executes it, and how the background loop sends in its name.

A kernel notes the request that it works on in context variables. From a thread it mostly falls back on the newest
request; ipykernel 7.0 raises `LookupError` instead, after a trait is set and before anything is sent. There, what the
background loop does runs in a copy of the newest cell's context: not of the one that made the card, whose updates a
program that executes notebooks drops as soon as the next cell runs.
"""

from __future__ import annotations

import contextvars
import sys
import uuid
from typing import Any, NamedTuple

from origami_widgets.host.shell import current_shell, in_kernel, request

_newest: contextvars.Context | None = None
_MARK = "_origami_widgets_mark"


class CellRef(NamedTuple):
    """One execution of one notebook cell.

    Args:
        cell: the cell's id, the same each time the cell is executed.
        execution: the id of this execution.
    """

    cell: str
    execution: str


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
    """Let threads send in the name of the newest cell, where the kernel cannot find that out itself.

    May be called again and again; does nothing outside a kernel, and nothing in a kernel that needs no help.
    """
    if _newest is None and in_kernel() and _is_lost_in_threads(current_shell().kernel):
        _remember()
        current_shell().events.register("pre_run_cell", _remember)


def thread_context() -> contextvars.Context:
    """Return the context in which a thread works: that of the newest cell where `follow_cells` found it needed, else an empty one.

    In the context of the call, whatever a thread sends would belong to the cell that happened to call.
    """
    # A copy: a context can be entered once at a time only, and what is sent may make something else be sent.
    return contextvars.Context() if _newest is None else _newest.copy()


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
    mark: str = vars(thing).setdefault(_MARK, uuid.uuid4().hex)
    return mark
