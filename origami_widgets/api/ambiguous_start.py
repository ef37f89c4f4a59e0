"""`AmbiguousStart`: a run may have been started, and nobody can say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from origami_widgets.api.errors import InvalidInput, OrigamiError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Reconcilable(Protocol):
    """What was asked for, as far as its error needs to know it."""

    def reconcile(self) -> Any:
        """Look again, blocking."""
        ...

    async def reconcile_async(self) -> Any:
        """Look again, on any event loop."""
        ...


class AmbiguousStart(OrigamiError):
    """Whether a run was started is not known: the server failed while it was asked, and no run was found since.

    Attributes:
        idempotency_key: the key that every attempt carried.
    """

    intent: Reconcilable | None = None
    """What was asked for; the error of another process has none."""

    def reconcile(self) -> Any:
        """Look again for the run. Sends GETs only and costs nothing.

        Returns:
            What the call that failed would have returned (a `Run` after `start`), or None when there is still no run.

        Raises:
            AmbiguousStart: nobody could look, or several runs fit.
        """
        return self._wanted().reconcile()

    async def reconcile_async(self) -> Any:
        """Look again for the run without blocking the event loop; see `reconcile`."""
        return await self._wanted().reconcile_async()

    def _wanted(self) -> Reconcilable:
        if self.intent is None:
            raise InvalidInput(
                "This error came from another process",
                cause="It carries its words only, and no connection.",
                remedy="Look at the newest agents with client.list_agents().",
            )
        return self.intent

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (kind, title, state) = super().__reduce__()
        return restore, (kind, title, {name: value for name, value in state.items() if name != "intent"})


def ambiguous(
    last: OrigamiError | None,
    *,
    agent_id: str,
    found: Sequence[tuple[str, str]] = (),
    unseen: bool = False,
) -> AmbiguousStart:
    """The error, in words.

    Args:
        last: what came instead of the answer.
        agent_id: the agent that was to be continued; empty for a new one.
        found: agent and run of those that fit, where there are several.
        unseen: nobody could look.
    """
    if found:
        tokens = ", ".join(f'ow.attach("{agent}/{run}")' for agent, run in found)
        cause = f"The answer was lost, and {len(found)} runs with this brief were started since."
        remedy = f"One of them is yours: {tokens}."
    else:
        where = f'ow.attach("{agent_id}") shows' if agent_id else "client.list_agents() lists"
        looked = "The run could not be looked for." if unseen else "No run with this brief was found since."
        cause = f"The answer was lost{f' ({last.title})' if last is not None else ''}. {looked}"
        remedy = (
            f"Look before you start it again, or it may run and cost twice: error.reconcile() finds it, and {where} "
            f"the newest {'run' if agent_id else 'agents'}."
        )
    return AmbiguousStart(
        "A run may have been started",
        cause=cause,
        remedy=remedy,
        code="AMBIGUOUS_START",
        status_code=last.status_code if last is not None else None,
        request_id=last.request_id if last is not None else None,
    )
