"""Meaning of a status: its words and tone, and whether a run that ended well built anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import NotFound
from origami_widgets.words.foreign_text import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Tone
    from origami_widgets.run.state import RunState

_STATUSES: Final[dict[str, tuple[str, Tone]]] = {
    "running": ("Running", "running"),
    "completed": ("Completed", "good"),
    "needs_input": ("Needs your answer", "attention"),
    "step_cap_hit": ("Step limit reached", "attention"),
    "incomplete": ("Stopped early", "attention"),
    "cancelled": ("Cancelled", "neutral"),
    "errored": ("Failed", "bad"),
    "timed_out": ("Timed out", "bad"),
}

# Words with which an agent claims work on objects of the product: "I have built a table", "12 leads were added". Only
# the tone depends on them, never whether the notice is shown, as there are other words and languages.
_DONE = r"(?:built|created|added|made|found|sourced|enriched|filled|updated|drafted|set up|prepared|compiled)"
_OBJECT = r"(?:tables?|columns?|leads?|rows?|lists?|campaigns?|sequences?|sheets?)"
_CLAIM = re.compile(
    rf"\bI(?:['\u2019]ve| have)?\s+(?:\w+\s+){{0,2}}{_DONE}\b[^.!?\n]{{0,120}}?\b{_OBJECT}\b"
    rf"|\b{_OBJECT}\b[^.!?\n]{{0,80}}?\b(?:(?:was|were|been|is now|are now)\s+{_DONE}|(?:is|are)\s+(?:now\s+)?ready)\b"
    rf"|^\W*{_DONE}\b[^.!?\n]{{0,120}}?\b{_OBJECT}\b",
    re.IGNORECASE | re.MULTILINE,
)
_CLAIM_SEARCHED = 4_000


def is_known(status: str) -> bool:
    """Return whether this version has words for a status."""
    return status in _STATUSES


def status_words(state: RunState) -> tuple[str, Tone]:
    """Return the label and tone of a run's status. An unknown status is shown as it is."""
    if state.run is None:
        return ("Starting", "running") if state.connection.state == "live" else ("No answer yet", "neutral")
    if state.status in _STATUSES:
        return _STATUSES[state.status]
    return clip(state.status, 40) or "Unknown", "neutral"


def is_missing(state: RunState) -> bool:
    """Return whether the server last said that the run or agent does not exist, so that nothing is known about the run."""
    return isinstance(state.connection.error, NotFound)


def lists_actions(state: RunState) -> bool:
    """Return whether the server sent a list of changes. Without one, nothing can be said about them."""
    response = state.run.response if state.run else None
    return response is not None and isinstance(response.raw.get("actions"), list)


def claims_work(text: str) -> bool:
    """Return whether an agent's text claims that it made tables, columns or leads."""
    return _CLAIM.search(text[:_CLAIM_SEARCHED]) is not None


def built_nothing(state: RunState) -> bool:
    """Return whether a run completed without any change, but said nothing or claimed to have made some."""
    if state.status != "completed" or state.actions or not lists_actions(state):
        return False
    said = (state.run.response.text if state.run and state.run.response else "") or ""
    return not said.strip() or claims_work(said)
