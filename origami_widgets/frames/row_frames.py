"""`rows_frame`: the leads of a table as a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.sync_bridge import bridged
from origami_widgets.api.default_client import operations_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_progress import Progress

    from .dtype_backend import DtypeBackend
    from .leads.lead_table import ListedColumn
    from .source import HasRaw


@bridged
async def rows_frame(
    table: HasRaw | Mapping[str, Any] | str,
    *,
    client: AnyClient | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    include_hidden: bool = False,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    flatten: bool = True,
    progress: Progress | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """The leads of a table, one row each. Reads the columns and all pages of rows, with free requests.

    Cells hold what agents found on the web: do not trust them as links, markup or formulas. The table's saved filters,
    which come from the brief, always apply, and `filters` narrow them further. To read without
    them, use `include_hidden=True`. Cards of the table's run show the progress of reading.

    Args:
        table: a table, for example `run.tables[0]`, or the id of a table (one more request).
        client: the client; None for the one that the table came from, or else the configured one.
        filters: `[{"column": slug, "operator": …, "value": …}]`, in addition to the saved filters; None for no others.
            The API can only replace saved filters, so two requests for one row each find out if they hide any leads. If
            so, the ids of the other leads are read once for each version of the table, and only these leads are kept.
        include_hidden: also read the hidden leads, which fail the table's saved filters: `filters` then apply alone.
        sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order, or for the table's own order
            with `include_hidden=True`.
        limit: maximum number of rows; None for all. Columns and dtypes come from at least 200 leads, if the table has
            them: `limit=0` gives an empty frame with the columns of the full one, unless a later lead has another
            shape.
        flatten: give each part of the objects of enrichments its own column; False keeps objects in the cells.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows read and total rows (None if unknown),
            called after each page.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns, in the table's order, for every column that the server lists, even if it is
        empty. Duplicate or reserved names get the suffix `_2`.

        - `row_id` (string): the lead
        - `slug`: the value of the cell; of an object its main part, for example the email address
        - `slug.key`: each other part of the column's objects; beyond 64 parts, the rest are together in `slug.rest`. The
            main part is among them if it is not the same for all objects
        - `slug.found` (boolean): where a column has objects, nulls or blank texts: True if a value was found, False if
          nothing was found, NA if the cell has not run, is running or failed. An object counts as found if it holds
          anything but nulls and blank texts besides `confidence`, `reasoning` and the addresses of its sources
          (`source_url`, `email_source_url`, `sources`, …). `source` counts only without any other value, and only if it
          is a word such as "LinkedIn", not an address

        Dtypes depend on the cells: `Int64`, `Float64`, `boolean`, `string` (also for a column without values),
        `datetime64[us, UTC]` if all texts are ISO dates with a time (UTC if without a time zone), `datetime64[us]`
        without a time zone if all are ISO dates without a time (`date32[day][pyarrow]` with the other backend;
        `attrs["origami"]["dates"]` lists them), and `object` for lists, objects, mixed types and integers of more than
        64 bits (`attrs["origami"]["mixed_types"]` lists them). Columns with both dates and times, or with anything else
        among them, such as a bare year, stay text; `attrs["origami"]["not_dates"]` says how many there are of each, and
        which rows are not dates. `attrs["origami"]` also has `complete`, the reason if reading `stopped` early, the
        server's `total`, the table's `lead_count` before filters, and `table_changed`: True if the table has changed
        while its saved filters were applied, so that some leads may be missing or no longer pass.

    Raises:
        InvalidInput: an argument is invalid, or names a column that the table does not have.
        TableNotFound: the table does not exist for this key and project.
        IncompleteRows: an error came after some rows: `partial` is the frame so far.

    API: `GET /tables/{tableId}/columns`, then all pages of `GET /tables/{tableId}/rows`. If `filters` narrow saved
        filters that hide leads, also the pages of the leads that pass these, and `GET /tables/{tableId}` before and
        after.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False).wait("cells")
        >>> leads = ow.rows_frame(run.tables[0])
        >>> list(leads.columns[:3]), str(leads["row_id"].dtype)
        (['row_id', 'company', 'website'], 'string')
        >>> leads.attrs["origami"]["complete"], len(leads) == leads.attrs["origami"]["total"]
        (True, True)
        >>> mailable = [{"column": "contact-email", "operator": "is_not_empty"}]
        >>> some = ow.rows_frame(run.tables[0], filters=mailable)
        >>> with_hidden = ow.rows_frame(run.tables[0], filters=mailable, include_hidden=True)
        >>> bool(some["row_id"].isin(leads["row_id"]).all()), len(some) < len(with_hidden)
        (True, True)
    """
    # Loaded here: the other frames need no network.
    from .leads.row_reading import RowsReading
    from .leads.rows_request import request_from

    # Check the table before looking for a key.
    request = request_from(
        table,
        filters=filters,
        include_hidden=include_hidden,
        sort=sort,
        limit=limit,
        flatten=flatten,
        dtype_backend=dtype_backend,
    )
    frame: pd.DataFrame = await RowsReading(operations_for(client, table), request).steps(progress)
    return frame


def read_rows_frame(
    table: HasRaw | Mapping[str, Any], operations: Operations, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Read all leads of a table through a given API, as `rows_frame` does.

    Args:
        table: the table.
        operations: the API to read through.
        options: further arguments of `rows_frame`, without `client`.
    """
    from .leads.row_reading import RowsReading
    from .leads.rows_request import request_from

    options = dict(options)
    progress = options.pop("progress", None)
    frame: pd.DataFrame = RowsReading(operations, request_from(table, **options)).read(progress)
    return frame


def loaded_rows_frame(
    table: HasRaw | None,
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[dict[str, Any]],
    *,
    filters: Sequence[Mapping[str, Any]] | None,
    include_hidden: bool,
    sort: Mapping[str, Any] | None,
    total: int | None,
    pages: int,
    complete: bool,
    version: Sequence[Any] | None,
    operations: Operations | None,
) -> pd.DataFrame:
    """Return leads that are already loaded in the form of `rows_frame`, with its `attrs`. Sends nothing.

    Args:
        table: the table; None if there is none yet.
        columns: the table's columns, as the server lists them.
        rows: the leads, as the server sent them.
        filters: the filters that the leads were read with, besides the saved ones.
        include_hidden: whether leads that fail the saved filters are among them.
        sort: the order that the leads were read in; None for the saved one.
        total: the server's count of leads.
        pages: the number of pages read.
        complete: whether these are all leads.
        version: the version of the table when the leads were read; None if there were several.
        operations: the API that the leads came from; None if there are none yet.
    """
    from origami_widgets.api.rows.row_paging import RowWalk

    from .frame_attrs import read_only
    from .leads.lead_table import LeadTable
    from .leads.row_reading import attributes, origin_notes
    from .leads.rows_request import request_from

    listed, origin = _listed(columns), "" if operations is None else operations.origin
    collected = LeadTable(listed, dtype_backend="numpy_nullable")
    collected.add(rows)
    frame, findings = collected.frame()
    reason = "" if complete else "These are the leads that were loaded."
    about = {**origin_notes(origin), "rows": len(frame), "complete": complete, "stopped": reason}
    if table is not None:
        walk = RowWalk()
        walk.rows, walk.total, walk.pages = len(rows), total, pages
        request = request_from(table, filters=filters, include_hidden=include_hidden, sort=sort)
        notes = attributes(request, walk, len(frame), findings, listed, origin=origin, reason=reason, complete=complete)
        about = {**notes["origami"], "table_version": None if version is None else list(version)}
    frame.attrs = read_only({"units": {}, "origami": about}, operations)
    return frame


def _listed(columns: Sequence[Mapping[str, Any]]) -> list[ListedColumn]:
    from .leads.lead_table import ListedColumn

    return [
        ListedColumn(str(each.get("id", "")), str(each.get("name", "")), each.get("slug"), str(each.get("kind", "")))
        for each in columns
    ]
