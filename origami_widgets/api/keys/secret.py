"""`Secret` holds the API key so that it is never shown. The key is also hidden where a server, log or argument repeats it."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
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


def hide_all(text: str) -> str:
    """Return a text without anything that looks like an API key.

    Example:
        >>> hide_all("model was 'og_live_x1'")
        "model was 'og_live_hidden'"
    """
    return _KEY.sub(HIDDEN, text)


def holds_key(value: str) -> bool:
    """Return whether a text is or contains an API key.

    Example:
        >>> holds_key("og_live_0123456789abcdef"), holds_key("blog_live_posts")
        (True, False)
    """
    return value.lower().startswith(PREFIX) or bool(_WHOLE.search(value))


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
