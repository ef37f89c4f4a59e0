"""Texts that a spreadsheet would take for formulas. Pure."""

from __future__ import annotations

import re

STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What a formula begins with, also in full width, which some spreadsheets fold."""
HIDDEN = "\t\r\n \u00a0\u3000\u200b\ufeff\0"
"""What spreadsheets skip before they look."""
_NUMBER = re.compile(r"[+-]?\d[\d\u00a0.,' ]*([eE][+-]?\d{1,3})?\s?%?", re.ASCII)
_PHONE = re.compile(r"\+\d[\d ()./-]*( ?(x|ext\.?) ?\d+)?", re.ASCII)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may compute a text; numbers and phone numbers are none.

    >>> [is_formula(text) for text in ("=1+1", "+1 555 0127", "-3.5", "-2+3+cmd|' /C calc'!A0", "a=b")]
    [True, False, False, True, False]
    """
    if text[:1] in ("\t", "\r"):
        return True
    bare = text.lstrip(HIDDEN)
    return bare[:1] in STARTS if bare and not (_NUMBER.fullmatch(bare) or _PHONE.fullmatch(bare)) else False


def neutral(text: str) -> str:
    """The text, with an apostrophe before what may be computed: spreadsheets show it as it is then.

    >>> neutral("=HYPERLINK(1)"), neutral("Padaria")
    ("'=HYPERLINK(1)", 'Padaria')
    """
    return f"'{text}" if is_formula(text) else text
