"""What a CRM needs from the cells of leads: phone numbers as E.164, first and last names, whose an e-mail address is. Pure."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
ADDRESS = re.compile(r"[^\s@<>()\[\],;:|/\\\"]+@[^\s@<>()\[\],;:|/\\\"?]+\.[^\s@<>()\[\],;:|/\\\"?]+")
_SEVERAL = re.compile(r"[;,|\n]|/\s*(?=\+|00)|\s(?:or|oder|ou|o|of)\s")
"""What stands between several phone numbers. A slash alone stands in one, as in 030/1234567."""
_EXTENSION = re.compile(r"(?:\bext(?:ension)?\b\.?|\bx|\bdw\b\.?|#|;ext=)\s*\d+\s*$", re.IGNORECASE)
_ZERO = re.compile(r"[(\[]\s*0\s*[)\]]")
_PHONE = re.compile(r"(\+|00)?[\d\s()./\-\u00a0\u2010-\u2015]+")
_SHORTEST, _LONGEST, _AMERICAN = 8, 15, 10
"""Digits of a number with its country's code, and of one in the USA and Canada without."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


@cache
def data() -> dict[str, Any]:
    """Return the shapes and words of `crm_data.toml`, with the role of each heading and the country of each name."""
    found = tomllib.loads((files(__package__) / "crm_data.toml").read_text("utf-8"))
    found["roles"] = {word: role for role, several in found["roles"].items() for word in several}
    found["countries"] |= {name: each for each in [*found["countries"].values()] for name in each["names"]}
    return found


def folded(text: str) -> str:
    """Return a text as the lists have it.

    >>> folded("Contact E-Mail"), folded("firstName"), folded("Prénom")
    ('contact e mail', 'first name', 'prenom')
    """
    plain = unicodedata.normalize("NFKD", _WORD_END.sub(" ", text).strip())
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def e164(text: str, country: str = "") -> str | None:
    """Return a phone number as E.164; None if it lacks its country, or isn't one.

    Args:
        text: the number as it was found.
        country: its country, by name in seven languages or ISO code, for numbers without `+` and `00`.

    Example:
        >>> e164("+351 (0)21 123-4567 ext. 9"), e164("0043 1 234 5678"), e164("1-800-FLOWERS")
        ('+351211234567', '+4312345678', None)
        >>> e164("030/123 4567"), e164("030/123 4567", "Deutschland"), e164("21 123 4567", "PT")
        (None, '+49301234567', '+351211234567')
    """
    bare = _ZERO.sub("", _EXTENSION.sub("", text)).strip()
    if (number := _PHONE.fullmatch(bare)) is None:
        return None
    digits = re.sub(r"\D", "", bare)
    if number[1]:
        digits = digits.removeprefix("00") if number[1] == "00" else digits
    else:
        known = data()["countries"].get(folded(country))
        if known is None:
            return None
        trunk = known.get("trunk", "")
        if known["code"] == "1" and len(digits) > _AMERICAN:
            digits = digits.removeprefix("1")
        # Without its trunk prefix, it may have the country's code already.
        if not digits.startswith(trunk) or ("digits" in known and len(digits) not in known["digits"]):
            return None
        digits = known["code"] + digits.removeprefix(trunk)
    return f"+{digits}" if _SHORTEST <= len(digits) <= _LONGEST and digits[0] != "0" else None


def phones_of(text: str) -> list[str]:
    """Return the phone numbers of a cell, as they are written.

    >>> phones_of("+351 21 1234567 / +351 91 7654321"), phones_of("030/1234567")
    (['+351 21 1234567', '+351 91 7654321'], ['030/1234567'])
    """
    return [each.strip() for each in _SEVERAL.split(text) if each.strip()]


def split_name(text: str) -> tuple[str, str]:
    """Return first and last name of two Latin words; of anything else, the whole as last name.

    >>> split_name("Ana Sousa"), split_name("Dr. Sousa"), split_name("Ana de Sousa"), split_name("Van Gogh")
    (('Ana', 'Sousa'), ('', 'Dr. Sousa'), ('', 'Ana de Sousa'), ('', 'Van Gogh'))
    """
    first, *rest = text.split() or [""]
    known = data()["names"]
    is_plain = len(rest) == 1 and all(
        len(part) > 1
        and _WORD.fullmatch(part)
        and all("LATIN" in unicodedata.name(sign, "") for sign in part if sign.isalpha())
        and folded(part) not in (*known["particles"], *known["titles"])
        for part in (first, *rest)
    )
    return (first, rest[0]) if is_plain else ("", text)


def is_shared_mailbox(address: str) -> bool:
    """Return whether an address is a company's rather than a person's.

    >>> is_shared_mailbox("info@acme.pt"), is_shared_mailbox("Sales.EMEA@acme.pt"), is_shared_mailbox("ana@acme.pt")
    (True, True, False)
    """
    mailbox = folded(address.partition("@")[0].partition("+")[0])
    shared = data()["mailboxes"]["shared"]
    return mailbox in shared or mailbox.split(" ")[0] in shared
