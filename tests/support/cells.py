"""Cells of a notebook, in a process that has no kernel: what an IPython shell says about the cell that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import IPython
from IPython.core import display_functions
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

T = TypeVar("T")


class Shell:
    """A shell whose kernel runs one cell for a front end that names its cells.

    Args:
        cell: the id of the cell, the same each time it is run.
        execution: the id of the message that runs it this time.
    """

    execution_count = 1

    def __init__(self, cell: str, execution: str) -> None:
        self.parent_header = {
            "header": {"msg_id": execution, "msg_type": "execute_request"},
            "content": {"allow_stdin": True},
            "metadata": {"cellId": cell},
        }
        self.kernel = object()
        self.events = EventManager(self, available_events)

    def get_parent(self) -> dict[str, object]:
        """The message that runs the cell."""
        return self.parent_header


class Notebook:
    """Runs code as a cell does.

    Args:
        patch: pytest's.

    Attributes:
        show: what is called with the data of each output.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.show: Callable[[dict[str, str]], object] = lambda data: None

    def __call__(self, act: Callable[[], T], cell: str = "c1", execution: str = "e1") -> T:
        """Run a function in a cell; a cell that is run again has another `execution`."""

        def publish(data: dict[str, str], *_arguments: object, **_options: object) -> None:
            self.show(data)

        with self._patch.context() as patch:
            patch.setattr(IPython, "get_ipython", lambda: Shell(cell, execution))
            patch.setattr(InteractiveShell, "initialized", lambda: True)
            patch.setattr(display_functions, "publish_display_data", publish)
            return act()
