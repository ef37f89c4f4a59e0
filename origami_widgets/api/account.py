"""What an account has left: its plan, its run slots, its credits, read at one moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api.errors import AuthenticationError, OrigamiError, printable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from origami_widgets.api.models import Account
    from origami_widgets.api.operations import Operations

T = TypeVar("T")

MOST_PAGES = 5
"""Pages of agents that are looked through for runs at work: a hundred agents each."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account at one moment; `str()` gives four lines.

    What was not told, or could not be read, is None, and the text says so.

    Attributes:
        organization: its name; its id where it has none.
        organization_id: its id.
        plan: what was bought.
        run_slots: how many runs the plan allows at once; None means without limit, where `run_slots_told`.
        run_slots_told: whether the account says how many there are.
        active_runs: the runs at work that the list of agents shows. There may be more: those of the web app and of
            other projects use the same slots, and are not listed.
        free_run_slots: how many slots are free, at most, for the same reason; None where there is no limit.
        credits: the balance.
        can_use_api: whether the plan includes the API.
        origin: empty for Origami itself, `sandbox`, or the host that answers in its place.
        read_at: when it was read, on this machine's clock (UTC).

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
    run_slots_told: bool
    active_runs: int | None
    free_run_slots: int | None
    credits: float | None
    can_use_api: bool | None
    origin: str
    read_at: datetime

    def __str__(self) -> str:
        where = f" ({self.origin})" if self.origin else ""
        left = "not told" if self.credits is None else _number(self.credits)
        lines = (
            f"Organization: {self.organization or 'not told'}{where}",
            f"Plan: {self.plan or 'not told'}, {_API[self.can_use_api]}",
            f"Run slots: {self._slots()}",
            f"Credits: {left} (read at {self.read_at:%H:%M:%S} UTC)",
        )
        # Each stays one line, whatever the server says.
        return printable("\n".join(" ".join(line.split()) for line in lines))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's own signature
        printer.text(repr(self) if cycle else str(self))

    def _slots(self) -> str:
        seen = "" if self.active_runs is None else f"; {self.active_runs} at work"
        if not self.run_slots_told:
            return f"not told{seen}"
        if self.run_slots is None:
            return f"without limit{seen}"
        if self.free_run_slots is None:
            return f"{self.run_slots}; how many are free could not be read"
        if self.free_run_slots == 0:
            return f"none of {self.run_slots} free"
        return f"at most {self.free_run_slots} of {self.run_slots} free (runs of the web app are not seen from here)"


_API = {True: "with the API", False: "without the API", None: "whether with the API is not told"}


async def account_summary(operations: Operations) -> AccountSummary:
    """Read an account: `GET /account`, `GET /account/credits`, and `GET /agents` for the runs at work. Free.

    The list of agents takes one request for every hundred of them, five at most, and none more once all slots are known
    to be in use.

    Args:
        operations: the API.

    Raises:
        AuthenticationError: the key is wrong, revoked or expired.
        OrigamiError: the account could not be read. Where only its credits or its agents could not, they are None.
    """
    account = await operations.get_account()
    wallet = await _if_told(operations.get_credits())
    active = await _if_told(_active_runs(operations, account.capabilities.concurrent_agents))
    return _summary(account, None if wallet is None else wallet.balance, active, operations.origin)


async def _if_told(question: Awaitable[T]) -> T | None:
    """An answer; None where there is none but the account itself stands."""
    try:
        return await question
    except AuthenticationError:
        raise
    except OrigamiError:
        return None


def _summary(account: Account, credits_left: float | None, active: int | None, origin: str) -> AccountSummary:
    slots = account.capabilities.concurrent_agents
    organization = account.organization
    return AccountSummary(
        organization=_short(organization.name or organization.id),
        organization_id=organization.id,
        plan=_short(account.plan.name or account.plan.id),
        run_slots=slots,
        # Without limit is told as null; what is left out, or is no number, tells nothing.
        run_slots_told=slots is not None or account.capabilities.raw.get("concurrentAgents", ...) is None,
        active_runs=active,
        free_run_slots=None if slots is None or active is None else max(0, slots - active),
        credits=credits_left,
        can_use_api=account.capabilities.can_use_api,
        origin=origin,
        read_at=datetime.now(UTC),
    )


async def _active_runs(operations: Operations, enough: int | None) -> int:
    """How many of the listed agents have a run at work; not counted beyond what is enough."""
    at_work: set[str] = set()
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await operations.list_agents(cursor=cursor, limit=100)
        runs = (agent.last_run for agent in page.items)
        at_work.update(run.id for run in runs if run is not None and run.status == "running")
        cursor = page.next_cursor
        if cursor is None or len(at_work) >= (math.inf if enough is None else enough):
            break
    return len(at_work)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
