"""Other kernels, as processes that talk to the same server: begun, read and killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.support.front import unanswered

if TYPE_CHECKING:
    import signal

    from tests.support.front import Front

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
