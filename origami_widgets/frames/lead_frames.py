"""`leads_frame`: the leads of several tables in one frame."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from origami_widgets.api.background.sync_bridge import bridged
from origami_widgets.api.default_client import check_client, operations_for
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import shortened
from origami_widgets.words.foreign_text import one_line

from .dtype_backend import DtypeBackend, check_backend
from .source import SourceData, SourcePart, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.rows.row_progress import Progress

    from .leads.chosen_columns import ChosenColumns
    from .leads.leads_reading import LeadsReading
    from .leads.left_out import LeftOut
    from .source import Source

    LeadSourceInput = Source | str | pd.DataFrame | Sequence[pd.DataFrame]


@bridged
async def leads_frame(
    source: LeadSourceInput,
    *,
    client: AnyClient | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    include_hidden: bool = False,
    leave_out: object = None,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    tables: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    flatten: bool = True,
    progress: Progress | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """The leads of all tables of runs in one frame, each with its domain. Sends the free requests of `rows_frame`.

    Frames of `rows_frame` and `leads_frame` are stacked without a request. A table that several runs of the source have
    worked on is read once, and its leads belong to the first of these runs. Treat cells as untrusted: they come from
    the web.

    `domain` is the company's registrable domain, for joins: `https://www.shop.example.co.uk/en` is `example.co.uk`. It
    comes from the lead's website, or else from its e-mail address, or else from another link; not from links to jobs,
    news, maps or social networks. It is NA for hosts that many companies share, as `domain_of` says.

    Args:
        source: a `Run`, a `RunBatch`, a list of runs or tables, a table's id, or frames that were read before.
        client: the client; None for the one that each run or table came from, or else the configured one.
        filters: as in `rows_frame`, for each table, in addition to its saved filters.
        include_hidden: also read the hidden leads, which fail the saved filters of their table. For `qualified`, the ids
            of the others are then read once for each version of a table with verdicts.
        leave_out: customers, opt-outs or earlier leads that must not be in the result: a list of domains and e-mail
            addresses, a Series, a frame, the path of a CSV file, workbook or Parquet file, several of these in a list, or
            runs or tables, whose leads are read. None of it leaves this machine. A row without a person's name that has a
            website leaves out the company and its people; one with a person's name, or with an address only, leaves
            out that person, known by the address, or else by name and company. So of a list of customers with contacts,
            pass `customers["website"]`. Mail providers and sites that many companies share don't count.
            `attrs["origami"]["left_out"]` has the number.
        sort: as in `rows_frame`, for each table.
        limit: maximum number of rows of each table; None for all.
        tables: read only the tables with these names or ids; None for all.
        columns: the columns of the frame, in this order, as `columns=` of `pandas.read_parquet`: those of the tables and
            the first seven below; None for all. `table_id` and `row_id`, by which `refresh_leads` and `describe_leads`
            know a lead, come last if they are not among them. `overlap` needs `"domain"`, or another column in `on=`.
        flatten: as in `rows_frame`. Frames that were read before keep their columns.
        progress: as in `rows_frame`, over the rows of all tables. Their number is an estimate until all tables have
            been begun.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with the chosen columns, or else with these, then all columns of all tables, with the names and dtypes
        of `rows_frame`. Columns with the same name as one of these get the suffix `_2`.

        - `run_id` (string): the run; NA if unknown
        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `row_id` (string): the lead
        - `domain` (string): the company's registrable domain
        - `qualified` (boolean): whether the lead passes the saved filters of its table, which come from the brief;
          NA if it was not judged yet, or the table has no verdicts, or the frame was read before by `rows_frame`

        A column has one dtype over all tables, whatever their order: integers mixed with numbers become numbers if that
        is exact, dates mixed with other texts become ISO texts, and other mixtures become objects
        (`attrs["origami"]["mixed_types"]`). Tables without the column get NA. `attrs["origami"]["tables"]` has the
        notes of `rows_frame` about each table.

    Raises:
        InvalidInput: an argument is invalid, frames are mixed with other sources, `filters` or `sort` name a column
            that a table lacks, `leave_out` names neither companies nor people.
        TableNotFound: a table does not exist for this key and project.
        IncompleteRows: an error came after some rows: `partial` is the frame so far.

    API: for each table as for `rows_frame`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
        >>> batch = ow.start_many(cities, client=client, show=False).wait("cells")
        >>> leads = ow.leads_frame(batch)
        >>> list(leads.columns[:6]), leads["run_name"].unique().tolist()
        (['run_id', 'run_name', 'table_id', 'table_name', 'row_id', 'domain'], ['Porto', 'Faro'])
        >>> found = ow.leads_frame(batch, tables=["Bakeries in Porto"], include_hidden=True)
        >>> int(found["qualified"].sum()) == batch.runs[0].tables[0].stats.qualification.qualified_leads < len(found)
        True
        >>> one = ow.rows_frame(batch.runs[0].tables[0])
        >>> len(ow.leads_frame([one, one])) == 2 * len(one)
        True
        >>> ow.leads_frame(batch, columns=["run_name", "company", "fit"]).columns.to_list()
        ['run_name', 'company', 'fit', 'table_id', 'row_id']
        >>> porto = leads[leads["run_name"] == "Porto"]
        >>> len(ow.leads_frame(batch, leave_out=porto)) == len(leads) - len(porto)
        True
    """
    from .leads.chosen_columns import ChosenColumns

    chosen = replace(ChosenColumns.checked(columns), left_out=await read_left_out(leave_out, client))
    frames = frames_of(source, "leads_frame")
    if frames is not None:
        return chosen.of(stack_given(frames, dtype_backend))
    _warn_of_questions(source)
    reading = leads_reading(
        source,
        client,
        filters=filters,
        include_hidden=include_hidden,
        sort=sort,
        limit=limit,
        tables=tables,
        chosen=chosen,
        flatten=flatten,
        dtype_backend=dtype_backend,
    )
    return await reading.steps(progress)


async def read_left_out(given: object, client: AnyClient | None) -> LeftOut | None:
    """Return what `leave_out=` leaves out, for the sync bridge; None for nothing. Of runs and tables, the leads are read.

    Args:
        given: as in `leads_frame`.
        client: the client for runs and tables; None for the one that each came from.

    Raises:
        InvalidInput: it is no list, can't be read, or names neither companies nor people.
    """
    from .leads.left_out import LeftOut, is_list

    if given is None or isinstance(given, LeftOut):
        return given
    return LeftOut.of_list(given if is_list(given) else await leads_reading(given, client).steps(None))


def _warn_of_questions(source: object) -> None:
    """Warn if a run without leads waits for an answer: an empty frame alone would look like a search that found nothing."""
    runs = source if isinstance(source, list | tuple) else getattr(source, "runs", None) or [source]
    for run in runs:
        if not getattr(run, "tables", True) and (asked := getattr(run, "questions", ())):
            blanks = ", ".join('"…"' for _ in asked)
            said = " ".join(one_line(question.question) for question in asked)
            # The level of the user's line: below it are the sync bridge and the public function.
            message = (
                f"The run {run.name or run.token!r} has no leads yet: it asks. {said} Answer with run.answer({blanks})."
            )
            warnings.warn(message, RuntimeWarning, stacklevel=5)


def leads_reading(
    source: object,
    client: AnyClient | None,
    *,
    filters: Sequence[Mapping[str, Any]] | None = None,
    include_hidden: bool = False,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    tables: Sequence[str] | None = None,
    chosen: ChosenColumns | None = None,
    flatten: bool = True,
    dtype_backend: DtypeBackend = "numpy_nullable",
    caller: str = "leads_frame",
) -> LeadsReading:
    """Return the reading of all tables of a source. Sends nothing yet.

    Args:
        source: runs or tables.
        client: the client; None for the one that each run or table came from. What came from none is read through that
            of the first which did, or else the configured one.
        filters: conditions for the leads, as in `leads_frame`, also for the rest.
        include_hidden: also read hidden leads.
        sort: the order.
        limit: maximum number of rows of each table.
        tables: names or ids of the tables to read.
        chosen: the columns of the frame; None for all.
        flatten: whether parts of cells have columns of their own.
        dtype_backend: the dtype backend.
        caller: the name of the called function, for errors.

    Raises:
        InvalidInput: an argument is invalid.
    """
    # Imported here, as the other frames need no network.
    from .leads.chosen_columns import ALL
    from .leads.leads_reading import LeadsReading, origins_of
    from .leads.rows_request import request_from

    _check_names(tables)
    check_backend(dtype_backend)
    parts = _gathered(source, caller).parts
    given = [
        (part, table)
        for part, table in _tables(parts)
        if tables is None or not {table["id"], table.get("name")}.isdisjoint(tables)
    ]
    if tables is not None and len(tables) and not given:
        raise InvalidInput(
            "None of these tables is there",
            cause=f"The runs have no table with one of these names or ids: {shortened(list(tables))}.",
            remedy="ow.tables_frame(source) lists their tables.",
        )
    known_tables = [
        (
            part,
            request_from(
                table,
                filters=filters,
                include_hidden=include_hidden,
                sort=sort,
                limit=limit,
                flatten=flatten,
                dtype_backend=dtype_backend,
                caller=caller,
            ),
            operations_for(client, part, *parts),
        )
        for part, table in given
    ]
    known = [part.operations for part in parts] if client is None else [check_client(client).operations]
    return LeadsReading(
        [(_text(part.run_id), _text(part.name), request, operations) for part, request, operations in known_tables],
        origin=origins_of(known + [operations for *_, operations in known_tables]),
        dtype_backend=dtype_backend,
        chosen=chosen or ALL,
    )


def reader_of(data: SourceData, client: AnyClient | None) -> Callable[[Mapping[str, Any]], pd.DataFrame]:
    """Return what reads the leads of one table of a source.

    Args:
        data: the source.
        client: the client; None for the one that each run or table came from, as in `leads_reading`.
    """

    def read(table: Mapping[str, Any]) -> pd.DataFrame:
        from .row_frames import read_rows_frame

        own = next((part for part, each in _tables(data.parts) if each["id"] == table["id"]), None)
        return read_rows_frame(table, operations_for(client, own, *data.parts), {})

    return read


def _tables(parts: Sequence[SourcePart]) -> list[tuple[SourcePart, Mapping[str, Any]]]:
    """Return each table once: the first part of the source with the table, and the table's newest state."""
    first: dict[str, SourcePart] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        for table in part.tables:
            if isinstance(table, Mapping) and isinstance(table_id := table.get("id"), str):
                first.setdefault(table_id, part)
                tables[table_id] = table
    return [(first[table_id], table) for table_id, table in tables.items()]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _gathered(source: object, caller: str) -> SourceData:
    if isinstance(source, str):
        source = [source]
    if isinstance(source, list | tuple):
        from origami_widgets.api.validate import table_id

        # If a table is given by its id, its name and counts are read first.
        source = [{"object": "table", "id": table_id(each)} if isinstance(each, str) else each for each in source]
    return gather(cast("Any", source), caller)


def _check_names(tables: object) -> None:
    if tables is None:
        return
    if isinstance(tables, str) or not (
        isinstance(tables, Collection) and all(isinstance(each, str) for each in tables)
    ):
        raise InvalidInput(
            "tables must be a list of names",
            cause=f"Got {shortened(tables)}.",
            remedy='Use the names or ids of tables: tables=["Companies"].',
        )


def frames_of(source: object, caller: str) -> list[pd.DataFrame] | None:
    """Return the given frames; None for runs, tables and ids.

    Raises:
        InvalidInput: frames are mixed with other sources, or a frame has no leads.
    """
    items = source if isinstance(source, list | tuple) else [source]
    frames = [each for each in items if isinstance(each, pd.DataFrame)]
    if not frames:
        return None
    from .leads.stacking import check_columns

    if len(frames) < len(items):
        raise InvalidInput(
            f"{caller} can't mix frames with other sources",
            cause=f"Got {len(frames)} frames and {len(items) - len(frames)} other sources in one list.",
            remedy=f"Read the others first: {caller}([frame, ow.leads_frame(run)]).",
        )
    for frame in frames:
        check_columns(frame)
        if "row_id" not in frame.columns:
            raise InvalidInput(
                "This frame holds no leads",
                cause="It has no column row_id.",
                remedy=f"Use frames of rows_frame or leads_frame, with row_id as a column: "
                f"{caller}([ow.rows_frame(table), other]).",
            )
    return frames


def stack_given(
    frames: list[pd.DataFrame],
    dtype_backend: DtypeBackend,
) -> pd.DataFrame:
    """Stack frames that were read before, as `leads_frame` does.

    Args:
        frames: frames of leads.
        dtype_backend: the dtype backend of the result.
    """
    from .leads.leads_reading import TableLeads, stack_leads

    check_backend(dtype_backend)
    notes = [frame.attrs.get("origami") for frame in frames]
    origins = {note.get("origin") for note in notes if isinstance(note, Mapping)} - {None, "origami"}
    parts = [TableLeads(frame) for frame in frames]
    return stack_leads(
        parts,
        dtype_backend=dtype_backend,
        origin=", ".join(sorted(map(str, origins))),
    )
