"""`start`, `start_many` and `attach`: start runs, or find runs that were started before."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple, cast

from origami_widgets.api.loop import background
from origami_widgets.api.starts.interrupt import StartCall
from origami_widgets.api.starts.spec import StartSpec
from origami_widgets.api.validate import credit_limit as valid_credit_limit
from origami_widgets.run.agent_runs import known_before, parse_token, runs_of
from origami_widgets.run.batch import RunBatch, names_of, read_briefs, valid_at_once
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.display_backend import attach_hint, display_backend
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.settings import client_or_default, waits_for_a_slot
from origami_widgets.run.starts.confirm import ask, can_ask, question_about
from origami_widgets.run.starts.credit_limit import CreditLimit
from origami_widgets.run.starts.job import WatchedJob
from origami_widgets.run.starts.reruns import EarlierStart, calls_of
from origami_widgets.run.starts.store import valid_once
from origami_widgets.run.state import Named

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence
    from typing import Any

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.host.cells import CellRef
    from origami_widgets.run.starts.reruns import CellCalls
    from origami_widgets.run.state import RunState


def start(
    prompt: str,
    *,
    name: str | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> Run:
    """Start a new agent with its first run, and show its live card.

    Sends one POST, which spends credits. It returns as soon as the run is started; the run is checked in the background. If
    all run slots of the plan are in use, this says so and waits for a free one; an interrupt leaves the queue, and
    `configure(queue=False)` raises `RunPoolFull` instead. An interrupt before the call returns cancels the run: the server is
    asked to cancel it as soon as it is known, while this process lives. The exception carries `reconcile()`, which finds it.

    Running the cell again while its run is active shows that run and starts none; `fresh=True` starts another one.

    In an interactive notebook it asks first if your balance is below what such runs have cost here, once some have; see
    `configure(confirm_above=…)`. To know the balance it may send one GET a minute, free of charge. A rerun that finds its run
    does not ask, and any answer but yes sends nothing.

    With `once="a-name"` the run is started the first time only. The same call again, also after a restart of the kernel,
    attaches to that run and shows it with its follow-ups. Two kernels that make the call at the same time get the same run.
    `answer` and `follow_up` on the run and its follow-ups are sent once only, too. For each name, a file of ids is kept (in
    the platform's data folder, or where `ORIGAMI_WIDGETS_DATA` points), separately for each base URL, project and
    organization; it holds neither brief nor key. A run that an interrupt has cancelled keeps its name: use `fresh=True` to
    start again. Names of an embedded `Sandbox` end with the kernel, as its runs do.

    Args:
        prompt: the brief, 1 to 10,000 characters.
        name: the name of the agent, up to 80 characters; made from the brief when absent.
        model: `origami-lite` or `origami-max`; None for the plan's default.
        focus_tables: ids of tables to work on.
        once: a name of your own for this brief with these options, up to 100 characters of any script.
        fresh: start a new run although the cell or the name has one; the name then stands for the new run.
        credit_limit: cancel the run when its tables have used more credits than this since it began, counted at each check;
            None for no limit. The card and `run.error` then say so.
        client: the client to use; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook. As the cell's last expression it is not shown a second time.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: the brief, the name, the model or an id is not valid; nothing was sent.
        PaymentRequired: too few credits, a plan without API, or a blocked account; `link` leads to the remedy.
        RunPoolFull: all run slots are in use, and the call does not wait for one, or has waited too long.
        StartDeclined: you were asked, and did not answer yes; nothing was sent.
        AmbiguousStart: it is not known whether the server has started the run; `reconcile()` looks for it.
        NameTaken: the name of `once` stands for another brief or other options; nothing was sent.
        RunNotFound: the run of that name no longer exists at the server; nothing was started.
        StartUnclear: a run of that name may exist that cannot be found; nothing was started.
        RegistryUnusable: the file of that name cannot be read or written; nothing was started.
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
    limit = valid_credit_limit(credit_limit)
    operations = client_or_default(client).operations
    spec = StartSpec(prompt, name=name, model=model, focus_tables=focus_tables)
    cell = display_backend().cell()
    with StartCall() as call:
        asks = can_ask()
        found = call.block(
            _found(call, operations, spec, once=once, cell=cell, credit_limit=limit, fresh=fresh, asks=asks)
        )
        ask(found.question)
        return _shown(call.block(_fulfilled(call, found)), call, show=show)


async def start_async(
    prompt: str,
    *,
    name: str | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> Run:
    """Start a run as `start` does, without blocking the event loop: same arguments, costs and errors. It never asks.

    For event loops, and for hosts in which Python has one thread (JupyterLite). Cancelling the task does not cancel the run
    that it has started; the `CancelledError` carries `idempotency_key` and `reconcile_async()`, which finds the run.

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
    limit = valid_credit_limit(credit_limit)
    operations = client_or_default(client).operations
    spec = StartSpec(prompt, name=name, model=model, focus_tables=focus_tables)
    cell = display_backend().cell()
    call = StartCall()

    async def started() -> Run:
        found = await _found(call, operations, spec, once=once, cell=cell, credit_limit=limit, fresh=fresh, asks=False)
        return await _fulfilled(call, found)

    return _shown(await call.wait(started()), call, show=show)


def start_many(
    prompts: Iterable[str] | Mapping[str, str],
    *,
    at_once: int | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> RunBatch:
    """Start a new agent with its first run for each brief of a list, and show them on one live board.

    Sends one POST for each brief, which spends credits, and one GET for the number of the plan's run slots. It returns at
    once. The briefs are started in the background in their order, the next one when fewer than `at_once` runs of the batch
    are active. If other runs use the plan's slots, it waits as long as the server says, also with `configure(queue=False)`.
    All briefs are checked before the first one is sent. In an interactive notebook it may ask first, as `start` does, once for
    all briefs together.

    Each brief is paid for once, whatever happens to the request. If one cannot be started, for example with too few credits,
    the batch halts: `batch.error` says why, the runs that were started go on, and `batch.resume()` starts the rest.

    Running the cell again while its batch is active shows that batch, and resumes it if an error has halted it; `fresh=True`
    starts all briefs again. If you have edited the list, a brief that is still in it, with the same agent's name and options,
    keeps its active run, and only the rest is started. Briefs that you took out of the list go on in the earlier batch until
    they end or are cancelled. A brief whose run has ended is started again; use `once=` if it should not be.

    With `once="a-name"` each brief is started the first time only. The same call again, also after a restart of the kernel,
    attaches to the runs that exist and starts only the rest, also if the list has grown or its order has changed; see
    `start`. A brief that is in the list twice is started twice.

    Args:
        prompts: the briefs, 1 to 10,000 characters each and 1,000 at most; or a mapping of agents' names to briefs.
        at_once: how many of these runs may be active at a time; None for as many as the plan has run slots, or 10 if the plan
            has no limit.
        model: `origami-lite` or `origami-max`, for all runs; None for the plan's default.
        focus_tables: ids of tables that all runs work on.
        once: a name of your own for this batch, up to 100 characters of any script.
        fresh: start new runs although the cell's batch is active, or the briefs were started under this name.
        credit_limit: when the tables of all runs together have used more credits than this since their runs began, start no
            more and cancel the active runs; None for no limit. `batch.error` then says so. To go on, run the cell again with
            a higher limit.
        client: the client to use; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the board in a notebook. As the cell's last expression it is not shown a second time.

    Returns:
        The handle on the batch.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: a brief, a name, the model, an id or a number is not valid, or there is no brief; nothing was sent.
        StartDeclined: you were asked, and did not answer yes; nothing was sent.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
        >>> batch = ow.start_many(cities, client=client, show=False)
        >>> ow.runs_frame(batch.wait())["status"].tolist()
        ['completed', 'completed']

        The same list under the same name is paid for once, however often the cell is run:

        >>> first = ow.start_many(cities, once="bakeries", client=client, show=False).wait()
        >>> again = ow.start_many(cities, once="bakeries", client=client, show=False).wait()
        >>> [run.id for run in again] == [run.id for run in first]
        True
    """
    specs, slots = read_briefs(prompts, model, focus_tables), valid_at_once(at_once)
    limit = valid_credit_limit(credit_limit)
    name = "" if once is None else valid_once(once)
    operations = client_or_default(client).operations
    calls = calls_of(display_backend().cell(), operations.identity)

    def find() -> RunBatch:
        earlier = None if fresh else calls.equal_batch(specs, name)
        if earlier is not None and earlier.batch is not None and (known := earlier.batch()) is not None:
            return cast("RunBatch", known)
        if name:
            # A name finds the runs of its briefs wherever they were started.
            names = zip(specs, names_of(name, specs), strict=True)
            jobs = [WatchedJob(operations, spec, Run, once=name, name=own, fresh=fresh) for spec, own in names]
        else:
            found = [EarlierStart(None, [])] * len(specs) if fresh or earlier else calls.equal_starts(specs)
            jobs = [_job_of_cell(operations, spec, each) for spec, each in zip(specs, found, strict=True)]
        batch = RunBatch(operations, jobs)
        if earlier is not None:
            batch.rerun(earlier)
        return batch

    def begin() -> None:
        if batch.call is None:
            batch.call = calls.add(specs, batch.jobs, once=name, batch=batch)
            calls.hand_over(batch.jobs, batch)
        batch.go_on(slots, limit)

    batch = background().call(find)
    _ask_about(batch, limit)
    try:
        if show:
            display_backend().show(batch)
        background().call(begin)
    except BaseException:
        # The caller has no handle to stop it with.
        if batch.call is None:
            batch.stop()
        raise
    return batch


def _ask_about(batch: RunBatch, credit_limit: float | None) -> None:
    """Ask before the briefs of a new batch are started, once for all of them.

    Raises:
        StartDeclined: the answer was no; nothing was sent.
    """
    # A rerun was asked about the first time.
    if batch.call is not None or not can_ask():
        return
    try:
        with StartCall() as call:
            about = question_about(batch.operations, batch.jobs, batch.find_known, credit_limit=credit_limit, owners=1)
            ask(call.block(about))
    except BaseException:
        background().call(batch.leave_jobs)
        raise


class _FoundStart(NamedTuple):
    """Start job of a call, and what to ask before it begins."""

    job: WatchedJob
    calls: CellCalls
    question: str


async def _found(
    call: StartCall,
    operations: Operations,
    spec: StartSpec,
    *,
    once: str | None,
    cell: CellRef | None,
    credit_limit: float | None,
    fresh: bool,
    asks: bool,
) -> _FoundStart:
    """Return the start job of the run that the name or the cell has started before, else a new one. Background loop only."""
    # A name finds its run wherever it was started.
    calls = calls_of(None if once is not None else cell, operations.identity)
    if once is not None:
        name = valid_once(once)
        job = WatchedJob(operations, spec, Run, once=name, name=name, fresh=fresh, queues=waits_for_a_slot())
    else:
        found = EarlierStart(None, []) if fresh else calls.equal_starts([spec])[0]
        job = _job_of_cell(operations, spec, found, queues=waits_for_a_slot())
    job.limit(None if credit_limit is None else CreditLimit(credit_limit))
    if once is None:
        calls.add([spec], [job])
        if job.watch is None:
            await job.find_known()
    question = await question_about(operations, [job], job.find_known, credit_limit=credit_limit) if asks else ""
    if job.watch is None:
        # From here on, an interrupt is one of its start.
        call.job = job
    return _FoundStart(job, calls, question)


async def _fulfilled(call: StartCall, found: _FoundStart) -> Run:
    """Return the run of a start job, started where it is not known. Background loop only."""
    # After the answer: an earlier batch keeps the brief if it is no.
    found.calls.hand_over([found.job], call)
    return cast("Run", found.job.handle or await call.fulfil(found.job))


def _job_of_cell(operations: Operations, spec: StartSpec, found: EarlierStart, *, queues: bool = True) -> WatchedJob:
    """Return the start job of an earlier execution of the cell, else a new one."""
    if found.job is not None:
        if found.job.watch is not None:
            found.job.attach(found.job.watch)
        return found.job
    job = WatchedJob(operations, spec, Run, queues=queues)
    job.earlier = found.records
    return job


def _shown(run: Run, call: StartCall, *, show: bool) -> Run:
    """Show a run that was just started."""
    if isinstance(call.job, WatchedJob) and call.job.unrecorded is not None:
        cause = call.job.unrecorded.cause
        warnings.warn(f"The run was started, but not recorded. {cause}", RuntimeWarning, stacklevel=3)
    if show:
        with attach_hint(run.token):
            display_backend().show(run)
    return run


def attach(
    token_or_agent_id: str | Run, run_id: str | None = None, *, client: AnyClient | None = None, show: bool = True
) -> Run:
    """Find a run that was started before, here or elsewhere, and show its live card.

    Sends GETs only and costs nothing. Without a run id, the newest run of the agent is shown, with its earlier runs folded
    above. The API's answers about a run leave out the agent's name: `run.name`, and `name` in frames, is known if the run was
    started here, or once `list_agents()` of the same client has told it.

    Args:
        token_or_agent_id: `"agent_id/run_id"` as in the card's menu, an agent's id, or a link to the agent's
            workspace. A `Run` is returned as it is, unless `client` is of another account, project or server: then the run
            is read through that client. A run of a saved answer is read from the server.
        run_id: the run's id, when the first argument is an agent's; without it the agent's newest run.
        client: the client to use, or a `Sandbox`; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: it is neither a token nor an id nor a run; nothing was sent, and no key was looked for.
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
    """Return the run that was given, if it is watched already, and through that client where one is given."""
    if not isinstance(token_or_agent_id, Run) or run_id is not None:
        return None
    watching = token_or_agent_id.operations
    # A saved answer has no connection yet: to attach it is to read it from the server.
    if watching is None or (client is not None and client_or_default(client).operations.identity != watching.identity):
        return None
    return token_or_agent_id


def _finding(token_or_agent_id: str | Run, run_id: str | None, client: AnyClient | None) -> Coroutine[Any, Any, Run]:
    """Check the arguments; return the coroutine that finds the run."""
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
    # Answers about a run leave it out, and a request for it would take the place of a poll.
    watch.update(Named(operations.agent_names.get(agent_id, "")))
    if watch.state.run is None or watch.state.connection.state == "stopped":
        await poller().first_check(watch)
        if not watch.state.done:
            await poller().list_tables(watch, if_room=True)
    return Run(watch, conversation_of(watch, before))
