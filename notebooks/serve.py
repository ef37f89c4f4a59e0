"""Start JupyterLab in a folder of its own: your own Jupyter settings are neither read nor changed.

`python notebooks/serve.py` serves a copy of the notebooks in this folder. The browser tests start their server here too.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from origami_widgets.cli.demo_command import QUICKSTART, STOP_SECONDS, has_display, raise_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
FIRST_PORT = 8888
ATTEMPTS = 5
NOT_INHERITED = ("JUPYTER", "IPYTHON", "ORIGAMI_API_KEY")
# The news pop-up of JupyterLab 4 would ask a server on the internet, and cover the notebook.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


class LabError(RuntimeError):
    """JupyterLab could not be started."""


class PortTaken(LabError):
    """It ended after it had printed its address: another server listens there."""


def jupyter_environment(home: Path) -> dict[str, str]:
    """Return this process's environment with all folders of Jupyter and IPython under `home`, and without the API key."""
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    defaults = home / "config" / "labconfig"
    defaults.mkdir(exist_ok=True)
    (defaults / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return inherited | {name: str(folder) for name, folder in folders.items()}


@dataclasses.dataclass(frozen=True)
class Lab:
    """A JupyterLab server that runs as a child of this process.

    Args:
        process: the server.
        url: its address, without the token and with a slash at the end.
        token: its token.
        root: the folder whose notebooks it serves.
        log: the file with its messages.
    """

    process: subprocess.Popen[bytes]
    url: str
    token: str
    root: Path
    log: Path

    def address(self, notebook: str) -> str:
        """Return the address of a notebook for a browser."""
        return f"{self.url}lab/tree/{notebook}?token={self.token}"

    def stop(self) -> None:
        """End the server and its kernels. May be called twice."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                if os.name == "nt":
                    self.process.kill()
                else:
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def start(
    home: Path,
    root: Path,
    options: Sequence[str] = (),
    *,
    environ: Mapping[str, str] | None = None,
) -> Lab:
    """Start JupyterLab on loopback and return once it answers.

    Args:
        home: folder for its settings, data, runtime files and log.
        root: folder of the notebooks.
        options: more options for its command line.
        environ: more variables for it and its kernels.

    Raises:
        LabError: it ended, or did not answer within a minute.
    """
    for _ in range(ATTEMPTS - 1):
        # Jupyter looks for a free port and takes it later: one of two servers that start together may come too late.
        with contextlib.suppress(PortTaken):
            return _start(home, root, options, environ)
    return _start(home, root, options, environ)


def _start(home: Path, root: Path, options: Sequence[str], environ: Mapping[str, str] | None) -> Lab:
    token = secrets.token_hex(24)
    command = [
        sys.executable,
        *("-m", "jupyterlab"),
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={FIRST_PORT}",
        "--ServerApp.port_retries=100",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *options,
    ]
    log = home / "lab.log"
    inherited = jupyter_environment(home)
    with log.open("wb") as out:
        # A session of its own keeps the terminal's Ctrl-C away from it: the server would ask whether to stop.
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            env={**inherited, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    lab = Lab(process, "", token, root, log)
    try:
        return dataclasses.replace(lab, url=_address(lab, home / "runtime"))
    except BaseException:
        lab.stop()
        raise


def _address(lab: Lab, runtime: Path) -> str:
    """Wait until the server has written its address and answers there to its own token."""
    process, url = lab.process, ""
    written = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = str(json.loads(written.read_text(encoding="utf-8"))["url"])
            request = urllib.request.Request(  # noqa: S310 - http on loopback
                f"{url}api/status", headers={"Authorization": f"token {lab.token}"}
            )
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - the same
                return url
        time.sleep(0.05)
    lines = lab.log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    problem = "did not answer" if process.poll() is None else f"ended with code {process.returncode}"
    message = f"JupyterLab {problem}. Its last message: {last}\nIts log: {lab.log}"
    raise PortTaken(message) if url and process.poll() is not None else LabError(message)


def copy_notebooks(source: Path, target: Path) -> None:
    """Copy the notebooks of `source`, and the pages that they link to, where they are newer than their copies.

    A changed copy stays until the original changes, and is then kept beside the new one.
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
        KeyboardInterrupt: the process that started this one has ended or was interrupted.
    """
    parent = os.getppid()
    while process.poll() is None:
        if os.getppid() != parent or _is_interrupted(parent):
            raise KeyboardInterrupt
        time.sleep(0.2)


def _is_interrupted(process: int) -> bool:
    """Return whether `process` is inside its handler for SIGINT.

    `make` that alone is sent SIGINT waits for its recipe, which got no signal: both would wait for ever.
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
    raise_on_signals()
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
        print(f"JupyterLab ended with code {lab.process.returncode}; its log: {lab.log}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.stop()


if __name__ == "__main__":
    sys.exit(main())
