"""`origami-widgets demo`: see everything work on the embedded sandbox, in JupyterLab or in the terminal."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import sys
import tempfile
import time
import webbrowser
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from origami_widgets.cli.exits import DONE, FAILED, INTERRUPTED
from origami_widgets.cli.options import add_command

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from origami_widgets.cli.lab import Lab
    from origami_widgets.cli.options import Commands
    from origami_widgets.sandbox import Sandbox

QUICKSTART: Final = "quickstart.ipynb"
BRIEF: Final = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
LAB_SPEED = 20.0
TERMINAL_SPEED = 8.0
"""A run of the sandbox takes a minute and a half: on a screen that is watched, some seconds are enough."""
_LAST_PORT = 65535
EXAMPLE = """\
origami-widgets demo --terminal

With --terminal it needs pip install "origami-widgets[sandbox]". Without, it
opens JupyterLab on a quickstart notebook, and needs "origami-widgets[demo]".
The notebook is written into FOLDER, or into a temporary one, which is kept
only when something in it was changed; a notebook that is there already stays
as it is. Ctrl-C ends it, with exit code 0."""


def register(commands: Commands[Any]) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "demo",
        short="see it work, without an account",
        description=(
            "See it work on a simulated Origami API on this machine: no account, no key, no credits, no network. "
            "Nothing of your own Jupyter settings is read or written."
        ),
        example=EXAMPLE,
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="where to write the quickstart notebook")
    parser.add_argument("--terminal", action="store_true", help="watch one run here, without JupyterLab")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument("--port", type=int, help="port of JupyterLab (default: the first free one from 8888 on)")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Show everything; return the exit code."""
    from origami_widgets.api.errors import InvalidInput

    if options.terminal:
        given = [name for name, value in (("FOLDER", options.folder), ("--port", options.port)) if value is not None]
        if given:
            raise InvalidInput(
                "A demo in the terminal has no notebook",
                cause=f"--terminal was given together with {' and '.join(given)}.",
                remedy="Leave out one of them.",
            )
        return in_terminal()
    if options.port is not None and not 0 < options.port <= _LAST_PORT:
        raise InvalidInput(
            "This is no port",
            cause=f"--port was {options.port}.",
            remedy=f"Give a number from 1 to {_LAST_PORT}, or leave it out.",
        )
    return in_lab(options)


def in_terminal() -> int:
    """Start a run on an embedded sandbox and watch it here."""
    from origami_widgets.cli.watch import watched
    from origami_widgets.run.start import start

    started = start(BRIEF, client=_sandbox(TERMINAL_SPEED).client(), show=False)
    code = watched(started, "cells", stopped=lambda: "Stopped. The sandbox has ended, and its run with it.")
    # Who ends a demo has seen enough of it.
    return DONE if code == INTERRUPTED else code


def in_lab(options: Namespace) -> int:
    """Serve the quickstart notebook in JupyterLab, with a sandbox beside it, until interrupted."""
    from origami_widgets.api.errors import InvalidInput
    from origami_widgets.cli import lab

    if importlib.util.find_spec("jupyterlab") is None:
        raise InvalidInput(
            "JupyterLab is not installed",
            cause="The demo opens a notebook in it.",
            remedy='Install it: pip install "origami-widgets[demo]". Without it: origami-widgets demo --terminal',
        )
    sandbox = _sandbox(LAB_SPEED)
    lab.obey_signals()
    try:
        with folders(options.folder) as (home, folder), sandbox.serve() as served:
            # Whatever a notebook does here, it does it with the sandbox: a person's own key must not spend credits.
            environ = {"ORIGAMI_BASE_URL": served.base_url, "ORIGAMI_API_KEY": served.api_key, "ORIGAMI_PROJECT": ""}
            server = lab.start(home, folder, port=options.port, environ=environ)
            try:
                return _serve(server, open_browser=lab.has_display() and not options.no_browser)
            finally:
                # Somebody who is impatient must not leave a server behind.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                server.stop()
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped.\n")
        return DONE


def _serve(server: Lab, *, open_browser: bool) -> int:
    address = server.address(QUICKSTART)
    sys.stdout.write(
        f"JupyterLab is ready: {address}\n"
        f"It serves {server.root}, and works with a sandbox: nothing costs credits. Press Ctrl-C to stop.\n"
    )
    sys.stdout.flush()
    if open_browser:
        webbrowser.open(address)
    while (code := server.process.poll()) is None:
        # In slices: Windows sees an interrupt between two of them only.
        time.sleep(0.2)
    sys.stderr.write(f"JupyterLab ended by itself with code {code}; its log: {server.log}\n")
    return FAILED


@contextmanager
def folders(given: Path | None) -> Iterator[tuple[Path, Path]]:
    """A folder for Jupyter's own files and one with the quickstart notebook.

    Args:
        given: the folder for the notebook; None for a temporary one.

    Yields:
        Both. The first goes away afterwards, and the temporary one, too, unless something in it was changed.
    """
    from origami_widgets.cli.lab import LabError

    own = Path(tempfile.mkdtemp(prefix="origami-demo-"))
    folder = own / "notebooks" if given is None else given.expanduser().resolve()
    written, gone = quickstart(), own
    try:
        folder.mkdir(parents=True, exist_ok=True)
        notebook = folder / QUICKSTART
        if not notebook.exists():
            notebook.write_bytes(written)
        yield own / "jupyter", folder
    except LabError:
        # Its remedy names the log.
        gone = own / "nothing"
        raise
    finally:
        if given is None and _is_changed(folder, written):
            gone = own / "jupyter"
            sys.stdout.write(f"\nWhat was changed is kept in {folder}")
        shutil.rmtree(gone, ignore_errors=True)


def quickstart() -> bytes:
    """The quickstart notebook: of the installed package, or of the repository that it runs from."""
    installed = Path(__file__).with_name(QUICKSTART)
    return (installed if installed.exists() else Path(__file__).parents[2] / "notebooks" / QUICKSTART).read_bytes()


def _is_changed(folder: Path, written: bytes) -> bool:
    """Whether there is more in the folder than was written there; checkpoints are Jupyter's own copies."""
    if not folder.exists():
        return False
    files = {path for path in folder.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts}
    return files != {folder / QUICKSTART} or (folder / QUICKSTART).read_bytes() != written


def _sandbox(speed: float) -> Sandbox:
    from origami_widgets.api.errors import InvalidInput
    from origami_widgets.sandbox import Sandbox

    try:
        return Sandbox(speed=speed)
    except ImportError as missing:
        raise InvalidInput(
            "The sandbox is not installed",
            cause="It needs starlette and uvicorn.",
            remedy='Install it: pip install "origami-widgets[sandbox]"',
        ) from missing
