"""Agents: one agent is one conversation, in which runs follow each other."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from origami_widgets.api.models.base import Model
from origami_widgets.api.models.run import RunObject, RunSummary


class AgentSummary(Model, frozen=True):
    """An agent as the answer to its creation shows it."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at")

    object: str = ""
    id: str = ""
    name: str = ""
    workspace_id: str = ""
    created_at: datetime | None = None


class Agent(AgentSummary, frozen=True):
    """An agent with a summary of its newest run."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at", "last_run")

    api_key_owned: bool | None = None
    last_run: RunSummary | None = None


class Workspace(Model, frozen=True):
    """The container of an agent; deprecated, often the agent itself."""

    object: str = ""
    id: str = ""
    name: str = ""
    created_at: datetime | None = None
    created_by_api: bool | None = None


class CreatedAgent(Model, frozen=True):
    """A new agent with its first run."""

    agent: AgentSummary = AgentSummary()
    run: RunObject = RunObject()
    workspace: Workspace | None = None
