"""Warn of API keys that were pasted into a cell, and would be saved with the notebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Final

from origami_widgets.api.keys.secret import Secret
from origami_widgets.host.application import current_shell

PUBLIC_KEY: Final = "og_live_sandbox"
"""Key of the embedded sandbox, which gives access to nothing."""

TEXT: Final = (
    "This cell contains an API key that is in use, and it's saved with the notebook. Remove it: ow.login() asks for "
    "the key without showing it, and ow.login(store=True) stores it in the system's keyring. ORIGAMI_API_KEY in the "
    "environment and a Colab secret of that name are read automatically. If this notebook is shared or under version "
    "control, revoke the key (Origami, Settings, API keys) and create a new one."
)

_in_use: set[Secret] = set()
_warned: set[int] = set()


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
        warnings.warn_explicit(TEXT, PastedKey, f"In [{cell}]", line)


def _new_places(key: Secret) -> Iterator[tuple[int, int]]:
    """Yield the number of each cell with this key that has had no warning yet, and the line of the key in it."""
    history = getattr(current_shell(), "history_manager", None)
    for cell, text in enumerate(getattr(history, "input_hist_raw", None) or ()):
        at = str(text).find(key.reveal())
        if at >= 0 and cell not in _warned:
            _warned.add(cell)
            yield cell, str(text).count("\n", 0, at) + 1


def holds_key_in_use(text: str) -> bool:
    """Return whether a text contains a key that a client of this process uses."""
    return any(key.reveal() in text for key in _in_use)
