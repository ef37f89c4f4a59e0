"""`Secret` holds the API key so that it is never shown. It is also hidden where a server, log or argument repeats it.

A key that was pasted into a cell would be saved with the notebook: its user is warned once.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn

from origami_widgets.api.errors import InvalidInput, MissingKey, OrigamiError

PREFIX: Final = "og_live_"
HIDDEN: Final = "og_live_hidden"
"""Text that replaces a key."""

KEY_FORMAT = "og_live_…"
_CARRIERS = ("httpx", "httpcore", "h11", "h2", "hpack")
"""Libraries that see the request headers and may log them."""
_KEY = re.compile(rf"{PREFIX}[a-z0-9_-]+", re.IGNORECASE | re.ASCII)
_WHOLE = re.compile(rf"{PREFIX}[a-z0-9]{{16}}", re.IGNORECASE | re.ASCII)
PUBLIC_KEY: Final = "og_live_sandbox"
"""Key of the embedded sandbox, which gives access to nothing."""

PASTED: Final = (
    "This cell contains an API key that is in use, and it's saved with the notebook. Remove it: ow.login() asks for "
    "the key without showing it, and ow.login(store=True) stores it in the system's keyring. ORIGAMI_API_KEY in the "
    "environment and a Colab secret of that name are read automatically. If this notebook is shared or under version "
    "control, revoke the key (Origami, Settings, API keys) and create a new one."
)

_in_use: set[Secret] = set()
_warned: set[int] = set()


def hide_all(text: str) -> str:
    """Return a text without anything that looks like an API key.

    Example:
        >>> hide_all("model was 'og_live_x1'")
        "model was 'og_live_hidden'"
    """
    return _KEY.sub(HIDDEN, text)


def holds_key(value: str) -> bool:
    """Return whether a text is or contains an API key, or one that a client of this process uses.

    Example:
        >>> holds_key("og_live_0123456789abcdef"), holds_key("blog_live_posts")
        (True, False)
    """
    is_key = value.lower().startswith(PREFIX) or bool(_WHOLE.search(value))
    return is_key or any(key.reveal() in value for key in _in_use)


class _WithoutKeys(logging.Filter):
    """Log filter that hides keys in a record before any handler sees it. It drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - the handler reports a record that cannot be formatted
            return True
        hidden = hide_all(message)
        if hidden != message:
            record.msg, record.args = hidden, None
        return True


_without_keys = _WithoutKeys()


def hide_keys_in_logs() -> None:
    """Hide keys in the logs of the libraries that send the key.

    At level DEBUG, these libraries log the headers of every response, in which a server or proxy may repeat the
    request. The filter survives a reconfiguration of logging, and costs nothing at higher levels.
    """
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in _CARRIERS and isinstance(logger, logging.Logger):
            logger.addFilter(_without_keys)


class Secret:
    """An API key that appears in no repr, format, pickle or copy.

    Args:
        value: the key.
    """

    __slots__ = ("__reveal", "fingerprint")

    def __init__(self, value: str) -> None:
        # In a closure, because debuggers and inspectors list the values of attributes, even of private ones.
        self.__reveal: Callable[[], str] = lambda: value
        self.fingerprint = hashlib.blake2b(value.encode(), digest_size=8).hexdigest()

    def reveal(self) -> str:
        """Return the key; for the code that sends or stores it."""
        return self.__reveal()

    def hide(self, data: bytes) -> bytes:
        """Return bytes without this key. Other words that look like a key stay, because they may be data.

        Example:
            >>> Secret("og_live_x1").hide(b"no such key: og_live_x1 (og_live_x2)")
            b'no such key: og_live_hidden (og_live_x2)'
        """
        return data.replace(self.reveal().encode(), HIDDEN.encode())

    def hide_in(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return headers without this key in their values."""
        return [(name, self.hide(value)) for name, value in headers]

    def __repr__(self) -> str:
        return f"<Secret {KEY_FORMAT}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("API keys are never written anywhere, so they can't be pickled or copied.")

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def read_key(value: object) -> Secret | OrigamiError:
    """Return the key in an argument or an environment variable, or the error that explains what is wrong with it.

    The error is returned, not raised, because its traceback from here would hold the key.

    Args:
        value: a key as text, a `Secret`, or None.
    """
    if isinstance(value, Secret):
        return value
    if value is None or (isinstance(value, str) and not value):
        return missing_key("The value is empty.")
    if not isinstance(value, str):
        return _malformed(f"Expected a string, got {type(value).__name__}.")
    key = value.strip()
    problem = _problem(key)
    return _malformed(problem) if problem else Secret(key)


def missing_key(cause: str, *remedies: str) -> MissingKey:
    """Return the error for a missing key.

    Args:
        cause: a sentence that says where the key was looked for.
        remedies: sentences that go before the general remedy.
    """
    ways = (
        "Copy a key from Origami (Settings, API keys) and run ow.login(), or origami-widgets login in a terminal; "
        "store=True, or --store, keeps it in your system's keyring. In scripts, set ORIGAMI_API_KEY; on "
        "Colab, add a secret of that name. To try it without a key: ow.use_sandbox()."
    )
    return MissingKey("No API key", cause=cause, remedy=" ".join((*remedies, ways)))


def _problem(key: str) -> str:
    """Return what is wrong with a key, without repeating it; empty for a valid key."""
    rest = key.removeprefix(PREFIX)
    if rest == key:
        return f"It doesn't start with {PREFIX}."
    if not rest:
        return f"Nothing follows {PREFIX}."
    if not (rest.isascii() and all(letter.isalnum() or letter in "_-" for letter in rest)):
        return "It contains characters other than letters and digits, such as a space, a line break or a quote."
    return ""


def _malformed(cause: str) -> InvalidInput:
    return InvalidInput(
        "Invalid API key format",
        cause=f"{cause} (The key isn't shown.)",
        remedy=f"Copy the whole key from Origami (Settings, API keys); it looks like {KEY_FORMAT}.",
    )


class PastedKey(UserWarning):
    """A cell contains an API key that is in use.

    You get one warning for each such cell, when a client is made with the key. It names the cell and the line, but not
    the key. To turn it into an error:

    Example:
        >>> import warnings
        >>> import origami_widgets as ow
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", ow.errors.PastedKey)
    """


def note_key_in_use(key: Secret) -> None:
    """Warn of each cell so far, the running one included, that contains this key, which a client now uses.

    Does nothing outside IPython, and nothing for the sandbox's key, which is public.
    """
    if key == Secret(PUBLIC_KEY):
        return
    _in_use.add(key)
    # This frame holds only numbers: if the warning is an error, its traceback would otherwise carry the cells' texts.
    for cell, line in list(_new_places(key)):
        warnings.warn_explicit(PASTED, PastedKey, f"In [{cell}]", line)


def _new_places(key: Secret) -> Iterator[tuple[int, int]]:
    """Yield the number of each cell with this key that has had no warning yet, and the line of the key in it."""
    # Imported here, because the help of the command needs no host.
    from origami_widgets.host.application import current_shell

    history = getattr(current_shell(), "history_manager", None)
    for cell, text in enumerate(getattr(history, "input_hist_raw", None) or ()):
        at = str(text).find(key.reveal())
        if at >= 0 and cell not in _warned:
            _warned.add(cell)
            yield cell, str(text).count("\n", 0, at) + 1
