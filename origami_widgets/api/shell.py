"""What the IPython shell of this process tells, where there is one. Nothing is imported for it."""

from __future__ import annotations

import sys
from typing import Any


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
