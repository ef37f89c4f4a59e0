"""`export`: frames as an Excel workbook, a web page, CSV files or Parquet files, whole or not at all.

Below it, the files of the leads that a page shows: the same leads, columns, order and words.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from origami_widgets.api.background.sync_bridge import block
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import is_remark
from origami_widgets.api.validate import file_path, flag, no_path
from origami_widgets.frames.files.list_reading import LIST_FILE, need_pyarrow
from origami_widgets.frames.lead_frames import read_left_out
from origami_widgets.frames.leads.lead_table import FOUND
from origami_widgets.frames.leads.stacking import mains_of, table_notes

from .atomic_files import check_not_taken, move_into_place, working_folder
from .crm_shapes import Shape, checked_shape
from .export_parts import WHAT, ExportPart, What, file_names, parts_of, shape_parts
from .html_files import write_page
from .lead_export import SUMMARY, for_people, list_for_people, names_people, personal_data_note, summary_of
from .table_files import csv_text, write_csv, write_parquet
from .xlsx_files import engine, write_workbook

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.frames.source import Source, SourceData


Format: TypeAlias = Literal["xlsx", "csv", "parquet", "html"]
FORMATS = ("xlsx", "csv", "parquet", "html")
BOOKS = ("xlsx", "html")
"""Formats in which one file has everything."""
OTHER_ENDINGS = (".xls", ".xlsm", ".xlsb", ".ods", ".tsv", ".json", ".zip", ".gz", ".feather", ".arrow")
"""Endings of other kinds of files, which a folder may not have even if `format` is given."""
_ENDING = re.compile(r"\.[a-z][a-z0-9]{0,9}", re.ASCII)
"""Matches the ending of a file name, but not those of folders such as v1.2 or 2026.11."""


def export(
    source: Source | pd.DataFrame | Mapping[str, Any],
    path: str | os.PathLike[str],
    *,
    what: What = "leads",
    shape: Literal["hubspot"] | Shape | None = None,
    client: AnyClient | None = None,
    leave_out: object = None,
    overwrite: bool = False,
    format: Format | None = None,  # noqa: A002 - the word that one looks for
    ids: bool = False,
    bom: bool = True,
    neutralize: bool = True,
) -> list[Path]:
    """Write the leads of a run to an Excel workbook, a web page, or CSV or Parquet files. Reads them with free requests.

    The workbook has a sheet *Summary* (brief, date, counts, credits, credits per qualified lead and what 100 more would cost, a chart; a line for each
    of several runs; the filters of a grid) and a sheet for each table: name, score and contact first, addresses of pages and e-mail addresses as links, large amounts with commas.
    Confidence, reasoning and sources are folded; ids are in hidden columns, for `refresh_leads`. On paper, each sheet is
    one page wide, and its headings are repeated. The same tables of several runs share a sheet. Leads that
    fail the table's saved filters are left out. CSV files, which people read, have the headings and the order of a sheet,
    `Address: city` for a part, without confidence, reasoning, sources and ids; a heading that is not the only one gives
    way to the column's name. `ids=True` adds these at the end, for `refresh_leads`. Parquet files, which programs read,
    have the columns of `leads_frame`.

    A web page is for a colleague: one file with the brief, the date and the tables, which unfold to confidence, reasoning and
    sources. It opens from a mail and on a phone, loads nothing, and can be searched and sorted where scripts run.

    A shape makes CSV files that a CRM imports; nothing is sent. `export(run, "hubspot.csv", shape="hubspot")` writes
    `hubspot-contacts.csv`, `hubspot-companies.csv` and `hubspot-left-out.csv`, the leads that need a look, with the reason:
    no e-mail address or domain of its own, one of an earlier row, a cell that begins like a formula, a person whose
    company was not judged. Leads that don't qualify, and people of companies that don't, are in none of them. Phones are
    E.164 where the country is known, else in a note; names are split only where that is safe. These files are neither
    neutralized nor marked: import them, and don't open and save them in a spreadsheet.

    A workbook and a page of leads that name people say that this is personal data. For other files, a line on stderr says so,
    once a process.

    Each file is whole or not there. All are made before the first is put in its place. Frames are written as they are; an index is
    written as columns, unless it only numbers the rows. In the workbook of a frame of `enrich` or `join_leads`, websites
    and e-mail addresses are links, and confidence, reasoning and sources are folded.

    Texts that a spreadsheet would compute are neutralized: in CSV by an apostrophe, even after a semicolon, tab or line
    break in a cell; in Excel as quoted text. Numbers stay as they are, as do phone numbers, unless a spreadsheet would
    compute them (+1-555-0127). Excel has no time zones: times are UTC, as their headings say. Dates before March 1900,
    integers of more than 15 digits, and lists and objects (as JSON) become texts in Excel. CSV has no dtypes. Parquet
    keeps dtypes, categories and `attrs`; columns of objects are JSON, and `attrs["json_columns"]` lists them. A Parquet
    file without rows has its categories only in `attrs["categories"]`.

    Args:
        source: a `Run`, a `RunBatch`, tables, or a list of these: reads their leads. Of a `LeadGrid`, the leads of the
            table in front, with the grid's filters and order. Or a frame, or a dict of frames by name, which sends
            nothing.
        path: a file that ends in `.xlsx`, `.html`, `.csv` or `.parquet`, or a folder. A CSV or Parquet file holds one frame: of
            several tables, the leads are stacked as by `leads_frame`, but people and companies are two CSV files,
            `founders-people.csv` and `founders-companies.csv`; a folder gets a file for each table. A new folder
            whose name looks like another kind of file (`founders.docx`) is refused, unless the path ends in a slash or
            `format` is given.
        what: `"leads"`; `"frames"` for the frames of the run (runs, tables, columns, lead sources, actions, transcript,
            history), which sends nothing; or `"everything"` for both. A workbook leaves out empty frames.
        shape: `"hubspot"`, or a dict with the heads that your CRM imports: `{"people": {"Email": "email", "Surname":
            "last_name"}, "companies": {"Name": "company"}}`. A head has a role or the name of a column. Roles are found
            by the headings of columns, in seven languages: `email`, `other_emails`, `first_name`, `last_name`,
            `full_name`, `phone`, `job_title`, `company`, `domain`, `website`, `city`, `country`, `note`. Beside them,
            `required` has the heads of each file that no row may lack, `longest` the most characters under a head.
        client: the client that reads leads; None for the one that each run or table came from, or else the
            configured one.
        leave_out: customers, opt-outs or earlier leads that must not be in the files, as in `leads_frame`. The sheet
            *Summary* says how many leads were left out.
        overwrite: replace existing files; other files in a folder stay.
        format: `"xlsx"`, `"html"`, `"csv"` or `"parquet"`; None takes it from the path, or CSV for a folder.
        ids: write the ids of runs, tables and leads, and what explains values, into CSV files; other files always have them.
        bom: begin CSV files with a byte order mark, by which Excel recognizes UTF-8.
        neutralize: False writes texts unchanged, for programs that do not compute formulas.

    Returns:
        The paths of the written files.

    Raises:
        InvalidInput: a file already exists, a package is missing, a sheet cannot hold a frame, or an argument is
            invalid.
        IncompleteRows: leads could not be read to the end. Nothing was written, and a note lists what was read.
        OSError: the disk refuses to write. A note says which files were written; each is whole.

    Example:
        >>> import tempfile, origami_widgets as ow, pandas as pd
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [file.name for file in ow.export(pd.DataFrame({"a": ["=1+1"]}), f"{folder}/leads")]
        ['frame.csv']
    """
    target = check_path(path, format)
    if str(what) not in WHAT:
        raise InvalidInput(
            f"Can't export {what!r:.60}",
            cause="what= is one of: leads, frames, everything.",
            remedy='Use what="leads" for the leads, what="frames" for the frames of the run, or what="everything".',
        )
    for name, value in {"overwrite": overwrite, "ids": ids, "bom": bom, "neutralize": neutralize}.items():
        flag(name, value)
    if target.is_symlink():
        # As with open(): the link stays, and its target is written.
        target = target.resolve()
    kind = _kind_of(target, format)
    check_packages(kind)
    single = kind in BOOKS or (target.suffix.lower() == f".{kind}" and not target.is_dir())
    heads = None if shape is None else checked_shape(shape)
    if heads is not None and not (single and kind == "csv" and what == "leads"):
        raise InvalidInput(
            "A shape needs a CSV file",
            cause=f"A CRM imports leads as CSV. The path is {target.name}, what= is {what!r}.",
            remedy='Use a path that ends in .csv, such as export(run, "hubspot.csv", shape="hubspot").',
        )
    left_out = block(read_left_out(leave_out, client))
    if heads is not None:
        parts = shape_parts(source, heads, client=client, left_out=left_out)
    else:
        stacked = single and kind not in BOOKS
        parts = parts_of(source, what=what, client=client, left_out=left_out, stacked=stacked, by_kind=kind == "csv")
    folder = target.parent if single else target
    files = _files_of(parts, target, kind, single=single)
    check_not_taken(files, folder, overwrite=overwrite)
    written: list[Path] = []
    try:
        with working_folder(folder) as work:
            made = [work / "new" / file.name for file in files]
            if kind == "xlsx":
                write_workbook(parts, made[0], work, neutralize=neutralize)
            elif kind == "html":
                write_page(parts, made[0])
            else:
                _write_each(parts, made, kind, ids=ids, bom=bom, neutralize=neutralize)
            written += move_into_place(work, folder, files, overwrite=overwrite)
    except OSError as error:
        names = ", ".join(file.name for file in written)
        error.add_note(f"Only these files were written: {names}." if names else "Nothing was exported.")
        raise
    return files


def check_packages(kind: str) -> None:
    """Do nothing if files of a format can be written.

    Raises:
        InvalidInput: the package for it isn't installed.
    """
    if kind == "parquet":
        need_pyarrow("Parquet files")
    elif kind == "xlsx":
        engine()


def _files_of(parts: Sequence[ExportPart], target: Path, kind: str, *, single: bool) -> list[Path]:
    """Return the file of each part; of a workbook, one for all.

    Raises:
        InvalidInput: the parts don't fit into the one file.
    """
    names = file_names([part.name for part in parts], kind)
    if not single:
        return [target / name for name in names]
    if kind in BOOKS or len(parts) == 1:
        return [target]
    if all(part.is_sibling for part in parts):
        return [target.with_name(f"{target.stem}-{name}") for name in names]
    raise InvalidInput(
        f"A {kind} file can only hold one frame",
        cause=f"Got {len(parts)} frames for {target.name}.",
        remedy="Use a folder: a path without an extension.",
    )


def check_path(path: object, asked: str | None) -> Path:
    """Return a path to write to, which does not name another kind of file, as that would become a folder.

    Raises:
        InvalidInput: it is not.
    """
    target = file_path(path)
    if target is None:
        raise InvalidInput(
            "export needs a path",
            cause=no_path(path),
            remedy='Pass what to export, then where to write it: export(run, "founders.xlsx"), or export(run, '
            '"founders") for a '
            "folder of CSV files.",
        )
    ending = target.suffix.lower()
    if ending[1:] in FORMATS or not _ENDING.fullmatch(ending) or target.is_dir():
        return target
    if ending in OTHER_ENDINGS or (asked is None and not str(path).endswith(("/", os.sep))):
        plain = target.with_suffix("")
        raise InvalidInput(
            f"Can't export as {ending}",
            cause="The formats are Excel, CSV, Parquet and a web page.",
            remedy=f"For Excel, use {plain}.xlsx. For a web page, use {plain}.html. For CSV, use the folder {plain}. For Parquet, use the folder and "
            'format="parquet". A path may end in .csv or .parquet for the leads or a single frame.',
        )
    return target


def _kind_of(target: Path, asked: str | None) -> str:
    ending = target.suffix.lower()
    of_path = ending[1:] if ending[1:] in FORMATS and not (ending[1:] not in BOOKS and target.is_dir()) else None
    kind = (of_path or "csv") if asked is None else asked
    if str(kind) not in FORMATS:
        raise InvalidInput(
            f"Can't export as {kind!r:.60}",
            cause="The formats are Excel, CSV, Parquet and a web page.",
            remedy='Use format="xlsx", format="csv", format="parquet" or format="html".',
        )
    if (of_path is not None and kind != of_path) or (kind in BOOKS and of_path is None):
        raise InvalidInput(
            "Path and format don't match",
            cause=f"The path is {target.name}, the format is {kind}.",
            remedy="Use a path that ends in .xlsx for Excel or in .html for a web page, and a folder for CSV and Parquet.",
        )
    return kind


def _write_each(
    parts: Sequence[ExportPart], made: Sequence[Path], kind: str, *, ids: bool, bom: bool, neutralize: bool
) -> None:
    """Write each part into its file."""
    for part, file in zip(parts, made, strict=True):
        frame = part.make()
        if len(frame) and names_people(frame.columns) and (note := personal_data_note()):
            print(note, file=sys.stderr)  # noqa: T201 - the file itself has no place for it
        if kind == "csv":
            if part.kind == "shape":
                # A CRM takes an apostrophe for a part of the phone number, and a byte order mark for one of the first head.
                write_csv(frame, file, bom=False, neutralize=False)
                continue
            shown = for_people(frame, ids=ids) if part.kind == "leads" else list_for_people(frame, ids=ids)
            # As the file was written that a list came from.
            written = frame.attrs.get(LIST_FILE, {})
            write_csv(shown, file, bom=bom and not written, neutralize=neutralize, **written)
        else:
            write_parquet(frame, file)


Words = dict[str, list[str | None]]
"""The words of the cells of each shown column, by its slug; None where there is no value."""


def shown_csv(heads: Sequence[str], words: Words) -> bytes:
    """Return leads as a CSV file for people: headings and words as they are shown, without ids.

    Args:
        heads: the headings of the columns.
        words: the columns, in the same order.
    """
    frame = pd.DataFrame(words, dtype="string")
    frame.columns = pd.Index(heads)
    return csv_text(frame).encode()


def shown_file(
    ending: str,
    leads: pd.DataFrame,
    name: str,
    *,
    ids: Sequence[str],
    words: Words,
    slugs: Mapping[str, str],
    source: SourceData,
) -> bytes:
    """Return leads as a workbook or page: a summary, and a table with their values; what explains these is folded.

    Numbers, dates and addresses stay what they are, so that a sheet can compute and open them.

    Args:
        ending: `xlsx` or `html`.
        leads: the leads, with their `attrs`.
        name: the name of the sheet.
        ids: the ids of the shown leads, in their order.
        words: the shown columns.
        slugs: the slugs of the tables' columns, by the ids of the columns.
        source: the runs or tables of which the summary is.

    Raises:
        InvalidInput: the package that writes workbooks is missing.
    """
    notes = table_notes(leads)
    mains = mains_of(notes)
    kinds = {each["column"]: (slugs.get(each["id"]), each["kind"]) for note in notes for each in note["table_columns"]}
    places = {row_id: at for at, row_id in enumerate(ids)}
    kept = leads[leads["row_id"].isin(places)]
    kept = kept.sort_values("row_id", key=lambda each: each.map(places), ignore_index=True)
    for column in map(str, leads.columns):
        main = mains.get(column, column)
        slug, kind = kinds.get(main, (None, ""))
        key = column[len(main) + 1 :]
        if main in kinds and (slug not in words or (key and key != FOUND and not is_remark(key))):
            kept = kept.drop(columns=column)
        elif slug in words and not key and (kind == "sequence" or kept[column].dtype in ("boolean", "object")):
            kept[column] = pd.array(words[slug], dtype="string")
    kept.attrs = leads.attrs
    parts = [
        ExportPart(SUMMARY, lambda: summary_of(source, kept), "summary"),
        ExportPart(name, lambda: kept, "leads"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads"
        if ending == "html":
            write_page(parts, file)
        else:
            write_workbook(parts, file, Path(folder), neutralize=True)
        return file.read_bytes()
