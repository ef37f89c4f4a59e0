"""`origami-widgets export TOKEN PATH`: write the leads of a run into files."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from types import TracebackType
from typing import TYPE_CHECKING, Self

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
        with ProgressLine(run):
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


class ProgressLine:
    """Line on stderr, if that is a terminal, with the number of rows read so far.

    Args:
        run: the run whose rows are read.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._is_open = False

    def __enter__(self) -> Self:
        """Start writing."""
        self._is_open = sys.stderr.isatty()
        self._unsubscribe = self._run.conversation.subscribers.add(self._changed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line."""
        self._unsubscribe()
        with self._lock:
            if self._is_open:
                self._write("")
            self._is_open = False

    def _changed(self) -> None:
        """Rewrite the line. Called on the background loop's thread."""
        from origami_widgets.card.view.table_view import reading_words
        from origami_widgets.words.foreign_text import clean

        state = self._run.state
        for table in state.tables:
            progress = reading_words(state.row_progress.get(table.id))
            with self._lock:
                if self._is_open and progress:
                    self._write(f"{clean(table.name, PROGRESS_WIDTH - len(progress) - 2)}: {progress}")

    def _write(self, line: str) -> None:
        from origami_widgets.words.foreign_text import fit

        # Only blanks and carriage returns: every terminal understands them.
        sys.stderr.write(f"\r{' ' * PROGRESS_WIDTH}\r{fit(line, PROGRESS_WIDTH)}")
        sys.stderr.flush()


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
