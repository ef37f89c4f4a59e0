"""What the IPython shell of this process tells, where there is one. Nothing is imported for it."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

_OURS = __name__.partition(".")[0]
_IPYTHONS = f"{os.sep}IPython{os.sep}"


def current_shell() -> Any:
    """The IPython shell; None in a plain program."""
    # A module that is only half loaded has no such function yet.
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if find is None else find()


def in_kernel() -> bool:
    """Whether the shell is that of a kernel, which shows the value of a cell by itself."""
    return getattr(current_shell(), "kernel", None) is not None


def request() -> dict[str, Any]:
    """The message that made the kernel run the present cell; empty where there is none."""
    message = getattr(current_shell(), "parent_header", None)
    return message if isinstance(message, dict) else {}


def may_ask() -> bool:
    """Whether somebody can be asked for input here: a front end that offers it, or a terminal."""
    if in_kernel():
        # Programs that execute notebooks say no. A kernel without messages (in a browser) asks in its own way.
        return request().get("content", {}).get("allow_stdin") is not False
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def traceback_lines(error: BaseException) -> list[str]:
    """A traceback as the shell writes it, without the frames of this package at its end.

    Whoever has chosen a verbose one gets all frames, and so does a debugger: the error keeps its own.

    Args:
        error: what was raised.
    """
    shell = current_shell()
    if shell is None:
        import traceback

        return traceback.format_exception(error)
    formatter, trace = shell.InteractiveTB, error.__traceback__
    cut = None if getattr(formatter, "mode", "") == "Verbose" else _of_the_person(trace)
    if cut is None:
        lines = formatter.structured_traceback(type(error), error, trace)
    else:
        lines = formatter.structured_traceback(type(error), error, cut, tb_offset=0)
    return list(lines)


def _of_the_person(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without IPython's frames at its beginning and ours at its end; None where nothing is left."""
    entries: list[TracebackType] = []
    while trace is not None:
        if entries or _IPYTHONS not in trace.tb_frame.f_code.co_filename:
            entries.append(trace)
        trace = trace.tb_next
    # By its module, not by its file: what a dataclass generates stands in none.
    while entries and entries[-1].tb_frame.f_globals.get("__name__", "").partition(".")[0] == _OURS:
        entries.pop()
    cut = None
    for entry in reversed(entries):
        cut = TracebackType(cut, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cut
