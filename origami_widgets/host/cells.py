"""Cells and outputs: the cell that is being executed, its context for threads, and replacing what was shown.

A kernel keeps its current request in context variables. In a thread it mostly falls back on the newest request, but
ipykernel 7.0 raises `LookupError` (ipython/ipykernel#1450), after a trait is set and before anything is sent. There, the
background loop works in a copy of the newest cell's context. It does not use the cell that made the card: programs that
execute notebooks drop a cell's updates as soon as the next cell runs. 7.1 has the repair: this goes with support for 7.0.

IPython is imported with the first output, so that scripts can import this module.
"""

from __future__ import annotations

import contextvars
import sys
import uuid
from typing import Any, NamedTuple

from origami_widgets.host.application import current_shell, in_kernel, request, server_executes, updates_are_appended

_newest: contextvars.Context | None = None
_MARK = "_origami_widgets_mark"


class CellRef(NamedTuple):
    """One execution of a notebook cell.

    Args:
        cell: the cell's id, the same for each execution.
        execution: the id of this execution.
    """

    cell: str
    execution: str


def running_cell() -> str | None:
    """Return the id of the current cell execution; None outside a kernel."""
    if not in_kernel():
        return None
    return str(request().get("header", {}).get("msg_id") or current_shell().execution_count)


def cell_ref() -> CellRef | None:
    """Return the cell that is being executed; None if the front end sends no cell ids.

    A server that runs cells sends no ids. There, the code identifies the cell, or else a rerun cell would pay again.
    """
    execution, cell = running_cell(), request().get("metadata", {}).get("cellId")
    if not cell and server_executes():
        cell = uuid.uuid5(uuid.NAMESPACE_OID, request().get("content", {}).get("code", "")).hex
    if execution and isinstance(cell, str) and cell:
        return CellRef(cell, execution)
    return marimo_cell_ref()


def executed_by_program() -> bool:
    """Return whether a program such as nbclient or papermill executes the cell, as these offer no `input`.

    A missing view proves nothing: while a cell blocks the kernel, no message about views arrives.
    """
    return request().get("content", {}).get("allow_stdin") is False and not updates_are_appended()


def follow_cells() -> None:
    """Let threads send messages as part of the newest cell, if the kernel cannot find that cell itself.

    Does nothing when called again, outside a kernel, or in a kernel that needs no help.
    """
    if _newest is None and in_kernel() and _loses_cell_in_threads(current_shell().kernel):
        _remember_cell()
        current_shell().events.register("pre_run_cell", _remember_cell)


def deliver_as_addressed(comm: Any) -> None:
    """Let the messages of a page reach the subshell that the page sends them to, also while a cell blocks the kernel.

    ipykernel 7.4 gives them to the subshell that has sent on this comm last: the main one, which runs the cell. That suits
    widgets whose handlers need the main thread. Where a kernel has no such rule, this does nothing. As of 7.4.0, the rule
    has no public switch and no issue; this goes when it has one.

    Args:
        comm: the comm of a widget whose handlers may run on any thread.
    """
    rule = "_reply_subshell_for"
    if hasattr(comm, rule):
        setattr(comm, rule, _addressed)


def _addressed(_data: object, subshell: str | None) -> str | None:
    return subshell


def thread_context() -> contextvars.Context:
    """Return the context for a thread: the newest cell's if `follow_cells` is needed, else an empty one.

    In the caller's context, the thread's messages would belong to whichever cell made the call.
    """
    # A copy, because a context cannot be entered twice at a time, and sending one message may send another.
    return contextvars.Context() if _newest is None else _newest.copy()


def _loses_cell_in_threads(kernel: Any) -> bool:
    get_parent = getattr(kernel, "get_parent", None)
    if get_parent is None:
        return False
    try:
        contextvars.Context().run(get_parent)
    except LookupError:
        return True
    return False


def _remember_cell(_info: object = None) -> None:
    global _newest  # noqa: PLW0603 - there is one newest cell in a process
    _newest = contextvars.copy_context()


def marimo_cell_ref() -> CellRef | None:
    """Return the marimo cell that is being executed; None outside marimo. Its id differs for each visitor.

    marimo 0.25 has no public name for it; these private ones go when it has.
    """
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
    """Return an id that is stored on the object, as Python may reuse the `id` of an object that is gone."""
    mark: str = vars(thing).setdefault(_MARK, uuid.uuid4().hex)
    return mark


def show_once(data: dict[str, Any]) -> None:
    """Show data by media type, in an output that will never be replaced."""
    from IPython.display import display

    display(data, raw=True)


def show(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> str:
    """Show data by media type, and return the display id by which `replace` finds the output."""
    from IPython.display import display

    display_id = uuid.uuid4().hex
    display(data, metadata=metadata, raw=True, display_id=display_id)
    return display_id


def replace(display_id: str, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Replace an output wherever it is, from any thread. Sends nothing if the host would only append it."""
    if updates_are_appended():
        return
    from IPython.display import display

    display(data, metadata=metadata, raw=True, display_id=display_id, update=True)


class Outputs:
    """Outputs of one widget. Each can be replaced from any thread."""

    def __init__(self) -> None:
        self._display_ids: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._display_ids)

    def add(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Show the widget in a new output."""
        self._display_ids.append(show(data, metadata))

    def replace(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Replace all outputs: by the snapshot, or by a live widget again."""
        for display_id in self._display_ids:
            replace(display_id, data, metadata)
