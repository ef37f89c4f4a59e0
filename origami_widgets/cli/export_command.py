"""`origami-widgets export TOKEN PATH`: write the leads of a run into files."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.cli.command import DONE, INTERRUPTED, TOKEN, Argument, Command, attached

if TYPE_CHECKING:
    from origami_widgets.run.handle import Run

PROGRESS_WIDTH = 72


def export_run(options: Namespace) -> int:
    """Export a run; return the exit code."""
    from origami_widgets.frames import export
    from origami_widgets.frames.files.exporting import check_path

    # Checked first, so that a wrong path is refused before the search for a key.
    check_path(options.path, options.format)
    run = attached(options, read=True)
    if not run.settled:
        state = "The run is still active" if not run.done else "Its cells are still being filled"
        sys.stderr.write(f"{state}: this is its current state.\n")
    try:
        with progress_of(run):
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


@contextmanager
def progress_of(run: Run) -> Iterator[None]:
    """Write the number of rows read so far on a line of stderr, if that is a terminal, and clear it at the end."""
    from origami_widgets.card.view.table_view import reading_words
    from origami_widgets.words.foreign_text import clean, fit

    def write(line: str) -> None:
        if sys.stderr.isatty():
            # Only blanks and carriage returns: every terminal understands them.
            sys.stderr.write(f"\r{' ' * PROGRESS_WIDTH}\r{fit(line, PROGRESS_WIDTH)}")
            sys.stderr.flush()

    def changed() -> None:
        for table in run.state.tables:
            if progress := reading_words(run.state.row_progress.get(table.id)):
                write(f"{clean(table.name, PROGRESS_WIDTH - len(progress) - 2)}: {progress}")

    unsubscribe = run.conversation.subscribers.add(changed)
    try:
        yield
    finally:
        unsubscribe()
        write("")


EXAMPLE = """\
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
    EXAMPLE,
    (
        TOKEN,
        Argument("path", metavar="PATH", help="the file, or the folder"),
        Argument(
            "--what",
            choices=("leads", "frames", "everything"),
            default="leads",
            help="default: leads. frames: tables, columns, lead sources, actions, transcript, history and economics",
        ),
        Argument("--overwrite", action="store_true", help="replace existing files"),
        Argument(
            "--format",
            choices=("xlsx", "html", "csv", "parquet"),
            help="default: by the ending of PATH; csv for a folder",
        ),
    ),
)
