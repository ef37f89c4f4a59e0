"""Where the names of `once=` are kept: one small JSON file for each, in the platform's data folder.

A file is only ever replaced as a whole, and each name has a lock of its own: kernels that run the same cell at once wait
for each other, others do not, and what is wrong with one file concerns one name. An API that lives in this process (the
embedded sandbox) ends with it, and so do its names: they are kept in memory.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import os
import stat
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run import claims

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from filelock import BaseFileLock

    from origami_widgets.run.claims import Claim, Scope

T = TypeVar("T")

FOLDER_VARIABLE = "ORIGAMI_WIDGETS_DATA"
"""Names a folder to use instead of the platform's."""
PATIENCE = 300.0
"""Seconds to wait for another kernel that is starting the same run."""
LARGEST = 256 * 1024
"""Bytes of a file: ours have one or two thousand."""
LOOK = 0.1
"""Seconds after which a task looks again whether a name is free."""


class RegistryUnusable(OrigamiError):
    """What is known about a name of `once=` cannot be read or written; nothing was sent."""


class Slot(Protocol):
    """The place of one name."""

    def read(self) -> Claim | None:
        """What is known, None for nothing."""
        ...

    def write(self, claim: Claim | None) -> None:
        """Replace what is known; None forgets it."""
        ...

    def held(self) -> contextlib.AbstractContextManager[object]:
        """Keep everybody else out who wants to start under this name."""
        ...

    def try_to_hold(self) -> bool:
        """Do the same for a task, where nobody else does; blocks nothing. `let_go` ends it."""
        ...

    def let_go(self) -> None:
        """End what `try_to_hold` has begun."""
        ...

    def busy(self) -> RegistryUnusable:
        """The error of whoever has waited too long."""
        ...


def slot_for(embedded: object | None, scope: Scope, name: str) -> Slot:
    """The place of a name.

    Args:
        embedded: the API itself when it lives in this process, else None.
        scope: where the name is valid.
        name: the name.
    """
    if embedded is not None:
        with _memory_lock:
            slots = _memory.setdefault(embedded, {})
            return slots.setdefault((scope, name), MemorySlot())
    return FileSlot(folder(), scope, name)


def folder() -> Path:
    """Where the files are.

    Raises:
        RegistryUnusable: the environment names a folder that depends on where the kernel was started.
    """
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return _one_folder(chosen) / "once"
    # Loaded here, because few runs have a name.
    from platformdirs import user_data_path

    return user_data_path("origami_widgets", appauthor=False) / "once"


def _one_folder(chosen: str) -> Path:
    """The folder that the variable names, the same from every working directory.

    Raises:
        RegistryUnusable: it would be another one for each.
    """
    try:
        place = Path(chosen).expanduser()
    except RuntimeError:
        place = Path(chosen)
    if place.is_absolute():
        return place
    # From another working directory no run would be known there, and each would be paid for again.
    raise RegistryUnusable(
        f"{FOLDER_VARIABLE} does not name one folder",
        cause=f"{chosen!r} is another folder for each working directory. Nothing was started.",
        remedy=f"Give the whole path, or one that begins with ~/, for example {str(Path(chosen).absolute())!r}.",
        code="REGISTRY_UNUSABLE",
    )


class FileSlot:
    """The place of one name on disk.

    Args:
        place: the folder.
        scope: where the name is valid.
        name: the name.
    """

    def __init__(self, place: Path, scope: Scope, name: str) -> None:
        self._scope = scope
        self._name = name
        self.path = place / f"{claims.file_stem(scope, name)}.json"

    def read(self) -> Claim | None:
        """What is known, None for nothing.

        Raises:
            RegistryUnusable: the file cannot be read, or holds something else.
        """
        try:
            return claims.read(_read_file(self.path), self._scope, self._name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("cannot be read", error) from error
        except (ValueError, RecursionError) as error:
            raise self._unusable("is damaged", error) from error

    def write(self, claim: Claim | None) -> None:
        """Replace what is known; None forgets it.

        Raises:
            RegistryUnusable: the folder cannot be written to, or the disk is full.
        """
        try:
            if claim is None:
                self.path.unlink(missing_ok=True)
                return
            self._make_folder()
            _replace(self.path, claims.written(claim))
        except OSError as error:
            raise self._unusable("cannot be written", error) from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every kernel and thread out that wants to start under this name.

        Raises:
            RegistryUnusable: the folder cannot be written to, or another kernel does not come to an end.
        """
        from filelock import FileLock, Timeout

        # An interrupt may come between any two steps, and its traceback keeps what they held: the same thread, which
        # never holds a name twice, takes over what it has left behind.
        lock = FileLock(self.path.with_suffix(".lock"), is_singleton=True)
        _check_no_task_of_this_thread(self.path, self._name)
        try:
            try:
                self._make_folder()
                lock.acquire(timeout=PATIENCE)
            except Timeout as error:
                raise self.busy() from error
            except (OSError, NotImplementedError) as error:
                raise self._unusable("cannot be locked", error) from error
            yield
        finally:
            lock.release(force=True)

    def try_to_hold(self) -> bool:
        """Hold the name for a task, where nobody else does.

        Raises:
            RegistryUnusable: the folder cannot be written to.
        """
        from filelock import FileLock, Timeout

        # A lock knows threads and no tasks: two of one thread would both have it.
        if self.path in _held_by_tasks:
            return False
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            self._make_folder()
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            raise self._unusable("cannot be locked", error) from error
        _held_by_tasks[self.path] = (threading.get_ident(), lock)
        return True

    def let_go(self) -> None:
        """End what `try_to_hold` has begun."""
        lock = _held_by_tasks.pop(self.path)[1]
        if lock is not None:
            lock.release(force=True)

    def busy(self) -> RegistryUnusable:
        """The error of whoever has waited too long."""
        return RegistryUnusable(
            f"Another kernel is starting {self._name!r}",
            cause=f"It has been at it for more than {PATIENCE / 60:.0f} minutes; it may wait for a free run slot.",
            remedy="Look at that kernel, or end it, and run this cell again.",
            code="REGISTRY_BUSY",
        )

    def _make_folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _unusable(self, what: str, error: Exception) -> RegistryUnusable:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return RegistryUnusable(
            f"What is known about once={self._name!r} {what}",
            cause=f"{self.path}: {reason}. Nothing was started.",
            remedy=f"Put the file right or delete it (the run that it stands for is then not found again), name another "
            f"folder in the environment variable {FOLDER_VARIABLE}, or leave once= out.",
            code="REGISTRY_UNUSABLE",
        )


class MemorySlot:
    """The place of one name in this process."""

    def __init__(self) -> None:
        self._claim: Claim | None = None
        self._lock = threading.Lock()

    def read(self) -> Claim | None:
        """What is known, None for nothing."""
        return self._claim

    def write(self, claim: Claim | None) -> None:
        """Replace what is known; None forgets it."""
        self._claim = claim

    def held(self) -> contextlib.AbstractContextManager[object]:
        """Keep every other thread out that wants to start under this name.

        Raises:
            RegistryUnusable: a task of this thread, which goes on only afterwards, is starting it.
        """
        _check_no_task_of_this_thread(self, "this name")
        # The lock itself: no interrupt comes between it and the block that it guards.
        return self._lock

    def try_to_hold(self) -> bool:
        """Hold the name for a task, where nobody else does."""
        if not self._lock.acquire(blocking=False):
            return False
        _held_by_tasks[self] = (threading.get_ident(), None)
        return True

    def let_go(self) -> None:
        """End what `try_to_hold` has begun."""
        del _held_by_tasks[self]
        self._lock.release()

    def busy(self) -> RegistryUnusable:
        """The error of whoever has waited too long."""
        return _started_by_a_task("this name")


@contextlib.asynccontextmanager
async def held_by_task(slot: Slot) -> AsyncIterator[None]:
    """`Slot.held` for a task: its event loop goes on while somebody else holds the name.

    Raises:
        RegistryUnusable: the folder cannot be written to, or whoever holds it does not come to an end.
    """
    ends = time.monotonic() + PATIENCE
    while not slot.try_to_hold():
        if time.monotonic() > ends:
            raise slot.busy()
        await asyncio.sleep(LOOK)
    try:
        yield
    finally:
        slot.let_go()


async def in_a_thread(act: Callable[[], T]) -> T:
    """What a function gives that waits for the disk: the event loop goes on meanwhile, where there are threads.

    A task that is cancelled waits for its end all the same: a file must not change any more once its name is let go.
    """
    told: concurrent.futures.Future[T] = concurrent.futures.Future()

    def carry_out() -> None:
        try:
            told.set_result(act())
        except BaseException as error:  # noqa: BLE001 - handed on
            told.set_exception(error)

    # No pool: one that cannot start its thread keeps what it was given, and would write it later, beside somebody else.
    try:
        threading.Thread(target=carry_out, name="origami-widgets registry").start()
    except RuntimeError:
        return act()
    ending = asyncio.wrap_future(told)
    try:
        return await asyncio.shield(ending)
    except asyncio.CancelledError:
        while not ending.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((ending,))
        raise


_held_by_tasks: dict[object, tuple[int, BaseFileLock | None]] = {}
"""What tasks hold, with the thread whose loop they run on."""


def _check_no_task_of_this_thread(key: object, name: str) -> None:
    """Refuse to block for a task that goes on only when this thread does.

    Raises:
        RegistryUnusable: one holds the name.
    """
    if key in _held_by_tasks and _held_by_tasks[key][0] == threading.get_ident():
        raise _started_by_a_task(name)


def _started_by_a_task(name: str) -> RegistryUnusable:
    return RegistryUnusable(
        f"A task of this program is starting {name!r}",
        cause="It awaits the answer, and could not go on while this call blocks. Nothing was sent.",
        remedy="Await that task first, or await this call as well: await ow.start_async(…).",
        code="REGISTRY_BUSY",
    )


_memory: weakref.WeakKeyDictionary[object, dict[tuple[Scope, str], MemorySlot]] = weakref.WeakKeyDictionary()
_memory_lock = threading.Lock()


def _read_file(path: Path) -> bytes:
    """What a file of ours holds. Never blocks, as reading a pipe or a device would.

    Raises:
        OSError: it cannot be read, is no file, or is larger than any of ours.
    """
    handle = os.open(path, os.O_RDONLY | _WITHOUT_BLOCKING)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "It is not a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(errno.EFBIG, f"It is larger than {LARGEST // 1024} KiB")
    return data


_WITHOUT_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def _replace(path: Path, data: bytes) -> None:
    """Put a file in the place of another, so that whoever reads it sees the one or the other, also after a crash."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
