"""A key that stands in the text of a cell: it is saved with the notebook, and goes wherever that goes."""

from __future__ import annotations

import re
import warnings
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from origami_widgets.api.secret import PREFIX, Secret
from origami_widgets.host.application import current_shell, request

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

PUBLIC_KEY: Final = "og_live_sandbox"
"""That of the embedded sandbox, which opens nothing."""

TEXT: Final = (
    "An API key that is in use stands in the text of this cell, and is saved with the notebook. Take it out: ow.login() "
    "asks for it without showing it and ow.login(store=True) keeps it in the system's keyring; ORIGAMI_API_KEY in the "
    "environment and a Colab secret of that name are read by themselves. If this notebook was shared, or is under "
    "version control, revoke the key (Origami, Settings, API keys) and take a new one."
)

_WRITTEN = re.compile(rf"{PREFIX}[a-z0-9_-]+", re.IGNORECASE | re.ASCII)

_public = Secret(PUBLIC_KEY).fingerprint
_in_use: set[str] = set()
_lengths: set[int] = set()
_told: set[Hashable] = set()
_heard: weakref.WeakSet[Any] = weakref.WeakSet()


class PastedKey(UserWarning):
    """An API key that is in use stands in the text of a cell.

    It is said once for each time that such a cell is run. The warning names the cell and the line, and not the key. To
    hear of it as an error:

    Example:
        >>> import warnings
        >>> import origami_widgets as ow
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", ow.PastedKey)
    """


class KeyLocation(NamedTuple):
    """Where a key stands: the cell as the notebook names it, and the line in it."""

    cell: str
    line: int


def notice(key: Secret) -> None:
    """Take note that a client uses this key, and warn of the cells so far in which it stands; of later ones, when they are run.

    Does nothing outside of IPython, and nothing about the sandbox's key, which is public.
    """
    if key.fingerprint == _public:
        return
    _in_use.add(key.fingerprint)
    _lengths.add(len(key.reveal()))
    _listen()
    # Only the places are here when it is warned: as an error, the warning would carry the cells' texts in its traceback.
    for place in list(_untold()):
        warnings.warn_explicit(TEXT, PastedKey, *place)


def _listen() -> None:
    shell = current_shell()
    if shell is not None and shell not in _heard:
        _heard.add(shell)
        shell.events.register("pre_run_cell", _before_a_cell)


def _before_a_cell(info: Any) -> None:
    """Warn of a cell that is about to be run."""
    line = _line_of_a_key(str(info.raw_cell or ""))
    # Whether the count of cells has been raised by now depends on the version of IPython.
    number = len(_past())
    counts = bool(info.store_history)
    # IPython shows what it called an event with when that fails, and that is the cell.
    del info
    if line is None:
        return
    if counts:
        _told.add(number)
    place = KeyLocation(f"In [{number}]", line)
    try:
        warnings.warn_explicit(TEXT, PastedKey, *place)
    except PastedKey as wanted_as_error:
        warnings.showwarning(wanted_as_error, PastedKey, *place)


def _untold() -> Iterator[KeyLocation]:
    """Where a key in use stands, in the cells so far that nothing was said of."""
    for told, name, text in _cells():
        if told not in _told and (line := _line_of_a_key(text)) is not None:
            _told.add(told)
            yield KeyLocation(name, line)


def _cells() -> Iterator[tuple[Hashable, str, str]]:
    """Each cell so far, and the one that runs: what it is known by, its name, its text."""
    past, message = _past(), request()
    yield from ((number, f"In [{number}]", text) for number, text in enumerate(past))
    text = message.get("content", {}).get("code")
    # A cell that is not kept in the history is known from its message only.
    if isinstance(text, str) and text not in past[-1:]:
        yield message.get("header", {}).get("msg_id"), "this cell", text


def _past() -> list[str]:
    """The texts of all cells so far by their numbers, the one that runs as the last."""
    manager = getattr(current_shell(), "history_manager", None)
    return [text if isinstance(text, str) else "" for text in getattr(manager, "input_hist_raw", None) or ()]


def holds_key_in_use(text: str) -> bool:
    """Whether a key stands in a text that a client of this process uses, whatever the letters it is made of."""
    return _line_of_a_key(text) is not None


def _line_of_a_key(text: str) -> int | None:
    if PREFIX not in text:
        return None
    for found in _WRITTEN.finditer(text):
        # What follows a key may look like a part of it: a dash, a line below.
        if any(Secret(found[0][:length]).fingerprint in _in_use for length in _lengths):
            return text.count("\n", 0, found.start()) + 1
    return None
