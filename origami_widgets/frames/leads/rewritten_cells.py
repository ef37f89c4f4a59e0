"""What a spreadsheet makes of the cells of a column when it saves a file again, and whether they still say the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from origami_widgets.frames.values import read_number

LEAST, SHARE = 3, 0.9
"""So many cells, and this share of those that differ as texts, must be equal under one rule."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,](\d+))?(E[+-]?\d{1,3})?", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{4}|\d\d?)(?:,?[ T](\d\d?:\d\d(?::\d\d)?))?")
_PRECISION = 14
"""Digits that spreadsheets keep after the first one."""
_BOOLEANS = {
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "1"), True),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "onwaar", "0"), False),
}
Rule = Callable[[str, Any], bool]


def rewriting(pairs: Sequence[tuple[Any, Any]]) -> Rule | None:
    """Return the rule by which a spreadsheet has rewritten a column; None if it hasn't, or if that can't be told.

    Args:
        pairs: the cells of the file that differ from the table's, each with that.

    >>> dates = rewriting([("05.01.2026", "2026-01-05"), ("06.02.2026", "2026-02-06"), ("07.03.26", "2026-03-07")])
    >>> dates("01.04.2026", "2026-04-01"), dates("01.04.2026", "2026-01-04")
    (True, False)
    """
    texts = [(str(one), other) for one, other in pairs if None not in (one, other) and not isinstance(one, dict | list)]
    if len(texts) < LEAST:
        return None
    for rule in _RULES:
        equal = sum(rule(*each) for each in texts)
        if equal >= max(LEAST, SHARE * len(texts)):
            return rule
    return None


def _same_number(text: str, cell: Any) -> bool:
    """Return whether both are one number: without zeros in front, with a decimal comma, or as far as an exponent has digits.

    >>> _same_number("123", "00123"), _same_number("1,5", 1.5), _same_number("1,23E+15", "1234567890123456")
    (True, True, True)
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or read_number(cell) is None:
        return False
    one, decimals = Decimal(text.strip().replace(",", ".")), len(found[1] or "") if found[2] else _PRECISION
    return abs(one - Decimal(str(cell).strip())) < Decimal(1).scaleb(one.adjusted() - decimals)


def _same_date(order: str, text: str, cell: Any) -> bool:
    """Return whether both are one day, and one time as far as the text has one.

    >>> _same_date("dmy", "5.1.2026 9:14", "2026-01-05T09:14:02Z"), _same_date("mdy", "5/1/26", "2026-05-01")
    (True, True)
    """
    found = _DATE.fullmatch(text.strip())
    if found is None or not isinstance(cell, str):
        return False
    part = dict(zip(order, found.groups(), strict=False))
    day = f"{part['y'] if len(part['y']) > 2 else cell[:2] + part['y']}-{part['m']:0>2}-{part['d']:0>2}"  # noqa: PLR2004 - of a year
    return cell.replace(" ", "T").startswith(f"{day}T{found[4]:0>5}" if found[4] else day)


def _same_boolean(text: str, cell: Any) -> bool:
    return isinstance(cell, bool) and _BOOLEANS.get(text.strip().lower()) is cell


def _same_words(text: str, cell: Any) -> bool:
    """Return whether both are one text but for blanks, such as line ends of another system."""
    return isinstance(cell, str) and text.split() == cell.split()


_RULES: tuple[Rule, ...] = (
    _same_words,
    _same_number,
    *(partial(_same_date, order) for order in ("dmy", "mdy", "ymd")),
    _same_boolean,
)
