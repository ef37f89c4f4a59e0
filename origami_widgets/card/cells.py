"""Which cell runs now, for what the background loop sends.

A kernel notes the request that it works on in context variables. From a thread it mostly falls back on the newest
request; ipykernel 7.0 raises `LookupError` instead, after a trait is set and before anything is sent. There, what the
background loop does runs in a copy of the newest cell's context: not of the one that made the card, whose updates a
program that executes notebooks drops as soon as the next cell runs.
"""

from __future__ import annotations

import contextvars
import sys
from typing import Any

from origami_widgets.api.loop import background

_newest: contextvars.Context | None = None


def follow_cells() -> None:
    """Let the background loop send in the name of the newest cell, where the kernel cannot find that out itself.

    May be called again and again; does nothing outside a kernel, and nothing in a kernel that needs no help.
    """
    shell = _shell()
    if _newest is None and shell is not None and _is_lost_in_threads(shell.kernel):
        _remember()
        shell.events.register("pre_run_cell", _remember)
        background().new_context = _copy


def _shell() -> Any:
    """The shell of the kernel; None where there is none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


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
