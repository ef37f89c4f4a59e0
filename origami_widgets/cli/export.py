"""`origami-widgets export TOKEN PATH`: write what a run built into files."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.cli.exits import DONE, INTERRUPTED
from origami_widgets.cli.options import add_api_options, add_command, client_of

if TYPE_CHECKING:
    from argparse import Namespace
    from types import TracebackType

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.cli.options import Commands
    from origami_widgets.run.handle import Run

EXAMPLE = """\
origami-widgets export AGENT_ID/RUN_ID founders.xlsx --leads

PATH is a file that ends in .xlsx, or a folder for CSV or Parquet files. Excel
needs pip install "origami-widgets[excel]", Parquet "origami-widgets[parquet]".
All files are written, or none; their names are printed on stdout."""


def register(commands: Commands[Any]) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "export",
        short="write what a run built into files",
        description=(
            "Write what a run built as an Excel workbook, CSV or Parquet files: its tables, columns, lead sources, "
            "actions, transcript, history and economics. Sends reads only and costs nothing."
        ),
        example=EXAMPLE,
    )
    parser.add_argument("token", metavar="TOKEN", help="AGENT_ID/RUN_ID, or an agent's id for its newest run")
    parser.add_argument("path", metavar="PATH", help="the workbook, or the folder")
    parser.add_argument("--leads", action="store_true", help="also the leads of each table")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument(
        "--format", choices=("xlsx", "csv", "parquet"), help="by the ending of PATH when absent; csv for a folder"
    )
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Export a run; return the exit code."""
    from origami_widgets.frames import export
    from origami_widgets.frames.files.exporting import check_path
    from origami_widgets.run.agent_runs import parse_token
    from origami_widgets.run.start import attach

    # First: what can't be exported is refused before a key is looked for.
    parse_token(options.token)
    check_path(options.path, options.format)
    client = client_of(options)
    found = attach(options.token, client=client, show=False)
    if found.state.run is None:
        # It was only tried so far: whoever exports wants it or a reason.
        found.refresh()
    if not found.settled:
        what = "The run goes on" if not found.done else "Its cells are still being filled"
        sys.stderr.write(f"{what}: this is how it stands now.\n")
    try:
        with ProgressLine(found):
            files = export(
                found,
                options.path,
                leads=options.leads,
                client=client,
                overwrite=options.overwrite,
                format=options.format,
            )
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; nothing was written.\n")
        return INTERRUPTED
    except OSError as refused:
        raise _refused(refused) from refused
    sys.stdout.writelines(f"{file}\n" for file in files)
    return DONE


def _refused(refused: OSError) -> OrigamiError:
    from origami_widgets.api.errors import OrigamiError

    return OrigamiError(
        "The disk refuses",
        cause=str(refused),
        remedy=" ".join(getattr(refused, "__notes__", [])) or "Give another PATH.",
    )


class ProgressLine:
    """One line on stderr, if that is a terminal, that tells how many rows have been read.

    Args:
        run: the run whose rows are read.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._width = 0
        self._open = False

    def __enter__(self) -> Self:
        """Begin to tell."""
        self._open = sys.stderr.isatty()
        self._unsubscribe = self._run.conversation.subscribers.add(self._changed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe the line: what comes next is the outcome."""
        self._unsubscribe()
        with self._lock:
            if self._open:
                self._write("")
            self._open = False

    def _changed(self) -> None:
        """Write the line anew. Comes on the background loop's thread."""
        from origami_widgets.card.view.safe_text import clean
        from origami_widgets.card.view.table_view import reading_words

        state = self._run.state
        for table in state.tables:
            told = reading_words(state.row_progress.get(table.id))
            with self._lock:
                if self._open and told:
                    self._write(f"{clean(table.name, LINE - len(told) - 2)}: {told}")

    def _write(self, line: str) -> None:
        from origami_widgets.card.render.card_text import width_of
        from origami_widgets.cli.run_table import shortened

        # Blanks and carriage returns alone: every terminal knows them.
        line = shortened(line, LINE)
        before = "\r" + " " * self._width + "\r" if self._width else ""
        # First: an interrupt while it is written must not leave it there.
        self._width = width_of(line)
        sys.stderr.write(before + line)
        sys.stderr.flush()


LINE = 72
"""Columns that the line takes at most."""
