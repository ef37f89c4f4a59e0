"""Runs as a table for a terminal, or as records for a program. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api.models import RunObject
from origami_widgets.card.render.card_text import SIGNS, cut_to_width, width_of
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.safe_text import clean
from origami_widgets.card.view.status import status_words
from origami_widgets.run.agent_runs import make_token
from origami_widgets.run.state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from origami_widgets.api.models import RunSummary

BRIEF_LIMIT = 200
LEAST_BRIEF = 24
"""Columns that a brief wants beside the token, or the token stands below it."""
HEADINGS = ("Token", "Started", "Status", "Brief")
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as the table shows it.

    Attributes:
        agent_id: the agent's id.
        agent_name: what the agent is called; empty when that was not read.
        run: the run, as lists give it.
    """

    agent_id: str
    agent_name: str
    run: RunSummary

    @property
    def token(self) -> str:
        """`agent/run`, whole: it is there to be copied."""
        return make_token(clean(self.agent_id, 200), clean(self.run.id, 200))

    @property
    def status(self) -> str:
        """The card's words for the status, with their sign."""
        state = RunState(agent_id=self.agent_id, run_id=self.run.id, run=RunObject.from_raw(self.run.raw))
        label, tone = status_words(state)
        return f"{SIGNS[tone]} {label}"

    @property
    def brief(self) -> str:
        """What the run is about, as far as lists tell."""
        return clean(self.run.prompt, BRIEF_LIMIT)

    def age(self, now: float) -> str:
        """How long ago it was started; `now` in Unix seconds on the server's clock."""
        started = self.run.started_at
        return words.age(now - started.timestamp() if started is not None else None)


def table(runs: Sequence[Listed], *, now: float, width: int | None) -> Iterator[str]:
    """The runs in aligned lines.

    Args:
        runs: the runs, in the order in which they are shown.
        now: the present moment, in Unix seconds on the server's clock.
        width: columns of the terminal; None where nothing limits a line.

    Yields:
        A heading and one line for each run. On a terminal that has no room for that beside a whole token, two lines for
        each run: how it stands, and its token.
    """
    rows = [(run.token, run.age(now), run.status, run.brief) for run in runs]
    widths = [
        max(map(width_of, column), default=0) for column in zip(HEADINGS[:3], *(row[:3] for row in rows), strict=True)
    ]
    before = sum(widths) + len(_GAP) * len(widths)
    if width is not None and width < before + LEAST_BRIEF:
        yield from _folded(rows, width)
        return
    for *told, brief in (HEADINGS, *rows):
        cells = [cell + " " * (room - width_of(cell)) for cell, room in zip(told, widths, strict=True)]
        shown = brief if width is None else shortened(brief, width - before)
        yield _GAP.join([*cells, shown]).rstrip()


def _folded(rows: Sequence[tuple[str, str, str, str]], width: int) -> Iterator[str]:
    for token, age, status, brief in rows:
        yield shortened(" · ".join(filter(None, (status, age, brief))), width)
        # Never cut and never broken: a terminal that is too narrow wraps it, and it is copied whole.
        yield f"{_GAP}{token}"


def shortened(text: str, width: int) -> str:
    """The beginning of a text that fits into so many columns of a terminal.

    Example:
        >>> shortened("family-run bakeries", 11)
        'family-run…'
    """
    return text if width_of(text) <= width else cut_to_width(text, width - 1).rstrip() + "…"


def record(listed: Listed) -> dict[str, object]:
    """A run for a program: what the server said, and nothing but that.

    Returns:
        `token`, `agent_name` (null when it was not read), `status`, `brief` (200 characters at most), `model`, `steps`
        (`completed`, `max`), `started_at` and `completed_at` (ISO 8601, or null).
    """
    run = listed.run
    return {
        "token": make_token(listed.agent_id, run.id),
        "agent_name": listed.agent_name or None,
        "status": run.status,
        "brief": run.prompt,
        "model": run.model or None,
        "steps": {"completed": run.steps.completed, "max": run.steps.max},
        "started_at": _written(run.started_at),
        "completed_at": _written(run.completed_at),
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None
