"""Words about one run: its status label, its token, the lines of Python that show it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import NotFound
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.number_words import shown_count
from origami_widgets.card.view.safe_text import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Tone
    from origami_widgets.run.state import RunState

ID_LIMIT = 128

_KNOWN: dict[str, tuple[str, Tone]] = {
    "running": ("Running", "running"),
    "completed": ("Completed", "good"),
    "needs_input": ("Needs your answer", "attention"),
    "step_cap_hit": ("Step limit reached", "attention"),
    "incomplete": ("Stopped early", "attention"),
    "cancelled": ("Cancelled", "neutral"),
    "errored": ("Failed", "bad"),
    "timed_out": ("Timed out", "bad"),
}


def is_known(status: str) -> bool:
    """Return whether this version has a label for a status."""
    return status in _KNOWN


def is_missing(state: RunState) -> bool:
    """Return whether the server's last answer was that there is no such run or agent."""
    return isinstance(state.connection.error, NotFound)


def status_words(state: RunState) -> tuple[str, Tone]:
    """Return label and tone of a run's status; an unknown status is its own label."""
    if state.run is None:
        return ("Starting", "running") if state.connection.state == "live" else ("Not heard of yet", "neutral")
    if state.status in _KNOWN:
        return _KNOWN[state.status]
    return clip(state.status, 40) or "Unknown", "neutral"


def token_of(state: RunState) -> str:
    """Return the run's token, as `attach` takes it: agent and run."""
    return f"{clip(state.agent_id, ID_LIMIT)}/{clip(state.run_id, ID_LIMIT)}"


def attach_line(state: RunState) -> str:
    """Return the line of Python that shows this run again, on any machine."""
    return _attach(token_of(state))


def agent_line(state: RunState) -> str:
    """Return the line of Python that shows the newest run of the agent."""
    return _attach(token_of(state).partition("/")[0])


def _attach(token: str) -> str:
    quoted = token.replace("\\", "\\\\").replace('"', '\\"')
    return f'ow.attach("{quoted}")'


def full_prompt(state: RunState) -> str | None:
    """Return the prompt as it was sent; the run's own copy is cut to 200 characters by the server."""
    if state.run is None:
        return None
    return state.run.request.prompt or state.run.prompt


def built_words(state: RunState) -> str:
    """Return how many tables and leads there are; empty while there are none."""
    parts = []
    if state.tables:
        parts.append(words.plural(len(state.tables), "table"))
    if (leads := shown_count(state.lead_count)) is not None:
        parts.append(words.plural(leads, "lead"))
    return ", ".join(parts)
