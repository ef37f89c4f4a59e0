"""The API key, held so that it cannot slip out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NoReturn

from origami_widgets.api.errors import InvalidInput, MissingKey, OrigamiError
from origami_widgets.api.redact import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN = "og_live_…"


class Secret:
    """A value that shows itself to nobody: not in a repr, not in a format, not in a pickle, not in a copy.

    Args:
        value: the value to keep.
    """

    __slots__ = ("__reveal", "fingerprint")

    def __init__(self, value: str) -> None:
        # In a closure: debuggers and inspectors list the values of attributes, also of private ones.
        self.__reveal: Callable[[], str] = lambda: value
        self.fingerprint = hashlib.blake2b(value.encode(), digest_size=8).hexdigest()

    def reveal(self) -> str:
        """The value itself; for the one place that puts it into a header."""
        return self.__reveal()

    def __repr__(self) -> str:
        return f"<Secret {HIDDEN}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("An API key is not written anywhere: it cannot be pickled or copied.")

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def read_key(value: object) -> Secret | OrigamiError:
    """The key in an argument or an environment variable, or what is wrong with it.

    The error is returned, not raised: raised in here, its traceback would hold the key in its frames' variables.

    Args:
        value: a key as text, one that is hidden already, or None.
    """
    if isinstance(value, Secret):
        return value
    if value is None or (isinstance(value, str) and not value):
        return missing_key("Nothing stands where it was looked for.")
    if not isinstance(value, str):
        return _malformed(f"It is {type(value).__name__}, not text.")
    key = value.strip()
    problem = _problem(key)
    return _malformed(problem) if problem else Secret(key)


def missing_key(cause: str, *remedies: str) -> MissingKey:
    """The error where there is no key.

    Args:
        cause: where it was looked for.
        remedies: what to do first, where something is known to be in the way.
    """
    ways = (
        "Take a key from Origami (Settings, API keys). In a notebook or a terminal, ow.login() asks for it without showing "
        "it, and ow.login(store=True) keeps it in the system's keyring (extra: keyring). For programs, set "
        "ORIGAMI_API_KEY before Jupyter starts; on Colab, add a secret of that name. "
        "Everything can be tried without a key: ow.use_sandbox()."
    )
    return MissingKey("There is no API key", cause=cause, remedy=" ".join((*remedies, ways)))


def _problem(key: str) -> str:
    """What is wrong with a key, in words that do not repeat it; empty when nothing is."""
    rest = key.removeprefix(PREFIX)
    if rest == key:
        return f"It does not begin with {PREFIX}."
    if not rest:
        return f"Nothing follows {PREFIX}."
    if not (rest.isascii() and all(letter.isalnum() or letter in "_-" for letter in rest)):
        return "It holds other characters than letters and digits: a space, a line break or a quote perhaps."
    return ""


def _malformed(cause: str) -> InvalidInput:
    return InvalidInput(
        "This is not an Origami API key",
        cause=f"{cause} (The key itself is not shown.)",
        remedy=f"Copy the whole key from Origami (Settings, API keys); it looks like {HIDDEN}.",
    )
