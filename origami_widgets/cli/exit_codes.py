"""How a command ends: its exit code, and its error as a record."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import InvalidInput, MissingKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from origami_widgets.api.errors import OrigamiError

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
ENDED_BADLY: Final = 3
NEEDS_ANSWER: Final = 4
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130
NO_READER: Final = 141
TERMINATED: Final = 143

TABLE: Final = """\
exit codes:
  0    success; for watch and enrich: the run completed
  1    failure of the network, the server or the disk
  2    wrong usage: no command, a wrong argument, a file that already exists,
       or no API key
  3    watch, enrich: the run failed, was cancelled, stopped early, or added
       no column;
       cancel: cells that the run didn't start were left running
  4    watch, enrich: the run is waiting for your answer
  124  --timeout passed; a watched run continues
  130  interrupted (Ctrl-C); a watched run continues, one of enrich is cancelled
  141  the output is no longer read, as in `| head -1`
  143  terminated; a watched run continues
"""
"""The exit codes, for `--help`."""


def code_of_run(status: str) -> int:
    """Return the exit code for a run that has ended. An unknown status is not a success."""
    return {"completed": DONE, "needs_input": NEEDS_ANSWER}.get(status, ENDED_BADLY)


def code_of_error(error: OrigamiError) -> int:
    """Return the exit code for an error: wrong usage, a timeout, or a failure."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    return USAGE if isinstance(error, InvalidInput | MissingKey) else FAILED


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Exit on SIGTERM by an exception, as on Ctrl-C, so that the terminal gets its screen and cursor back."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:
        # Only the main thread may handle signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def error_record(error: OrigamiError) -> dict[str, object]:
    """Return the fields of an error for JSON."""
    return {
        "type": type(error).__name__,
        "title": error.title,
        "cause": error.cause,
        "remedy": error.remedy,
        "code": error.code,
        "status_code": error.status_code,
        "request_id": error.request_id,
        "link": error.link,
    }
