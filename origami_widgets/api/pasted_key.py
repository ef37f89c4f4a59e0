"""Keys that are pasted into a cell, and saved with the notebook: find them and warn."""

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
"""The key of the embedded sandbox, which gives access to nothing."""

TEXT: Final = (
    "This cell contains an API key that is in use, and it's saved with the notebook. Remove it: ow.login() asks for "
    "the "
    "key without showing it, and ow.login(store=True) stores it in the system's keyring. ORIGAMI_API_KEY in the "
    "environment and a Colab secret of that name are read automatically. If this notebook is shared or under version "
    "control, revoke the key (Origami, Settings, API keys) and create a new one."
)

_WRITTEN = re.compile(rf"{PREFIX}[a-z0-9_-]+", re.IGNORECASE | re.ASCII)

_public = Secret(PUBLIC_KEY).fingerprint
_in_use: set[str] = set()
_lengths: set[int] = set()
_warned: set[Hashable] = set()
_followed_shells: weakref.WeakSet[Any] = weakref.WeakSet()


class PastedKey(UserWarning):
    """A cell contains an API key that is in use.

    You are warned once each time such a cell is run. The warning names the cell and the line, but not the key. To make it
    an error:

    Example:
        >>> import warnings
        >>> import origami_widgets as ow
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", ow.PastedKey)
    """


class KeyLocation(NamedTuple):
    """Where a key was pasted: the name of the cell, and the line in it."""

    cell: str
    line: int


def note_key_in_use(key: Secret) -> None:
    """Warn of cells that contain this key, which a client now uses: earlier cells now, later ones when they are run.

    Does nothing outside IPython, nor for the sandbox's key, which is public.
    """
    if key.fingerprint == _public:
        return
    _in_use.add(key.fingerprint)
    _lengths.add(len(key.reveal()))
    _follow_shell()
    # Only locations are in this frame: as an error, the warning would carry the cells' texts in its traceback.
    for location in list(_new_locations()):
        warnings.warn_explicit(TEXT, PastedKey, *location)


def _follow_shell() -> None:
    shell = current_shell()
    if shell is not None and shell not in _followed_shells:
        _followed_shells.add(shell)
        shell.events.register("pre_run_cell", _before_a_cell)


def _before_a_cell(info: Any) -> None:
    """Warn of a cell that contains a key, before it is run."""
    line = _line_of_a_key(str(info.raw_cell or ""))
    # Whether the count of cells has been raised by now depends on the version of IPython.
    number = len(_past_cells())
    counts = bool(info.store_history)
    # IPython prints the arguments of an event handler that fails, and so the cell.
    del info
    if line is None:
        return
    if counts:
        _warned.add(number)
    location = KeyLocation(f"In [{number}]", line)
    try:
        warnings.warn_explicit(TEXT, PastedKey, *location)
    except PastedKey as wanted_as_error:
        warnings.showwarning(wanted_as_error, PastedKey, *location)


def _new_locations() -> Iterator[KeyLocation]:
    """Yield where keys in use are in cells that no warning was given for."""
    for cell_id, name, text in _cells():
        if cell_id not in _warned and (line := _line_of_a_key(text)) is not None:
            _warned.add(cell_id)
            yield KeyLocation(name, line)


def _cells() -> Iterator[tuple[Hashable, str, str]]:
    """Yield the id, name and text of each cell so far, and of the one that is being run."""
    past, message = _past_cells(), request()
    yield from ((number, f"In [{number}]", text) for number, text in enumerate(past))
    text = message.get("content", {}).get("code")
    # A cell that is not kept in the history is known from its message only.
    if isinstance(text, str) and text not in past[-1:]:
        yield message.get("header", {}).get("msg_id"), "this cell", text


def _past_cells() -> list[str]:
    """Return the texts of all cells so far by their numbers; the last one is being run."""
    manager = getattr(current_shell(), "history_manager", None)
    return [text if isinstance(text, str) else "" for text in getattr(manager, "input_hist_raw", None) or ()]


def holds_key_in_use(text: str) -> bool:
    """Return whether a text contains a key that a client of this process uses."""
    return _line_of_a_key(text) is not None


def _line_of_a_key(text: str) -> int | None:
    if PREFIX not in text:
        return None
    for found in _WRITTEN.finditer(text):
        # A key may be followed by letters that look like a part of it: a dash, an underscore.
        if any(Secret(found[0][:length]).fingerprint in _in_use for length in _lengths):
            return text.count("\n", 0, found.start()) + 1
    return None
