"""Warn of API keys that were pasted into a cell, and would be saved with the notebook."""

from __future__ import annotations

import re
import warnings
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from origami_widgets.api.keys.secret import PREFIX, Secret
from origami_widgets.host.application import current_shell, request

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

PUBLIC_KEY: Final = "og_live_sandbox"
"""Key of the embedded sandbox, which gives access to nothing."""

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
_followed_shells: weakref.WeakSet[object] = weakref.WeakSet()


class PastedKey(UserWarning):
    """A cell contains an API key that is in use.

    You get one warning each time you run such a cell. It names the cell and the line, but not the key. To turn it into
    an error:

    Example:
        >>> import warnings
        >>> import origami_widgets as ow
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", ow.PastedKey)
    """


class KeyLocation(NamedTuple):
    """Location of a pasted key: the name of the cell, and the line in it."""

    cell: str
    line: int


def note_key_in_use(key: Secret) -> None:
    """Warn of cells that contain this key, which a client now uses: earlier cells now, later ones when they run.

    Does nothing outside IPython, and nothing for the sandbox's key, which is public.
    """
    if key.fingerprint == _public:
        return
    _in_use.add(key.fingerprint)
    _lengths.add(len(key.reveal()))
    _follow_shell()
    # This frame holds only locations: if the warning is an error, its traceback would otherwise carry the cells' texts.
    for location in list(_new_locations()):
        warnings.warn_explicit(TEXT, PastedKey, *location)


def _follow_shell() -> None:
    shell = current_shell()
    if shell is not None and shell not in _followed_shells:
        _followed_shells.add(shell)
        shell.events.register("pre_run_cell", _before_a_cell)


def _before_a_cell(info: Any) -> None:
    """Warn of a cell that contains a key, before the cell runs."""
    line = _line_of_a_key(str(info.raw_cell or ""))
    # Not `execution_count`: by now, IPython 9.18 has counted this cell, and 7.34 has not.
    number = len(_past_cells())
    counts = bool(info.store_history)
    # If an event handler fails, IPython prints its arguments, and with them the cell (9.18).
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
    """Yield the locations of keys in use, in cells that have had no warning yet."""
    for cell_id, name, text in _cells():
        if cell_id not in _warned and (line := _line_of_a_key(text)) is not None:
            _warned.add(cell_id)
            yield KeyLocation(name, line)


def _cells() -> Iterator[tuple[Hashable, str, str]]:
    """Yield the id, name and text of each cell so far, including the running one."""
    past, message = _past_cells(), request()
    yield from ((number, f"In [{number}]", text) for number, text in enumerate(past))
    text = message.get("content", {}).get("code")
    # A cell that is not kept in the history is known only from its message.
    if isinstance(text, str) and text not in past[-1:]:
        yield message.get("header", {}).get("msg_id"), "this cell", text


def _past_cells() -> list[str]:
    """Return the texts of all cells so far, by number; the last cell is running."""
    manager = getattr(current_shell(), "history_manager", None)
    return [text if isinstance(text, str) else "" for text in getattr(manager, "input_hist_raw", None) or ()]


def holds_key_in_use(text: str) -> bool:
    """Return whether a text contains a key that a client of this process uses."""
    return _line_of_a_key(text) is not None


def _line_of_a_key(text: str) -> int | None:
    if PREFIX not in text:
        return None
    for found in _WRITTEN.finditer(text):
        # A key may be followed by characters that look like part of it, such as a dash or an underscore.
        if any(Secret(found[0][:length]).fingerprint in _in_use for length in _lengths):
            return text.count("\n", 0, found.start()) + 1
    return None
