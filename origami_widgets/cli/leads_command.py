"""Commands that write leads into files.

`origami-widgets enrich LIST BRIEF` adds columns to a CSV file of your own, `new` makes a search again and writes only what
is new, and `export TOKEN PATH` writes the leads of a run.
"""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.cli.command import (
    DONE,
    ENDED_BADLY,
    INTERRUPTED,
    NEEDS_ANSWER,
    NOTHING_NEW,
    TOKEN,
    Argument,
    Command,
    attached,
    client_for,
    code_of_run,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def enrich_list(options: Namespace) -> int:
    """Enrich a list; return the exit code. If not all of it is enriched, the file has what was found."""
    import origami_widgets as ow
    from origami_widgets.cli.watch_command import watched
    from origami_widgets.run.start import terminal_watch
    from origami_widgets.run.starts.call import asks_terminal

    # Checked first, so that a wrong path doesn't cost a run.
    out = out_file(options)
    asks_terminal.set(not options.yes and sys.stdin.isatty())
    terminal_watch.set(watched)
    code, problem = DONE, ""
    try:
        found = ow.enrich(
            options.list,
            options.brief,
            key=_names(options.key),
            columns=_names(options.columns),
            pilot=options.pilot,
            once=options.once,
            credit_limit=options.credit_limit,
            name=options.name,
            model=options.model,
            client=client_for(options),
            show=False,
        )
    except ow.errors.EnrichmentFailed as error:
        code, problem, found = code_of_run(error.run.status) or ENDED_BADLY, f"{error}\n", error.partial
    write_file(found, out, overwrite=options.overwrite)
    sys.stderr.write(problem)
    return code


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def out_file(options: Namespace) -> Path:
    """Return the file that `--out` names.

    Raises:
        InvalidInput: it is no file of leads, is there and may not be replaced, is in a folder that may not be written, or
            needs a package that isn't installed.
    """
    from origami_widgets.frames.files.atomic_files import check_not_taken
    from origami_widgets.frames.files.exporting import check_packages, check_path

    out = check_path(options.out, None)
    if out.suffix.lower() not in (".xlsx", ".csv", ".parquet") or out.is_dir():
        raise InvalidInput("--out must be one file", cause=f"Got {out}.", remedy="End it in .xlsx, .csv or .parquet.")
    check_not_taken([out], out.parent, overwrite=options.overwrite)
    if not os.access(folder := next(each for each in out.parents if each.exists()), os.W_OK):
        raise InvalidInput("--out can't be written", cause=f"{folder} is read-only.", remedy="Choose another PATH.")
    check_packages(out.suffix.lower()[1:])
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


ENRICH_EXAMPLE = """\
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
    ENRICH_EXAMPLE,
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


def find_new(options: Namespace) -> int:
    """Hand over what is new; return the exit code."""
    from origami_widgets.api.background.sync_bridge import block
    from origami_widgets.api.validate import file_path
    from origami_widgets.cli.watch_command import watched
    from origami_widgets.run.settings import top
    from origami_widgets.run.start import terminal_watch

    out = out_file(options)
    ledger = file_path(options.ledger)
    if ledger is not None and out.resolve() == ledger.resolve():
        remedy = "Give --out another PATH: the ledger has no leads, only what tells them apart."
        raise InvalidInput("--out is the ledger", cause=f"Both are {out}. Nothing was sent.", remedy=remedy)
    terminal_watch.set(watched)
    try:
        found: pd.DataFrame = block(
            top().hand_over(
                options.brief,
                ledger=options.ledger,
                every=options.every,
                leave_out=options.leave_out or None,
                credit_limit=options.credit_limit,
                client=client_for(options),
                write=functools.partial(write_file, out=out, overwrite=options.overwrite),
            )
        )
    except OrigamiError as error:
        if error.code != "NEEDS_ANSWER":
            raise
        sys.stderr.write(f"{error}\n")
        return NEEDS_ANSWER
    about = found.attrs["origami"]
    sys.stderr.write(f"{len(found):,} new of {len(found) + about['known']:,} leads, period {about['period']}.\n")
    if about["ended"]:
        return ENDED_BADLY
    return DONE if len(found) else NOTHING_NEW


NEW_EXAMPLE = """\
origami-widgets new "List bakeries in Porto" --ledger bakeries.csv \\
      --every week --out new.csv --overwrite

Run it from cron or a workflow as often as you like: a new search begins when
--every, less 12 hours, has passed. Until then, it writes the same leads again,
free of charge.
Keep the ledger and the state beside it (bakeries.state.json) together, also
after a failure: with them, no search is paid twice and no lead is lost."""
NEW = Command(
    "new",
    find_new,
    "search again, and write only what is new",
    "Make a search every week or day with one agent, and write the leads that the ledger doesn't have. Spends credits. "
    "Exits with 5 if nothing is new. Ctrl-C cancels the run and stops its cells.",
    NEW_EXAMPLE,
    (
        Argument("brief", metavar="BRIEF", help="what to search for, the same text each time"),
        Argument(
            "--ledger", metavar="FILE", required=True, help="the ledger, a CSV file; it is made if it isn't there"
        ),
        Argument("--every", metavar="TIME", default="week", help="week (default), day, or '2 weeks', '10 days'"),
        Argument("--out", metavar="PATH", required=True, help="the file to write, .xlsx, .csv or .parquet"),
        Argument("--overwrite", action="store_true", help="replace an existing file"),
        Argument(
            "--leave-out",
            metavar="FILE",
            action="append",
            default=[],
            help="a list of customers or opt-outs that stay out; may be repeated. It isn't sent",
        ),
        Argument("--credit-limit", metavar="CREDITS", type=float, help="stop a search once it has used more"),
    ),
)


def export_run(options: Namespace) -> int:
    """Export a run; return the exit code."""
    from origami_widgets.frames import export
    from origami_widgets.frames.files.exporting import check_path
    from origami_widgets.words.numbers import plural

    # Checked first, so that a wrong path is refused before the search for a key.
    check_path(options.path, options.format)
    run = attached(options, read=True)
    if not run.settled:
        state = "The run is still active" if not run.done else "Its cells are still being filled"
        sys.stderr.write(f"{state}: this is its current state.\n")
    try:
        if sys.stderr.isatty():
            leads = sum(table.lead_count or 0 for table in run.tables)
            sys.stderr.write(f"Reading {plural(leads, 'lead')}. Ctrl-C writes nothing.\n")
        files = export(run, options.path, what=options.what, overwrite=options.overwrite, format=options.format)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; nothing was written.\n")
        return INTERRUPTED
    except OSError as error:
        raise OrigamiError(
            "The files could not be written",
            cause=str(error),
            remedy=" ".join(getattr(error, "__notes__", [])) or "Give another PATH.",
        ) from error
    sys.stdout.writelines(f"{file}\n" for file in files)
    return DONE


EXPORT_EXAMPLE = """\
origami-widgets export AGENT_ID/RUN_ID founders.xlsx

PATH is a file that ends in .xlsx, .html, .csv or .parquet, or a folder for a
file for each table. Excel needs pip install "origami-widgets[excel]", Parquet
needs "origami-widgets[parquet]". Each file is whole or not there. Their names
are printed on stdout."""
EXPORT = Command(
    "export",
    export_run,
    "write the leads of a run into files",
    "Write the leads of a run as an Excel workbook, a web page, CSV or Parquet files, with a summary. Sends only reads "
    "and costs nothing.",
    EXPORT_EXAMPLE,
    (
        TOKEN,
        Argument("path", metavar="PATH", help="the file, or the folder"),
        Argument(
            "--what",
            choices=("leads", "frames", "everything"),
            default="leads",
            help="default: leads. frames: runs, tables, columns, lead sources, actions, transcript and history",
        ),
        Argument("--overwrite", action="store_true", help="replace existing files"),
        Argument(
            "--format",
            choices=("xlsx", "html", "csv", "parquet"),
            help="default: by the ending of PATH; csv for a folder",
        ),
    ),
)
