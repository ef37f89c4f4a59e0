"""The life of a run, laid out in advance like that of its tables."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.plans import ModelName

ResponseForm = Literal["null", "partial", "actions"]
"""What `response` is while the run is running: null, with actions and tables, or with actions only."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that becomes visible at a moment: an action or a message."""

    at: float
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunLife:
    """One run from its start to its end; `status`, `text` and the rest of the ending show from `ends` on."""

    id: str
    agent_id: str
    container: str
    prompt: str
    model: ModelName
    focus_table_ids: tuple[str, ...]
    steps_max: int
    starts: float
    ends: float
    step_moments: tuple[float, ...]
    status: str
    text: str | None
    actions: tuple[Happening, ...] = ()
    messages: tuple[Happening, ...] = ()
    questions: tuple[Mapping[str, Any], ...] = ()
    suggestions: tuple[Mapping[str, Any], ...] = ()
    form: ResponseForm = "null"
    interim: tuple[tuple[float, str], ...] = ()
    transcript_truncated: bool = False
    cancel_requested: bool = False

    def active(self, now: float) -> bool:
        """Tell whether the run still holds its agent and a place in the pool."""
        return now < self.ends

    def status_at(self, now: float) -> str:
        """Return the status as the API says it."""
        if not self.active(now):
            return self.status
        status = "running"
        for moment, name in self.interim:
            if moment <= now:
                status = name
        return status

    def steps_at(self, now: float) -> int:
        """Count the loop iterations that are done."""
        return bisect_right(self.step_moments, now)

    def actions_at(self, now: float) -> list[Mapping[str, Any]]:
        """List the changes made so far, in order."""
        return [action.body for action in self.actions if action.at <= now]

    def messages_at(self, now: float) -> list[Mapping[str, Any]]:
        """List the messages exchanged so far, in order."""
        return [message.body for message in self.messages if message.at <= now]

    def cut(self, at: float, *, status: str, text: str | None, suggestions: tuple[Mapping[str, Any], ...]) -> RunLife:
        """End the run at an earlier moment with another status; what was done until then stays."""
        messages = tuple(message for message in self.messages if message.at <= at)
        if text is not None:
            messages += (Happening(at, {"role": "assistant", "content": text}),)
        return replace(
            self,
            ends=at,
            status=status,
            text=text,
            step_moments=tuple(moment for moment in self.step_moments if moment <= at),
            actions=tuple(action for action in self.actions if action.at <= at),
            messages=messages,
            interim=tuple(part for part in self.interim if part[0] <= at),
            questions=(),
            suggestions=suggestions,
        )
