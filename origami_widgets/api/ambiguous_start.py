"""`AmbiguousStart`: a run may have been started, and nobody can say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from origami_widgets.api.errors import InvalidInput, OrigamiError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Reconcilable(Protocol):
    """A start job, as far as its error needs to know it."""

    def reconcile(self) -> Any:
        """Look again, blocking."""
        ...

    async def reconcile_async(self) -> Any:
        """Look again, on any event loop."""
        ...


class AmbiguousStart(OrigamiError):
    """Whether a run was started is not known: the answer was lost, and no run was found since that is surely ours.

    Attributes:
        idempotency_key: the key that every attempt carried.
    """

    job: Reconcilable | None = None
    """The start job; the error of another process has none."""

    def reconcile(self) -> Any:
        """Look again for the run. Sends GETs only and costs nothing.

        Returns:
            What the call that failed would have returned (a `Run` after `start`), or None when there is still no run.

        Raises:
            AmbiguousStart: nobody could look, or several runs fit.
        """
        return self._own_job().reconcile()

    async def reconcile_async(self) -> Any:
        """Look again for the run without blocking the event loop; see `reconcile`."""
        return await self._own_job().reconcile_async()

    def _own_job(self) -> Reconcilable:
        if self.job is None:
            raise InvalidInput(
                "This error came from another process",
                cause="It carries its words only, and no connection.",
                remedy="Look at the newest agents with client.list_agents().",
            )
        return self.job

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (kind, title, state) = super().__reduce__()
        return restore, (kind, title, {name: value for name, value in state.items() if name != "job"})


def ambiguous(
    last: OrigamiError | None,
    *,
    agent_id: str,
    exact: Sequence[tuple[str, str]] = (),
    near: Sequence[tuple[str, str]] = (),
    unseen: bool = False,
) -> AmbiguousStart:
    """The error for a start whose outcome is unknown.

    Args:
        last: what came instead of the answer.
        agent_id: the agent that was to be continued; empty for a new one.
        exact: agent and run of those that fit in everything, where there are several.
        near: agent and run of those that nearly fit.
        unseen: the lists could not be read.
    """
    tokens = ", ".join(f'ow.attach("{agent}/{run}")' for agent, run in exact or near)
    if exact:
        cause = f"The answer was lost, and {len(exact)} runs with this brief were started since."
        remedy = f"One of them is yours: {tokens}."
    elif near:
        what = "a run has nearly this brief and start time" if len(near) == 1 else "several runs have nearly this brief"
        cause = (
            f"The answer was lost, and {what}. The server may have changed spaces or letters, or its clock may be off."
        )
        remedy = f"See whether it is yours: {tokens}. Nothing was sent again. If it is not yours, start the run anew."
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
