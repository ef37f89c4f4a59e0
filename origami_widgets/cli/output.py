"""Live output while a run changes: JSON lines, text lines, or a screen that is redrawn. The only importer of rich."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from origami_widgets.card.view.contract import Tone
    from origami_widgets.cli.run_text import RunUpdate

STYLES: Final[dict[Tone, str]] = {
    "running": "bold cyan",
    "good": "bold green",
    "attention": "bold yellow",
    "bad": "bold red",
    "neutral": "bold",
}


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
    """Redraws the terminal's alternate screen, so that a resize leaves nothing behind. The old screen comes back.

    Raises:
        ModuleNotFoundError: rich is not installed.
    """

    interval = 0.25
    """Redraw every second: ages grow, and the terminal may have a new size."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        # Forced: `open_output` has checked stdout, and rich would read the environment again.
        self._console = Console(
            file=sys.stdout, force_terminal=True, force_interactive=True, highlight=False, markup=False, emoji=False
        )
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._drawn: tuple[object, ...] = ()
        self._restore_signals: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        """Take the screen."""
        self._live.start()
        self._restore_signals = self._handle_stop_signal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back."""
        self._restore_signals()
        self._live.stop()

    def _handle_stop_signal(self) -> Callable[[], object]:
        """Give the screen back to the shell while Ctrl-Z stops this process. Returns a function that undoes this."""
        number = getattr(signal, "SIGTSTP", None)
        if number is None or threading.current_thread() is not threading.main_thread():
            return lambda: None

        def stop(_number: int, _frame: object) -> None:
            self._live.stop()
            os.kill(os.getpid(), signal.SIGSTOP)
            # The process continues here once it is in the foreground again.
            self._drawn = ()
            self._live.start()

        before: Any = signal.signal(number, stop)
        return lambda: signal.signal(number, before)

    def show(self, update: RunUpdate) -> None:
        """Draw the page, if anything on the screen has changed."""
        from rich.text import Text

        size = self._console.size
        lines = update.page(size.width, size.height)
        if (drawing := (size, lines)) == self._drawn:
            return
        self._drawn = drawing
        text = Text(no_wrap=True, overflow="crop", end="")
        for number, (line, tone) in enumerate(lines):
            text.append("\n" if number else "")
            text.append(line, style=STYLES[tone] if tone else "")
        self._live.update(text, refresh=True)


def open_output(*, as_json: bool) -> LiveOutput:
    """Return the output for stdout: JSON if asked for, a screen on a terminal if rich is installed, else lines."""
    if as_json:
        return JsonLines()
    # Windows sets no TERM, and its terminal can draw.
    terminal = os.environ.get("TERM", "windows" if os.name == "nt" else "unknown")
    if sys.stdout.isatty() and terminal not in ("", "dumb", "unknown"):
        with suppress(ModuleNotFoundError):
            return Screen()
    return TextLines()


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
