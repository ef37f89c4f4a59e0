"""`start` and `attach`: how a run comes into a notebook. Both can be awaited, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api.either_way import Awaiting, Blocking, completed
from origami_widgets.api.starts.spec import StartSpec
from origami_widgets.run import again
from origami_widgets.run.agent_runs import known_before, runs_of, with_later_runs
from origami_widgets.run.claims import valid_once
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.handle import Run
from origami_widgets.run.once import Sender, once_brief, start_once
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.presenter import naming, presenter
from origami_widgets.run.settings import client_or_default, waits_for_a_slot
from origami_widgets.run.starting import AwaitingStarter, QueueingStarter, WatchedJob
from origami_widgets.run.token import parse_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.either_way import Way
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starting import AnyStarter
    from origami_widgets.run.state import RunState


def start(
    prompt: str,
    *,
    name: str | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    client: AnyClient | None = None,
    show: bool = True,
) -> Run:
    """Start a new agent with its first run, and show its live card.

    Sends one POST, which spends credits; the kernel is free again at once, the run is watched in the background. When
    all run slots of the plan are in use it says so and waits for a free one: interrupting it leaves the queue, and
    `configure(queue=False)` raises instead. An interrupt before this returns withdraws the run: the server is asked to
    cancel it as soon as it is known, while this process lives. The exception carries `reconcile()`, which finds it.

    A cell that is run again while its run goes on shows that run, and starts none; `fresh=True` starts another one.

    With `once="a-name"` a run is started the first time only. The same call again, in this cell or after the kernel
    was restarted, attaches to that run, its card shows what has continued it since, and says so; two kernels that
    make it at once get the same run. The same goes for `answer` and `follow_up` on that run and on those that
    continue it. What is needed for that is kept in a file of ids for each name (in the platform's data folder, or
    where `ORIGAMI_WIDGETS_DATA` points), separately for each base URL, project and organization, and holds neither
    brief nor key. A run that an interrupt has ended keeps its name: `fresh=True` starts anew. An embedded `Sandbox`
    ends with the kernel, and with it the names of its runs: a restarted notebook starts anew.

    Args:
        prompt: the brief, 1 to 10,000 characters.
        name: what to call the agent, up to 80 characters; made from the brief when absent.
        model: `origami-lite` or `origami-max`; None for the plan's default.
        focus_tables: ids of tables to work on.
        once: a name of your own for this brief with these options, up to 100 characters of any script.
        fresh: start a new run although the cell's run goes on, or the name has one; the name stands for the new one.
        client: the client to use; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook. As the cell's last expression it is not shown a second time.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: the brief, the name, the model or an id is not valid; nothing was sent.
        PaymentRequired: too few credits, a plan without API, or a blocked account; `link` leads to the remedy.
        RunPoolFull: as many runs as the plan allows are active, and it is not or no longer waited for a slot.
        AmbiguousStart: the server failed, and whether it has started the run is not known; look with `reconcile()`.
        NameTaken: the name of `once` stands for another brief or other options; an `InvalidInput`, nothing was sent.
        RunNotFound: the run of that name is gone at the server; nothing was started.
        StartUnclear: a run of that name may exist that cannot be found; nothing was started.
        RegistryUnusable: what is known about that name cannot be read or written; nothing was started.
        OrigamiError: the run was not started.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False)
        >>> run.wait("cells").tables[0].lead_count > 0
        True

        The same brief under the same name is paid for once, however often the cell is run:

        >>> first = ow.start("List bakeries in Porto", once="porto", client=client, show=False)
        >>> ow.start("List bakeries in Porto", once="porto", client=client, show=False).id == first.id
        True
        >>> ow.start("List bakeries in Porto", once="porto", fresh=True, client=client, show=False).id == first.id
        False
    """
    asked = _Asked(prompt, name, model, focus_tables, once, fresh, client, show)
    with QueueingStarter() as starter:
        return completed(_started(asked, starter))


async def start_async(
    prompt: str,
    *,
    name: str | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    client: AnyClient | None = None,
    show: bool = True,
) -> Run:
    """Start a run as `start` does, without blocking the event loop: same arguments, costs and errors.

    For event loops, and for hosts in which Python has one thread (JupyterLite), where nothing may block. A task that is
    cancelled leaves the run alone that it has started; its `CancelledError` carries `idempotency_key` and
    `reconcile_async()`, which finds the run.

    Returns:
        The handle on the run, as soon as the server has started it: `await run` waits for its end.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> async def main():
        ...     client = ow.Sandbox(speed=600).client()
        ...     run = await ow.start_async("List bakeries in Porto", client=client)
        ...     return (await run.settle()).status
        >>> asyncio.run(main())
        'completed'
    """
    return await _started(_Asked(prompt, name, model, focus_tables, once, fresh, client, show), AwaitingStarter())


@dataclass(frozen=True)
class _Asked:
    prompt: str
    name: str | None
    model: str | None
    focus_tables: Sequence[str]
    once: str | None
    fresh: bool
    client: AnyClient | None
    show: bool


async def _started(asked: _Asked, starter: AnyStarter) -> Run:
    operations = client_or_default(asked.client).operations

    def job_of(record: StartRecord | None) -> WatchedJob:
        spec = StartSpec(asked.prompt, name=asked.name, model=asked.model, focus_tables=asked.focus_tables)
        job = WatchedJob(operations, spec, record)
        job.once = valid_once(asked.once) if asked.once is not None else ""
        return job

    async def send(record: StartRecord | None) -> RunWatch:
        job = job_of(record)
        return await starter.fulfil(job, job.carry_out(queue=waits_for_a_slot()))

    async def find(record: StartRecord) -> RunWatch | None:
        return await starter.ask(job_of(record).found())

    brief = once_brief(asked.prompt, asked.name, asked.model, asked.focus_tables)
    if asked.once is None:
        place = presenter().place()
        watch = None if asked.fresh else await again.going_on(operations, place, brief, starter)
        if watch is None:
            watch = await send(None)
            again.remember(operations, place, brief, watch)
        run = Run(watch)
    else:
        shown: list[Conversation] = []

        async def attached(watch: RunWatch) -> None:
            shown.append(await with_later_runs(operations, watch))

        sender = Sender(starter, send, find, attached)
        run = Run(await start_once(operations, asked.once, brief, sender, fresh=asked.fresh))
        run.conversation.once = valid_once(asked.once)
    if asked.show:
        with naming(run):
            presenter().show(run)
    return run


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
    return completed(_attached(token_or_agent_id, run_id, client, Blocking(), show=show))


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
    return await _attached(token_or_agent_id, run_id, client, Awaiting(), show=show)


async def _attached(
    token_or_agent_id: str | Run, run_id: str | None, client: AnyClient | None, way: Way, *, show: bool
) -> Run:
    run = token_or_agent_id if isinstance(token_or_agent_id, Run) else None
    if run is None or run_id is not None or not _is_watched_by(run, client):
        agent_id, wanted = parse_token(token_or_agent_id if run is None else run.token, run_id)
        run = await way.ask(_find(client_or_default(client).operations, agent_id, wanted))
    if show:
        presenter().show(run)
    return run


def _is_watched_by(run: Run, client: AnyClient | None) -> bool:
    """Whether a run is watched already, and through that client where one is given."""
    watching = run._watch.operations  # noqa: SLF001 - the handle's own package
    # A saved answer has no connection yet: to attach it is to read it from the server.
    if watching is None:
        return False
    return client is None or client_or_default(client).operations.identity == watching.identity


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
