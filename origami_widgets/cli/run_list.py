"""The newest runs, read again and again: on the screen, as lines or as records."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from origami_widgets.api.errors import OrigamiError
from origami_widgets.card.render.card_text import break_to_width
from origami_widgets.card.view import number_words as words
from origami_widgets.cli.ending import ended_by_sigterm
from origami_widgets.cli.lines import stamped
from origami_widgets.cli.page import can_draw
from origami_widgets.cli.run_table import record, shortened, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from origami_widgets.card.view.contract import Tone
    from origami_widgets.cli.run_table import Listed
    from origami_widgets.cli.screen import Screen

EVERY = 15.0
"""Seconds between two readings: each asks for a hundred agents per request, of the organization's rate limit."""


@dataclass(frozen=True, slots=True)
class News:
    """What is known of the runs at one moment, in Unix seconds.

    Attributes:
        runs: the newest runs, the newest first.
        heard: when they were read; None before the first time.
        due: when they are read next.
        problem: why they could not be read the last time; empty when they could.
    """

    runs: list[Listed]
    heard: float | None
    due: float
    problem: str = ""

    def fresh(self, now: float) -> str:
        """How old this is, in the words of the card."""
        heard = (
            "" if self.heard is None else f"{'last heard' if self.problem else 'updated'} {words.age(now - self.heard)}"
        )
        then = f"{'trying again' if self.problem else 'next check'} in {words.duration(self.due - now)}"
        return " · ".join(filter(None, (self.problem, ", ".join(filter(None, (heard, then))))))


def keep_reading(read: Callable[[], list[Listed]], tick: float) -> Iterator[News]:
    """Read the runs for ever.

    Args:
        read: reads them once.
        tick: seconds after which they are told again although nothing was read.

    Yields:
        What is known.

    Raises:
        OrigamiError: reading again cannot help.
    """
    runs: list[Listed] = []
    heard: float | None = None
    while True:
        wait, problem = EVERY, ""
        try:
            runs = read()
            heard = time.time()
        except OrigamiError as error:
            if not error.transient:
                raise
            wait, problem = max(EVERY, error.retry_after or 0.0), error.title
        ends = time.monotonic() + wait
        while (left := ends - time.monotonic()) > 0:
            yield News(runs, heard, time.time() + left, problem)
            time.sleep(min(tick, left))


class Teller(Protocol):
    """Whoever tells of the runs; `every`: seconds after which it wants to hear of them again."""

    every: float

    def tell(self, news: News, offset: float) -> None:
        """Tell what is new; `offset` is the server's clock minus ours, in seconds."""
        ...


def watch_list(read: Callable[[], list[Listed]], offset: Callable[[], float], *, as_json: bool) -> None:
    """Tell of the runs until somebody interrupts it.

    Args:
        read: reads them once.
        offset: the server's clock minus ours, in seconds, as far as it is known.
        as_json: for a program.

    Raises:
        OrigamiError: they cannot be read.
    """
    teller, place = _teller(as_json=as_json)
    with ended_by_sigterm(), place:
        for news in keep_reading(read, teller.every):
            teller.tell(news, offset())


def _teller(*, as_json: bool) -> tuple[Teller, AbstractContextManager[object]]:
    if as_json:
        return Records(), nullcontext()
    if not can_draw():
        return Lines(), nullcontext()
    try:
        from origami_widgets.cli.screen import Screen
    except ModuleNotFoundError:
        return Lines(), nullcontext()
    screen = Screen()
    return OnScreen(screen), screen


class OnScreen:
    """The table, drawn again as it changes.

    Args:
        screen: the screen to draw on.
    """

    def __init__(self, screen: Screen) -> None:
        self.every = screen.every
        self._screen = screen

    def tell(self, news: News, offset: float) -> None:
        """Draw it."""

        def page(width: int, height: int) -> list[tuple[str, Tone | None]]:
            now = time.time()
            head: tuple[str, Tone | None] = (
                shortened(news.fresh(now), width),
                "attention" if news.problem else "running",
            )
            lines = table(news.runs, now=now + offset, width=width) if news.runs else ()
            # What is drawn is not wrapped by the terminal: a long token goes on below.
            rows: list[tuple[str, Tone | None]] = [
                (piece, None) for line in lines for piece in break_to_width(line, width)
            ]
            return [head, ("", None), *rows][:height]

        self._screen.draw(page)


class Lines:
    """A line for each run that is new or has changed, without a control character."""

    every = 0.5

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def tell(self, news: News, _offset: float) -> None:
        """Write what is new, the oldest run first."""
        lines = {run.token: " · ".join(filter(None, (run.status, run.brief, run.token))) for run in news.runs[::-1]}
        lines |= {"": news.problem}
        for key, line in lines.items():
            if line != self._told.get(key, ""):
                self._told[key] = line
                if line:
                    _write(stamped(line, now=time.time()))


class Records:
    """A JSON object for each run that is new or has changed, in a line each."""

    every = 0.5

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def tell(self, news: News, _offset: float) -> None:
        """Write what is new, the oldest run first."""
        for run in news.runs[::-1]:
            written = json.dumps(record(run))
            if written != self._told.get(run.token):
                self._told[run.token] = written
                _write(written)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
