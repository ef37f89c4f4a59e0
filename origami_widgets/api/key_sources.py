"""Where a key comes from: an argument, the environment, the secrets of Colab, the system's keyring, in this order.

The next place is asked only when the one before has nothing. The last two may have to ask a person, and are never asked
for an embedded API. What they answer becomes a `Secret` at once, and their failures are told in words of our own: the
frames of a library's exception may hold the key.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.secret import Secret, missing_key, read_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.errors import MissingKey

T = TypeVar("T")

NAME = "ORIGAMI_API_KEY"
SERVICE = "origami_widgets"
"""What the keyring files the key under; the user of the entry is the base URL."""
NO_KEYRING = "NoKeyringError"
"""What the library raises where the system has none."""
SAFE_PRIORITY = 1
"""What keyring itself recommends; below are backends that keep nothing, or a file that anybody can read."""

Source: TypeAlias = Literal["", "colab", "keyring"]

_one_at_a_time = threading.Lock()
"""Colab asks its page over the one line that the kernel has for it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking outside of the process has given.

    Attributes:
        key: the key, or what is wrong with what stands in its place; None where there is none.
        source: the place that it comes from; empty where there is none.
        problems: why a place could not tell, one sentence each.
        remedies: what to do about these.
    """

    key: Secret | OrigamiError | None = None
    source: Source = ""
    problems: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()

    def missing(self) -> MissingKey:
        """The error that says where a key was looked for in vain."""
        return missing_key(" ".join((f"No api_key= was given, and {NAME} is not set.", *self.problems)), *self.remedies)


def key_at_hand(api_key: object) -> Secret | OrigamiError | None:
    """The key that was given, else the environment's.

    Args:
        api_key: what was given; None looks into the environment.

    Returns:
        The key, or the error that tells what is wrong with it, or None where there is none. The error is not raised: in
        here, its traceback would hold the key.
    """
    if api_key is not None:
        return read_key(api_key)
    return _named(f"{NAME} in the environment", read_key(os.environ[NAME])) if os.environ.get(NAME) else None


def key_elsewhere(base_url: str, *, colab: bool, keyring: bool) -> Looked:
    """The key in the secrets of Colab, else in the system's keyring. Never raises.

    Args:
        base_url: where the key is to be sent; the keyring has one for each.
        colab: whether the secrets of Colab may be asked, where this is Colab.
        keyring: whether the keyring may be asked, where the library for it is installed.
    """
    first = _from_colab() if colab else Looked()
    if first.key is not None:
        return first
    then = _from_keyring(base_url) if keyring else Looked()
    return Looked(then.key, then.source, first.problems + then.problems, first.remedies + then.remedies)


def _from_colab() -> Looked:
    # Colab's kernel has loaded it long ago; elsewhere it would be in the way, and could not ask anybody.
    if "google.colab" not in sys.modules:
        return Looked()

    def read() -> Secret | OrigamiError | None:
        userdata: Any = importlib.import_module("google.colab.userdata")
        with _one_at_a_time:
            return _hidden(userdata.get(NAME))

    found, failure = _attempt(read)
    if not failure:
        return _found("colab", f"The Colab secret {NAME}", found)
    where = f"Open Secrets (the key at the left) and add {NAME} with “Notebook access” on."
    match failure:
        case "SecretNotFoundError":
            return Looked(problems=(f"Colab has no secret {NAME}.",), remedies=(where,))
        case "NotebookAccessError":
            return Looked(
                problems=(f"Colab has a secret {NAME}, but this notebook may not read it.",),
                remedies=(f"Open Secrets (the key at the left), switch on “Notebook access” of {NAME}, and go on.",),
            )
        case "TimeoutException":
            return Looked(
                problems=(f"Colab did not give the secret {NAME} in time.",),
                remedies=(
                    "Let this notebook be open in a browser, say yes when Colab asks for access, and try again.",
                ),
            )
    return Looked(problems=(f"Colab could not be asked for the secret {NAME} ({failure}).",), remedies=(where,))


def _from_keyring(base_url: str) -> Looked:
    if not _is_installed():
        return Looked()

    def read() -> Secret | OrigamiError | None:
        import keyring

        return _hidden(keyring.get_password(SERVICE, base_url))

    found, failure = _attempt(read)
    if not failure:
        return _found("keyring", "The key in the keyring", found)
    if failure == NO_KEYRING:
        # Nobody has asked for one, and nothing is in the way of one that is there.
        return Looked()
    problem, remedy = _keyring_trouble(failure)
    return Looked(problems=(problem,), remedies=(remedy,) if remedy else ())


def keep_in_keyring(base_url: str, key: Secret) -> OrigamiError | None:
    """Put a key into the system's keyring, in the place of the one for this base URL.

    Args:
        base_url: where the key belongs.
        key: the key.

    Returns:
        None when it can be read there, else the error that tells why not.
    """
    if not _is_installed():
        return _not_kept("The library for keyrings is not installed.", "pip install 'origami-widgets[keyring]'")

    def keep() -> str:
        import keyring

        backend = keyring.get_keyring()
        name = type(backend).__module__
        if not _is_none(backend) and float(backend.priority) < SAFE_PRIORITY:
            return f"The keyring here ({name}) keeps nothing, or not safely."
        keyring.set_password(SERVICE, base_url, key.reveal())
        # Some backends drop what they are given without a word.
        same = keyring.get_password(SERVICE, base_url) == key.reveal()
        return "" if same else f"The keyring here ({name}) did not give it back."

    problem, failure = _attempt(keep)
    if failure:
        cause, remedy = _keyring_trouble(failure)
        return _not_kept(cause, remedy.rstrip(".") or "Set up a keyring")
    return _not_kept(problem, "Choose another backend for keyring") if problem else None


def _not_kept(cause: str, remedy: str) -> OrigamiError:
    return OrigamiError(
        "The key was not put into the keyring",
        cause=f"{cause} It is in use in this process all the same.",
        remedy=f"{remedy}, then call ow.login(store=True) again; or set {NAME} before Jupyter starts.",
        code="NO_KEYRING",
    )


def has_keyring() -> bool:
    """Whether a key can be kept on this machine: the library is there, and a keyring behind it. Asks nobody for it."""
    if not _is_installed():
        return False

    def look() -> bool:
        import keyring

        backend = keyring.get_keyring()
        return not _is_none(backend) and float(backend.priority) >= SAFE_PRIORITY

    found, _ = _attempt(look)
    return bool(found)


def _is_none(backend: object) -> bool:
    """Whether it is the library's stand-in where the system has none."""
    return type(backend).__module__.endswith(".fail")


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("keyring") is not None
    except ValueError:  # a stand-in in `sys.modules`
        return "keyring" in sys.modules


def _keyring_trouble(failure: str) -> tuple[str, str]:
    """What a failure of the keyring means, and what to do about it."""
    match failure:
        case name if name == NO_KEYRING:
            return "This machine has no keyring.", ""
        case "KeyringLocked":
            return "The system's keyring is locked.", "Unlock the keyring and try again."
        case _:
            return f"The system's keyring could not be used ({failure}).", ""


def _attempt(do: Callable[[], T]) -> tuple[T | None, str]:
    """What a function gives, or the name of what it raises.

    Neither the exception nor its traceback goes on: the frames of the library hold the key. Nor do those of an interrupt.
    """
    try:
        return do(), ""
    except KeyboardInterrupt:
        failure = ""
    except Exception as error:  # noqa: BLE001 - libraries raise here what their system raises
        failure = type(error).__name__
    if not failure:
        raise KeyboardInterrupt
    return None, failure


def _hidden(value: object) -> Secret | OrigamiError | None:
    """What a place has given, hidden; None for nothing."""
    return read_key(value) if value else None


def _found(source: Source, what: str, key: Secret | OrigamiError | None) -> Looked:
    return Looked() if key is None else Looked(_named(what, key), source)


def _named(what: str, key: Secret | OrigamiError) -> Secret | OrigamiError:
    if isinstance(key, OrigamiError):
        key.cause = f"{what}: {key.cause}"
    return key
