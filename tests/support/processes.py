"""Other kernels, as processes that talk to the same server: begun, read and killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.front import unanswered

if TYPE_CHECKING:
    import signal

    from tests.support.counting_server import CountingServer
    from tests.support.front import Front

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds; a process that imports the package and starts a run needs two."""


class OtherKernels:
    """Processes that run a program with the key and the address of one server.

    Args:
        front: the way to the server.
        base_url: where it listens.
    """

    def __init__(self, front: Front, base_url: str) -> None:
        self._front = front
        self._own = {"ORIGAMI_API_KEY": front.sandbox.api_key, "ORIGAMI_BASE_URL": base_url}

    def begin(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        """Run a program, and do not wait for it."""
        command = [sys.executable, "-c", code, *arguments]
        environment = {**os.environ, **self._own}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def printed(self, process: subprocess.Popen[str]) -> list[str]:
        """The lines that a program has printed when it has come to a good end."""
        said, problem = process.communicate(timeout=PATIENCE)
        assert (process.returncode, problem) == (0, "")
        return said.splitlines()

    def run(self, code: str, *arguments: str) -> list[str]:
        """The lines that a program prints."""
        return self.printed(self.begin(code, *arguments))

    def die(self, code: str, *arguments: str, end: signal.Signals | None = None) -> None:
        """Run a program, and kill it, or send it a signal, when its next start has reached the server and has no answer.

        Starts that are to be answered before stand in `front.faults`.
        """
        reached, over = threading.Event(), threading.Event()
        self._front.faults += [unanswered(reached, over)] * 3
        dying = self.begin(code, *arguments)
        assert reached.wait(PATIENCE)
        dying.kill() if end is None else dying.send_signal(end)
        over.set()
        dying.communicate(timeout=PATIENCE)
        self._front.faults.clear()


class SameFiles:
    """Processes that run one notebook, with the same files of `once=`, at a server that counts.

    Args:
        server: the server.
        folder: where the files are.
        code: the notebook's code.
    """

    def __init__(self, server: CountingServer, folder: Path, code: str) -> None:
        own = {"ORIGAMI_API_KEY": server.key, "ORIGAMI_BASE_URL": server.base_url, "ORIGAMI_WIDGETS_DATA": str(folder)}
        self._server, self._code, self._environment = server, code, {**os.environ, **own}

    def begin(self) -> subprocess.Popen[str]:
        """Run the notebook, and do not wait for it."""
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", self._code]
        return subprocess.Popen(command, text=True, env=self._environment, cwd=ROOT, **pipes)

    def kill_after(self, requests: int) -> None:
        """Run the notebook, and kill it as soon as so many more requests have come."""
        running = self.begin()
        wanted, ends = len(self._server.requests) + requests, time.monotonic() + PATIENCE
        while len(self._server.requests) < wanted and running.poll() is None and time.monotonic() < ends:
            time.sleep(0.0005)
        running.kill()
        running.communicate()

    def finish(self, running: subprocess.Popen[str]) -> None:
        """Wait for the good end of a process."""
        assert running.communicate(timeout=4 * PATIENCE)[1] == ""
        assert running.returncode == 0
