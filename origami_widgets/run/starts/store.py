"""The start store of `once=`: one entry for each name, in a file or in memory.

An entry holds ids, moments and a fingerprint, but neither the brief nor anything made from the API key. It is written
before each request that costs money, with its idempotency key, and completed when the answer names the run. A
file is always replaced as a whole. Each name has its own file and lock: only kernels that run the same cell at once
wait for each other, and a damaged file affects one name.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
import threading
import unicodedata
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, NamedTuple, TypeVar, cast

import msgspec

from origami_widgets.api.errors import AmbiguousStart, InvalidInput, OrigamiError, RunNotFound
from origami_widgets.api.validate import not_a_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

    from origami_widgets.api.errors import NotFound
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.starts.record import StartSpec

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

VERSION = 2
LONGEST_ONCE = 100
SLUG_LENGTH = 40
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Range of years that an entry may contain, even if a clock was set wrong. Windows cannot format later years."""
KEY_KEPT = timedelta(hours=23)
"""The server repeats its first answer to an idempotency key for a day. Minus one hour, as clocks differ."""
FOLDER_VARIABLE = "ORIGAMI_WIDGETS_DATA"
"""Environment variable with a folder to use instead of the platform's."""
JUST_STARTED = 30.0
"""Seconds after its start in which the server may not know a run yet."""
PATIENCE = 300.0
"""Seconds to wait for another kernel that is starting the same run."""
LARGEST = 256 * 1024
"""Largest file to read, in bytes: ours have one or two thousand."""
LOOK = 0.1
"""Seconds between two attempts to lock a name that another kernel holds."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Step = Literal["start", "attach", "send_again", "reconcile"]


class NameTaken(InvalidInput):
    """The name in `once=` belongs to a run with another brief or other options; nothing was sent."""


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


class StartUnclear(AmbiguousStart):
    """A run may have started under this name; starting it again might pay twice. Nothing was sent."""


class StoredStart(msgspec.Struct, frozen=True, kw_only=True):
    """Content of one entry in a start store.

    Attributes:
        name: the name in `once=`.
        base_url: see `Scope`, also for the next two.
        project: the project's id.
        organization: the organization's id.
        fingerprint: fingerprint of the start spec, salted with the idempotency key.
        idempotency_key: the key of the request that starts the run.
        claimed_at: when the request was about to be sent for the first time.
        attempted_at: when it was about to be sent for the last time.
        bases: the credits that tables had used before the run, by table id: focus tables, and those of the runs that it
            continues. Its credit limit counts from them, whichever process looks at it.
        agent_id: the agent's id; empty before the answer.
        run_id: the run's id; empty before the answer.
        started_at: when the run started.
        version: version of this format.
    """

    name: str
    base_url: str
    project: str | None
    organization: str
    fingerprint: str
    idempotency_key: str
    claimed_at: Moment
    attempted_at: Moment
    bases: dict[str, int] = {}
    agent_id: str = ""
    run_id: str = ""
    started_at: Moment | None = None
    version: int = VERSION

    @property
    def began(self) -> datetime:
        """When the run started, or if that is unknown, when its request was sent."""
        return self.started_at or self.claimed_at


def next_step(stored: StoredStart | None, spec: StartSpec, now: datetime) -> Step:
    """Return what a call that starts this spec under a name has to do.

    Args:
        stored: the content of the name's entry; None without one.
        spec: the arguments of the call.
        now: the present moment.

    Returns:
        `start`: start a run. `attach`: attach to the stored run. `send_again`: look for a run that the stored request
        has started, and if there is none, send the same request with the same key. `reconcile`: only look for it, as
        the server has forgotten the key, so nothing may be sent again.

    Raises:
        NameTaken: the name stands for something else.
    """
    if stored is None:
        return "start"
    if stored.fingerprint != spec.fingerprint(stored.idempotency_key):
        raise NameTaken(
            f"The name {stored.name!r} is used by another run",
            cause=f"once={stored.name!r} was used at {spoken(stored.began)} with a different brief or different "
            "options.",
            remedy="Use another name, or start again under this one with fresh=True, which costs another run.",
        )
    if stored.run_id:
        return "attach"
    return "reconcile" if abs(now - stored.claimed_at) > KEY_KEPT else "send_again"


def start_unclear(stored: StoredStart) -> StartUnclear:
    """Return the error of a stored request whose run is not found, and which the server has forgotten."""
    return StartUnclear(
        f"{stored.name!r} may have started",
        cause=f"The response to the request of {spoken(stored.claimed_at)} never arrived, and no run with this brief "
        "was found. Sending it again could start a second run. Nothing was sent.",
        remedy="Look for its agent in Origami, or with list_agents(). If it's there: ow.attach('AGENT_ID'). If it "
        "isn't, start again with fresh=True, or under another name.",
        code="START_UNCLEAR",
    )


def run_gone(stored: StoredStart, error: NotFound, now: datetime) -> RunNotFound:
    """Return the error of a stored run that the server does not have.

    Args:
        stored: the content of the name's entry.
        error: the server's answer.
        now: the present moment.
    """
    if (now - stored.began).total_seconds() < JUST_STARTED:
        remedy = "It started a moment ago, and the server may not list it yet. Run this cell again."
    else:
        remedy = "Start again under the same name with fresh=True, which costs another run, or use another name."
    return RunNotFound(
        f"The run named {stored.name!r} no longer exists",
        cause=f"It was started at {spoken(stored.began)} ({stored.agent_id}/{stored.run_id}), but doesn't exist for "
        "this key and project. Nothing was started.",
        remedy=remedy,
        code=error.code,
        status_code=error.status_code,
        request_id=error.request_id,
    )


def spoken(moment: datetime) -> str:
    """Return a moment as text, as the card writes it.

    >>> spoken(datetime(2026, 7, 21, 9, 30, tzinfo=UTC))
    '2026-07-21 09:30 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def valid_once(name: object) -> str:
    """Check a name for `once=` (1 to 100 characters of any script) and return it with normalized Unicode.

    Raises:
        InvalidInput: the name is not valid; nothing was sent.
    """
    remedy = f"Use a short name of your own, up to {LONGEST_ONCE} characters: once='bakeries'."
    if not isinstance(name, str):
        raise InvalidInput("once= needs a name", cause=f"Expected a string, got {type(name).__name__}.", remedy=remedy)
    composed = unicodedata.normalize("NFC", name)
    if not composed.strip() or composed != composed.strip():
        raise InvalidInput("once= needs a name", cause="It's empty, or starts or ends with a space.", remedy=remedy)
    if len(composed) > LONGEST_ONCE:
        raise InvalidInput("The name is too long", cause=f"once= has {len(composed):,} characters.", remedy=remedy)
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in composed):
        raise InvalidInput("Invalid name", cause="It contains a control character.", remedy=remedy)
    return not_a_key(composed, "the name of a run")


class StoreEntry(Generic[S]):
    """Entry of one name in a start store: a file, or memory for an API embedded in this process, which ends with it.

    Args:
        embedded: the API itself if it is embedded in this process; else None.
        scope: where the name is valid.
        name: the name.
        kind: the class of the entry's content.

    Attributes:
        key: equal for equal entries.

    Raises:
        RegistryUnusable: `ORIGAMI_WIDGETS_DATA` is a relative path, which depends on where the kernel was started.
    """

    def __init__(
        self,
        embedded: object | None,
        scope: Scope,
        name: str,
        kind: type[S] = StoredStart,  # type: ignore[assignment] # the usual one
    ) -> None:
        self._scope = scope
        self._name = name
        self._kind = kind
        self._memory = None if embedded is None else _memory.setdefault(embedded, {})
        self._path = Path() if embedded is not None else _folder() / f"{file_stem(scope, name)}.json"
        self.key: Hashable = self._path if self._memory is None else (id(self._memory), scope, name)

    @property
    def place(self) -> dict[str, Any]:
        """The fields of the content that say where and under which name it is valid."""
        return {"name": self._name, **self._scope._asdict()}

    def new(self, spec: StartSpec, key: str, now: datetime) -> StoredStart:
        """Return the content to write before a run is started."""
        return StoredStart(
            **self.place, fingerprint=spec.fingerprint(key), idempotency_key=key, claimed_at=now, attempted_at=now
        )

    async def read(self) -> S | None:
        """Return the content of the entry; None if there is no entry.

        Raises:
            RegistryUnusable: the file cannot be read, or is not an entry of this name.
        """
        if self._memory is not None:
            return cast("S | None", self._memory.get(self.key))
        try:
            return _decode(await _in_a_thread(lambda: _read_file(self._path)), self._scope, self._name, self._kind)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("can't be read", error) from error
        except (ValueError, RecursionError) as error:
            raise self._unusable("is damaged", error) from error

    async def write(self, stored: S | None) -> None:
        """Replace the content of the entry; None deletes it.

        Raises:
            RegistryUnusable: the folder cannot be written to, or the disk is full.
        """
        if self._memory is not None:
            self._memory[self.key] = stored
            return
        try:
            if stored is None:
                await _in_a_thread(lambda: self._path.unlink(missing_ok=True))
                return
            data = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
            await _in_a_thread(lambda: _replace_file(self._path, data))
        except OSError as error:
            raise self._unusable("can't be written", error) from error

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
            cause=f"{self._path}: {reason}. Nothing was started.",
            remedy="Fix the file, or delete it (its run then won't be found again). Or set the environment variable "
            f"{FOLDER_VARIABLE} to another folder, or leave out once=.",
            code="REGISTRY_UNUSABLE",
        )


async def entry_of(operations: Operations, name: str) -> StoreEntry[StoredStart]:
    """Return the entry of a start's name for a client; see `store_entry`."""
    return await store_entry(operations, name, StoredStart)


async def store_entry(operations: Operations, name: str, kind: type[S]) -> StoreEntry[S]:
    """Return the entry of a name for a client. The organization is read once per client: `GET /account`.

    Nothing made from the key is written down. If the server names no organization, keys of two organizations share their
    names: the second key then gets an error that the run does not exist, and never pays unnoticed.

    Raises:
        OrigamiError: the account could not be read, or the folder is not an absolute path.
    """
    organization = ""
    if operations.embedded is None:
        if operations.identity not in _organizations:
            _organizations[operations.identity] = (await operations.get_account()).organization.id
        organization = _organizations[operations.identity]
    return StoreEntry(operations.embedded, Scope(*operations.destination, organization), name, kind)


_organizations: dict[Hashable, str] = {}
"""The organization of each client, once it was read."""
_memory: weakref.WeakKeyDictionary[object, dict[Hashable, msgspec.Struct | None]] = weakref.WeakKeyDictionary()


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


def _decode(data: bytes, scope: Scope, name: str, kind: type[S]) -> S:
    """Decode the bytes of an entry's file.

    Raises:
        ValueError: they are not an entry, or are that of another name.
    """
    stored: Any = msgspec.json.decode(data, type=kind)
    moments = [moment for moment in msgspec.structs.astuple(stored) if isinstance(moment, datetime)]
    # Moments outside these years could leave the calendar when they are compared or formatted in some time zones.
    if not all(FIRST_YEAR <= moment.year <= LAST_YEAR for moment in moments):
        raise ValueError("a date in it is outside of the years 1900 to 2999")
    if stored.version != VERSION:
        raise ValueError(f"it was written by another version ({stored.version})")
    if (stored.base_url, stored.project, stored.organization, stored.name) != (*scope, name):
        raise ValueError("it's for another name")
    if isinstance(stored, StoredStart) and bool(stored.agent_id) != bool(stored.run_id):
        raise ValueError("the agent or the run is missing")
    return cast("S", stored)


async def _in_a_thread(act: Callable[[], T]) -> T:
    """Call a function that waits for the disk, in a thread if the host has threads, so that the event loop goes on.

    A cancelled task still waits for the function's end: a file must not change after the lock of its name is released.
    """
    result: concurrent.futures.Future[T] = concurrent.futures.Future()

    def carry_out() -> None:
        try:
            result.set_result(act())
        except BaseException as error:  # noqa: BLE001 - handed on
            result.set_exception(error)

    # Not a thread pool: if it cannot start its thread, it keeps the work and would write later, while another process
    # holds the name.
    try:
        threading.Thread(target=carry_out, name="origami-widgets registry").start()
    except RuntimeError:
        return act()
    ending = asyncio.wrap_future(result)
    try:
        return await asyncio.shield(ending)
    except asyncio.CancelledError:
        while not ending.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((ending,))
        raise


def _read_file(path: Path) -> bytes:
    """Read a file of the store. Does not block on a pipe or a device.

    Raises:
        OSError: the file cannot be read, is not a regular file, or is larger than any of ours.
    """
    handle = os.open(path, os.O_RDONLY | _WITHOUT_BLOCKING)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "It isn't a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(errno.EFBIG, f"It's larger than {LARGEST // 1024} KiB")
    return data


_WITHOUT_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def _make_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _replace_file(path: Path, data: bytes) -> None:
    """Replace a file as a whole: a reader sees either the old or the new content, even after a crash."""
    _make_folder(path)
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
