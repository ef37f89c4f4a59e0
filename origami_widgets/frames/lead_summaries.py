"""Summaries of leads: how far their columns are filled, what proves their values, and what has changed since they were read."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.background.sync_bridge import bridged
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import flag
from origami_widgets.words.foreign_text import described, unicode_text

from .dtype_backend import DtypeBackend, check_backend, typed_array
from .files.list_reading import read_leads
from .frame_builder import read_only
from .lead_frames import HIDDEN_TOO, LeadSourceInput, frames_of, leads_reading, stack_given
from .leads.column_summary import describe_columns, evidence_of
from .leads.company_domain import company_domains
from .leads.lead_table import unique_name
from .leads.refreshing import RefreshedLeads, refreshed
from .leads.stacking import cast_to, check_columns, folded_text, python_values, stack_frames
from .values import as_json

if TYPE_CHECKING:
    import numpy.typing as npt

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.rows.row_reader import Progress


def describe_leads(
    source: LeadSourceInput,
    *,
    examples: bool = True,
    client: AnyClient | None = None,
    progress: Progress | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """One row per column of leads: how many cells are filled, how certain the values are, and what one costs.

    Frames of leads are described without a request. For runs and tables, all leads are read first (free requests),
    including those that the saved filters hide. A cell has one of three states, as on the card: `filled`,
    `nothing_found` or `not_run`; they add up to `leads`. A text that says that nothing was found, such as "N/A", "not
    found" or "-", counts as `nothing_found`. Rows do not distinguish failed cells from cells that have not
    run, so `cells_errored` is the server's count for the table.

        share_found = filled / leads
        credits_per_found = (filled + nothing_found) * avg_credits_per_run / filled

    The costs of a value are those of the cells that ran for these leads, at the mean price of the column.

    Args:
        source: frames of `leads_frame`, also filtered or with other columns, as long as they have their `attrs`; or a `Run`, a `RunBatch`, a table, or a list of these. A lead that frames have more than once counts once.
        examples: whether to show two values of each column, which may be personal data; False leaves them NA.
        client: the client; None for the client of the first run, or else the configured one.
        progress: as in `leads_frame`.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]` has
        the units, and `attrs["origami"]` says where the frame comes from. What a frame
        no longer tells is NA:
        `nothing_found` and `not_run` of a column with empty cells if it also lacks the column `…_found`, or was read
        with `flatten=False`. `filled` is NA if `…_found` was dropped.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `column` (string): the column of the frame of leads
        - `column_name` (string): the heading
        - `kind` (category): what the column does
        - `leads` (Int64, leads): leads that were read
        - `filled` (Int64, cells): a value was found
        - `nothing_found` (Int64, cells): looked and found nothing, or left empty by users
        - `not_run` (Int64, cells): without a result: not run, running or failed
        - `share_found` (Float64, fraction): filled / leads
        - `confidence_high` (Int64, cells): found with high confidence; NA without any
        - `confidence_medium` (Int64, cells): found with medium confidence; NA without any
        - `confidence_low` (Int64, cells): found with low confidence; NA without any
        - `distinct` (Int64, values): different values
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `avg_credits_per_run` (Float64, credits per execution): mean per execution
        - `credits_per_found` (Float64, credits per value): (filled + nothing_found) * avg_credits_per_run / filled
        - `example_1` (string): a value, cut short
        - `example_2` (string): a value, cut short
        - `table_id` (string): the table
        - `run_id` (string): the run; NA for a table given without its run

    Raises:
        InvalidInput: the source cannot be read, or an argument is invalid. Or a frame
            has rows without a `row_id`, or has lost its `attrs`.
        IncompleteRows: an error came after some rows. `partial` is a frame of leads, which you can describe.

    API: as for `leads_frame`; costs and failures come from `columns[]` of each table.

    Example:
        >>> import origami_widgets as ow
        >>> run = ow.start("List bakeries in Porto", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")
        >>> columns = ow.describe_leads(run, examples=False).set_index("column")
        >>> states = columns[["filled", "nothing_found", "not_run"]].sum(axis=1)
        >>> bool((states == columns["leads"]).all()), bool(columns.loc["website", "share_found"] > 0.9)
        (True, True)
    """
    check_backend(dtype_backend)
    frames = frames_of(source, "describe_leads")
    if frames is not None:
        leads = stack_given(frames, "numpy_nullable")
    else:
        leads = leads_reading(source, client, HIDDEN_TOO, caller="describe_leads").read(progress)
    return describe_columns(leads, examples=flag("examples", examples), dtype_backend=dtype_backend)


def evidence_frame(
    leads: pd.DataFrame | Sequence[pd.DataFrame], *, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per source address of every value: what the agent found, how certain it is, why, and where it says so.

    Sends no request and spends no credits. A value whose agent names several addresses has several rows; one without
    any has a single row, with NA as its address. Cells that have not run have no row. The texts and addresses come from
    the web: treat them as untrusted, and don't take an address for a proof that its page says so.

    Args:
        leads: a frame of `leads_frame`, also filtered or read back from a file, or a list of these. Columns with
            evidence have parts that are named `column_confidence`, `column_reasoning` or `column_source_url`. A lead that frames have more than once counts once.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), in the order of the leads and their columns.
        `attrs["origami"]` says where the frame comes from. Other words of `confidence` are added to the categories.

        - `lead` (string): the name of the lead: its value in the column that people read first
        - `column` (string): the column of the frame of leads
        - `value` (string): the value as text; NA if nothing was found
        - `confidence` (category): how certain the agent says it is
        - `reasoning` (string): why, in the agent's words
        - `source_url` (string): the address of a page that the agent names; NA without one
        - `table_name` (string): the table's name
        - `domain` (string): the company's registrable domain
        - `table_id` (string): the table
        - `row_id` (string): the lead

    Raises:
        InvalidInput: this is no frame of leads, or none of its columns has evidence: it was read with
            `flatten=False`, without these parts (`columns=`), or before its cells were filled.

    API: the objects in the cells of `GET /tables/{tableId}/rows`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> evidence = ow.evidence_frame(ow.leads_frame(run))
        >>> bool(evidence["source_url"].str.startswith("https://").any())
        True
        >>> unproven = evidence[evidence["value"].notna() & evidence["source_url"].isna()]
        >>> sorted(evidence["confidence"].dropna().unique())
        ['high', 'low', 'medium']
    """
    check_backend(dtype_backend)
    frames = frames_of(leads, "evidence_frame")
    if frames is None:
        raise InvalidInput(
            "evidence_frame needs a frame of leads",
            cause=f"Got {described(leads)}.",
            remedy="Read the leads first: ow.evidence_frame(ow.leads_frame(run)).",
        )
    return evidence_of(stack_given(frames, "numpy_nullable"), dtype_backend)


@bridged
async def refresh_leads(
    leads: pd.DataFrame | str | os.PathLike[str], *, client: AnyClient | None = None, progress: Progress | None = None
) -> RefreshedLeads:
    """Reread leads whose table has changed, and return which rows are new, changed or gone. Free requests.

    Sends one request for each table of the frame. Its rows are read again only if its `updatedAt` or its number of
    leads, columns, credits, running or failed cells has changed, or if the frame was not complete; with the same
    filters, order, limit and options as before. Rows are recognised by their `row_id`. The given frame is not changed.

    The frame may have other columns than when it was read. Columns that you have dropped, or did not choose with
    `columns=`, stay away, and are not compared. Columns keep their order. Those that the table doesn't have,
    such as your own and renamed ones, keep your values; new leads have NA there.

    Pass a file to see what has changed since then: a workbook or Parquet file that `export` wrote, or a CSV file that it
    wrote with `ids=True`. A Parquet file is the frame. In the others, as in every frame without `attrs`, leads are known
    by their `table_id` and `row_id`, and columns by their names or by today's headings, if half of the filled cells still
    agree. Columns that are not recognized are kept, and `note` names them; a column that the file lacks stays away. The
    tables are read with their saved filters. `new` means "not in this file", and a lead that filters hide is not gone. A
    cell that pandas reads as missing, such as "n/a", counts as unchanged if it still has this text. CSV files may have
    been saved again with semicolons, tabs or bars, and in Windows-1252. Where a spreadsheet has rewritten a column (zeros,
    decimal commas, exponents, the order of dates, words for booleans, blanks), `note` names it, and only other differences
    are changes: if one of these rules explains 9 of 10 differences, and at least 3.

    Args:
        leads: leads as returned by `leads_frame`, or what you have made of them. Or a file with them:
            `.xlsx`, `.csv` or `.parquet`.
        client: the client; None for the one that the leads were read through, as long as the frame is in this process,
            or else the configured one.
        progress: as in `leads_frame`, for the rows that are read again.

    Returns:
        Five frames: `frame` has all current leads, and can be passed to this function again; `new` and `changed` have
        rows of `frame`; and `gone` has rows of the given frame. Rows of a deleted table are gone. `cells` has each
        changed cell with the name of its lead and its text before and after. Without a change, `frame` is the given frame. The first four can
        be unpacked.

    Raises:
        InvalidInput: the frame does not say which tables it comes from, or has rows without a `row_id`. Or the file is of
            another kind, or has no `row_id`. Or a table has
            changed, and the frame lacks some of the leads that were read (so that nothing tells which ones are new), or
            has some more than once.
        IncompleteRows: an error came after some rows. `partial` has the rows read again so far.

    API: for each table `GET /tables/{tableId}`; if it has changed, `…/columns` and all pages of `…/rows`. For a frame
    without `attrs` that has leads outside the saved filters, both once more.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> leads = ow.leads_frame(run)
        >>> leads, new, changed, gone = ow.refresh_leads(leads)
        >>> len(new), len(changed), len(gone)
        (0, 0, 0)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (file,) = ow.export(run, f"{folder}/last_week.xlsx")
        ...     ow.refresh_leads(file, client=client).cells.empty
        True
    """
    frame, said = (leads, "") if isinstance(leads, pd.DataFrame) else read_leads(leads)
    return await refreshed(frame, client, progress, said)


IN_BOTH = "both"
KEY = "key"


def overlap(
    a: object,
    b: object,
    *,
    on: str = "domain",
    left_on: str | None = None,
    right_on: str | None = None,
    names: tuple[str, str] = ("a", "b"),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Compare two lists of leads: which companies are in both, and which in only one. Sends no request.

    The result has one row for each value of `on`, a column of both lists; the values of `a` come first. If the lists name
    it differently, `left_on` is the column of `a`, and `right_on` that of `b`: both stay as they are, and the value that
    was compared is in the column `key`.
    Values are compared as texts without case and outer spaces. If one of the columns is `domain`, they are compared as
    domains, without `www.`, subdomain or path. A lead
    without a value is never in both, and has its own row. Columns may have any dtype; whole numbers, booleans and texts
    get nullable dtypes, so that missing values stay missing.

    To keep all leads of `b` that are not in `a`, even several of one company:
    `b[~ow.domain_of(b["domain"]).isin(ow.domain_of(a["domain"]).dropna())]`. `domain_of` reads links and e-mail
    addresses, too.

    Args:
        a: a frame of `leads_frame`, a list of such frames, or any DataFrame with the column `on`, for example your
            existing customers.
        b: the other list.
        on: the column to compare: `"domain"`, or for example `"contact_email"`.
        left_on: the column of `a`, in place of `on`.
        right_on: the column of `b`, in place of `on`.
        names: what the lists are called in `found_in` and in the names of the counts, for example
            `("customers", "found")`.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns, then all columns of both lists, with the cells of the first lead that has the
        value. Columns that `a` lacks have the cells of the first such lead in `b`.

        - the column `on`, or `key` (string): the value as it was compared
        - `found_in` (category): `both`, `a` or `b`, or the lists' names
        - `leads_a` (Int64): leads of `a` with this value
        - `leads_b` (Int64): leads of `b` with this value

    Raises:
        InvalidInput: a list is not a DataFrame or has no such column, or the names are not two different words.

    Example:
        >>> import pandas as pd
        >>> from origami_widgets.frames import overlap
        >>> known = pd.DataFrame({"domain": ["pao.example.com", None], "owner": ["Ana", "Rui"]})
        >>> new = pd.DataFrame({"domain": ["Example.com", "broa.pt", "example.com"]})
        >>> found = overlap(known, new)
        >>> found[["domain", "found_in", "leads_b"]].astype(object).to_numpy().tolist()
        [['example.com', 'both', 2], [<NA>, 'a', 0], ['broa.pt', 'b', 1]]
        >>> customers = pd.DataFrame({"Web site": ["https://www.broa.pt", "acme.pt"]})
        >>> found = overlap(customers, new, left_on="Web site", names=("customers", "found"))
        >>> found["found_in"].tolist(), found.columns.tolist()[:4]
        (['both', 'customers', 'found'], ['key', 'found_in', 'leads_customers', 'leads_found'])
        >>> found[["Web site", "domain"]].astype(object).to_numpy().tolist()[0]
        ['https://www.broa.pt', 'broa.pt']
    """
    check_backend(dtype_backend)
    called_a, called_b = _checked_names(names)
    columns = [on if each is None else each for each in (left_on, right_on)]
    lists = [_list_of(a, called_a, columns[0]), _list_of(b, called_b, columns[1])]
    is_of_domains = "domain" in columns
    keys = [frame[column] for frame, column in zip(lists, columns, strict=True)]
    on = columns[0] if columns[0] == columns[1] else unique_name(KEY, *(set(frame.columns) for frame in lists))
    # One row for each value, and one for each lead without a value, at the place of the first such lead.
    words, codes = _codes(keys, is_of_domains=is_of_domains)
    in_a, size = len(lists[0]), len(codes)
    codes = np.where(codes < 0, len(words) + np.arange(size), codes)
    _, places = np.unique(codes, return_index=True)
    places = np.sort(places)
    groups = codes[places]
    leads_a, leads_b = (np.bincount(each, minlength=len(words) + size)[groups] for each in (codes[:in_a], codes[in_a:]))
    found_in = np.where(leads_b == 0, called_a, np.where(leads_a == 0, called_b, IN_BOTH))
    counts = (f"leads_{called_a}", f"leads_{called_b}")
    others = [frame.drop(columns=[on, "found_in", *counts], errors="ignore") for frame in lists]
    rows, findings = stack_frames(others, dtype_backend)
    # If a value is in both, columns that only the second list has come from there.
    first_of_b = np.zeros(len(words) + size, np.intp)
    first_of_b[codes[:in_a]] = np.arange(in_a)
    first_of_b[codes[in_a:][::-1]] = np.arange(size - 1, in_a - 1, -1)
    places_in_b = np.where(leads_b > 0, first_of_b[groups], places)
    own = set(lists[0].columns)
    rows = pd.DataFrame(
        {name: rows[name].array.take(places if name in own else places_in_b) for name in rows.columns}, copy=False
    )
    first = pd.DataFrame(
        {
            on: typed_array("string", [*words, None], dtype_backend).take(np.minimum(groups, len(words))),
            "found_in": pd.Categorical(found_in, categories=[IN_BOTH, called_a, called_b]),
            counts[0]: typed_array("integer", leads_a.tolist(), dtype_backend, is_read=True),
            counts[1]: typed_array("integer", leads_b.tolist(), dtype_backend, is_read=True),
        }
    )
    result = pd.concat([first, rows], axis=1)
    about = {
        "frame": "overlap",
        "version": __version__,
        "untrusted": True,
        "on": on,
        "mixed_types": findings.mixed_types,
    }
    result.attrs = read_only({"units": dict.fromkeys(counts, "leads"), "origami": about})
    return result


def _checked_names(names: object) -> tuple[str, str]:
    match names:
        case (str(a), str(b)) if a and b and a != b and IN_BOTH not in (a, b):
            return a, b
    raise InvalidInput(
        "overlap needs a name for each list",
        cause=f"Got names={names!r:.80}.",
        remedy='Use two different words: names=("customers", "found").',
    )


def _list_of(given: object, where: str, column: Any) -> pd.DataFrame:
    if isinstance(given, list | tuple) and given and all(isinstance(each, pd.DataFrame) for each in given):
        given = stack_given(list(given), "numpy_nullable")
    if not isinstance(given, pd.DataFrame):
        raise InvalidInput(
            "overlap compares frames",
            cause=f"Got {type(given).__name__} as {where}.",
            remedy="Read the leads first: overlap(ow.leads_frame(run), ow.leads_frame(other)).",
        )
    check_columns(given)
    if not isinstance(column, Hashable) or column not in given.columns:
        shown = ", ".join(map(str, given.columns[:20]))
        raise InvalidInput(
            f"No column {column!r:.60}",
            cause=f"The frame {where} has these: {shown or 'none'}.",
            remedy="Choose a column of both frames with on=, or one of each with left_on= and right_on=. Frames of "
            'leads_frame have "domain", with columns= if it is among these.',
        )
    return given.reset_index(drop=True)


def _codes(columns: Sequence[pd.Series[Any]], *, is_of_domains: bool) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return the distinct values of columns as they are compared, and the place of each row's value there; -1 without one."""
    texts, distinct = pd.factorize(pd.concat([_texts(column) for column in columns], ignore_index=True))
    words = distinct.tolist()
    # Not of the folded texts: that would make another domain of faß.de.
    domains = company_domains(words) if is_of_domains else [None] * len(words)
    keys = [domain or folded_text(word) or None for domain, word in zip(domains, words, strict=True)]
    codes, known = pd.factorize(np.array(keys, dtype=object))
    # The last place is that of rows without a text, whose code is -1.
    return known.tolist(), np.append(codes, -1)[texts]


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(values.dtype, pd.StringDtype):
        return cast_to(values, pd.StringDtype())
    cells = python_values(values)
    if not set(map(type, cells)) <= {str, type(None)}:
        # Numbers that were read from a file are often whole floats.
        whole = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
        cells = [cell if cell is None or isinstance(cell, str) else as_json(cell) for cell in whole]
    try:
        return pd.Series(cells, dtype="string")
    except UnicodeEncodeError:
        # Half an emoji.
        return pd.Series([cell and unicode_text(cell) for cell in cells], dtype="string")
