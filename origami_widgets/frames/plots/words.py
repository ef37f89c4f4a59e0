"""Names and numbers as they stand in plots. Pure."""

from __future__ import annotations

import math
import textwrap
import unicodedata

from origami_widgets.api.errors import printable

MISSING = "n/a"
"""What the server did not say."""
ELLIPSIS = "…"
LONGEST = 60
LONGEST_IN_FULL = 300
"""Of a name in a tooltip, which stands over the page."""
_MOST_MARKS = 3
_LARGEST = 1e15
"""Beyond it, digits would fill the plot."""
_WIDE, _BROAD, _NARROW, _USUAL = 14.0, 8.2, 3.4, 6.0
"""Px that characters of a plot's texts take, rather too many."""
_IN_PROSE = 5.5
"""Px of a character in a sentence, on average."""


def name_of(value: object, limit: int = LONGEST) -> str:
    r"""One line of text from outside: bounded, and without what hides or turns the direction of other text.

    Example:
        >>> name_of("  Porto\n bakeries "), name_of(None), name_of("a long name", 7)
        ('Porto bakeries', '(no name)', 'a long…')
    """
    if not isinstance(value, str):
        return "(no name)"
    # A megabyte is cut before anything runs over it.
    text = " ".join(printable(" ".join(value[: limit * 4 + 64].split())).replace("\ufffd", " ").split())
    text = _unpiled(text)
    if not text:
        return "(no name)"
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def _unpiled(text: str) -> str:
    """Marks that pile up on one letter cover the lines around it."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def count(value: float | None) -> str:
    """A whole number with its thousands apart.

    Example:
        >>> count(12345), count(None)
        ('12,345', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{round(value):,}" if abs(value) < _LARGEST else f"{value:.3g}"


def amount(value: float | None) -> str:
    """Credits, with two decimals at most.

    Example:
        >>> amount(1234.5), amount(57.0), amount(0.001), amount(None)
        ('1,234.5', '57', '<0.01', 'n/a')
    """
    if value is None or not abs(value) < _LARGEST:
        return count(value)
    if 0 < value < 0.005:  # noqa: PLR2004 - what would be written as 0
        return "<0.01"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def share(part: float | None, whole: float | None) -> str:
    """Whole percent; never "0 %" for some and never "100 %" for not all.

    Example:
        >>> share(12, 21), share(1, 5000), share(4999, 5000), share(1, 0)
        ('57 %', '<1 %', '>99 %', 'n/a')
    """
    if part is None or whole is None or not whole > 0:
        return MISSING
    percent = math.floor(part / whole * 100 + 0.5)
    if percent == 0 and part > 0:
        return "<1 %"
    if percent == 100 and part < whole:  # noqa: PLR2004
        return ">99 %"
    return f"{percent:,} %"


def many(number: int, one: str, more: str) -> str:
    """A number with its word.

    Example:
        >>> many(1, "table", "tables"), many(1200, "table", "tables")
        ('1 table', '1,200 tables')
    """
    return f"{number:,} {one if number == 1 else more}"


def joined(*parts: str) -> str:
    """What there is of several short phrases, in one line."""
    return " · ".join(part for part in parts if part)


def width_of(text: str) -> float:
    """About how many px a text takes in a plot."""
    return sum(map(_width, text))


def fitted(text: str, width: float) -> str:
    """A text that takes no more than about some px.

    Vega would cut it more exactly, but through the middle of an emoji, which the library for pictures refuses.

    Example:
        >>> fitted("Contact e-mail", 50), fitted("Fit", 50)
        ('Contact…', 'Fit')
    """
    if width_of(text) <= width:
        return text
    room = width - _USUAL
    kept = 0
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + ELLIPSIS


def _width(character: str) -> float:
    if character > "\uffff" or unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    if character in "mwMW@%" or character.isupper():
        return _BROAD
    return _NARROW if character in "iljtfrI1.,:;'|!()[] -" else _USUAL


def lines_of(text: str, width: float, size: float = 1.0) -> list[str]:
    """A sentence in lines that fit into some px; `size` is how much larger than a plot's other texts it is."""
    return textwrap.wrap(text, max(12, int(width / (_IN_PROSE * size)))) or [""]
