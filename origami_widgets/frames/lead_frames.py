"""`leads_frame`: the leads of several tables in one frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import pandas as pd

from origami_widgets.api.background.sync_bridge import bridged, warn_user
from origami_widgets.api.default_client import AnyClient, check_client, operations_for
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.row_reader import RowQuery
from origami_widgets.api.validate import is_iterable, refused, shortened
from origami_widgets.words.foreign_text import one_line

from .dtype_backend import DtypeBackend, check_backend
from .economics.table_economics import COMPANIES, PEOPLE, TableEconomics
from .frame_builder import objects
from .leads.lead_table import snake_case
from .leads.leads_reading import (
    COMPANY_QUALIFIED,
    LeadsReading,
    TableLeads,
    origins_of,
    read_rows_frame,
    stack_leads,
    with_company_verdicts,
)
from .leads.left_out import LeftOut, is_list, no_list
from .leads.row_reading import ALL, ChosenColumns, RowsRequest, request_from
from .leads.stacking import check_columns
from .source import Source, SourceData, SourcePart, gather

if TYPE_CHECKING:
    from origami_widgets.api.rows.row_reader import Progress

LeadSourceInput: TypeAlias = "Source | str | pd.DataFrame | Sequence[pd.DataFrame]"


HIDDEN_TOO = partial(request_from, include_hidden=True)


@bridged
async def leads_frame(
    source: LeadSourceInput,
    *,
    of: Literal["people", "companies"] | None = None,
    tables: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort: Mapping[str, str] | None = None,
    include_hidden: bool = False,
    leave_out: object = None,
    limit: int | None = None,
    flatten: bool = True,
    dtype_backend: DtypeBackend = "numpy_nullable",
    client: AnyClient | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The leads of a run, of a table or of several of these in one frame: all pages, in order, each lead once. Free requests.

    Cells hold what agents found on the web: do not trust them as links, markup or formulas. The saved filters of a table,
    which come from the brief, always apply, and `filters` narrow them further. To read without them, use
    `include_hidden=True`. Cards of a table's run show the progress of reading.

    Frames of leads are stacked without a request. A table that several runs of the source have worked on is read once,
    and its leads belong to the first of these runs.

    Args:
        source: a `Run`, a `RunBatch`, a table, a table's id (one more request), a list of these, or frames that were read
            before.
        of: `"people"` or `"companies"`: only the tables whose leads are these, as `tables_frame` says; None for all.
        tables: only the tables with these names or ids; None for all.
        columns: the columns of the frame, in this order, by their names or slugs: those of the tables and ours, below;
            None for all. `table_id` and `row_id`, by which `refresh_leads` and `describe_leads` know a lead, come last if
            they are not among them.
        filters: `[{"column": name or slug, "operator": …, "value": …}]`, in addition to the saved filters; None for no others.
            The API can only replace saved filters, so two requests for one row each find out if they hide any leads. If
            so, the ids of the other leads are read once for each version of the table, and only these leads are kept.
        sort: `{"column": name or slug, "direction": "asc" or "desc"}`; None for the saved order, or for the table's own
            order with `include_hidden=True`.
        include_hidden: also read the hidden leads, which fail the saved filters: `filters` then apply alone. For
            `qualified`, the ids of the others are read once for each version of a table with verdicts.
        leave_out: customers, opt-outs or earlier leads that must not be in the result: a list of domains and e-mail
            addresses, a Series, a frame, the path of a CSV file, workbook or Parquet file, several of these in a list, or
            runs or tables, whose leads are read. None of it leaves this machine. A row without a person's name that has a
            website leaves out the company and its people, as far as their domain or address is known; one with a
            person's name, or with an address only, leaves out that person, known by the address, or else by name and
            company. So of a list of customers with contacts, pass `customers["website"]`. Mail providers and sites that
            many companies share don't count. `attrs["origami"]["left_out"]` has the number.
        limit: maximum number of rows of each table; None for all. Columns and dtypes come from at least 200 leads, if the
            table has them: `limit=0` gives an empty frame with the columns of the full one, unless a later lead has
            another shape.
        flatten: give each part of the objects of enrichments its own column; False keeps objects in the cells. Frames that
            were read before keep their columns.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.
        client: the client; None for the one that each run or table came from, or else the configured one.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows read and total rows (None if unknown), called
            after each page. The total is an estimate until all tables have been begun.

    Returns:
        A DataFrame with the chosen columns, or else with the columns of all tables, the name of the company or person
        first, then ours. The columns of a table are in its order, every column that the server lists, even if it is empty.
        Their names are snake_case, `contact_email` for the slug `contact-email`. A name that is taken gets `_2`.

        - `slug`: the value of the cell; of an object its main part, for example the email address
        - `slug_key`: each other part of the column's objects; beyond 64 parts, the rest are together in `slug_rest`. The
            main part is among them if it is not the same for all objects
        - `slug_found` (boolean): where a column has objects, nulls or blank texts: True if a value was found, False if
          nothing was found, NA if the cell has not run, is running or failed. An object counts as found if it holds
          anything but nulls and blank texts besides `confidence`, `reasoning` and the addresses of its sources
          (`source_url`, `email_source_url`, `sources`, …). `source` counts only without any other value, and only if it
          is a word such as "LinkedIn", not an address
        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `domain` (string): the company's registrable domain, for joins: `https://www.shop.example.co.uk/en` is
          `example.co.uk`. It comes from the lead's website, or else from its e-mail address, or else from another link;
          not from links to jobs, news, maps or social networks. NA for hosts that many companies share, as `domain_of` says
        - `qualified` (boolean): True if the lead was scored and passes the saved filters of its table, False if it was
          scored and doesn't, also if it is unsure; NA if it was not scored, or the table has no saved filters
        - `company_qualified` (boolean): only if `columns` names it, or with `of="people"`: `qualified` of the person's
          company, by its domain or else its name in the tables of companies of the same run, which are read, too; NA
          unless exactly one fits
        - `table_id` (string): the table
        - `row_id` (string): the lead

        Dtypes depend on all cells of a column, in whatever order its tables come: `Int64`, `Float64` if that is exact,
        `boolean`, `string` (also for a column without values), `datetime64[us, UTC]` if all texts are ISO dates with a
        time (UTC if without a time zone), `datetime64[us]` without a time zone if all are ISO dates without a time
        (`date32[day][pyarrow]` with the other backend), and `object` for lists, objects, mixed types and integers of more
        than 64 bits (`attrs["origami"]["mixed_types"]` lists them). Columns with both dates and times, or with anything
        else among them, such as a bare year, stay text. Tables without a column have NA there.

        `attrs["origami"]` has `complete`, the reason if reading `stopped` early, and in `tables` notes about each table: its
        columns with their slugs, the server's `total`, the `lead_count` before filters, and `table_changed`: True if the
        table has changed while its saved filters were applied, so that some leads may be missing or no longer pass.

    Raises:
        InvalidInput: an argument is invalid, frames are mixed with other sources, `filters` or `sort` name a column
            that a table lacks, `leave_out` has no website and no address, or no table has such leads.
        TableNotFound: a table does not exist for this key and project.
        IncompleteRows: an error came after some rows: `partial` is the frame so far.

    API: for each table `GET /tables/{tableId}/columns`, then all pages of `GET /tables/{tableId}/rows`. If `filters` narrow
        saved filters that hide leads, also the pages of the leads that pass these, and `GET /tables/{tableId}` before and
        after.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
        >>> batch = ow.start_many(cities, client=client, show=False).wait("cells")
        >>> leads = ow.leads_frame(batch)
        >>> leads.columns[0], list(leads.columns[-6:]), leads["run_name"].unique().tolist()
        ('company', ['run_name', 'table_name', 'domain', 'qualified', 'table_id', 'row_id'], ['Porto', 'Faro'])
        >>> found = ow.leads_frame(batch, tables=["Bakeries in Porto"], include_hidden=True)
        >>> int(found["qualified"].sum()) == batch.runs[0].tables[0].stats.qualification.qualified_leads < len(found)
        True
        >>> mailable = [{"column": "contact_email", "operator": "is_not_empty"}]
        >>> some = ow.leads_frame(batch.runs[0].tables[0], filters=mailable)
        >>> bool(some["row_id"].isin(leads["row_id"]).all()), bool(some["contact_email"].notna().all())
        (True, True)
        >>> ow.leads_frame(batch, columns=["run_name", "company", "fit"]).columns.to_list()
        ['run_name', 'company', 'fit', 'table_id', 'row_id']
        >>> porto = leads[leads["run_name"] == "Porto"]
        >>> len(ow.leads_frame(batch, leave_out=porto)) == len(leads) - len(porto)
        True
    """
    chosen = replace(ChosenColumns.checked(columns), left_out=await read_left_out(leave_out, client))
    frames = frames_of(source, "leads_frame")
    if frames is not None:
        return chosen.of(stack_given(frames, dtype_backend))
    _warn_of_questions(source)
    with_companies = str(of) == PEOPLE if columns is None else COMPANY_QUALIFIED in columns
    ask = partial(
        request_from,
        filters=filters,
        include_hidden=include_hidden,
        sort=sort,
        limit=limit,
        flatten=flatten,
        dtype_backend=dtype_backend,
    )
    kept = ALL if with_companies else chosen
    reading = leads_reading(source, client, ask, of=of, tables=tables, chosen=kept, dtype_backend=dtype_backend)
    leads = await reading.steps(progress)
    return chosen.of(await _with_companies(leads, source, client, dtype_backend)) if with_companies else leads


async def _with_companies(
    leads: pd.DataFrame, source: object, client: AnyClient | None, dtype_backend: DtypeBackend
) -> pd.DataFrame:
    """Return leads with `company_qualified`. The companies of the same runs are read, too, if there are any."""
    data = _gathered(source, "leads_frame")
    parts = [
        replace(part, tables=[table for _, table in objects(part.tables) if TableEconomics(table).of == COMPANIES])
        for part in data.parts
    ]
    reading = leads_reading(replace(data, parts=tuple(parts)), client, HIDDEN_TOO)
    return with_company_verdicts(leads, await reading.steps(None), dtype_backend)


async def read_left_out(given: object, client: AnyClient | None) -> LeftOut | None:
    """Read the argument `leave_out=`, for the sync bridge; None without one. Of runs and tables, the leads are read.

    Args:
        given: as in `leads_frame`.
        client: the client for runs and tables; None for the one that each came from.

    Raises:
        InvalidInput: it is no list, can't be read, or has no website and no e-mail address.
    """
    if given is None or isinstance(given, LeftOut):
        return given
    given = list(given) if isinstance(given, Iterator | KeysView | ValuesView) else given
    if is_list(given):
        return LeftOut.of_list(given)
    try:
        reading = leads_reading(given, client)
    except InvalidInput as error:
        raise no_list(given) from error
    return LeftOut.of_list(await reading.steps(None))


def _warn_of_questions(source: object) -> None:
    """Warn if a run without leads waits for an answer: an empty frame alone would look like a search that found nothing."""
    runs = source if isinstance(source, list | tuple) else getattr(source, "runs", None) or [source]
    for run in runs:
        if not getattr(run, "tables", True) and (asked := getattr(run, "questions", ())):
            blanks = ", ".join('"…"' for _ in asked)
            said = " ".join(one_line(question.question) for question in asked)
            message = (
                f"The run {run.name or run.token!r} has no leads yet: it asks. {said} Answer with run.answer({blanks})."
            )
            warn_user(message)


def leads_reading(
    source: object,
    client: AnyClient | None,
    ask: Callable[[object], RowsRequest] = request_from,
    *,
    of: Literal["people", "companies"] | None = None,
    tables: Sequence[str] | None = None,
    chosen: ChosenColumns = ALL,
    dtype_backend: DtypeBackend = "numpy_nullable",
    caller: str = "leads_frame",
) -> LeadsReading:
    """Return the reading of all tables of a source. Sends nothing yet.

    Args:
        source: runs or tables.
        client: the client; None for the one that each run or table came from. What came from none is read through that
            of the first which did, or else the configured one.
        ask: what is asked for of each table.
        of: what the leads of the tables to read are; None for all.
        tables: names or ids of the tables to read.
        chosen: the columns of the frame.
        dtype_backend: the dtype backend.
        caller: the name of the called function, for errors.

    Raises:
        InvalidInput: an argument is invalid.
    """
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
    if of is not None:
        given = _of_kind(given, of)
    asked = [(part, ask(table), operations_for(client, part, *parts)) for part, table in given]
    _check_columns([table for _, table in given], asked[0][1].query if asked else RowQuery())
    known = [part.operations for part in parts] if client is None else [check_client(client).operations]
    return LeadsReading(
        [(_text(part.run_id), _text(part.name), request, operations) for part, request, operations in asked],
        origin=origins_of(known + [operations for *_, operations in asked]),
        dtype_backend=dtype_backend,
        chosen=chosen,
    )


def _of_kind(
    given: Sequence[tuple[SourcePart, Mapping[str, Any]]], of: object
) -> list[tuple[SourcePart, Mapping[str, Any]]]:
    """Return the tables whose leads are people, or companies."""
    if not isinstance(of, str) or of not in (PEOPLE, COMPANIES):
        raise InvalidInput(
            "Unknown kind of leads", cause=f"Got of={of!r:.40}.", remedy=f'Use of="{PEOPLE}" or of="{COMPANIES}".'
        )
    kinds = [TableEconomics(table).of for _, table in given]
    if given and of not in kinds:
        said = ", ".join(
            f"{shortened(table.get('name'))} ({kind or 'neither'})"
            for (_, table), kind in zip(given, kinds, strict=True)
        )
        raise InvalidInput(
            f"No table has {of}",
            cause=f"By the headings of their columns, the tables are: {said}.",
            remedy='Choose tables by their names instead: tables=["…"].',
        )
    return [each for each, kind in zip(given, kinds, strict=True) if kind == of]


def _check_columns(tables: Sequence[Mapping[str, Any]], query: RowQuery) -> None:
    """Check, before any is read, that all tables have the columns of filters and order that one of them has."""
    slugs = [[str(each.get("slug")) for each in table.get("columns") or ()] for table in tables]
    for condition in (*(query.filters or ()), *([query.sort] if query.sort else ())):
        name = str(condition.get("column"))
        has_it = [name in known or name in map(snake_case, known) for known in slugs]
        without = [table for table, has, known in zip(tables, has_it, slugs, strict=True) if known and not has]
        if any(has_it) and without:
            names = [str(table.get("name")) for table, has in zip(tables, has_it, strict=True) if has]
            raise InvalidInput(
                "Not every table has this column",
                cause=f"{shortened(without[0].get('name'))} has no column {name!r:.80}.",
                remedy=f"Read the tables that have it: tables={names!r:.200}. Nothing was read.",
            )


def read_table(data: SourceData, client: AnyClient | None, table: Mapping[str, Any]) -> pd.DataFrame:
    """Read the leads of one table of a source.

    Args:
        data: the source.
        client: the client; None for the one that each run or table came from.
        table: the table.
    """
    own = next((part for part, each in _tables(data.parts) if each["id"] == table["id"]), None)
    return read_rows_frame(table, operations_for(client, own, *data.parts), {})


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
        # If a table is given by its id, its name and counts are read first.
        source = [
            {"object": "table", "id": request_from(each).table_id} if isinstance(each, str) else each for each in source
        ]
    return gather(cast("Any", source), caller)


def _check_names(tables: object) -> None:
    if tables is None:
        return
    if isinstance(tables, str) or not (
        isinstance(tables, Collection) and is_iterable(tables) and all(isinstance(each, str) for each in tables)
    ):
        raise refused("tables must be a list of names", tables, 'Use the names or ids of tables: tables=["Companies"].')


def frames_of(source: object, caller: str) -> list[pd.DataFrame] | None:
    """Return the given frames; None for runs, tables and ids.

    Raises:
        InvalidInput: frames are mixed with other sources, or a frame has no leads.
    """
    items = source if isinstance(source, list | tuple) else [source]
    frames = [each for each in items if isinstance(each, pd.DataFrame)]
    if not frames:
        return None
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
                remedy=f"Use frames of leads_frame, with row_id as a column: {caller}([ow.leads_frame(table), other]).",
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
    check_backend(dtype_backend)
    notes = [frame.attrs.get("origami") for frame in frames]
    origins = {note.get("origin") for note in notes if isinstance(note, Mapping)} - {None, "origami"}
    parts = [TableLeads(frame) for frame in frames]
    return stack_leads(
        parts,
        dtype_backend=dtype_backend,
        origin=", ".join(sorted(map(str, origins))),
    )
