"""The files in which `once=` writes down what it has started: read, changed and watched from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

FOLDER_VARIABLE = "ORIGAMI_WIDGETS_DATA"
"""Names the folder to use instead of the platform's."""
HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


class StartFiles:
    """The files of one test.

    Args:
        patch: pytest's.
        home: the folder that the environment names.
    """

    def __init__(self, patch: pytest.MonkeyPatch, home: Path) -> None:
        self._patch = patch
        self.folder = home / "once"
        patch.setenv(FOLDER_VARIABLE, str(home))

    @property
    def paths(self) -> list[Path]:
        """One file for each name."""
        return sorted(self.folder.glob("*.json"))

    @property
    def path(self) -> Path:
        """The only one."""
        (path,) = self.paths
        return path

    def read(self) -> dict[str, Any]:
        """What the only one holds."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    def change(self, **changes: Any) -> None:
        """Change fields of the only one."""
        self.path.write_text(json.dumps({**self.read(), **changes}), encoding="utf-8")

    @contextmanager
    def locked(self) -> Iterator[subprocess.Popen[str]]:
        """Let another process, which can be killed, hold the lock of the only one."""
        command = [sys.executable, "-c", HOLD, str(self.path.with_suffix(".lock"))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            try:
                yield other
            finally:
                other.kill()

    def is_locked(self) -> bool:
        """Whether a process holds the lock of the only one."""
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=0):
                return False
        except Timeout:
            return True

    @contextmanager
    def before_each_write(self, act: Callable[[dict[str, Any]], object]) -> Iterator[None]:
        """Call a function with what is about to be written, each time a file is put in place; it may block or raise."""
        replace = os.replace

        def watched(source: Any, target: Any, **options: Any) -> None:
            if Path(target).suffix == ".json" and Path(target).parent == self.folder:
                act(json.loads(Path(source).read_text(encoding="utf-8")))
            replace(source, target, **options)

        with self._patch.context() as patch:
            patch.setattr(os, "replace", watched)
            yield


def no_room(record: dict[str, Any]) -> None:
    """For `before_each_write`: the disk is full when the run is to be written down."""
    if record["run_id"]:
        raise OSError(28, "No space left on device")
