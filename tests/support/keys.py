"""Places that keys come from, for tests: a keyring in memory, keyrings that fail, and the secrets of Colab."""

from __future__ import annotations

import getpass
import sys
import types
from typing import TYPE_CHECKING, Any, TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from origami_widgets.sandbox import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class InMemory(KeyringBackend):
    """A keyring that forgets with the process.

    Attributes:
        kept: the passwords by service and user.
        asked: each place that was asked for, in order.
    """

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Failing(InMemory):
    """A keyring that raises what it should; its frames hold what it was given, as those of any keyring do."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self._error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self._error(f"{service} of {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self._error(f"{service} of {username}: {password}")


class Forgetful(InMemory):
    """A keyring that keeps nothing, and does not say so."""

    def set_password(self, service: str, username: str, password: str) -> None:
        del password


class Unsafe(InMemory):
    """A keyring of a kind that the library does not recommend."""

    priority = 0.5


TROUBLES: dict[str, type[BaseException]] = {
    "none": NoKeyringError,
    "locked": KeyringLocked,
    "of its system": OSError,
}


AnyBackend = TypeVar("AnyBackend", bound=KeyringBackend)


def use_keyring(patch: pytest.MonkeyPatch, backend: AnyBackend) -> AnyBackend:
    """Let this be the keyring of the machine, and return it."""
    patch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


class SecretNotFoundError(Exception):
    """As in Colab."""


class NotebookAccessError(Exception):
    """As in Colab."""


class TimeoutException(Exception):
    """As in Colab."""


def use_terminal(patch: pytest.MonkeyPatch, ask: Callable[[str], str]) -> None:
    """Let somebody sit at a terminal, and answer the prompt for a key."""
    patch.setattr(getpass, "getpass", ask)
    patch.setattr("sys.stdin", sys.stdin)
    patch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def let_sandbox_take(patch: pytest.MonkeyPatch, key: str) -> None:
    """Let sandboxes take this key. Their own is public, so nothing hides it, and there is no option for another."""
    patch.setattr(embedded, "API_KEY", key)


def use_colab(patch: pytest.MonkeyPatch, get: Callable[[str], Any]) -> list[str]:
    """Let this be Colab with secrets; returns the list of names that it is asked for."""
    asked: list[str] = []

    def asking(key: str) -> Any:
        asked.append(key)
        return get(key)

    modules = {name: types.ModuleType(name) for name in ("google", "google.colab", "google.colab.userdata")}
    modules["google.colab.userdata"].get = asking  # type: ignore[attr-defined]
    for name, module in modules.items():
        patch.setitem(sys.modules, name, module)
    return asked
