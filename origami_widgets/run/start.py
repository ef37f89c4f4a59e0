"""`start`, `start_many` and `attach`: start runs, or find runs that were started before; and wait for one to be filled."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from origami_widgets.api.background.loop import background, kept_task
from origami_widgets.api.background.sync_bridge import Either, OnLoop, bridged, warn_user
from origami_widgets.api.validate import credit_limit as valid_credit_limit
from origami_widgets.api.validate import flag
from origami_widgets.host.application import cell_ref
from origami_widgets.run import waiting
from origami_widgets.run.batch import RunBatch, names_of, read_briefs, valid_at_once
from origami_widgets.run.conversation import conversation_of, first_look, parse_token, read_turns
from origami_widgets.run.fill import plan_stopped
from origami_widgets.run.handle import Run, jobs_of, started
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import QUIET_LOOKS
from origami_widgets.run.reduce import Changed
from origami_widgets.run.settings import configuration, display_backend, operations_of
from origami_widgets.run.starts.call import StartCall, StartDeclined, ask, asks_nobody, can_ask, question_about
from origami_widgets.run.starts.credit_limit import CreditLimit
from origami_widgets.run.starts.queue import JobQueue, queue_of
from origami_widgets.run.starts.record import StartSpec, valid_once

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.own_list.uploaded_table import UploadedTable
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.job import StartJob


@bridged
async def start(
    prompt: str,
    *,
    name: str | None = None,
    model: str | None = None,
    focus_tables: Sequence[str | Table | UploadedTable] = (),
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> Run:
    """Start a new agent with its first run, and show its live card.

    Sends one POST, which spends credits, and returns as soon as the run has started. The run is then checked in the
    background. If all run slots of the plan are in use, the call says so and waits for a free one; an interrupt leaves
    the queue. `configure(queue=False)` raises `RunPoolFull` instead of waiting.

    Interrupting the call cancels its run: while this process lives, it asks the server to cancel the run as soon as the
    run is known. The exception carries `reconcile()`, which finds the run.

    Rerunning the cell while its run is active shows that run and starts none. `fresh=True` starts another one.

    After `configure(confirm=True)`, an interactive notebook asks you first. A rerun that finds its run does not ask. Any
    answer but yes starts nothing.

    With `once="a-name"`, only the first call starts a run. The same call later, even after a kernel restart, attaches
    to that run and shows it with its follow-ups. Two kernels that make the call at the same time get the same run.
    `answer` and `follow_up` on the run and its follow-ups are sent only once, too. Each name has a file of ids (in the
    platform's data folder, or in `ORIGAMI_WIDGETS_DATA`), separately for each base URL, project and organization. The
    file holds neither the brief nor the key. If cells of that run were stopped, an interactive notebook asks whether to
    have them filled, at which price; see `Run.fill`. A run that an interrupt has cancelled keeps its name: use `fresh=True` to
    start again. Names of an embedded `Sandbox` are lost with the kernel, as are its runs.

    Args:
        prompt: the brief, 1 to 10,000 characters.
        name: the agent's name, up to 80 characters; None makes one from the brief.
        model: `origami-lite` or `origami-max`; None for the plan's default.
        focus_tables: tables to work on, or their ids. Each is read first: one free GET. An `UploadedTable` brings its
            client and project.
        once: a name that you choose for this brief with these options, up to 100 characters of any script.
        fresh: start a new run even if the cell or the name has one. The name then belongs to the new run.
        credit_limit: cancel the run and stop its cells once its tables have used more credits than this since it
            began; its answers and follow-ups share the limit. It holds until all cells are final, while this process
            runs, is online and its key is valid. Credits are counted at each check: what settles between two checks and
            what is in flight then is used on top. In `focus_tables`, what others use counts, too. The card and
            `run.error` say when it is reached. With `once`, a restarted kernel counts on from where the run began. None
            for no limit.
        client: the client to use; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook. As the cell's last expression it is not shown a second time.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: the brief, the name, the model or an id is not valid; nothing was sent.
        PaymentRequired: too few credits, a plan without API, or a blocked account; `link` leads to the remedy.
        RunPoolFull: all run slots are in use, and the call does not wait for one or has waited too long.
        StartDeclined: you were asked, and did not answer yes; nothing was sent.
        AmbiguousStart: it is not known whether the server has started the run; `reconcile()` looks for it. Under a name that
            is older than a day, nothing is sent again.
        NameTaken: the name in `once` belongs to another brief or other options; nothing was sent.
        RunNotFound: the run with that name no longer exists on the server; nothing was started.
        RegistryUnusable: the file for that name cannot be read or written; nothing was started.
        OrigamiError: the run was not started.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False)
        >>> run.wait("cells").tables[0].lead_count > 0
        True

        Under the same name, the same brief is paid for once, however often you run the cell:

        >>> first = ow.start("List bakeries in Porto", once="porto", client=client, show=False)
        >>> ow.start("List bakeries in Porto", once="porto", client=client, show=False).id == first.id
        True
        >>> ow.start("List bakeries in Porto", once="porto", fresh=True, client=client, show=False).id == first.id
        False
    """
    spec = StartSpec(prompt, name=name, model=model, focus_tables=focus_tables)
    operations = operations_of(client, focus_tables)
    return await start_run(operations, spec, once=once, fresh=fresh, credit_limit=credit_limit, show=show)


async def start_run(
    operations: Operations,
    spec: StartSpec,
    *,
    once: str | None,
    fresh: bool,
    credit_limit: float | None,
    show: bool,
    asks: bool = True,
) -> Run:
    """Start a run as `start` does, for the sync bridge; `asks` says whether to ask the user, who may have agreed already."""
    flag("show", show)
    limit = valid_credit_limit(credit_limit)
    flag("fresh", fresh)
    known_as = "" if once is None else valid_once(once)
    cell, queues = cell_ref(), configuration().queue

    def make() -> StartJob:
        (job,) = jobs_of(operations, [(known_as, spec)], known_as, cell, fresh=fresh, queues=queues)
        if limit is not None:
            job.limit(CreditLimit(limit))
        return job

    call = StartCall()
    run = await started(call, make, credit_limit=limit, show=show, asks=asks)
    if asks and run.state.attached is not None:
        await Either(lambda: _offer_to_fill(run), asks_nobody)
    if call.job is not None and call.job.unrecorded is not None:
        cause = call.job.unrecorded.cause
        warn_user(f"The run was started, but not recorded. {cause}")
    return run


def _offer_to_fill(run: Run) -> object:
    """Ask whether to fill what was stopped in a run that a cell has found again."""
    if can_ask(is_enriching=True) and background().run(plan_stopped(run.conversation)) is not None:
        with contextlib.suppress(StartDeclined):
            return run.fill()
    return None


def start_many(
    prompts: Iterable[str] | Mapping[str, str],
    *,
    at_once: int | None = None,
    model: str | None = None,
    focus_tables: Sequence[str | Table | UploadedTable] = (),
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> RunBatch:
    """Start a new agent for each brief in a list, and show their runs on one live board.

    Checks all briefs before it sends the first one, and returns at once. The briefs then start in the background, in
    order; the next one starts when fewer than `at_once` runs of the batch are active. Sends one POST for each brief,
    which spends credits. If all run slots of the plan are in use, the batch waits as long as the server says, or until a
    run of this process ends, even with `configure(queue=False)`. After `configure(confirm=True)`, an interactive notebook
    asks you first, once for all briefs together.

    Each brief is paid for once, whatever happens to its request. If a brief cannot be started, for example because you
    have too few credits, the batch halts: `batch.error` says why, started runs go on, and `batch.resume()` starts the
    rest.

    Rerunning the cell while its batch is active shows the same runs, and resumes the batch if an error has halted it.
    `fresh=True` starts all briefs again. If you have edited the list, briefs that are still in it, with the same agent
    name and options, keep their runs, and only the others start. Runs of briefs that you removed go on in the earlier
    batch until they end or are cancelled. Once no run of the list is active, all briefs start again, unless you use
    `once=`.

    With `once="a-name"`, each brief starts only once. The same call later, even after a kernel restart, attaches to the
    runs that exist and starts only the rest, even if the list has grown or its order has changed; see `start`. A brief
    that is in the list twice starts twice.

    Args:
        prompts: up to 1,000 briefs of 1 to 10,000 characters each, as a list or as a mapping of agent names to briefs.
        at_once: how many of these runs may be active at a time; None for 10.
        model: `origami-lite` or `origami-max`, for all runs; None for the plan's default.
        focus_tables: tables that all runs work on, or their ids. Each brief reads each of them first: one free GET. An
            `UploadedTable` brings its client and project.
        once: a name that you choose for this batch, up to 100 characters of any script.
        fresh: start new runs even if the cell's batch is active or the briefs were started under this name.
        credit_limit: once the tables of all runs together have used more credits than this since their runs began,
            start no more runs, cancel the active ones and stop all their cells, as with `start`. `batch.error` then says
            so. To go on, rerun the cell with a higher limit. None for no limit.
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

        Under the same name, the same list is paid for once, however often you run the cell:

        >>> first = ow.start_many(cities, once="bakeries", client=client, show=False).wait()
        >>> again = ow.start_many(cities, once="bakeries", client=client, show=False).wait()
        >>> [run.id for run in again] == [run.id for run in first]
        True
    """
    specs, slots = read_briefs(prompts, model, focus_tables), valid_at_once(at_once)
    limit = valid_credit_limit(credit_limit)
    flag("fresh", fresh)
    flag("show", show)
    name = "" if once is None else valid_once(once)
    operations = operations_of(client, focus_tables)
    starts = [*zip(names_of(name, specs), specs, strict=True)]
    cell = cell_ref()

    def find() -> JobQueue:
        jobs = jobs_of(operations, starts, name, cell, fresh=fresh, queues=True)
        return JobQueue(operations, jobs, name) if name else queue_of(operations, jobs)

    queue = background().call(find)
    _ask_about(queue, limit)
    batch = RunBatch(queue)
    try:
        if show:
            display_backend().show(batch)
        background().call(lambda: queue.begin(slots, limit))
    except BaseException:
        # The caller gets no handle to stop the batch with.
        if not queue.has_begun:
            batch.stop()
        raise
    return batch


def _ask_about(queue: JobQueue, credit_limit: float | None) -> None:
    """Ask the user once before the briefs of a new batch are started.

    Raises:
        StartDeclined: the answer was no; nothing was sent.
    """
    # The user has already answered for the first execution of the cell.
    if queue.has_begun or not can_ask():
        return
    try:
        with StartCall() as call:
            ask(call.block(question_about(queue.jobs, queue.find_known, credit_limit=credit_limit, owners=1)))
    except BaseException:
        background().call(queue.leave_jobs)
        raise


@bridged
async def attach(
    token_or_agent_id: str | Run, run_id: str | None = None, *, client: AnyClient | None = None, show: bool = True
) -> Run:
    """Attach to a run that was started earlier, here or elsewhere, and show its live card.

    The run is the whole conversation with its agent, by whichever of its turns you name it. Sends only GETs and costs
    nothing: one for the list of turns, and one for each turn that is not known here, the newest 20. The older ones of an
    active turn are read a little later. What you name is yours
    to cancel; what others have sent to the agent is shown and counted. The API leaves the agent's name out of its answers
    about a run: `run.name`, and `name` in frames, is known only if the run was started here or `list_agents()` of the same
    client has read it.

    Args:
        token_or_agent_id: `"agent_id/run_id"` as in the card's menu, an agent's id, or a link to the agent's workspace.
            A `Run` is read through its own client, unless `client` is given; one from a saved answer has none.
        run_id: the id of a turn, when the first argument is an agent's; None for the newest turn.
        client: the client to use, or a `Sandbox`; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the card in a notebook.

    Returns:
        The handle on the run.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: the first argument is not a token, an id, a link or a run; nothing was sent, and no key was looked
            up.
        NotFound: there is no such agent or run for this key and project.
        OrigamiError: the run could not be read.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("Find wholesale partners", client=client, show=False)
        >>> ow.attach(run.token, client=client, show=False) == run
        True
    """
    flag("show", show)
    token = token_or_agent_id.token if isinstance(token_or_agent_id, Run) else token_or_agent_id
    agent_id, wanted = parse_token(token, run_id)
    run = await OnLoop(_find(operations_of(client, [token_or_agent_id]), agent_id, wanted))
    if show:
        display_backend().show(run)
    return run


async def _read_later(operations: Operations, watch: RunWatch) -> None:
    """Read the older turns of an active one, after all checks that are due."""
    await poller().allow(operations)
    await read_turns(operations, watch.state.agent_id, watch)


async def _find(operations: Operations, agent_id: str, run_id: str | None) -> Run:
    watch = None
    if run_id is not None:
        watch = await poller().watch(operations, agent_id, run_id, started=None)
        await first_look(watch)
    if watch is not None and not watch.state.done:
        # An active turn is the newest, and hundreds of them may be attached at once: its older ones are read later.
        conversation = conversation_of(watch)
        kept_task(_read_later(operations, watch), "origami-widgets read older turns")
    else:
        conversation = await read_turns(operations, agent_id, watch)
    newest = conversation.current
    # What the user names is the user's to stop: one turn, or by the agent's id all of them.
    conversation.ours.update([each.run_id for each in conversation.states] if watch is None else [watch.state.run_id])
    # Answers about a run leave the name out, and a request for it would use up a poll.
    newest.update(Changed(agent_name=operations.agent_names.get(agent_id) or newest.state.agent_name))
    return Run(newest)


terminal_watch: ContextVar[Callable[[Run], object] | None] = ContextVar("terminal_watch", default=None)
"""Waits until a run has ended, and shows it on a terminal meanwhile, for a command. Otherwise there is a card, or nothing."""


async def until_filled(run: Run, interrupted: str, *, looks: int = QUIET_LOOKS) -> None:
    """Wait until a run has ended and its cells are filled, for the sync bridge. An interrupt cancels it, and stops them.

    Args:
        run: the run.
        interrupted: what to print then.
        looks: as in `reached`.
    """
    filled = waiting.end_of_run(run.conversation, "cells", looks=looks)

    def wait_here() -> None:
        if (watch := terminal_watch.get()) is not None:
            # It ends as soon as nothing is active: cells may begin after that.
            watch(run)
        try:
            waiting.block(filled, None)
        except (KeyboardInterrupt, SystemExit):
            run.cancel(cells=True)
            print(interrupted)  # noqa: T201
            raise

    await Either(wait_here, lambda: waiting.wait(filled))
    display_backend().waited(run)
