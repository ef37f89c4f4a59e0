"""Live output while a run changes: JSON lines, text lines, or a screen that is redrawn."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets.run.state import RunState

WIDTH, HEIGHT = 80, 24
"""Columns and lines of a terminal that does not say its size."""


class LiveOutput:
    """Writes a run whenever it has changed.

    Attributes:
        interval: seconds after which the output needs an update even if nothing has changed.
        before: what takes the terminal.
        after: what gives it back.
    """

    interval = 0.5
    before = after = ""

    def __init__(self) -> None:
        self._shown: object = None

    def show(self, state: RunState, earlier: Sequence[RunState]) -> None:
        """Write a run, if anything that the output shows of it has changed.

        Args:
            state: the state of the run.
            earlier: the earlier turns of its conversation.
        """
        content, text = self._drawn(state, earlier)
        if content != self._shown:
            self._shown = content
            sys.stdout.write(text)
            sys.stdout.flush()

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        """Return what to compare with the last update, and what to write."""
        raise NotImplementedError


class JsonLines(LiveOutput):
    """A JSON object per change, on one line each."""

    def _drawn(self, state: RunState, _earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.cli.run_text import run_record

        record = run_record(state, now=time.time())
        return record | {"at": None}, f"{json.dumps(record)}\n"


class TextLines(LiveOutput):
    """A line per change, after the time and without control characters; the first one with the brief."""

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.card.view import make_view
        from origami_widgets.cli.run_text import change_line
        from origami_widgets.words.numbers import instant

        now = time.time()
        view = make_view(state, earlier=earlier, now=now, form="current")
        text = change_line(view, with_brief=self._shown is None)
        return change_line(view), f"{instant(now * 1000)}  {text}\n"


class Screen(LiveOutput):
    """Redraws the terminal's alternate screen, plainly. The old screen comes back at the end."""

    # Redrawn every second: ages grow, and the terminal may have a new size.
    interval = 0.25
    before, after = "\x1b[?1049h", "\x1b[?1049l"

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.cli.run_text import page

        size = os.get_terminal_size(sys.stdout.fileno())
        drawing = page(state, earlier, size.columns or WIDTH, size.lines or HEIGHT)
        return (size, drawing), f"\x1b[H\x1b[J{drawing}"


@contextmanager
def open_output(*, as_json: bool) -> Iterator[LiveOutput]:
    """Open the output for stdout: JSON if asked for, a screen on a terminal that can be redrawn, else lines."""
    # Windows sets no TERM. Its older consoles would print the control sequences.
    can_redraw = sys.stdout.isatty() and os.environ.get("TERM", "unknown") not in ("", "dumb", "unknown")
    output = JsonLines() if as_json else Screen() if can_redraw else TextLines()
    sys.stdout.write(output.before)
    try:
        yield output
    finally:
        sys.stdout.write(output.after)
        sys.stdout.flush()


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
