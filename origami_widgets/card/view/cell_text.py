"""Text for the value of a cell: money, percentages, large numbers, times, drafted sequences. Pure.

The API has no types for findings. What a number means follows from its key, as in `amount_usd`, or from its column's
slug.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from origami_widgets.api.rows.cell_values import findings_of, is_found, main_key
from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import moment

TEXT_LIMIT = 200
ITEMS_LIMIT = 24
GROUPED_FROM: Final = 10_000
"""Numbers from which on commas are used. Smaller ones may be years."""
DRAFTED: Final = "drafted"

_SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}
_CURRENCIES: Final = frozenset(
    {*_SIGNS, "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "sgd", "brl", "cny"}
)
_CODE_LENGTH: Final = 3
_EXACT: Final = 2**53
_LARGEST: Final = 1e100
"""Most digits of an integer: Python itself refuses thousands of them."""
_NAMES: Final = frozenset(
    re.findall(r"\w+", "id code zip plz postal postcode phone mobile fax tel vat year siren siret duns")
)
"""Words in keys whose numbers are identifiers, not amounts."""
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def value_text(value: Any, key: str = "", kind: str = "") -> str:
    """Return the text of a cell, or of a part of it; empty if there is nothing to say.

    Args:
        value: the value as the server sent it.
        key: the value's key in its object, or the slug of its column.
        kind: the kind of its column.

    Example:
        >>> value_text(1_200_000, "amount_usd"), value_text({"amount": 9.5, "currency": "CHF"}), value_text(31.5, "share_pct")
        ('$1,200,000', '9.50 CHF', '31.5 %')
        >>> value_text(48_000, "employees"), value_text(10_115, "zip_code"), value_text(2_026, "founded")
        ('48,000', '10115', '2026')
        >>> value_text("2026-07-21T09:14:02Z"), value_text([True, None, "Porto"])
        ('2026-07-21 09:14 UTC', 'yes, Porto')
        >>> value_text({"sequenceId": "0f8a2b1c-11aa-4bcd-a111-0123456789ab"}, "first-email", "sequence")
        'drafted'
    """
    if kind == "sequence" and _is_reference(value):
        return DRAFTED
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = _number(value, key)
        case str():
            text = _time(value) or value
        case list():
            text = ", ".join(filter(None, (value_text(each, key) for each in value[:ITEMS_LIMIT])))
        case dict():
            text = _object(value, key)
        case _:
            text = json.dumps(value)
    return clean(text, TEXT_LIMIT)


def told_key(value: dict[str, Any]) -> str | None:
    """Return the key of the part that represents an object: the main part, or the first finding if that is empty.

    >>> told_key({"email": None, "phone": "+351 555 0100"})
    'phone'
    """
    keys = tuple(value)
    return next((key for key in (main_key(keys), *findings_of(keys)) if key is not None and is_found(value[key])), None)


def _object(value: dict[str, Any], key: str) -> str:
    if not is_found(value):
        return ""
    match value:
        case {"amount": int() | float() as amount, "currency": str(currency)} if not isinstance(amount, bool):
            return _number(amount, key, currency.lower() if len(currency) == _CODE_LENGTH else "")
    # The column's name says more than a key such as `value`.
    told = told_key(value)
    return "" if told is None else value_text(value[told], f"{key} {told}")


def _is_reference(value: Any) -> bool:
    """Return whether the cell of a sequence only refers to the drafted sequence, without its content."""
    if isinstance(value, dict):
        return all(_words(key)[-1:] == ("id",) for key in value) and any(value.values())
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _number(value: float, key: str, currency: str = "") -> str:
    if not -_LARGEST < value < _LARGEST:
        return "very large number" if isinstance(value, int) else json.dumps(value)
    named = _words(key)
    last = named[-1] if named else ""
    if currency or last in _CURRENCIES:
        return _money(value, currency or last)
    if last in ("percent", "percentage", "pct"):
        return f"{_plain(value)} %"
    return _plain(value) if _NAMES.isdisjoint(named) else json.dumps(value)


def _money(value: float, currency: str) -> str:
    """Return an amount of money, with cents if it has any."""
    amount = f"{int(abs(value)):,}" if value == int(value) else f"{abs(value):,.2f}"
    minus = "-" if value < 0 else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{amount}" if sign else f"{minus}{amount} {currency.upper()}"


def _plain(value: float) -> str:
    if value == int(value) and abs(value) < _EXACT:
        value = int(value)
    return f"{value:,}" if abs(value) >= GROUPED_FROM else json.dumps(value)


def _time(value: str) -> str:
    """Return a moment in UTC, to the minute; empty if the text is not a time."""
    if not _TIME.fullmatch(value):
        return ""
    try:
        return moment(datetime.fromisoformat(value).astimezone(UTC))
    except (ValueError, OverflowError):
        return ""


@lru_cache(maxsize=1024)
def _words(key: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(key))
