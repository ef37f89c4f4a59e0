"""Texts that a spreadsheet would take for formulas. Pure."""

from __future__ import annotations

import re

STARTS = "=+-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""What a formula begins with, also in full width and in small form, which some spreadsheets fold."""
_NUMBER = re.compile(r"[+\-\u2212]?\d[\d\u00a0.,' ]*([eE][+-]?\d{1,3})?\s?%?", re.ASCII)
_PHONE = re.compile(r"\+\d[\d ()./-]*( ?(x|ext\.?) ?\d+)?", re.ASCII)
_SUM = re.compile(r"\+[\d.]+(\s*[-/][-+(\s]*[\d.]+\)?)+\s*", re.ASCII)
"""A phone number that Excel would compute: +1-555-0127 is -681 there."""
_SEPARATOR = re.compile(r"([;\t\r\n])")
"""Where a spreadsheet may begin a cell inside of a text: Excel splits at semicolons in half of Europe, and then takes
no notice of quotation marks in the middle of a line."""
_CALL = re.compile(r"\w\(|\|")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may compute a text; numbers are none, nor are phone numbers that are no sum.

    >>> [is_formula(text) for text in ("=1+1", "+1 555 0127", "-3.5", "-2+3+cmd|' /C calc'!A0", "a=b", "+1-555-0127")]
    [True, False, False, True, False, True]
    """
    if text[:1] in ("\t", "\r"):
        return True
    bare = _bare(text)
    if not bare or bare[0] not in STARTS or _NUMBER.fullmatch(bare):
        return False
    return not _PHONE.fullmatch(bare) or _SUM.fullmatch(bare) is not None


def neutral(text: str) -> str:
    """The text, with an apostrophe before what may be computed: spreadsheets show it as it is then.

    >>> neutral("=HYPERLINK(1)"), neutral("Padaria"), neutral("a;=HYPERLINK(1);b")
    ("'=HYPERLINK(1)", 'Padaria', "a;'=HYPERLINK(1);b")
    """
    if _SEPARATOR.search(text) is None:
        return f"'{text}" if is_formula(text) else text
    first, *rest = _SEPARATOR.split(text)
    guarded = "".join(f"'{part}" if _is_call(part) else part for part in rest)
    return f"'{first}{guarded}" if is_formula(text) else f"{first}{guarded}"


def _is_call(part: str) -> bool:
    """Lists of lines that begin with dashes are common, and compute nothing without a call or a link to a program."""
    bare = _bare(part)
    if not bare or bare[0] not in STARTS:
        return False
    return not (bare[0] in "+-" and _CALL.search(bare) is None)


def _bare(text: str) -> str:
    """The text from where spreadsheets look: they skip blanks and what cannot be seen."""
    for at, sign in enumerate(text):
        if sign.isprintable() and not sign.isspace():
            return text[at:]
    return ""
