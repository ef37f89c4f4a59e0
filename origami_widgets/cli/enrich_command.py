"""`origami-widgets enrich LIST BRIEF`: add columns to a CSV file of your own, and write the same rows with them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.cli.command import (
    DONE,
    ENDED_BADLY,
    INTERRUPTED,
    USAGE,
    Argument,
    Command,
    client_for,
)

if TYPE_CHECKING:
    from argparse import Namespace

    import pandas as pd

    from origami_widgets.api.client import Client
    from origami_widgets.api.rows.own_rows import OwnList

REPORT_EVERY = 5.0
"""Seconds between two lines about the upload on stderr."""


def enrich_list(options: Namespace) -> int:
    """Enrich a list; return the exit code."""
    import origami_widgets as ow
    from origami_widgets.api import validate
    from origami_widgets.cli.watch_command import watch
    from origami_widgets.frames.files.list_reading import as_frame
    from origami_widgets.frames.own_list.frame_rows import own_list_of
    from origami_widgets.words.numbers import plural

    # Everything is checked first, so that a wrong path doesn't cost a run.
    validate.prompt(options.brief)
    validate.model(options.model)
    validate.credit_limit(options.credit_limit)
    out = out_file(options)
    frame = as_frame(options.list)
    key, columns = _names(options.key), _names(options.columns)
    own = own_list_of(frame, key, columns)
    client = client_for(options)
    if options.pilot is not None:
        return _enrich_with_pilot(options, frame, out, client)
    if not options.yes and sys.stdin.isatty() and not _agrees(own, options.credit_limit):
        sys.stderr.write("Nothing was sent.\n")
        return USAGE
    table = ow.upload(
        frame, key=key, columns=columns, once=options.once, client=client, progress=_UploadLines(), name=options.name
    )
    sys.stderr.write(f"The list is at Origami: {table.url or table.id}\n")
    started = ow.start(
        options.brief,
        name=options.name,
        model=options.model,
        focus_tables=[table],
        once=options.once,
        credit_limit=options.credit_limit,
        show=False,
    )
    code = watch(started, "cells", stopped=lambda: "Interrupted. Asking Origami to cancel the run and stop its cells.")
    if code == INTERRUPTED:
        started.cancel(cells=True)
        return code
    found = ow.join_leads(frame, table, key=key)
    write_file(found, out, overwrite=options.overwrite)
    stopped = started.state.stopped
    if code == DONE and not found.attrs["origami"]["found_columns"]:
        sys.stderr.write("The run completed, but the table has no new column.\n")
        return ENDED_BADLY
    if code == DONE and stopped is not None and stopped.cells:
        sys.stderr.write(f"The run completed, but {plural(stopped.cells, 'cell')} stayed empty: they were stopped.\n")
        return ENDED_BADLY
    return code


def _enrich_with_pilot(options: Namespace, frame: pd.DataFrame, out: Path, client: Client) -> int:
    """Enrich a list after a pilot; return the exit code. If the rest is not enriched, the file has what was found."""
    import origami_widgets as ow
    from origami_widgets.run.starts.confirm import asks_terminal

    asks_terminal.set(not options.yes and sys.stdin.isatty())
    code, problem = DONE, ""
    try:
        found = ow.enrich(
            frame,
            options.brief,
            key=_names(options.key),
            columns=_names(options.columns),
            pilot=options.pilot,
            once=options.once,
            credit_limit=options.credit_limit,
            name=options.name,
            model=options.model,
            client=client,
            show=False,
        )
    except ow.errors.EnrichmentFailed as error:
        code, problem, found = ENDED_BADLY, f"{error}\n", error.partial
    write_file(found, out, overwrite=options.overwrite)
    sys.stderr.write(problem)
    return code


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _agrees(own: OwnList, credit_limit: float | None) -> bool:
    from origami_widgets.words.numbers import plural

    limit = "no credit limit" if credit_limit is None else f"a limit of {plural(credit_limit, 'credit')}"
    sys.stderr.write(f"Send {own.in_words}, and start an agent on them? It spends credits, with {limit}. [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def out_file(options: Namespace) -> Path:
    """Return the file that `--out` names.

    Raises:
        InvalidInput: it is no file of leads, or is there and may not be replaced.
    """
    from origami_widgets.frames.files.exporting import check_path

    check_path(options.out, None)
    out = Path(options.out).expanduser()
    if out.suffix.lower() not in (".xlsx", ".csv", ".parquet"):
        raise InvalidInput("--out must be one file", cause=f"Got {out}.", remedy="End it in .xlsx, .csv or .parquet.")
    if out.exists() and not options.overwrite:
        raise InvalidInput("The file exists", cause=f"{out} exists.", remedy="Choose another PATH, or add --overwrite.")
    return out


def write_file(frame: pd.DataFrame, out: Path, *, overwrite: bool) -> None:
    """Write leads to a file, and its path on stdout.

    Raises:
        OrigamiError: the disk refuses.
    """
    from origami_widgets.frames import export

    try:
        files = export(frame, out, overwrite=overwrite)
    except OSError as error:
        remedy = "Give another PATH, with the same --once or --ledger: nothing is paid again."
        raise OrigamiError("The file could not be written", cause=str(error), remedy=remedy) from error
    sys.stdout.writelines(f"{file}\n" for file in files)


class _UploadLines:
    """Writes how far an upload has come on stderr, now and then."""

    def __init__(self) -> None:
        self._next_at = time.monotonic() + REPORT_EVERY

    def __call__(self, rows: int, total: int | None) -> None:
        """Write a line, if it is time."""
        if time.monotonic() >= self._next_at and rows != total:
            self._next_at = time.monotonic() + REPORT_EVERY
            sys.stderr.write(f"Uploaded {rows:,} of {total:,} rows.\n")


EXAMPLE = """\
origami-widgets enrich companies.csv "Find the owner's e-mail address" \\
      --key website --columns name --pilot 20 --credit-limit 2000 \\
      --once crm-11 --out enriched.xlsx

All values of the file are texts: postal codes and phone numbers stay as they
are. Only the columns in --key and --columns are sent. With --once, the command
can be repeated after a crash: the list is uploaded and the run paid for once.
On a terminal, it asks before it spends credits; --yes answers.

With --pilot 20, 20 rows are enriched first, and their prices give a range for
the rest. On a terminal, you are asked whether to go on; a script goes on if the
range fits into --credit-limit. If the rest is not enriched, PATH has what was
found, and the same command with --overwrite continues."""
ENRICH = Command(
    "enrich",
    enrich_list,
    "add columns to your own list",
    "Upload a list of your own, have an agent add columns to it, and write the same rows in the same order with these "
    "columns. Spends credits. Ctrl-C cancels the run and stops its cells.",
    EXAMPLE,
    (
        Argument(
            "list", metavar="LIST", help="the list: a CSV file or workbook with a line of headings, or a Parquet file"
        ),
        Argument("brief", metavar="BRIEF", help="what the agent should find, 1 to 10,000 characters"),
        Argument("--key", metavar="COLUMNS", required=True, help="the columns that tell rows apart, with commas"),
        Argument("--columns", metavar="COLUMNS", default="", help="further columns to send, with commas"),
        Argument(
            "--pilot",
            metavar="ROWS",
            type=int,
            help="enrich this many rows first, then ask with a price range for the rest; at least 8",
        ),
        Argument("--out", metavar="PATH", required=True, help="the file to write, .xlsx, .csv or .parquet"),
        Argument("--overwrite", action="store_true", help="replace an existing file"),
        Argument("--once", metavar="NAME", help="a name of your own, under which this is paid for once"),
        Argument("--credit-limit", metavar="CREDITS", type=float, help="stop once more credits are used"),
        Argument("--name", metavar="NAME", help="name of the table and the agent"),
        Argument("--model", metavar="MODEL", help="origami-lite or origami-max (default: your plan's)"),
        Argument("--yes", action="store_true", help="don't ask before credits are spent"),
    ),
)
