"""`attach`: find a run that was started before. It can be awaited, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.loop import background
from origami_widgets.run.agent_runs import known_before, runs_of
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.display_backend import display_backend
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.settings import client_or_default
from origami_widgets.run.token import parse_token

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.state import RunState


def attach(
    token_or_agent_id: str | Run, run_id: str | None = None, *, client: AnyClient | None = None, show: bool = True
) -> Run:
    """Find a run that was started before, here or elsewhere, and show its live card.

    Sends GETs only and costs nothing. Of an agent without a run id, its newest run is shown, and the runs before it are
    folded above.

    Args:
        token_or_agent_id: `"agent/run"` as the card's foot shows it, an agent's id, or a link to the agent's workspace. A
            `Run` that is watched already is returned as it is, unless `client` is of another account, project or server:
            then the run is read through that client. A saved one is read from the server.
        run_id: the run's id, when the first argument is an agent's; without it the agent's newest run.
        client: the client to use, or a `Sandbox`; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: that is no token, no id and no run; nothing was sent, and no key was looked for.
        NotFound: there is no such agent or run for this key and project.
        OrigamiError: the run could not be read.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("Find wholesale partners", client=client, show=False)
        >>> ow.attach(run.token, client=client, show=False) == run
        True
    """
    run = _watched(token_or_agent_id, run_id, client)
    if run is None:
        run = background().run(_finding(token_or_agent_id, run_id, client))
    if show:
        display_backend().show(run)
    return run


async def attach_async(
    token_or_agent_id: str | Run, run_id: str | None = None, *, client: AnyClient | None = None, show: bool = True
) -> Run:
    """Find a run as `attach` does, without blocking the event loop: same arguments and errors. Costs nothing.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> async def main():
        ...     client = ow.Sandbox(speed=600).client()
        ...     run = await ow.start_async("List bakeries in Porto", client=client)
        ...     return await ow.attach_async(run.token, client=client) == run
        >>> asyncio.run(main())
        True
    """
    run = _watched(token_or_agent_id, run_id, client)
    if run is None:
        run = await background().bridge(_finding(token_or_agent_id, run_id, client))
    if show:
        display_backend().show(run)
    return run


def _watched(token_or_agent_id: str | Run, run_id: str | None, client: AnyClient | None) -> Run | None:
    """The run that was given, if it is watched already, and through that client where one is given."""
    if not isinstance(token_or_agent_id, Run) or run_id is not None:
        return None
    watching = token_or_agent_id.operations
    # A saved answer has no connection yet: to attach it is to read it from the server.
    if watching is None or (client is not None and client_or_default(client).operations.identity != watching.identity):
        return None
    return token_or_agent_id


def _finding(token_or_agent_id: str | Run, run_id: str | None, client: AnyClient | None) -> Coroutine[Any, Any, Run]:
    """What finds it; the arguments are checked before."""
    token = token_or_agent_id.token if isinstance(token_or_agent_id, Run) else token_or_agent_id
    agent_id, wanted = parse_token(token, run_id)
    return _find(client_or_default(client).operations, agent_id, wanted)


async def _find(operations: Operations, agent_id: str, run_id: str | None) -> Run:
    before: list[RunState] = []
    if run_id is None:
        *earlier, newest = await runs_of(operations, agent_id)
        before = known_before(agent_id, earlier)
        run_id = newest.id
    watch = await poller().watch(operations, agent_id, run_id, started=None)
    if watch.state.run is None or watch.state.connection.state == "stopped":
        await poller().first_check(watch)
        if not watch.state.done:
            await poller().list_tables(watch, if_room=True)
    return Run(watch, conversation_of(watch, before))
