"""`enrich`: a user's own list in, the same rows out, at once or after a pilot. At the top, as it connects frames with runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background
from origami_widgets.api.background.sync_bridge import Either, OnLoop, bridged, warn_user
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.run.fill import FillPlan, may_offer, plan_stopped
from origami_widgets.run.own_cells import columns_not_begun, has_none_begun
from origami_widgets.run.own_list.pilot import PilotJob, PilotStopped
from origami_widgets.run.own_list.uploaded_table import forget
from origami_widgets.run.polling.schedule import QUIET_LOOKS
from origami_widgets.run.settings import display_backend
from origami_widgets.run.start import start_run, until_filled
from origami_widgets.run.starts.call import StartDeclined, ask, asks_nobody, can_ask
from origami_widgets.run.starts.cancel import STOP_BEGINS, cancel
from origami_widgets.run.starts.record import StartSpec
from origami_widgets.uploading import ListUpload
from origami_widgets.words.foreign_text import one_line
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.frames.files.list_reading import GivenList
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.handle import Run
    from origami_widgets.run.own_list.uploaded_table import UploadedTable

__all__ = ["EnrichmentFailed", "enrich"]

LOOKS = QUIET_LOOKS + 1
"""Looks at a run without an active cell: as usual, and a minute more for columns that have never run."""
INTERRUPTED = (
    "Interrupted: Origami was asked to cancel the run and stop its cells; the same cell goes on with what is missing."
)


class EnrichmentFailed(OrigamiError):
    """The run of `enrich` did not complete, its cells were stopped, or it has added no column. What it found is kept.

    Attributes:
        run: the run; its newest one if it was continued.
        table: the uploaded table.
        partial: the frame that `enrich` would have returned, with what there is.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> try:
        ...     ow.enrich([{"website": "pao.example"}], "scenario:needs_input", key="website", client=client, show=False)
        ... except ow.errors.EnrichmentFailed as error:
        ...     error.run.status, len(error.partial)
        ('needs_input', 1)
    """

    run: Run
    table: UploadedTable
    partial: pd.DataFrame


@bridged
async def enrich(
    frame: GivenList,
    prompt: str,
    *,
    key: str | Sequence[str],
    columns: Sequence[str] = (),
    pilot: int | None = None,
    once: str | None = None,
    fresh: bool = False,
    credit_limit: float | None = None,
    name: str | None = None,
    model: str | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> pd.DataFrame:
    """Have an agent add columns to your own list, and get the same rows back with them. Spends credits.

    The same as `upload`, `start(prompt, focus_tables=[table])`, `wait("cells")` and `join_leads`. Only the columns in
    `key` and `columns`, and the brief, leave this machine. An interactive notebook asks first, because the cost of a new
    brief isn't known; `configure(confirm=False)` turns the question off. Scripts, and programs that take no input, don't
    ask. The card shows the run.

    With `pilot=20`, 20 rows are enriched first. The agent gets five of them, and its columns then run for the other 15.
    Their results and costs give a range for the rest, and you are asked whether to go on. A script goes on if the range
    fits into `credit_limit`, and raises `EnrichmentFailed` if it doesn't. The rest is enriched in chunks, each only if it
    fits into the limit. If a call ends early, the same call continues where it stopped.

    An interrupt cancels the run and stops its cells. The same cell, run again, asks whether to have the cells filled that
    were stopped, at which price; see `Run.fill`. With `once="a-name"`, the list is uploaded and the run started only
    once: the same call later, even after a kernel restart, waits for that run and returns the same rows.

    Args:
        frame: your list, as in `upload`. A frame that `enrich` returned is refused, as a rerun cell would pay again, unless
            `fresh=True`.
        prompt: the brief, 1 to 10,000 characters: which columns to add.
        key: the column, or columns, that tell rows apart, as in `upload`.
        columns: further columns to send, such as what the agent needs to know.
        pilot: how many rows to enrich first, at least 8; None for all at once.
        once: a name that you choose for this list with this brief.
        fresh: upload the list again and start a new run, even if the name or the cell has one.
        credit_limit: cancel the run and stop its cells once the table has used more credits than this; see `start`. If
            all columns are filled nevertheless, your rows are returned with a `RuntimeWarning`.
        name: the name of the agent and the table, up to 80 characters.
        model: `origami-lite` or `origami-max`; None for the plan's default.
        client: the client to use; None for the configured one.
        show: show the run's card in a notebook.

    Returns:
        Your rows in their order, with their index, values and dtypes, and the new columns, as in `join_leads`.

    Raises:
        StartDeclined: you were asked, and did not answer yes; nothing was sent.
        EnrichmentFailed: the run ended otherwise than `completed`, its cells were stopped, as by `credit_limit`, it added
            no column, or the rest of the list was not enriched after the pilot. The error has `run`, `table` and `partial`.
        OrigamiError: any error of `upload`, `start` and `join_leads`.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "revenue": [7, 8]})
        >>> client = ow.Sandbox(speed=600).client()
        >>> found = ow.enrich(companies, "Find the owner's e-mail address", key="website", client=client, show=False)
        >>> found["revenue"].to_list(), len(found.columns) > 2
        ([7, 8], True)
    """
    validate.flag("show", show)
    validate.flag("fresh", fresh)
    validate.prompt(prompt)
    validate.model(model)
    validate.credit_limit(credit_limit)
    _refuse_enriched(frame, fresh=fresh)
    wanted = ListUpload(frame, key, columns, name=name, table=None, once=once, client=client, fresh=fresh, pilot=pilot)
    known = await OnLoop(wanted.known_run(prompt, model))
    if known is None:
        await Either(lambda: _ask_first(wanted, credit_limit), asks_nobody)
    table = await wanted.steps(None)
    if known is not None:
        run = known
        if show:
            display_backend().show(run)
    else:
        spec = StartSpec(prompt, name=name, model=model, focus_tables=[table])
        # The user has agreed.
        run = await start_run(
            table.operations, spec, once=once, fresh=fresh, credit_limit=credit_limit, show=show, asks=False
        )
        wanted.keep_run(prompt, model, run)
    is_rerun = known is not None or run.state.attached is not None
    await until_filled(run, INTERRUPTED, looks=LOOKS)
    missing = await OnLoop(plan_stopped(run.conversation))
    if missing is not None and is_rerun and await Either(lambda: can_ask(is_enriching=True), asks_nobody):
        with contextlib.suppress(StartDeclined):
            await Either(run.fill, run.fill_async)
            await until_filled(run, INTERRUPTED, looks=LOOKS)
            missing = await OnLoop(plan_stopped(run.conversation))
    ended: PilotStopped | None = None
    stopped = run.state.stopped
    is_well = run.status == "completed" and not (stopped and stopped.cells)
    if wanted.has_rest and missing is None and is_well:
        try:
            await _finish_pilot(wanted, run)
        except PilotStopped as error:
            ended = error
        missing = await OnLoop(plan_stopped(run.conversation))
    from origami_widgets.frames.own_list.joining import Joining

    joining = Joining(wanted.frame, table, key=key, columns=None, suffix="_found")
    joined = await joining.steps(table.operations, None)
    if ended is not None:
        raise _failed(ended, run, table, joined)
    found = _checked(joined, run, table, key, missing, has_rest=wanted.has_rest)
    if joining.said:
        warn_user(joining.said)
    return found


async def _finish_pilot(wanted: ListUpload, run: Run) -> None:
    """Enrich the rest of the pilot, ask whether to go on, and enrich the rest, for the sync bridge.

    Raises:
        PilotStopped: the rest, or a part of it, was not enriched.
    """
    conversation = run.conversation
    can_answer = await Either(lambda: can_ask(is_enriching=True), asks_nobody)
    try:
        foreign = await OnLoop(wanted.on_pilot(conversation, PilotJob.foreign_columns))
        also = f" {plural(len(foreign), 'more column')} would run, too: {', '.join(foreign)}." if foreign else ""
        if foreign and not can_answer:
            raise PilotStopped(
                "Other columns would run, too",
                cause=f"{also.strip()} This brief didn't add them. Nothing more was sent.",
                remedy="In Origami, turn off automatic runs of these columns, then run the same call again.",
                code="FOREIGN_COLUMNS",
            )
        estimate = await OnLoop(wanted.on_pilot(conversation, PilotJob.price))
        limit = "" if estimate.limit is None else plural(estimate.limit, "credit")
        if not estimate.is_agreed and can_answer:
            with_limit = limit and f" It stops before {limit} are used up."
            await Either(lambda: ask(f"{estimate.in_words}{also}{with_limit} Go on? [y/N] "), asks_nobody)
        elif not estimate.is_agreed and not estimate.fits:
            raise PilotStopped(
                "The rest of the list was not enriched",
                cause=f"{estimate.in_words} A script can't be asked whether to go on, and "
                f"{f'credit_limit is {limit}' if limit else 'there is no credit_limit'}.",
                remedy="To go on, run the same call with a credit_limit= above the upper end of the range.",
                code="PILOT_ENDED",
            )
        await OnLoop(wanted.on_pilot(conversation, lambda job: job.write_rest(estimate)))
    except StartDeclined:
        raise PilotStopped(
            "The rest of the list was not enriched",
            cause="You didn't answer yes. Nothing more was sent.",
            remedy="error.partial has your rows with what the pilot has found. The same call asks again.",
            code="DECLINED",
        ) from None
    except (KeyboardInterrupt, SystemExit):
        background().run(_stop_pilot(conversation))
        print(INTERRUPTED)  # noqa: T201
        raise
    await until_filled(run, INTERRUPTED, looks=LOOKS)


async def _stop_pilot(conversation: Conversation) -> None:
    # However long ago it settled: rows that have just been written run their cells.
    conversation.current.update(STOP_BEGINS)
    await cancel(conversation.current)


def _ask_first(wanted: ListUpload, credit_limit: float | None) -> None:
    if can_ask(is_enriching=True) and not background().run(wanted.is_known()):
        ask(_question(wanted, credit_limit))


def _refuse_enriched(frame: object, *, fresh: bool) -> None:
    about = getattr(frame, "attrs", {}).get("origami")
    if not fresh and isinstance(about, dict) and about.get("frame") == "enrich":
        raise InvalidInput(
            "This list was enriched before",
            cause="enrich returned this frame. To enrich it again would pay again, as when a cell is run twice.",
            remedy="Keep the result under another name (found = ow.enrich(companies, …)), and pass the original list. To "
            "have the agent add more: fresh=True.",
        )


def _question(wanted: ListUpload, credit_limit: float | None) -> str:
    project = wanted.operations.settings.project
    limit = "no credit limit" if credit_limit is None else f"a limit of {plural(credit_limit, 'credit')}"
    where = f"project {project}" if project else "your organization"
    unknown = "; the cost of a new brief isn't known"
    if wanted.pilot:
        unknown = f". {wanted.pilot} rows come first; then you are asked again, with a price for the rest"
    return (
        f"Send {wanted.own.in_words} to {where}, and start an agent on them?\nIt spends credits, with {limit}{unknown}. "
        "[y/N] "
    )


def _failed(error: OrigamiError, run: Run, table: UploadedTable, partial: pd.DataFrame) -> EnrichmentFailed:
    failed = EnrichmentFailed(error.title, cause=error.cause, remedy=error.remedy, code=error.code)
    failed.run, failed.table, failed.partial = run, table, partial
    return failed


def _checked(
    found: pd.DataFrame, run: Run, table: UploadedTable, key: object, missing: FillPlan | None, *, has_rest: bool
) -> pd.DataFrame:
    """Return the result of an enrichment.

    Args:
        found: the user's rows with the new columns.
        run: the run, at its end.
        table: the list as it was uploaded.
        key: the columns that tell rows apart.
        missing: what would fill the cells that were stopped; None if none were, or if their price isn't known.
        has_rest: whether there are rows that are enriched after a pilot, which this one kept back.

    Raises:
        EnrichmentFailed: the run did not complete, its cells were stopped, or it has added no column.
    """
    about = found.attrs["origami"] | {"frame": "enrich", "run": run.token, "credits_used": run.credits.used}
    found.attrs["origami"] = about
    not_begun = columns_not_begun(run.state)
    if not_begun and has_none_begun(run.state):
        error = OrigamiError(
            "The cells haven't begun",
            cause="The run completed a minute ago, and none of its columns has run for any row. They may still begin, "
            "and then cost credits.",
            remedy="error.partial has your rows (import sys; error = sys.last_value). To read them again, free: "
            f"ow.join_leads(frame, error.table, key={key!r}). To stop what begins: error.run.cancel().",
            code="NOT_BEGUN",
        )
        raise _failed(error, run, table, found)
    if not_begun:
        names = ", ".join(one_line(each.name) for each in not_begun)
        warn_user(f"These columns haven't begun for any row: {names}.")
    # Without an error, a cell that was stopped would look like one whose value was not found.
    stopped, filled = 0 if run.state.stopped is None else run.state.stopped.cells, run.state.filled
    # An agent overlooks a few of the cells that it was to fill.
    left = missing.offer.cells if missing is not None and filled is not None and filled.found else 0
    if left and missing is not None and run.status == "completed" and not stopped and not has_rest:
        cells = f"{plural(left, 'cell')} {'is' if left == 1 else 'are'} still missing"
        warn_user(f"{cells} of those that were to be filled. The same call fills them.")
        return found
    if run.status == "completed" and not stopped and not missing and about["found_columns"]:
        # Without a name, the next execution of the cell pays again, and then has a table of its own.
        background().call_soon(forget, table.upload_id)
        if (passed := run.state.limit_error) is not None:
            warn_user(f"{passed.title}. {passed.cause}")
        return found
    ended = f"The run ended as {run.status!r}." if run.status != "completed" else "The run completed."
    columns = plural(len(about["found_columns"]), "new column")
    why = f" {run.error.title}." if run.error is not None else ""
    cells = f" {plural(stopped, 'cell')} {'was' if stopped == 1 else 'were'} stopped." if stopped else ""
    more = ", credit_limit=…" if run.state.limit_error is not None else ""
    if missing is not None or (stopped and may_offer(run.conversation)):
        call = f"fill(credit_limit={'…' if missing is None else f'{missing.limit:.0f}'})"
    elif run.questions:
        call = f"answer('…'{more})"
    else:
        call = f"follow_up('…', focus_tables=[error.table]{more})"
    go_on = f"error.run.{call}.wait('cells')"
    joined = f"run = {go_on}; found = ow.join_leads(frame, error.table, key={key!r})"
    error = OrigamiError(
        "The list wasn't enriched" if not about["found_columns"] else "The list wasn't enriched completely",
        cause=f"{ended}{why}{cells} error.partial has {columns}.",
        remedy="error.partial has your rows with what there is (import sys; error = sys.last_value). To go on: "
        f"{f'{go_on}, then run the same call again' if has_rest else joined}.",
        code="NOT_ENRICHED",
    )
    raise _failed(error, run, table, found)
