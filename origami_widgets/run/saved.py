"""A saved answer of the API as a run that is known and never watched."""

from __future__ import annotations

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models import RunObject
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.state import Planned, RunRead, RunState

OTHER_OBJECTS = ("agent", "table", "column", "row", "list", "account", "credits", "workspace")


def watch_of_saved(payload: object) -> RunWatch:
    """What a handle needs; nothing is ever sent.

    Args:
        payload: a run object, or an answer that holds one under `run`.

    Raises:
        InvalidInput: it is not a run object.
    """
    inner = payload.get("run", payload) if isinstance(payload, dict) else payload
    # Without a stamp, or with one that this version does not know, it may be a run all the same.
    is_other = isinstance(inner, dict) and inner.get("object") in OTHER_OBJECTS
    if not isinstance(inner, dict) or not isinstance(inner.get("id"), str) or is_other:
        raise InvalidInput(
            "This is not a run",
            cause=f"Expected a run object with an `id`, got {describe(payload)}.",
            remedy="Give the JSON object that run.raw held, or the answer of GET /agents/{id}/runs/{runId}.",
        )
    run = RunObject.from_raw(inner)
    watch = RunWatch(None, RunState(agent_id=run.agent_id, run_id=run.id), None)
    watch.update(RunRead(run, at=poller().clock.time()), Planned(None, None))
    return watch


def describe(value: object) -> str:
    """What somebody gave in place of the right thing, in a few words."""
    if isinstance(value, dict):
        return f"a dict with the keys {sorted(map(str, value))[:8]}"
    return f"a value of type {type(value).__name__}"
