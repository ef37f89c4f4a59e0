"""Live output while a run changes: JSON lines, text lines, or a screen that is redrawn."""

from __future__ import annotations

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from origami_widgets.cli.run_text import RunUpdate

WIDTH, HEIGHT = 80, 24
"""Columns and lines of a terminal that does not say its size."""


class LiveOutput(ABC):
    """Writes updates. A context manager.

    Attributes:
        interval: seconds after which the output needs an update even if nothing has changed.
    """

    interval = 0.5

    def __enter__(self) -> Self:
        """Take the terminal, if needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        sys.stdout.flush()

    @abstractmethod
    def show(self, update: RunUpdate) -> None:
        """Write what has changed since the last update."""


class JsonLines(LiveOutput):
    """A JSON object per change, on one line each."""

    def __init__(self) -> None:
        self._written: dict[str, object] = {}

    def show(self, update: RunUpdate) -> None:
        """Write the record if more than its time has changed."""
        record = update.record()
        content = record | {"at": None}
        if content != self._written:
            self._written = content
            write_line(json.dumps(record))


class TextLines(LiveOutput):
    """A line per change, after the time and without control characters."""

    def __init__(self) -> None:
        self._written = ""

    def show(self, update: RunUpdate) -> None:
        """Write the line if it has changed; the first time with the brief."""
        from origami_widgets.words import numbers as words

        line = update.line()
        if line != self._written:
            text = line if self._written else update.line(with_brief=True)
            self._written = line
            write_line(f"{words.instant(time.time() * 1000)}  {text}")


class Screen(LiveOutput):
    """Redraws the terminal's alternate screen, plainly. The old screen comes back at the end."""

    interval = 0.25
    """Redraw every second: ages grow, and the terminal may have a new size."""

    def __init__(self) -> None:
        self._drawn: tuple[object, str] | None = None

    def __enter__(self) -> Self:
        """Take the screen."""
        sys.stdout.write("\x1b[?1049h")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back."""
        sys.stdout.write("\x1b[?1049l")
        sys.stdout.flush()

    def show(self, update: RunUpdate) -> None:
        """Draw the page, if anything on the screen has changed."""
        size = os.get_terminal_size(sys.stdout.fileno())
        drawing = size, update.page(size.columns or WIDTH, size.lines or HEIGHT)
        if drawing != self._drawn:
            self._drawn = drawing
            sys.stdout.write(f"\x1b[H\x1b[J{drawing[1]}")
            sys.stdout.flush()


def open_output(*, as_json: bool) -> LiveOutput:
    """Return the output for stdout: JSON if asked for, a screen on a terminal that can be redrawn, else lines."""
    if as_json:
        return JsonLines()
    # Windows sets no TERM. Its older consoles would print the control sequences.
    can_redraw = os.environ.get("TERM", "unknown") not in ("", "dumb", "unknown")
    return Screen() if sys.stdout.isatty() and can_redraw else TextLines()


def write_line(line: str) -> None:
    """Write a line to stdout at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def terminal_width() -> int | None:
    """Return the columns of the terminal; None if stdout is not a terminal or its width is unknown."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None
