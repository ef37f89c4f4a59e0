"""`origami-widgets demo` and `sandbox`: the embedded API in JupyterLab, in the terminal, or served on this machine."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import InvalidInput
from origami_widgets.cli.command import DONE, FAILED, INTERRUPTED, USAGE, Argument, Command, check_number

if TYPE_CHECKING:
    from origami_widgets.sandbox import Sandbox
    from origami_widgets.sandbox.embedded import Served


QUICKSTART: Final = "quickstart.ipynb"
BRIEF: Final = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
LAB_SPEED = 20.0
TERMINAL_SPEED = 8.0
"""Speed of the sandbox in the terminal: a run of a minute and a half should take only a few seconds."""
STOP_SECONDS = 15.0


def run_demo(options: Namespace) -> int:
    """Run the demo; return the exit code."""
    if options.terminal:
        given = [name for name, value in (("FOLDER", options.folder), ("--port", options.port)) if value is not None]
        if given:
            raise InvalidInput(
                "A demo in the terminal has no notebook",
                cause=f"--terminal was given together with {' and '.join(given)}.",
                remedy="Remove one of them.",
            )
        return in_terminal()
    check_number("--port", options.port, 8890, 65_535)
    return in_lab(options)


def in_terminal() -> int:
    """Start a run on an embedded sandbox and watch it."""
    from origami_widgets.cli.watch_command import watch
    from origami_widgets.run.start import start

    started = start(BRIEF, client=_sandbox(TERMINAL_SPEED).client(), show=False)
    code = watch(started, "cells", stopped=lambda: "Stopped. The sandbox has ended, and its run with it.")
    # Ctrl-C is the usual end of a demo.
    return DONE if code == INTERRUPTED else code


def in_lab(options: Namespace) -> int:
    """Open the quickstart notebook in JupyterLab, with a sandbox for its runs, until interrupted."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise InvalidInput(
            "JupyterLab is not installed",
            cause="The demo opens a notebook in JupyterLab.",
            remedy='Install it: pip install "origami-widgets[demo]". Without it: origami-widgets demo --terminal',
        )
    sandbox = _sandbox(LAB_SPEED)
    raise_on_signals()
    folder = demo_folder(options.folder)
    try:
        with sandbox.serve() as served:
            sys.stdout.write(
                f"Starting JupyterLab in {folder}. It uses a sandbox: nothing costs credits. Press Ctrl-C to stop.\n"
            )
            sys.stdout.flush()
            command = lab_command(folder, options.port, open_browser=not options.no_browser)
            sys.stderr.write(f"JupyterLab ended with code {_run_lab(command, lab_environment(served))}.\n")
            return FAILED
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped.\n")
        return DONE


def lab_environment(served: Served) -> dict[str, str]:
    """Return this process's environment with the sandbox in place of the user's key, which could spend credits."""
    named = {"ORIGAMI_BASE_URL": served.base_url, "ORIGAMI_API_KEY": served.api_key, "ORIGAMI_PROJECT": ""}
    return {**os.environ, **named}


def lab_command(root: Path, port: int | None, *, open_browser: bool) -> list[str]:
    """Return the command line that opens a folder's quickstart in JupyterLab, only on loopback."""
    return [
        *(sys.executable, "-W", "ignore::DeprecationWarning", "-m", "jupyterlab"),
        # jupyter_server (2.21) prints the address at a higher level.
        "--Application.log_level=ERROR",
        # The news pop-up of JupyterLab 4 would ask a server on the internet, and cover the notebook.
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{QUICKSTART}",
        *([f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port is not None else []),
        *([] if open_browser and has_display() else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]


def _run_lab(command: list[str], environment: dict[str, str]) -> int:
    """Run JupyterLab until it ends; return its exit code. Ctrl-C stops it."""
    # A separate session keeps the terminal's Ctrl-C away from JupyterLab, which would ask whether to stop.
    process = subprocess.Popen(  # noqa: S603 - the command is ours
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while (code := process.poll()) is None:
            # Windows delivers an interrupt only between two sleeps.
            time.sleep(0.2)
        return code
    finally:
        # A second Ctrl-C must not leave JupyterLab running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def has_display() -> bool:
    """Return whether a browser window can be opened here."""
    has_one = sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(has_one) and not os.environ.get("CI")


def raise_on_signals() -> None:
    """Raise KeyboardInterrupt on every signal to stop, even if SIGINT was ignored, as for a script's background process."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)


def demo_folder(given: Path | None) -> Path:
    """Return the folder with the quickstart notebook: the given one, or a new temporary one. It stays.

    Raises:
        InvalidInput: it can't be written.
    """
    # A wheel has it beside this module.
    installed = Path(__file__).with_name(QUICKSTART)
    source = installed if installed.exists() else Path(__file__).parents[2] / "notebooks" / QUICKSTART
    try:
        folder = Path(tempfile.mkdtemp(prefix="origami-demo-")) if given is None else given.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / QUICKSTART).exists():
            (folder / QUICKSTART).write_bytes(source.read_bytes())
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInput("The folder can't be used", cause=str(error), remedy="Choose another FOLDER.") from error
    return folder


def _sandbox(speed: float) -> Sandbox:
    from origami_widgets.sandbox import Sandbox

    try:
        return Sandbox(speed=speed)
    except ImportError as missing:
        raise InvalidInput(
            "The sandbox is not installed",
            cause="It needs starlette and uvicorn.",
            remedy='Install it: pip install "origami-widgets[sandbox]"',
        ) from missing


def run_sandbox(options: Namespace) -> int:
    """Serve until interrupted; return the exit code."""
    from origami_widgets.sandbox.embedded import Sandbox, listen, make_server, served_at

    try:
        sandbox = Sandbox(options.seed, options.speed, plan=options.plan, credits=options.credits)
        server = make_server(sandbox)
        bound = listen(options.port)
    except (ValueError, ImportError, OSError) as problem:
        sys.stderr.write(f"origami-widgets sandbox: {problem}\n")
        return USAGE if isinstance(problem, ValueError) else FAILED
    # The interrupt is the usual end of a server: uvicorn shuts down cleanly and then passes it on.
    with bound, suppress(KeyboardInterrupt):
        served = served_at(bound, sandbox.api_key)
        sys.stdout.write(
            f"Origami sandbox at {served.base_url} with the key {served.api_key}\n"
            f"export ORIGAMI_BASE_URL={served.base_url}\n"
            f"export ORIGAMI_API_KEY={served.api_key}\n"
            "Ctrl-C stops it.\n"
        )
        sys.stdout.flush()
        server.run(sockets=[bound])
    return DONE


EXAMPLE = """\
origami-widgets demo --terminal

--terminal needs pip install "origami-widgets[sandbox]". Without it, the demo
opens a quickstart notebook in JupyterLab, and needs "origami-widgets[demo]".
The notebook is written into FOLDER, or into a temporary folder. An existing
notebook is never replaced. Ctrl-C ends the demo, with exit code 0."""
DEMO = Command(
    "demo",
    run_demo,
    "try it without an account",
    "Try it on a simulated Origami API on this machine: no account, no key, no credits, no network.",
    EXAMPLE,
    (
        Argument("folder", metavar="FOLDER", nargs="?", type=Path, help="where to write the quickstart notebook"),
        Argument("--terminal", action="store_true", help="watch one run here, without JupyterLab"),
        Argument("--no-browser", action="store_true", help="print the address of JupyterLab and open no browser"),
        Argument("--port", type=int, help="port of JupyterLab (default: the first free one from 8888)"),
    ),
    asks_api=False,
)
SANDBOX = Command(
    "sandbox",
    run_sandbox,
    "serve a simulated Origami API on this machine",
    "Serve a simulated Origami API on 127.0.0.1: no account, no credits, no network. A word in a brief picks what "
    "happens, for example scenario:needs_input; an unknown name is refused, with a list of all. Ctrl-C stops it, with "
    "exit code 0.",
    "origami-widgets sandbox --port 8765 --speed 20",
    (
        Argument("--port", type=int, default=0, help="port; 0, the default, takes any free port"),
        Argument("--seed", type=int, default=0, help="decides ids and leads (default 0)"),
        Argument("--speed", type=float, default=1.0, help="simulated seconds per second (default 1)"),
        Argument("--plan", default="pro", help="starter, pro, scale, ultra or enterprise (default pro)"),
        Argument("--credits", type=int, default=5_000, help="the balance at the start (default 5,000)"),
    ),
    asks_api=False,
)
