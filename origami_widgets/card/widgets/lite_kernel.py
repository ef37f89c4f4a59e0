"""What JupyterLite's kernel loses on the way to the page.

`None` becomes `undefined` there, and what is undefined is left out of a message: a trait that is set to None would stay
what it was, and a question that was answered would stand there as if it were open.
"""

from __future__ import annotations

import importlib
from typing import Any


def for_page(comm: object, message: Any) -> Any:
    """The message as it must be handed to the kernel so that all of it arrives.

    Args:
        comm: what it is sent over.
        message: what is sent.
    """
    if not type(comm).__module__.startswith("pyodide_kernel"):
        return message
    # Missing in a Pyodide before 0.28.
    return _spelled_out(message, getattr(importlib.import_module("pyodide.ffi"), "jsnull", None))


def _spelled_out(value: Any, null: object) -> Any:
    if value is None:
        return null
    if isinstance(value, dict):
        return {key: _spelled_out(inner, null) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled_out(inner, null) for inner in value]
    return value
