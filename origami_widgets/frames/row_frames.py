"""`rows_frame` and `rows_batches`: the leads of a table, as a DataFrame or as Arrow record batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient

    from .dtype_backend import DtypeBackend
    from .leads.lead_table import Names
    from .leads.row_reading import Progress, RowsReading
    from .source import HasRaw


def rows_frame(
    table: HasRaw | Mapping[str, Any] | str,
    *,
    client: AnyClient | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    flatten: bool = True,
    names: Names = "slug",
    progress: Progress | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """The leads of a table, one row each: `GET /tables/{tableId}/columns`, then all pages of its rows. Free.

    Cells hold what agents found on the web: never trust them as links, markup or formulas. The table's saved filters
    stay on, as they hold what the brief demanded; own filters and an own sort take the place of the saved ones. Cards that
    show the table's run say how far the reading is.

    Args:
        table: a table, for example `run.tables[0]`, or a table's id (which is one more request).
        client: the client; the configured one when absent.
        filters: `[{"column": slug, "operator": …, "value": …}]`; None for the saved ones.
        sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved one.
        limit: rows in all; None for every one.
        flatten: take the objects of enrichments apart; False leaves them in the cells.
        names: call columns by `"slug"`, which stays when a column is renamed, or by `"name"`, the heading.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows read and rows in all (None: unknown),
            called after each page.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, in the table's order, for every column that the server lists, also an empty one.
        Names that come twice, or are taken, get `_2`.

        - `row_id` (string): the lead
        - `slug`: the cell's value; of an object its main part, for example the e-mail address
        - `slug.key`: each part of the column's objects; parts beyond 64 stay together in `slug.rest`
        - `slug.found` (boolean): where a column has objects, nulls or blank texts: True: a value was found, False:
          looked and found nothing, NA: it has not run, is running or failed. An object counts as found when it holds
          anything but nulls and blank texts besides `confidence`, `reasoning` and the addresses of its sources
          (`source_url`, `email_source_url`, `sources`, …). `source` counts only beside no other value, and only where it
          is a word such as "LinkedIn", not an address

        Dtypes follow what is in a column: `Int64`, `Float64`, `boolean`, `string` (also for a column without any
        value), `datetime64[us, UTC]` when all texts are ISO dates with a time (one without a zone is UTC), `datetime64[us]`
        without a zone when all are ISO dates without a time (`date32[day][pyarrow]` with the other backend; `attrs["origami"]["dates"]` names them), and
        `object` for lists, objects, mixed types and integers of more than 64 bits, with a note in
        `attrs["origami"]["mixed_types"]`. A column with both dates and times stays text. `attrs["origami"]` also says whether it is `complete`, why it `stopped`, the
        server's `total`, and the table's `lead_count` before filters.

    Raises:
        InvalidInput: an argument cannot be right, or filters or sort name a column that the table has not.
        TableNotFound: there is no such table for this key and project.
        IncompleteRows: an error came after some rows. Its `partial` is the frame so far, its `resume()` reads on.
        InterruptedRows: so did an interrupt; it is a `KeyboardInterrupt` that keeps the same.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False).wait("cells")
        >>> leads = ow.rows_frame(run.tables[0], client=client)
        >>> list(leads.columns[:3]), str(leads["row_id"].dtype)
        (['row_id', 'company', 'website'], 'string')
        >>> leads.attrs["origami"]["complete"], len(leads) == leads.attrs["origami"]["total"]
        (True, True)
    """
    reading = _reading(
        table,
        client,
        filters=filters,
        sort=sort,
        limit=limit,
        flatten=flatten,
        names=names,
        dtype_backend=dtype_backend,
    )
    frame: pd.DataFrame = reading.read(progress)
    return frame


async def rows_frame_async(
    table: HasRaw | Mapping[str, Any] | str,
    *,
    client: AnyClient | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    flatten: bool = True,
    names: Names = "slug",
    progress: Progress | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """The frame that `rows_frame` gives, without blocking the event loop: same arguments and errors. Free.

    For event loops, and for hosts in which Python has one thread (JupyterLite), where nothing may block.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> async def main():
        ...     client = ow.Sandbox(speed=600).client()
        ...     run = await (await ow.start_async("List bakeries in Porto", client=client)).settle()
        ...     return await ow.rows_frame_async(run.tables[0], client=client)
        >>> asyncio.run(main()).attrs["origami"]["complete"]
        True
    """
    from origami_widgets.api.sync_bridge import wait

    reading = _reading(
        table,
        client,
        filters=filters,
        sort=sort,
        limit=limit,
        flatten=flatten,
        names=names,
        dtype_backend=dtype_backend,
    )
    frame: pd.DataFrame = await wait(reading.steps(progress))
    return frame


def _reading(table: HasRaw | Mapping[str, Any] | str, client: AnyClient | None, **options: Any) -> RowsReading:
    # Loaded here: frames of what is at hand already need no network.
    from origami_widgets.api.default_client import client_or_default

    from .leads.row_reading import RowsReading
    from .leads.rows_request import request_from

    # First: what is no table is refused before a key is looked for.
    request = request_from(table, **options)
    return RowsReading(client_or_default(client).operations, request)


MOST_IN_A_BATCH = 1_000_000


def rows_batches(
    table: HasRaw | Mapping[str, Any] | str,
    *,
    client: AnyClient | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    flatten: bool = True,
    names: Names = "slug",
    batch_size: int = 10_000,
    progress: Progress | None = None,
) -> Any:
    """The leads of a table as Arrow record batches, for what should not be in memory at once. Free requests.

    duckdb, polars and pyarrow read them; `export(rows_batches(table), "folder", format="parquet")` writes them for others.
    They hold the rows, columns and names of `rows_frame`, and every batch has the same types. As these are known only
    when every cell was seen, all pages are read first and kept in a temporary file without a name, which is gone when
    the reader is; in memory there are a page and a batch.

    Args:
        table: a table, for example `run.tables[0]`, or a table's id (which is one more request).
        client: the client; the configured one when absent.
        filters: `[{"column": slug, "operator": …, "value": …}]`; None for the saved ones.
        sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved one.
        limit: rows in all; None for every one.
        flatten: take the objects of enrichments apart; False leaves them in the cells.
        names: call columns by `"slug"`, which stays when a column is renamed, or by `"name"`, the heading.
        batch_size: rows in a batch, 1 to a million.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows read and rows in all, called after each page.

    Returns:
        A `pyarrow.RecordBatchReader`, which can be gone through once. Types are `int64`, `double`, `bool`, `string`, `date32`
        (dates without a time) and `timestamp[us, UTC]`; lists, objects, mixed types and integers of more than 64 bits are
        JSON texts, and `origami` in the metadata of their field says so. The schema's metadata has the `attrs` of `rows_frame` as JSON
        under `origami`.

    Raises:
        InvalidInput: pyarrow is missing, an argument cannot be right, or filters or sort name a column that the table
            has not.
        TableNotFound: there is no such table for this key and project.
        IncompleteRows: an error came after some rows. Its `partial` is a reader of these, its `resume()` reads on.
        InterruptedRows: so did an interrupt; it is a `KeyboardInterrupt` that keeps the same.

    Source in the API: `GET /tables/{tableId}/columns`, then all pages of `GET /tables/{tableId}/rows`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False).wait("cells")
        >>> reader = ow.rows_batches(run.tables[0], client=client, batch_size=10)
        >>> reader.schema.names[:3], str(reader.schema.field("fit").type)
        (['row_id', 'company', 'website'], 'int64')
        >>> sum(batch.num_rows for batch in reader) == len(ow.rows_frame(run.tables[0], client=client))
        True
    """
    # Loaded here: frames of what is at hand already need no network.
    from origami_widgets.api.default_client import client_or_default

    from .leads.batch_reading import BatchesReading
    from .leads.rows_request import request_from

    request = request_from(
        table,
        filters=filters,
        sort=sort,
        limit=limit,
        flatten=flatten,
        names=names,
        dtype_backend="pyarrow",
        caller="rows_batches",
    )
    size: object = batch_size
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_IN_A_BATCH:
        raise InvalidInput(
            "batch_size is a number of rows",
            cause=f"batch_size={batch_size!r:.40} was given.",
            remedy=f"Give a whole number from 1 to {MOST_IN_A_BATCH:,}.",
        )
    return BatchesReading(client_or_default(client).operations, request, size).read(progress)
