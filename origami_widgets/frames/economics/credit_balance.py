"""`credits_frame`: the credit balance over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.default_client import AnyClient, client_or_default
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import build
from origami_widgets.frames.schema import FrameField, FrameSchema, computed_field, number_field
from origami_widgets.frames.source import SourceData
from origami_widgets.frames.values import read_number

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.usage import BalanceReading

CREDITS = FrameSchema(
    "credits_frame",
    (
        computed_field("time", "timestamp", "when the balance was read, on the kernel's clock"),
        FrameField("balance", "number", "credits", "balance", "credits left at that time", "credits"),
        number_field("change", "balance minus that of the previous reading", "credits"),
    ),
)


@bridged
async def credits_frame(
    *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per reading of the credit balance in this process. Reads the balance once more: one free request.

    The API keeps no history of the balance. The frame has a row for each time that `login`, `account`, `get_credits` or
    this function has read it with the same key, up to the newest 1,000. The balance belongs to the organization, so
    other runs, other keys and the web app spend from it, too: `run.credits.used` is what a run has used.

    Args:
        client: the client whose balance to read; None for the configured one.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), oldest reading first. `attrs["units"]` has the
        units, and `attrs["origami"]` says where the frame comes from.

        - `time` (datetime64[us, UTC]): when the balance was read, on the kernel's clock
        - `balance` (Float64, credits): credits left at that time
        - `change` (Float64, credits): balance minus that of the previous reading

    Raises:
        InvalidInput: `dtype_backend` is unknown; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the balance cannot be read.

    API: `GET /account/credits`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> before = client.get_credits()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.credits_frame(client=client)
        >>> used = ow.tables_frame(run)["credits_lifetime_used"].sum()
        >>> len(frame), bool(-frame["change"].iloc[-1] == used)
        (2, True)
    """
    check_backend(dtype_backend)
    operations = client_or_default(client).operations
    await OnLoop(operations.get_credits())
    return frame_of_readings(operations.balance_history.readings, dtype_backend)


def frame_of_readings(readings: Sequence[BalanceReading], dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Make the frame of balance readings. Pure.

    Args:
        readings: the readings, oldest first.
        dtype_backend: the arrays that hold the columns.
    """
    balances = [read_number(reading.balance) for reading in readings]
    rows = [
        {
            "time": datetime.fromtimestamp(reading.at, UTC).isoformat(),
            "balance": balance,
            "change": None if balance is None or before is None else balance - before,
        }
        for reading, before, balance in zip(readings, [None, *balances], balances, strict=False)
    ]
    return build(CREDITS, SourceData("list", ()), rows, dtype_backend=dtype_backend)
