"""The application that shows the notebook: its IPython shell, the running cell, what it can display, and its outputs.

Nothing is imported to find out: if IPython, Colab or marimo is running, it is already imported. IPython is imported with
the first output, so that scripts can import this module.

A kernel keeps its current request in context variables. In a thread it mostly falls back on the newest request, but
ipykernel 7.0 raises `LookupError` (ipython/ipykernel#1450), after a trait is set and before anything is sent. There, the
background loop works in a copy of the newest cell's context. It does not use the cell that made the card: programs that
execute notebooks drop a cell's updates as soon as the next cell runs. 7.1 has the repair: this goes with support for 7.0.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from origami_widgets.host import runtime

_PACKAGE = __name__.partition(".")[0]
_IPYTHON_FOLDER = f"{os.sep}IPython{os.sep}"


def current_shell() -> Any:
    """Return the IPython shell of this process; None in a plain program."""
    # A module that is only half imported has no such function yet.
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if find is None else find()


def in_kernel() -> bool:
    """Return whether the shell belongs to a kernel, which displays the value of a cell itself."""
    return getattr(current_shell(), "kernel", None) is not None


def in_colab() -> bool:
    """Return whether this is a Colab notebook, whose kernel imports Colab's library before any cell runs."""
    return "google.colab" in sys.modules


def in_marimo() -> bool:
    """Return whether this is a marimo notebook: it has no IPython shell and displays what `_repr_mimebundle_` returns."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def host_name() -> str:
    """Return in words what shows the output of this process. If a kernel cannot tell, that is a notebook."""
    cell = request().get("metadata", {})
    known = (
        ("Google Colab", in_colab),
        ("marimo", in_marimo),
        ("Python without a notebook", lambda: current_shell() is None),
        ("IPython in a terminal", lambda: not in_kernel()),
        ("JupyterLite", lambda: sys.platform == "emscripten"),
        ("JupyterLab or Notebook 7", lambda: "deletedCells" in cell),
        ("VS Code", lambda: "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ),
        ("a host without widgets", lambda: without_widgets("auto")),
    )
    return next((name for name, is_it in known if is_it()), "a notebook")


def request() -> dict[str, Any]:
    """Return the message that made the kernel run the current cell; empty without one."""
    message = getattr(current_shell(), "parent_header", None)
    return message if isinstance(message, dict) else {}


def server_executes() -> bool:
    """Return whether the Jupyter server itself sent the cell, as with extensions that save on the server.

    Such a server tells the kernel nothing about the cell, and like programs, some offer no `input`. A program's kernel
    has no server session: it may have inherited that variable, but not the name of the file.
    """
    kernel: Any = getattr(current_shell(), "kernel", None)
    file = Path(getattr(getattr(kernel, "parent", None), "connection_file", ""))
    is_in_session = bool(os.environ.get("JPY_SESSION_NAME")) and file.name.startswith("kernel-")
    return is_in_session and not request().get("metadata")


def updates_are_appended() -> bool:
    """Return whether replacing an output would append a second one instead.

    jupyter-server-documents 0.3.3 does so while a cell runs, although its issue
    jupyter-ai-contrib/jupyter-server-documents#94 is closed. It is the only such server that offers no `input`.
    """
    return request().get("content", {}).get("allow_stdin") is False and server_executes()


def can_prompt() -> bool:
    """Return whether `input` reaches a user: in a front end that offers it, or in a terminal."""
    if in_kernel():
        # Programs that execute notebooks set this to False. A kernel without messages (in a browser) asks in its own
        # way.
        return request().get("content", {}).get("allow_stdin") is not False
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def can_confirm() -> bool:
    """Return whether the user can be asked for confirmation: in an interactive notebook, while a cell runs.

    False in scripts and terminals; in programs that execute notebooks; in browsers, where `input` may not block; in
    marimo, which runs cells itself; and on other threads, whose question would reach no cell.
    """
    if runtime.IN_BROWSER or threading.current_thread() is not threading.main_thread() or not in_kernel():
        return False
    return request().get("content", {}).get("allow_stdin") is True


@dataclass
class Pages:
    """What the pages of this kernel have reported about themselves.

    Attributes:
        keep_snapshots: whether a page that saves the notebook replaces each widget by its newest snapshot, as
            JupyterLab and Notebook 7 do with our front end; None before a page has reported. One such page is enough.
        are_of_lab: whether the page that ran the newest cell with a widget is one of those two, or its server ran the
            cell.
    """

    keep_snapshots: bool | None = None
    are_of_lab: bool = False

    @property
    def may_keep_snapshots(self) -> bool:
        """Whether pages keep snapshots, or probably will. While a cell blocks the kernel, no page can report."""
        return self.are_of_lab if self.keep_snapshots is None else self.keep_snapshots

    def note_report(self, *, keeps_snapshots: bool) -> None:
        """Note what a page has reported about itself."""
        self.keep_snapshots = keeps_snapshots or bool(self.keep_snapshots)

    def note_request(self, request: dict[str, Any]) -> None:
        """Note the message that made the kernel run a cell with a widget."""
        # Only JupyterLab and Notebook 7 send this with each cell.
        self.are_of_lab = "deletedCells" in request.get("metadata", {}) or server_executes()


pages = Pages()


def without_widgets(render_mode: str) -> bool:
    """Return whether to show cards as HTML that is replaced, because that is configured or the host has no widgets.

    Args:
        render_mode: the configured mode: `auto`, `widget` or `html`.
    """
    if render_mode != "auto":
        return render_mode == "html"
    return lacks_widgets(getattr(current_shell(), "kernel", None), request(), os.environ)


def lacks_widgets(kernel: object, request: dict[str, Any], environment: Mapping[str, str]) -> bool:
    """Return whether the kernel's front end certainly has no widget manager.

    A kernel does not know who reads its messages, so only certain cases count. In all others the widget is shown, with
    HTML and text for hosts that turn out to have no widget manager. Deliberately absent:

    - programs that execute notebooks (nbclient, papermill): the snapshot replaces the widget when the run is waited for;
    - Databricks, Kaggle, SageMaker, PyCharm and DataSpell: their notebooks show ipywidgets;
    - jupyter console, a plain qtconsole, Zed, Emacs: nothing that they send distinguishes them from a notebook.

    Args:
        kernel: the kernel object of the shell.
        request: the message that made the kernel run the current cell.
        environment: the environment variables of the process.
    """
    # Deepnote's documentation (2026) says that its notebooks do not support ipywidgets. Its kernel in VS Code ("detached") has the same
    # variable, but VS Code's widgets.
    detached = environment.get("DEEPNOTE_RUNTIME__RUNNING_IN_DETACHED_MODE", "").lower() == "true"
    if environment.get("DEEPNOTE_PROJECT_ID") and not detached:
        return True
    home = type(kernel).__module__
    # A kernel without sockets (ipykernel.inprocess) has only Python objects of the same process as front ends: in
    # practice, the Qt console inside an application. A widget manager is JavaScript.
    if home.startswith("ipykernel.inprocess"):
        return True
    # Spyder starts this kernel for its Qt console (spyder-ide/qtconsole#382: no widgets), and for its notebook plug-in.
    # That is made of JupyterLab's parts, which name the cell in the metadata of each request.
    return home.startswith("spyder_kernels.") and "cellId" not in request.get("metadata", {})


def traceback_lines(error: BaseException) -> list[str]:
    """Return a traceback as the shell writes it, without this package's frames at the end.

    In IPython's verbose mode all frames stay. A debugger also sees them, as the error keeps its own traceback.

    Args:
        error: the exception that was raised.
    """
    shell = current_shell()
    if shell is None:
        import traceback

        return traceback.format_exception(error)
    formatter, trace = shell.InteractiveTB, error.__traceback__
    if getattr(formatter, "mode", "") == "Verbose" or (cut := _user_frames(trace)) is None:
        return list(formatter.structured_traceback(type(error), error, trace))
    return list(formatter.structured_traceback(type(error), error, cut, tb_offset=0))


def _user_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without IPython's frames at the beginning and ours at the end; None if nothing is left."""
    entries: list[TracebackType] = []
    while trace is not None:
        if entries or _IPYTHON_FOLDER not in trace.tb_frame.f_code.co_filename:
            entries.append(trace)
        trace = trace.tb_next
    # Compared by module, not by file: code generated by a dataclass is in no file.
    while entries and entries[-1].tb_frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        entries.pop()
    cut = None
    for entry in reversed(entries):
        cut = TracebackType(cut, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cut


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
