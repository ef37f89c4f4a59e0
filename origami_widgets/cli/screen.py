"""The whole screen of a terminal, drawn again as what is on it changes. The only importer of rich."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from origami_widgets.card.render.card_text import WIDTH, render_text
from origami_widgets.card.view import number_words as words
from origami_widgets.cli.lines import tones

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from origami_widgets.card.view.contract import Tone, View
    from origami_widgets.run.state import RunState

STYLES: Final[dict[Tone, str]] = {
    "running": "bold cyan",
    "good": "bold green",
    "attention": "bold yellow",
    "bad": "bold red",
    "neutral": "bold",
}


class Screen:
    """Draws on the terminal's other screen, so that a new size leaves nothing behind; the old one comes back after it.

    Attributes:
        every: seconds after which it wants to draw again: ages have grown, or the terminal has a new size.
    """

    every = 0.25

    def __init__(self) -> None:
        # Forced: whoever makes a screen has looked at what stdout is, and rich would ask the environment once more.
        self._console = Console(
            file=sys.stdout, force_terminal=True, force_interactive=True, highlight=False, markup=False, emoji=False
        )
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._drawn: tuple[object, ...] = ()
        self._rest: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        """Take the screen."""
        self._live.start()
        self._rest = self._give_back_when_stopped()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back."""
        self._rest()
        self._live.stop()

    def _give_back_when_stopped(self) -> Callable[[], object]:
        """While Ctrl-Z stops this process the shell has its own screen; what undoes that is returned."""
        number = getattr(signal, "SIGTSTP", None)
        if number is None or threading.current_thread() is not threading.main_thread():
            return lambda: None

        def stop(_number: int, _frame: object) -> None:
            self._live.stop()
            os.kill(os.getpid(), signal.SIGSTOP)
            # Somebody has brought it back to the foreground.
            self._drawn = ()
            self._live.start()

        before = signal.signal(number, stop)
        return lambda: signal.signal(number, before)

    def draw(self, page: Callable[[int, int], list[tuple[str, Tone | None]]]) -> None:
        """Draw lines, when anything on the screen would change.

        Args:
            page: makes them for a screen of so many columns and lines, each with its tone.
        """
        size = self._console.size
        lines = page(size.width, size.height)
        if (drawing := (size, lines)) == self._drawn:
            return
        self._drawn = drawing
        drawn = Text(no_wrap=True, overflow="crop", end="")
        for at, (line, tone) in enumerate(lines):
            drawn.append("\n" if at else "")
            drawn.append(line, style=STYLES[tone] if tone else "")
        self._live.update(drawn, refresh=True)


class CardScreen(Screen):
    """The card of one run."""

    def tell(self, view: View, _state: RunState) -> None:
        """Draw the card."""

        def page(width: int, height: int) -> list[tuple[str, Tone | None]]:
            # A line is left for what there is no room for.
            text = render_text(view, now=time.time(), ticking=True, width=min(width, WIDTH), height=height - 1)
            lines = fitted(text, height)
            return list(zip(lines, tones(view, lines), strict=True))

        self.draw(page)


def fitted(text: str, height: int) -> list[str]:
    """The lines that a screen has room for; the last of them tells how many there are more."""
    lines = text.split("\n")
    if len(lines) <= height:
        return lines
    kept = max(height - 1, 0)
    return [*lines[:kept], f"… {words.plural(len(lines) - kept, 'more line')}, shown at the end"]
