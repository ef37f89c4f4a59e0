"""`start_many`: one run for each brief of a list, as many at a time as the plan allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.run.batches import again
from origami_widgets.run.batches.batch import RunBatch
from origami_widgets.run.batches.briefs import read_briefs, valid_at_once
from origami_widgets.run.batches.course import Course
from origami_widgets.run.batches.once import Names
from origami_widgets.run.claims import valid_once
from origami_widgets.run.display_backend import display_backend
from origami_widgets.run.settings import client_or_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from origami_widgets.api.default_client import AnyClient


def start_many(
    prompts: Iterable[str] | Mapping[str, str],
    *,
    at_once: int | None = None,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    once: str | None = None,
    fresh: bool = False,
    client: AnyClient | None = None,
    show: bool = True,
) -> RunBatch:
    """Start a new agent with its first run for each brief of a list, and show them on one live board.

    Sends one POST for each brief, which spends credits, and one GET that asks for the plan's run slots. It returns at
    once: the briefs are started in the background in their order, the next one when fewer than `at_once` of the batch's
    runs are active. When others use the plan's slots it waits as long as the server says, whatever `configure(queue=)`
    was told. All briefs are checked before the first one is sent.

    Each brief is paid for once, whatever happens to the request. Where one cannot be started, too few credits for example,
    the batch halts: `batch.error` says why, the runs that were started go on, and `batch.resume()` starts the rest.

    A cell that is run again while its batch goes on shows that batch, and goes on where an error has halted it;
    `fresh=True` starts all of them anew. When the list was edited meanwhile, a brief that is still in it, under the same
    agent's name and with the same options, keeps the run that goes on for it, and only the rest is started. What was taken
    out of the list is not ended by that: the earlier batch goes on with it until it is over or cancelled. A run that is
    over is no reason not to start its brief again: `once=` is.

    With `once="a-name"` each brief is started the first time only. The same call again, in this cell or after the kernel
    was restarted, attaches to the runs that are there and starts only the rest, also when the list has grown or was put
    in another order; see `start`. A brief that stands twice in the list is started twice.

    Args:
        prompts: the briefs, 1 to 10,000 characters each and 1,000 at most; or a mapping of agents' names to briefs.
        at_once: how many of these runs may be active at a time; None for as many as the plan has run slots, and 10 where
            it has no limit.
        model: `origami-lite` or `origami-max`, for all of them; None for the plan's default.
        focus_tables: ids of tables that all of them work on.
        once: a name of your own for this batch, up to 100 characters of any script.
        fresh: start new runs although the cell's batch goes on, or the briefs were started under this name.
        client: the client to use; None for the configured one, or one made from `ORIGAMI_API_KEY`.
        show: show the board in a notebook. As the cell's last expression it is not shown a second time.

    Returns:
        The handle on the batch.

    Raises:
        MissingKey: there is no key; nothing was sent.
        InvalidInput: a brief, a name, the model, an id or a number is not valid, or there is no brief; nothing was sent.

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
    briefs, wanted = read_briefs(prompts, model, focus_tables), valid_at_once(at_once)
    name = "" if once is None else valid_once(once)
    operations = client_or_default(client).operations
    place = display_backend().cell()
    known = None if fresh else again.going_on(operations, place, briefs, name)
    names = Names(name, briefs, fresh=fresh) if name else None
    # A name finds the runs of its briefs wherever they were started.
    earlier = None if fresh or name or known is not None else again.earlier(operations, place, briefs)
    course = known or Course(operations, briefs, wanted, names, earlier)
    batch = RunBatch(course)
    try:
        if show:
            display_backend().show(batch)
        course.go_on(wanted)
    except BaseException:
        # Nobody was given the handle that could stop it.
        course.is_stopped = course.is_stopped or known is None
        raise
    if known is None:
        again.remember(place, course, briefs, name)
    return batch
