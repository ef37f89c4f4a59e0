"""The start store of `once=`: one record for each name, in a file or in memory.

A record is written before each request that costs money, with its idempotency key, and completed when the answer names the
run. A file is always replaced as a whole. Each name has its own file and lock: only kernels that run the same cell at once
wait for each other, and a damaged file affects one name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run.starts.record import VERSION, StartRecord, Stored

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations


SLUG_LENGTH = 40
FOLDER_VARIABLE = "ORIGAMI_WIDGETS_DATA"
"""Environment variable with a folder to use instead of the platform's."""
PATIENCE = 300.0
"""Seconds to wait for another kernel that is starting the same run."""
LOOK = 0.1
"""Seconds between two attempts to lock a name that another kernel holds."""


class RegistryUnusable(OrigamiError):
    """The store entry for a name in `once=` cannot be read or written; nothing was sent."""


class Scope(NamedTuple):
    """Scope of a name: the same name in another scope is a different name.

    Args:
        base_url: the whole prefix of the API.
        project: the project's id; None for the parent organization.
        organization: the id of the key's organization; empty if the server did not say.
    """

    base_url: str
    project: str | None
    organization: str


S = TypeVar("S", bound=Stored)


class StoreEntry(Generic[S]):
    """Entry of one name in a start store: a file, or memory for an API embedded in this process, which ends with it.

    Args:
        embedded: the API itself if it is embedded in this process; else None.
        scope: where the name is valid.
        name: the name.
        kind: the class of its record.
        path: a file of its own, in place of one in the platform's folder; None for none.

    Attributes:
        key: equal for equal entries.

    Raises:
        RegistryUnusable: `ORIGAMI_WIDGETS_DATA` is a relative path, which depends on where the kernel was started.
    """

    def __init__(
        self, embedded: object | None, scope: Scope, name: str, kind: type[S], path: Path | None = None
    ) -> None:
        self._scope = scope
        self._name = name
        self._kind = kind
        self._memory = None if embedded is None or path is not None else _memory.setdefault(embedded, {})
        self._path = path or (Path() if embedded is not None else _folder() / f"{file_stem(scope, name)}.json")
        self.key: Hashable = self._path if self._memory is None else (id(self._memory), scope, name)

    def place(self, record: Stored) -> None:
        """Write into a record where and under which name it is valid."""
        record.name = self._name
        record.base_url, record.project, record.organization = self._scope

    def read(self) -> S | None:
        """Return the record; None if there is none.

        Raises:
            RegistryUnusable: the file cannot be read, or is not an entry of this name.
        """
        try:
            data = self._path.read_bytes() if self._memory is None else self._memory.get(self.key)
            return None if data is None else self._decode(data)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("can't be read", error) from error
        except (ValueError, RecursionError) as error:
            raise self._unusable("is damaged", error) from error

    def _decode(self, data: bytes) -> S:
        """Decode the bytes of a file.

        Raises:
            ValueError: they are not a record, or are that of another name.
        """
        record = msgspec.json.decode(data, type=self._kind)
        if record.version != VERSION:
            raise ValueError(f"it was written by another version ({record.version})")
        if (record.base_url, record.project, record.organization, record.name) != (*self._scope, self._name):
            raise ValueError("it's for another name")
        if isinstance(record, StartRecord) and bool(record.agent_id) != bool(record.run_id):
            raise ValueError("the agent or the run is missing")
        return record

    def write(self, record: S | None) -> None:
        """Replace the record; None deletes it.

        Raises:
            RegistryUnusable: the folder cannot be written to, or the disk is full.
        """
        data = None if record is None else msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
        if self._memory is not None:
            self._memory[self.key] = data
            return
        try:
            replace_file(self._path, data)
        except OSError as error:
            raise self._unusable("can't be written", error) from error

    def stored_beside(self) -> Iterator[bytes]:
        """Yield what is stored under all names. What cannot be read is left out."""
        if self._memory is not None:
            yield from filter(None, [*self._memory.values()])
            return
        for path in self._path.parent.glob("*.json"):
            # Another process may just have taken it away.
            with contextlib.suppress(OSError):
                yield path.read_bytes()

    def is_scope_of(self, record: Stored) -> bool:
        """Return whether a record's name is valid where this one is."""
        return (record.base_url, record.project, record.organization) == self._scope

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the name's lock, so that no other process starts under this name.

        Raises:
            RegistryUnusable: the folder cannot be written to, or another kernel holds the lock for too long.
        """
        if self._memory is not None:
            # No other process can see this memory.
            yield
            return
        from filelock import AsyncFileLock, Timeout

        # No executor: trying to lock does not block, and some hosts have no threads.
        lock = AsyncFileLock(self._path.with_suffix(".lock"), run_in_executor=False)
        try:
            _make_folder(self._path)
            await lock.acquire(timeout=PATIENCE, poll_interval=LOOK)
        except Timeout:
            raise RegistryUnusable(
                f"Another kernel is starting {self._name!r}",
                cause=f"It has taken more than {PATIENCE / 60:.0f} minutes. It may be waiting for a free run slot.",
                remedy="Check that kernel, or stop it, then run this cell again.",
                code="REGISTRY_BUSY",
            ) from None
        except (OSError, NotImplementedError) as error:
            raise self._unusable("can't be locked", error) from error
        try:
            yield
        finally:
            await lock.release(force=True)

    def _unusable(self, what: str, error: Exception) -> RegistryUnusable:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return RegistryUnusable(
            f"The record of once={self._name!r} {what}",
            cause=f"{self._path}: {reason}.",
            remedy="Nothing was started. Fix the file, or delete it (its run then won't be found again). Or set the environment variable "
            f"{FOLDER_VARIABLE} to another folder, or leave out once=.",
            code="REGISTRY_UNUSABLE",
        )


async def entry_of(operations: Operations, name: str) -> StoreEntry[StartRecord]:
    """Return the entry of a start's name for a client; see `store_entry`."""
    return await store_entry(operations, name, StartRecord)


async def recorded_runs(operations: Operations, once: str) -> set[str]:
    """Return the ids of the runs that were started under a name, and of its answers and follow-ups. Damaged records count not.

    Raises:
        OrigamiError: the account could not be read, or the folder is not an absolute path.
    """
    entry, found = await entry_of(operations, once), set[str]()
    for data in entry.stored_beside():
        with contextlib.suppress(ValueError, RecursionError):
            record = msgspec.json.decode(data, type=StartRecord)
            if entry.is_scope_of(record) and f"{record.name}, ".startswith(f"{once}, "):
                found.add(record.run_id)
    return found - {""}


async def store_entry(operations: Operations, name: str, kind: type[S]) -> StoreEntry[S]:
    """Return the entry of a name for a client. The organization is read once per client: `GET /account`.

    Nothing made from the key is written down. If the server names no organization, keys of two organizations share their
    names: the second key then gets an error that the run does not exist, and never pays unnoticed.

    Raises:
        OrigamiError: the account could not be read, or the folder is not an absolute path.
    """
    return StoreEntry(operations.embedded, await scope_of(operations), name, kind)


async def scope_of(operations: Operations) -> Scope:
    """Return the scope of names for a client; see `store_entry`.

    Raises:
        OrigamiError: the account could not be read.
    """
    organization = ""
    if operations.embedded is None:
        if operations.identity not in _organizations:
            _organizations[operations.identity] = (await operations.get_account()).organization.id
        organization = _organizations[operations.identity]
    return Scope(*operations.destination, organization)


_organizations: dict[Hashable, str] = {}
"""The organization of each client, once it was read."""
_memory: weakref.WeakKeyDictionary[object, dict[Hashable, bytes | None]] = weakref.WeakKeyDictionary()


def _folder() -> Path:
    chosen = os.environ.get(FOLDER_VARIABLE)
    if not chosen:
        # Imported here, because few runs have a name.
        from platformdirs import user_data_path

        return user_data_path("origami_widgets", appauthor=False) / "once"
    place = Path(chosen)
    with contextlib.suppress(RuntimeError):
        place = place.expanduser()
    if place.is_absolute():
        return place / "once"
    # From another working directory, the runs would not be found, and each would be paid for again.
    raise RegistryUnusable(
        f"{FOLDER_VARIABLE} isn't an absolute path",
        cause=f"{chosen!r} is a different folder in each working directory. Nothing was started.",
        remedy=f"Use the full path, or one that starts with ~/, for example {str(Path(chosen).absolute())!r}.",
        code="REGISTRY_UNUSABLE",
    )


def file_stem(scope: Scope, name: str) -> str:
    """Return an entry's file name without suffix: readable letters of the name, and a digest of name and scope.

    >>> file_stem(Scope("https://origami.chat/api/v2", None, ""), "Porto, 2026!").partition("--")[0]
    'porto-2026'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:SLUG_LENGTH].strip("-") or "run"
    digest = hashlib.blake2b(msgspec.json.encode([*scope, name]), digest_size=10).hexdigest()
    return f"{slug}--{digest}"


def _make_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def replace_file(path: Path, data: bytes | None) -> None:
    """Replace a file as a whole, or delete it: a reader sees either the old or the new content, even after a crash."""
    if data is None:
        path.unlink(missing_ok=True)
        return
    _make_folder(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


runs_taken: dict[tuple[Hashable, str], str] = {}
"""The first idempotency key of the start that owns a run, by client and run id: no other start may take the run."""
