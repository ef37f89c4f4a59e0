"""The places in a notebook where a widget was shown, and what replaces it there."""

from __future__ import annotations

import uuid
from typing import Any

from IPython.display import display

_NOTHING = {"text/html": "", "text/plain": ""}


class Outputs:
    """The outputs of one widget; each can be replaced from any thread.

    Beside each widget may stand one muted line that tells how to find again what it shows. It is what is left in a
    notebook that was saved in mid-run and reopened without its kernel, and it goes away when the widget is frozen.
    """

    def __init__(self) -> None:
        self._widgets: list[str] = []
        self._lines: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._widgets)

    def add(self, data: dict[str, Any], metadata: dict[str, Any], line: dict[str, Any] | None = None) -> None:
        """Show the widget here, and the line below it."""
        self._widgets.append(_shown(data, metadata))
        if line is not None:
            self._lines.append(_shown(line, {}))

    def replace(self, static: dict[str, Any], line: dict[str, Any] | None = None) -> None:
        """Put the static twin in the place of everything shown so far, and this or nothing in that of the line below it."""
        for display_id in self._widgets:
            display(static, raw=True, display_id=display_id, update=True)
        self.name(line or _NOTHING)

    def revive(self, data: dict[str, Any], metadata: dict[str, Any], line: dict[str, Any]) -> None:
        """Put a live widget back in the place of its static twins."""
        for display_id in self._widgets:
            display(data, metadata=metadata, raw=True, display_id=display_id, update=True)
        self.name(line)

    def name(self, line: dict[str, Any]) -> None:
        """Let the line beside each widget say something else."""
        for display_id in self._lines:
            display(line, raw=True, display_id=display_id, update=True)


def show_once(data: dict[str, str]) -> None:
    """Show data by media type here, in an output that is never replaced."""
    display(data, raw=True)


def _shown(data: dict[str, Any], metadata: dict[str, Any]) -> str:
    display_id = uuid.uuid4().hex
    display(data, metadata=metadata, raw=True, display_id=display_id)
    return display_id
