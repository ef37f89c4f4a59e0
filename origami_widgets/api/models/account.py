"""The organization behind a key: its plan, what the plan allows, and its credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from origami_widgets.api.models.base import Model
from origami_widgets.words.foreign_text import cut, one_line
from origami_widgets.words.numbers import amount

LONGEST_NAME = 80
_API = {True: "API access", False: "no API access", None: "API access unknown"}


class Organization(Model, frozen=True):
    """The organization that pays."""

    id: str = ""
    name: str | None = None


class Plan(Model, frozen=True):
    """The plan of an organization."""

    id: str = ""
    name: str = ""


class Capabilities(Model, frozen=True):
    """What a plan allows. `concurrent_agents` is None for no limit."""

    can_use_api: bool | None = None
    can_run_scheduled_tasks: bool | None = None
    concurrent_agents: int | None = None


class WorkspaceQuota(Model, frozen=True):
    """Workspaces in use. `limit` is None for no limit."""

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
    """The balance of an organization, in credits."""

    object: str = ""
    balance: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account at one moment: its plan, run slots and credits. `str()` returns four lines.

    Values that the server left out or that could not be read are None, and the text says so.

    Attributes:
        organization: the organization's name; its id if it has no name.
        organization_id: the organization's id.
        plan: the plan's name; its id if it has no name.
        run_slots: how many runs the plan allows at once. None means no limit if `run_slots_known`, else that it is not
            known.
        run_slots_known: whether the account says how many.
        active_runs: how many active runs the list of agents shows. There may be more: runs of the web app and other
            projects use the same slots but are not listed.
        free_run_slots: how many slots are free at most (`active_runs` may be too low); None without a limit.
        credits: the balance, in credits.
        can_use_api: whether the plan includes the API.
        origin: empty for Origami, `sandbox`, or the name of another host.
        read_at: when the account was read, on this machine's clock (UTC).

    Example:
        >>> import origami_widgets as ow
        >>> account = ow.account(client=ow.Sandbox().client())
        >>> account.plan, account.free_run_slots, account.credits
        ('Pro', 3, 5000.0)
    """

    organization: str
    organization_id: str
    plan: str
    run_slots: int | None
    run_slots_known: bool
    active_runs: int | None
    free_run_slots: int | None
    credits: float | None
    can_use_api: bool | None
    origin: str
    read_at: datetime

    def __str__(self) -> str:
        where = f" ({self.origin})" if self.origin else ""
        left = "unknown" if self.credits is None else amount(self.credits)
        lines = (
            f"Organization: {self.organization or 'unknown'}{where}",
            f"Plan: {self.plan or 'unknown'}, {_API[self.can_use_api]}",
            f"Run slots: {self._slots()}",
            f"Credits: {left} (read at {self.read_at:%H:%M:%S} UTC)",
        )
        # Each stays on one line, whatever the server sends.
        return "\n".join(one_line(" ".join(line.split())) for line in lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's own signature
        printer.text(repr(self) if cycle else str(self))

    def _slots(self) -> str:
        seen = "" if self.active_runs is None else f"; {self.active_runs} active"
        if not self.run_slots_known:
            return f"unknown{seen}"
        if self.run_slots is None:
            return f"unlimited{seen}"
        if self.free_run_slots is None:
            return f"{self.run_slots}; the number of free ones couldn't be read"
        if self.free_run_slots == 0:
            return f"none of {self.run_slots} free"
        return f"at most {self.free_run_slots} of {self.run_slots} free (runs started in the web app aren't counted)"


def summarize(account: Account, credits_left: float | None, active: int | None, origin: str) -> AccountSummary:
    """Return the summary of an account.

    Args:
        account: the account.
        credits_left: the balance; None if it could not be read.
        active: how many active runs are known; None if they could not be read.
        origin: empty for Origami, `sandbox`, or the name of another host.
    """
    slots = account.capabilities.concurrent_agents
    organization = account.organization
    return AccountSummary(
        organization=cut(organization.name or organization.id, LONGEST_NAME),
        organization_id=organization.id,
        plan=cut(account.plan.name or account.plan.id, LONGEST_NAME),
        run_slots=slots,
        # The server sends null for no limit. A missing field, or one that is not a number, says nothing.
        run_slots_known=slots is not None or account.capabilities.raw.get("concurrentAgents", ...) is None,
        active_runs=active,
        free_run_slots=None if slots is None or active is None else max(0, slots - active),
        credits=credits_left,
        can_use_api=account.capabilities.can_use_api,
        origin=origin,
        read_at=datetime.now(UTC),
    )
