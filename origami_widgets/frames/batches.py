"""`rows_batches`: the leads of a table as Arrow record batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from origami_widgets.api.default_client import AnyClient

    from .leads.lead_table import Names
    from .leads.progress import Progress
    from .source import HasRaw

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
    from .leads.row_query import request_from

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
