"""Outputs of notebook cells: where widgets and snapshots were shown, and replacing them there.

IPython is imported with the first output, so that scripts can import this module.
"""

from __future__ import annotations

import uuid
from typing import Any

from origami_widgets.host.application import updates_are_appended

_NOTHING = {"text/html": "", "text/plain": ""}


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
    """Outputs of one widget. Each can be replaced from any thread.

    Below each widget there may be a muted line with the code that shows the run again. It is what remains if a notebook
    is saved in mid-run and reopened without its kernel. It disappears when the widget is frozen.
    """

    def __init__(self) -> None:
        self._display_ids: list[str] = []
        self._lines: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._display_ids)

    def add(self, data: dict[str, Any], metadata: dict[str, Any], line: dict[str, Any] | None = None) -> None:
        """Show the widget in a new output, and the line below it."""
        self._display_ids.append(show(data, metadata))
        if line is not None:
            self._lines.append(show(line))

    def replace(self, snapshot: dict[str, Any], line: dict[str, Any] | None = None) -> None:
        """Replace all outputs by the snapshot, and the lines below them by another line or nothing."""
        for display_id in self._display_ids:
            replace(display_id, snapshot)
        self.replace_line(line or _NOTHING)

    def revive(self, data: dict[str, Any], metadata: dict[str, Any], line: dict[str, Any]) -> None:
        """Replace the snapshots by a live widget again."""
        for display_id in self._display_ids:
            replace(display_id, data, metadata)
        self.replace_line(line)

    def replace_line(self, line: dict[str, Any]) -> None:
        """Replace the line below each widget."""
        for display_id in self._lines:
            replace(display_id, line)
