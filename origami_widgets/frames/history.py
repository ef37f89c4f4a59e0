"""`history_frame`: how a run came to be what it is, one row per change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Holder, build, runs_of
from .records import pluck
from .runs import RUN_STATUSES
from .schema import RUN_ID, Field, Schema
from .source import Source, gather
from .values import Cells

if TYPE_CHECKING:
    import pandas as pd


_TIME = Field("time", "timestamp", "history", "time", "when the change was heard, on the kernel's clock")

HISTORY = Schema(
    "history_frame",
    (
        RUN_ID,
        _TIME,
        Field("status", "category", "history", "status", "the server's word", "", RUN_STATUSES),
        Field("steps_completed", "integer", "history", "steps_completed", "done so far", "steps"),
        Field("lead_count", "integer", "history", "lead_count", "in all tables of the run", "leads"),
        Field("cells_running", "integer", "history", "cells_running", "waiting, queued or running", "cells"),
        Field("cells_errored", "integer", "history", "cells_errored", "ended in a failure", "cells"),
        Field("credits_used", "number", "history", "credits_used", "settled, over the life of these tables", "credits"),
    ),
)


def history_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per change of a run, while it was watched from this kernel; also as `run.history_frame()`.

    No request is sent and no credits are spent. Each check whose answer told something new makes a row: values hold
    from there to the next row. The API keeps no history, so what happened before the run was watched is unknown, and an
    answer of the API has no rows. Of more than 2,000 changes every second one of the older half is dropped.

    Args:
        source: a `Run`, or a list of runs.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `time` (datetime64[us, UTC]): when the change was heard, on the kernel's clock
        - `status` (category): the server's word
        - `steps_completed` (Int64, steps): done so far
        - `lead_count` (Int64, leads): in all tables of the run
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_used` (Float64, credits): settled, over the life of these tables

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `status`, `steps` and the tables of each answer of `GET /agents/{id}/runs/{runId}`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.history_frame(run)
        >>> frame["status"].iloc[-1], int(frame["cells_running"].iloc[-1]), bool(frame["time"].is_monotonic_increasing)
        ('completed', 0, True)
    """
    check_backend(dtype_backend)
    gathered = gather(source, HISTORY.name)
    points = [_fields(point) for batch in gathered.batches for point in batch.history]
    owners = np.repeat(
        np.arange(len(gathered.batches), dtype=np.intp), [len(each.history) for each in gathered.batches]
    )
    told = pluck(points, HISTORY.paths("history"))
    return build(
        HISTORY,
        gathered,
        {"run": Holder(runs_of(gathered), owners), "history": Holder(told)},
        computed={_TIME.name: _moments(told[_TIME.path])},
        dtype_backend=dtype_backend,
    )


def _fields(point: object) -> dict[str, Any]:
    return {path: getattr(point, path, None) for path in HISTORY.paths("history")}


def _moments(times: list[Any]) -> Cells:
    """Unix seconds as microseconds."""
    missing = np.fromiter((not isinstance(time, int | float) for time in times), np.bool_, len(times))
    data = np.fromiter((0 if lost else round(time * 1e6) for time, lost in zip(times, missing, strict=True)), np.int64)
    return Cells(data, missing, int(missing.sum()) - times.count(None))
