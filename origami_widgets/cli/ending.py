"""How a command ends: an exit code, and on stderr what went wrong, why, and what to do."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import MissingKey, OrigamiError
from origami_widgets.cli.exits import INTERRUPTED, NO_READER, TERMINATED, code_of_error

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

_LOGIN: Final = (
    "Take one from Origami (Settings, API keys), then run: origami-widgets login --store. For programs, set "
    "ORIGAMI_API_KEY. Without a key: origami-widgets demo"
)
_SET: Final = "Take one from Origami (Settings, API keys) and set ORIGAMI_API_KEY. Without a key: origami-widgets demo"
_ANOTHER: Final = "call ow.login(), which asks for it; or set ORIGAMI_API_KEY and make a new client"
# What is said in Python elsewhere.
_OPTIONS: Final = (
    ("overwrite=True", "--overwrite"),
    ('format="xlsx", format="csv" or format="parquet"', "--format xlsx, --format csv or --format parquet"),
    ('format="parquet"', "--format parquet"),
    ("the network and base_url", "the network and --base-url"),
    ("base_url is ", "--base-url is "),
    ("base_url must be ", "--base-url must be "),
    ("Check base_url, ", "Check --base-url, "),
    ("No api_key= was given, and ORIGAMI_API_KEY is not set.", "ORIGAMI_API_KEY is not set."),
    ("It was given as api_key=.", "It was read from stdin."),
    ("Look again with run.refresh(), or ow.attach(", "Look again with origami-widgets watch, or ow.attach("),
    ("call ow.login(store=True) again", "run origami-widgets login --store again"),
    ("set ORIGAMI_API_KEY before Jupyter starts", "set ORIGAMI_API_KEY"),
)


def carried_out(options: Namespace) -> int:
    """Run the command that was chosen.

    Args:
        options: what was asked, with the command's function as `run`.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows no "●" shows another sign; it must not end the watch of a run.
            stream.reconfigure(errors="replace")
    run: Callable[[Namespace], int] = options.run
    with warnings.catch_warnings():
        # An interrupt may fall between the making of a request and its sending; what is left of it goes with the error.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        try:
            code = run(options)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_output()
            return NO_READER
        except KeyboardInterrupt:
            return INTERRUPTED
        except OrigamiError as error:
            tell(error, as_json=getattr(options, "json", False))
            return code_of_error(error)
    return code


def tell(error: OrigamiError, *, as_json: bool = False) -> None:
    """Say on stderr what went wrong: title, cause and remedy, a line each; as JSON one object in one line."""
    sys.stdout.flush()
    error.cause, error.remedy = in_words_of_the_command(error)
    notes = getattr(error, "__notes__", [])
    if as_json:
        sys.stderr.write(json.dumps({"error": as_record(error)}) + "\n")
    else:
        sys.stderr.write("\n".join([str(error), *notes]) + "\n")


def in_words_of_the_command(error: OrigamiError) -> tuple[str, str]:
    """Cause and remedy for somebody who has no Python at hand."""
    from origami_widgets.api.key_sources import has_keyring

    cause, remedy = error.cause, error.remedy
    if isinstance(error, MissingKey):
        # What is in the way of a key stands first, before what is said to everybody.
        remedy = remedy.partition("Take a key from Origami")[0] + (_LOGIN if has_keyring() else _SET)
    if _ANOTHER in remedy:
        store = "run origami-widgets login --store, or " if has_keyring() else ""
        remedy = remedy.replace(_ANOTHER, f"{store}set ORIGAMI_API_KEY")
    for python, here in _OPTIONS:
        cause, remedy = cause.replace(python, here), remedy.replace(python, here)
    return cause, remedy


def as_record(error: OrigamiError) -> dict[str, object]:
    """What an error says, for programs: its parts as they stand in the exception."""
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


def _forget_output() -> None:
    """Send what is still buffered nowhere: Python would complain at its end that it cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """End as on an interrupt when somebody terminates this process: the terminal gets its screen and cursor back."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:
        # Signals belong to the main thread; elsewhere somebody else looks after them.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
