"""The command in a real terminal: a pty that can be resized, and that has a keyboard."""

import time

import pexpect

from tests.cli.conftest import COMMAND

ON, OFF, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H\x1b[J"
PATIENCE = 20


class Terminal:
    """The command in a terminal, and its output."""

    def __init__(self, api, *arguments, columns=80, lines=30, **environment):
        kept = {name: value for name, value in api.environment.items() if name != "LINES"}
        program, *before = COMMAND
        self.child = pexpect.spawn(
            program,
            [*before, *arguments],
            dimensions=(lines, columns),
            env=kept | environment,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.written = ""

    def read_until(self, seen):
        """Read until `seen` returns true for this terminal."""
        ends = time.monotonic() + PATIENCE
        while not seen(self):
            assert time.monotonic() < ends, self.written[-3_000:]
            try:
                self.written += self.child.read_nonblocking(65_536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert seen(self), self.written[-3_000:]

    def ended(self):
        """Read to the end; return the exit code."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            try:
                self.written += self.child.read_nonblocking(65_536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
        self.child.close()
        return self.child.exitstatus

    @property
    def frame(self):
        """The lines of the newest complete frame."""
        *_, last = ["", *self.written.split(OFF)[0].split(HOME)]
        return [line.rstrip() for line in last.split("\r\n")]

    @property
    def left(self):
        """The text on the terminal after the alternate screen was left."""
        return self.written.partition(OFF)[2].replace("\r\n", "\n")
