"""Characters that nobody sees, and that change how the text around them is read."""

from __future__ import annotations

from typing import Final

INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""For a class of a regular expression: direction controls, fillers, tags, and what has no width.

Joiners and variation selectors are left out, because letters of some scripts and emoji need them.
"""
