"""Start JupyterLab in a folder of its own: nothing of the person's own Jupyter settings is read or written.

`python notebooks/serve.py` serves a copy of the notebooks in this folder. The browser tests start their server here too.
"""

# ruff: noqa: INP001, T201 - a script, and its interface is what it prints

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from origami_widgets.cli.lab import (
    START_SECONDS,
    STOP_SECONDS,
    Lab,
    LabError,
    environment,
    has_display,
    obey_signals,
    start,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

__all__ = ["QUICKSTART", "REPOSITORY", "START_SECONDS", "STOP_SECONDS", "Lab", "LabError", "environment", "start"]

REPOSITORY = Path(__file__).resolve().parent.parent
QUICKSTART = "quickstart.ipynb"


def copy_notebooks(source: Path, target: Path) -> None:
    """Copy the notebooks of `source`, and the pages that they link to, where they are newer than their copies.

    A copy that a person changed stays as it is until the original changes, and is then kept beside the new one.
    """
    target.mkdir(parents=True, exist_ok=True)
    for original in sorted(path for path in source.iterdir() if path.suffix in {".ipynb", ".md"}):
        copy = target / original.name
        if copy.exists():
            if copy.stat().st_mtime >= original.stat().st_mtime:
                continue
            copy.replace(copy.with_suffix(f".previous{copy.suffix}"))
        shutil.copy2(original, copy)


def wait_for_end(process: subprocess.Popen[bytes]) -> None:
    """Return when the server ends by itself.

    Raises:
        KeyboardInterrupt: Whoever started this process is gone or was interrupted.
    """
    parent = os.getppid()
    while process.poll() is None:
        if os.getppid() != parent or _is_interrupted(parent):
            raise KeyboardInterrupt
        time.sleep(0.2)


def _is_interrupted(process: int) -> bool:
    """Tell whether `process` is inside its handler for SIGINT.

    `make` that alone is sent SIGINT waits for its recipe, which heard nothing: both would wait for ever.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return False
    blocked = next((line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")), "0")
    return bool(int(blocked, 16) & 1 << (signal.SIGINT - 1))


@contextlib.contextmanager
def terminal_of_its_own() -> Iterator[None]:
    """Take the terminal's Ctrl-C for this process alone, so that `make` above it ends with code 0 as well."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    before = os.getpgrp()
    try:
        if os.tcgetpgrp(terminal) != before or os.getpid() == before:
            yield
            return
        # A process that hands the terminal on is in the background for a moment, and would be stopped for it.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())
        try:
            yield
        finally:
            os.tcsetpgrp(terminal, before)
    finally:
        os.close(terminal)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a copy of the notebooks until interrupted. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Serve the example notebooks in JupyterLab until interrupted.")
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".cache" / "demo", help="folder for all its files")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    options = parser.parse_args(arguments)
    home: Path = options.home.resolve()
    notebooks = home / "notebooks"
    copy_notebooks(Path(__file__).resolve().parent, notebooks)
    obey_signals()
    with terminal_of_its_own():
        try:
            return serve(home, notebooks, open_browser=has_display() and not options.no_browser)
        except KeyboardInterrupt:
            print("\nStopped.", flush=True)
            return 0
        except LabError as error:
            print(error, file=sys.stderr)
            return 1


def serve(home: Path, notebooks: Path, *, open_browser: bool) -> int:
    """Serve `notebooks` until interrupted. Returns the exit code of a server that ended by itself."""
    lab = start(home, notebooks)
    try:
        address = lab.address(QUICKSTART)
        print(f"JupyterLab is ready: {address}", flush=True)
        print(f"It serves a copy of the notebooks, {notebooks}. Press Ctrl-C to stop.", flush=True)
        if open_browser:
            webbrowser.open(address)
        wait_for_end(lab.process)
        print(f"JupyterLab ended by itself with code {lab.process.returncode}; its log: {lab.log}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.stop()


if __name__ == "__main__":
    sys.exit(main())
