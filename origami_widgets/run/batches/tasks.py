"""Tasks of the background loop that live until their end, whoever else forgets them: a loop holds its tasks weakly."""

from __future__ import annotations

import asyncio
import os
from typing import Any, TypeVar

T = TypeVar("T")

_tasks: set[asyncio.Task[Any]] = set()
_inherited: list[asyncio.Task[Any]] = []


def kept(task: asyncio.Task[T]) -> asyncio.Task[T]:
    """Keep a task until it is done."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def goes_on_here(task: asyncio.Task[Any] | None) -> bool:
    """Whether a task is under way on the loop that runs: one of a loop that has ended, or of another process, is not."""
    return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()


def _forget_in_child() -> None:
    # Kept for good: collecting a task of a loop that does not exist here would complain about it.
    _inherited.extend(_tasks)
    _tasks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
