"""`credits_frame`: the balance, each time that it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Holder, Notes, build
from .economics.measures import measured
from .economics.metering import Moment, gains
from .records import pluck
from .schema import Field, Schema
from .source import Gathered, gather
from .values import Cells, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.usage import BalanceReading

    from .source import Source

_TIME = Field("time", "timestamp", "computed", "", "when it was read, on the kernel's clock")
_BALANCE = Field("balance", "number", "credits", "balance", "left then", "credits")
_CHANGE = Field("change", "number", "computed", "", "balance minus that of the reading before", "credits")
_MEASURED = Field(
    "credits_measured",
    "number",
    "computed",
    "",
    "used since the reading before by the tables of the runs, as they told; NA where that is not known",
    "credits",
)
_OTHER = Field(
    "credits_other",
    "number",
    "computed",
    "",
    "-change - credits_measured: what else was spent; below 0, credits came in",
    "credits",
)

CREDITS = Schema("credits_frame", (_TIME, _BALANCE, _CHANGE, _MEASURED, _OTHER))


def credits_frame(
    runs: Source | None = None, *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per reading of the balance in this process, the newest made now: one `GET /account/credits`. Free.

    The API keeps no history of the balance: a row is there for each time that `login`, `account`, `get_credits` or this
    has read it with the same key, the newest 1,000. The wallet belongs to the organization: other runs, other keys and
    the web app spend from it, too. With `runs`, two columns part what their tables have used from the rest.

    What a run costs is measured from its tables: what they have used once their cells are settled, less what they had
    used before it began. `compare_runs` has it per run (`credits_measured`), and here it is per interval. Cells that
    ended between a check of the tables and a reading of the balance count in the next interval, so read the balance when
    nothing is running: before the start, and after `wait("cells")`. What is reserved for cells that still run is in
    no table's credits. Of a table that is older than the reading before, and that no run here had told of by then,
    nothing is known.

    Args:
        runs: runs that were watched in this process, alone or in a list; None for the balance alone.
        client: the client whose balance it is; the configured one when absent.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend), oldest reading first.
        Units are also in `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `time` (datetime64[us, UTC]): when it was read, on the kernel's clock
        - `balance` (Float64, credits): left then
        - `change` (Float64, credits): balance minus that of the reading before
        - `credits_measured` (Float64, credits): used since the reading before by the tables of the runs, as they told; NA where that is not known
        - `credits_other` (Float64, credits): -change - credits_measured: what else was spent; below 0, credits came in

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`; nothing was sent.
        MissingKey: no client was given or configured, and there is no key.
        OrigamiError: the balance could not be read.

    Source in the API: `GET /account/credits`, and the tables of each answer about the runs.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> before = client.get_credits()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.credits_frame(run, client=client)
        >>> used = ow.tables_frame(run)["credits_lifetime_used"].sum()
        >>> len(frame), bool(-frame["change"].iloc[-1] == used)
        (2, True)
    """
    from origami_widgets.api.sync_bridge import block

    return block(_credits_frame(runs, client, dtype_backend))


async def credits_frame_async(
    runs: Source | None = None, *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """The frame that `credits_frame` gives, without blocking the event loop: same arguments and errors. Free.

    For event loops, and for hosts in which Python has one thread (JupyterLite), where nothing may block.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> asyncio.run(ow.credits_frame_async(client=ow.Sandbox(credits=40).client()))["balance"].to_list()
        [40.0]
    """
    from origami_widgets.api.sync_bridge import wait

    return await wait(_credits_frame(runs, client, dtype_backend))


async def _credits_frame(runs: Source | None, client: AnyClient | None, dtype_backend: DtypeBackend) -> pd.DataFrame:
    # Loaded here: frames of what is at hand already need no network.
    from origami_widgets.api.default_client import client_or_default
    from origami_widgets.api.sync_bridge import OnLoop

    check_backend(dtype_backend)
    gathered = Gathered("list", ()) if runs is None else gather(runs, CREDITS.name)
    operations = client_or_default(client).operations
    await OnLoop(operations.get_credits())
    return _frame(operations.balance_history.readings, gathered, dtype_backend, are_measured=runs is not None)


def _frame(
    readings: Sequence[BalanceReading], source: Gathered, dtype_backend: DtypeBackend, *, are_measured: bool
) -> pd.DataFrame:
    told = pluck([{_BALANCE.path: reading.balance} for reading in readings], [_BALANCE.path])
    balance = read(_BALANCE, told[_BALANCE.path])
    change = np.diff(np.where(balance.missing, np.nan, balance.data), prepend=np.nan)
    moments = [Moment(reading.at, reading.server_second) for reading in readings]
    notes = Notes()
    used = gains(source, moments, notes) if are_measured else np.full(len(readings), np.nan)
    return build(
        CREDITS,
        source,
        {"credits": Holder(told)},
        computed={
            _TIME.name: _times(readings),
            _CHANGE.name: measured(change),
            _MEASURED.name: measured(used),
            _OTHER.name: measured(0.0 - change - used),
        },
        notes=notes,
        dtype_backend=dtype_backend,
    )


def _times(readings: Sequence[BalanceReading]) -> Cells:
    data = np.fromiter((round(reading.at * 1e6) for reading in readings), np.int64, len(readings))
    return Cells(data, np.zeros(len(readings), np.bool_))
