"""`StartSpec`: what a run is to be started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api import validate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


@dataclass(frozen=True)
class StartSpec:
    """What a start request asks for.

    Args:
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: what to call a new agent; None where the server is to choose.
        model: the model; None for the plan's default.
        focus_tables: ids of tables to work on.
        attachments: tables and documents to hand to the agent.
        known_runs: ids of the agent's runs that were there before the first request.

    Raises:
        InvalidInput: an id is not valid.
    """

    prompt: str
    agent_id: str | None = None
    name: str | None = None
    model: str | None = None
    focus_tables: Iterable[str] = ()
    attachments: Sequence[Mapping[str, str]] = ()
    known_runs: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.agent_id is not None:
            object.__setattr__(self, "agent_id", validate.agent_id(self.agent_id))
        object.__setattr__(self, "focus_tables", tuple(validate.table_ids(self.focus_tables)))
        object.__setattr__(self, "known_runs", frozenset(self.known_runs))

    @property
    def continues_agent(self) -> bool:
        """Whether the run is a further one of a known agent."""
        return self.agent_id is not None
