"""JupyterLab as a child of this process, in a folder of its own: nothing of the person's Jupyter settings is touched."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import OrigamiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0
FIRST_PORT = 8888
NOT_INHERITED: Final = ("JUPYTER", "IPYTHON", "ORIGAMI_API_KEY")

# The news pop-up asks a server on the internet, and covers the first thing that a person should see.
SETTINGS: Final = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


class LabError(OrigamiError):
    """JupyterLab could not be started."""


@dataclasses.dataclass(frozen=True)
class Lab:
    """A JupyterLab server that runs as a child of this process.

    Args:
        process: The server.
        url: Its address, without the token and with a slash at the end.
        token: What it wants to be shown.
        root: The folder whose notebooks it serves.
        log: The file that it writes its messages to.
    """

    process: subprocess.Popen[bytes]
    url: str
    token: str
    root: Path
    log: Path

    def address(self, notebook: str) -> str:
        """Return the address at which a person opens `notebook`."""
        return f"{self.url}lab/tree/{notebook}?token={self.token}"

    def stop(self) -> None:
        """End the server and its kernels. Asks nothing, and may be called twice."""
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


def environment(home: Path) -> dict[str, str]:
    """Return this process' environment with every folder that Jupyter and IPython use moved under `home`.

    The key stays here: what JupyterLab and its kernels are shown for is the sandbox.
    """
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
    (defaults / "default_setting_overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return inherited | {name: str(folder) for name, folder in folders.items()}


def start(
    home: Path,
    root: Path,
    options: Sequence[str] = (),
    *,
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Lab:
    """Start JupyterLab on loopback and return once it answers.

    Args:
        home: Folder for its settings, data, runtime files and log.
        root: Folder of the notebooks.
        options: More options for its command line.
        port: The port that it has to take; the first free one from 8888 on when None.
        environ: More variables for it and its kernels.

    Raises:
        LabError: It ended, or did not answer within a minute.
    """
    token = secrets.token_hex(24)
    command = [
        sys.executable,
        *("-m", "jupyterlab"),
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={FIRST_PORT if port is None else port}",
        f"--ServerApp.port_retries={100 if port is None else 0}",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *options,
    ]
    log = home / "lab.log"
    inherited = environment(home)
    with log.open("wb") as out:
        # A session of its own keeps the terminal's Ctrl-C away from it: the server would ask whether to stop.
        process = subprocess.Popen(  # noqa: S603 - every word of it is ours
            command,
            env={**inherited, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    lab = Lab(process, "", token, root, log)
    try:
        return dataclasses.replace(lab, url=_address(process, home / "runtime", log))
    except BaseException:
        lab.stop()
        raise


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Wait until the server has said which port it took, and answers there."""
    said = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = str(json.loads(said.read_text(encoding="utf-8"))["url"])
            with urllib.request.urlopen(f"{url}api", timeout=5):  # noqa: S310 - http on loopback
                return url
        time.sleep(0.05)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    what = "did not answer" if process.poll() is None else f"ended with code {process.returncode}"
    raise LabError(
        "JupyterLab could not be started",
        cause=f"It {what}. The last that it said: {last}",
        remedy=f"Look at the whole of its log: {log}",
    )


def has_display() -> bool:
    """Tell whether a browser window can be opened for a person here."""
    if os.environ.get("CI"):
        return False
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def obey_signals() -> None:
    """Make every request to stop a KeyboardInterrupt, also where SIGINT came in ignored, as in a script's background."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
