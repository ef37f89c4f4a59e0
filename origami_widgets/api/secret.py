"""The API key, held so that it cannot slip out."""

from __future__ import annotations

import hashlib
from typing import NoReturn

from origami_widgets.api.errors import InvalidInput, MissingKey

PREFIX = "og_live_"
HIDDEN = "og_live_…"


class Secret:
    """A value that shows itself to nobody: not in a repr, not in a format, not in a pickle, not in a copy.

    Args:
        value: the value to keep.
    """

    __slots__ = ("__value", "fingerprint")

    def __init__(self, value: str) -> None:
        self.__value = value
        self.fingerprint = hashlib.blake2b(value.encode(), digest_size=8).hexdigest()

    def reveal(self) -> str:
        """The value itself; for the one place that puts it into a header."""
        return self.__value

    def __repr__(self) -> str:
        return f"<Secret {HIDDEN}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("An API key is not written anywhere: it cannot be pickled or copied.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def key_from(value: object) -> Secret:
    """The key in an argument or an environment variable.

    Raises:
        MissingKey: there is none.
        InvalidInput: it cannot be a key; the message never repeats it.
    """
    if value is None or value == "":
        raise MissingKey(
            "There is no API key",
            cause="Neither api_key= was given nor is ORIGAMI_API_KEY set.",
            remedy="Take a key from Origami (Settings, API keys) and set ORIGAMI_API_KEY before Jupyter starts; "
            "or try everything without one: ow.configure(client=ow.Sandbox().client()).",
        )
    if not isinstance(value, str):
        raise _malformed(f"It is {type(value).__name__}, not text.")
    key = value.strip()
    if not key.startswith(PREFIX):
        raise _malformed(f"It does not begin with {PREFIX}.")
    rest = key[len(PREFIX) :]
    if not rest:
        raise _malformed(f"Nothing follows {PREFIX}.")
    if not (rest.isascii() and all(letter.isalnum() or letter in "_-" for letter in rest)):
        raise _malformed("It holds other characters than letters and digits: a space, a line break or a quote perhaps.")
    return Secret(key)


def _malformed(cause: str) -> InvalidInput:
    return InvalidInput(
        "This is not an Origami API key",
        cause=f"{cause} (The key itself is not shown.)",
        remedy=f"Copy the whole key from Origami (Settings, API keys); it looks like {HIDDEN}.",
    )
