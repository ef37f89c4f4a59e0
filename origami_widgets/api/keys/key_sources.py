"""Sources of the API key: an argument, the environment, Colab's secrets and the system's keyring, in this order.

A source is read only if those before it have no key. The last two may prompt the user, and are never read for an
embedded API. Their keys become a `Secret` at once, and their failures become our own errors, because the frames of a
library's exception may hold the key.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from origami_widgets.api.errors import MissingKey, OrigamiError
from origami_widgets.api.keys.secret import Secret, missing_key, read_key
from origami_widgets.host.application import in_colab

T = TypeVar("T")

NAME = "ORIGAMI_API_KEY"
SERVICE = "origami_widgets"
"""Service name of our entries in the keyring. Their user name is the base URL."""
NO_KEYRING = "NoKeyringError"
"""Exception of the keyring library on a system without a keyring."""
KEYRING_FAILURES = {
    NO_KEYRING: ("This machine has no keyring.", ""),
    "KeyringLocked": ("The system's keyring is locked.", "Unlock the keyring and try again."),
}
"""What the exceptions of the keyring library say, by their names, and what to do."""
SAFE_PRIORITY = 1
"""Priority that the keyring library recommends. Backends below it store nothing, or a file that others can read."""

COLAB_FAILURES = {
    "SecretNotFoundError": f"Colab has no secret {NAME}.",
    "NotebookAccessError": f"Colab has a secret {NAME}, but this notebook doesn't have access to it.",
    "TimeoutException": f"Colab took too long to return the secret {NAME}.",
}
"""What the exceptions of Colab's library say, by their names."""
COLAB_REMEDY = (
    f"Open Secrets (the key icon on the left), add {NAME} if it isn't there, turn on “Notebook access” for it, and allow "
    "access when Colab asks."
)

Source: TypeAlias = Literal["", "colab", "keyring"]

_one_at_a_time = threading.Lock()
"""Held while Colab is asked: the kernel has a single channel to Colab's page."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Result of looking for a key in Colab and in the keyring.

    Attributes:
        key: the key, or the error that explains what is wrong with it; None without a key.
        source: the source of the key; empty without a key.
        problems: why a source could not be read, one sentence each.
        remedies: what to do about the problems.
    """

    key: Secret | OrigamiError | None = None
    source: Source = ""
    problems: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()

    def missing(self) -> MissingKey:
        """Return the error that names the sources without a key."""
        return missing_key(" ".join((f"No api_key= was passed, and {NAME} isn't set.", *self.problems)), *self.remedies)


def given_or_environment_key(api_key: object) -> Secret | OrigamiError | None:
    """Return the given key, else the one in the environment.

    Args:
        api_key: the argument; None for the environment.

    Returns:
        The key, or the error that explains what is wrong with it, or None without a key. The error is not raised,
        because its traceback from here would hold the key.
    """
    if api_key is not None:
        return read_key(api_key)
    return _name_source(f"{NAME} in the environment", read_key(os.environ[NAME])) if os.environ.get(NAME) else None


def find_stored_key(base_url: str, *, colab: bool, keyring: bool) -> StoredKey:
    """Look for a key in Colab's secrets, then in the system's keyring. Never raises.

    Args:
        base_url: the base URL of the key; the keyring has one key for each.
        colab: whether to read Colab's secrets, if this is Colab.
        keyring: whether to read the keyring, if its library is installed.
    """
    first = _from_colab() if colab else StoredKey()
    if first.key is not None:
        return first
    then = _from_keyring(base_url) if keyring else StoredKey()
    return StoredKey(then.key, then.source, first.problems + then.problems, first.remedies + then.remedies)


def _from_colab() -> StoredKey:
    # The library works only in Colab, as it asks Colab's page.
    if not in_colab():
        return StoredKey()

    def read() -> Secret | OrigamiError | None:
        userdata: Any = importlib.import_module("google.colab.userdata")
        with _one_at_a_time:
            return _as_secret(userdata.get(NAME))

    found, failure = _attempt(read)
    if not failure:
        return _found("colab", f"The Colab secret {NAME}", found)
    problem = COLAB_FAILURES.get(failure, f"Couldn't ask Colab for the secret {NAME} ({failure}).")
    return StoredKey(problems=(problem,), remedies=(COLAB_REMEDY,))


def _from_keyring(base_url: str) -> StoredKey:
    if not _is_installed():
        return StoredKey()

    def read() -> Secret | OrigamiError | None:
        import keyring

        return _as_secret(keyring.get_password(SERVICE, base_url))

    found, failure = _attempt(read)
    if not failure:
        return _found("keyring", "The key in the keyring", found)
    if failure == NO_KEYRING:
        # The user did not ask for a keyring, and the failure hides no key.
        return StoredKey()
    problem, remedy = KEYRING_FAILURES.get(failure, (f"The system's keyring couldn't be used ({failure}).", ""))
    return StoredKey(problems=(problem,), remedies=(remedy,) if remedy else ())


def store_in_keyring(base_url: str, key: Secret) -> OrigamiError | None:
    """Store a key in the system's keyring, replacing the one for this base URL.

    Args:
        base_url: the base URL of the key.
        key: the key.

    Returns:
        None if the key can be read back; else the error that explains why not.
    """
    if not _is_installed():
        return _not_stored("The package keyring isn't installed.", "Run pip install 'origami-widgets[keyring]'")

    def keep() -> str:
        import keyring

        backend = keyring.get_keyring()
        name = type(backend).__module__
        if not _is_none(backend) and float(backend.priority) < SAFE_PRIORITY:
            return f"The keyring here ({name}) doesn't store keys, or not safely."
        keyring.set_password(SERVICE, base_url, key.reveal())
        # Some backends silently store nothing.
        same = keyring.get_password(SERVICE, base_url) == key.reveal()
        return "" if same else f"The keyring here ({name}) didn't store the key."

    problem, failure = _attempt(keep)
    if failure:
        cause, remedy = KEYRING_FAILURES.get(failure, (f"The system's keyring couldn't be used ({failure}).", ""))
        return _not_stored(cause, remedy.rstrip(".") or "Set up a keyring")
    return _not_stored(problem, "Choose another keyring backend") if problem else None


def _not_stored(cause: str, remedy: str) -> OrigamiError:
    return OrigamiError(
        "The key wasn't stored in the keyring",
        cause=f"{cause} This process uses it anyway.",
        remedy=f"{remedy}, then call ow.login(store=True) again; or set {NAME} before Jupyter starts.",
        code="NO_KEYRING",
    )


def has_keyring() -> bool:
    """Return whether this machine can store a key: the library is installed and has a safe backend. Never prompts."""
    if not _is_installed():
        return False

    def look() -> bool:
        import keyring

        backend = keyring.get_keyring()
        return not _is_none(backend) and float(backend.priority) >= SAFE_PRIORITY

    found, _ = _attempt(look)
    return bool(found)


def _is_none(backend: object) -> bool:
    """Return whether a backend is the library's placeholder on systems without a keyring."""
    return type(backend).__module__.endswith(".fail")


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("keyring") is not None
    except ValueError:  # a fake module in `sys.modules`
        return "keyring" in sys.modules


def _attempt(do: Callable[[], T]) -> tuple[T | None, str]:
    """Call a function and return its result, or the class name of its exception.

    The exception and its traceback are dropped, even for an interrupt, because the library's frames hold the key.
    """
    try:
        return do(), ""
    except KeyboardInterrupt:
        failure = ""
    except Exception as error:  # noqa: BLE001 - a backend may raise any exception of its system
        failure = type(error).__name__
    if not failure:
        raise KeyboardInterrupt
    return None, failure


def _as_secret(value: object) -> Secret | OrigamiError | None:
    """Return the key from a source as a `Secret`; None without one."""
    return read_key(value) if value else None


def _found(source: Source, what: str, key: Secret | OrigamiError | None) -> StoredKey:
    return StoredKey() if key is None else StoredKey(_name_source(what, key), source)


def _name_source(what: str, key: Secret | OrigamiError) -> Secret | OrigamiError:
    if isinstance(key, OrigamiError):
        key.cause = f"{what}: {key.cause}"
    return key
