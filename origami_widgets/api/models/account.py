"""The organization behind a key: its plan, what it may do, and its credits."""

from __future__ import annotations

from origami_widgets.api.models.base import Model


class Organization(Model, frozen=True):
    """Who pays."""

    id: str = ""
    name: str | None = None


class Plan(Model, frozen=True):
    """What was bought."""

    id: str = ""
    name: str = ""


class Capabilities(Model, frozen=True):
    """What the plan allows. `concurrent_agents` None means without limit."""

    can_use_api: bool | None = None
    can_run_scheduled_tasks: bool | None = None
    concurrent_agents: int | None = None


class WorkspaceQuota(Model, frozen=True):
    """Containers in use. `limit` None means without limit."""

    used: int | None = None
    limit: int | None = None


class Account(Model, frozen=True):
    """The account behind a key."""

    object: str = ""
    organization: Organization = Organization()
    plan: Plan = Plan()
    capabilities: Capabilities = Capabilities()
    workspaces: WorkspaceQuota = WorkspaceQuota()


class Credits(Model, frozen=True):
    """What is left to spend, in credits."""

    object: str = ""
    balance: float | None = None
    currency: str = ""
