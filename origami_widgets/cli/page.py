"""What stdout is: a screen that can be drawn on, a terminal of some width, or something that takes lines."""

from __future__ import annotations

import os
import sys


def can_draw() -> bool:
    """Whether stdout is a terminal that understands more than lines."""
    # Windows names no kind of terminal, and has one that can.
    kind = os.environ.get("TERM", "windows" if os.name == "nt" else "unknown")
    return sys.stdout.isatty() and kind not in ("", "dumb", "unknown")


def width_of_page() -> int | None:
    """Columns of the terminal; None where stdout is none, or does not know."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None
