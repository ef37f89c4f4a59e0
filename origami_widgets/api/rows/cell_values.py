"""Meaning of a lead's cell: its main value, and whether anything was found. Pure.

The cell of an enrichment is usually an object: the wanted fields beside `confidence`, `reasoning` and sources. A cell
whose fields are all empty has looked and found nothing; a missing cell has not run.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

CONFIDENCE = ("high", "medium", "low")
"""Levels of confidence that agents state, the surest first."""
PRIMARY = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
REMARKS = ("confidence", "reasoning")
"""Keys with which an object comments on its values."""
_SOURCE_KEY = re.compile(r"(.*[_\W])?source[_\W]?(url|link|address)s?|sources", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1024)
def main_key(keys: tuple[str, ...]) -> str | None:
    """Return the key of an object's main value, given all its keys; None if none of them can hold a finding.

    >>> main_key(("email", "confidence", "reasoning", "source_url"))
    'email'
    >>> main_key(("amount_usd", "stage", "source_url"))
    'amount_usd'
    >>> main_key(("title", "linkedin_url", "full_name")), main_key(("linkedin_url", "confidence"))
    ('full_name', 'linkedin_url')
    >>> main_key(("confidence", "source_url")) is None
    True
    """
    for key in PRIMARY:
        if key in keys:
            return key
    findings = findings_of(keys)
    # Beside another value, a title or an address usually describes that value.
    return next((key for key in findings if key != "title" and not key.endswith("_url")), next(iter(findings), None))


def main_value(value: dict[str, Any]) -> Any:
    """Return the main value of an object; None without one."""
    key = main_key(tuple(value))
    # A source without other values may be the value, or just an address.
    return None if key is None or (key == "source" and not is_found(value)) else value[key]


def is_found(value: Any) -> bool:
    """Return whether a cell holds a finding: a text, a number, a boolean, or a list or object that holds one.

    Null, blank texts, and lists and objects of these are no finding. In an object, `confidence`, `reasoning` and source
    addresses do not count, because they are also there if nothing was found. A `source` without other values counts if
    it is a word such as "LinkedIn", which answers "Where did this lead come from?", but not if it is an address.

    >>> is_found({"linkedin_url": "https://a.example", "confidence": "high"}), is_found(False), is_found(0)
    (True, True, True)
    >>> is_found({"email": " ", "confidence": "low", "email_source_url": "https://a.example"}), is_found([None])
    (False, False)
    >>> is_found({"source": "LinkedIn"}), is_found({"source": "https://a.example"})
    (True, False)
    """
    waiting = [(value, False)]
    while waiting:
        each, is_source = waiting.pop()
        if type(each) is dict:
            keys = findings_of(tuple(each))
            waiting += [(each[key], is_source or keys == ("source",)) for key in keys]
        elif type(each) is list:
            waiting += [(item, is_source) for item in each]
        elif type(each) is str:
            if each and not each.isspace() and not (is_source and is_address(each)):
                return True
        elif each is not None:
            return True
    return False


def is_address(text: str) -> bool:
    """Return whether a text is the address of a page and nothing else."""
    return bool(_ADDRESS.fullmatch(text))


def may_come(kind: str) -> bool:
    """Return whether a missing cell may still get a value. In columns that users fill in, it is empty.

    >>> may_come("enrichment"), may_come("input")
    (True, False)
    """
    return kind != "input"


@lru_cache(maxsize=1024)
def findings_of(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of an object that can hold a finding: all except remarks and source addresses.

    >>> findings_of(("title", "linkedin_url", "confidence", "reasoning", "email_source_url", "sourceUrls", "sources"))
    ('title', 'linkedin_url')
    >>> findings_of(("source", "confidence")), findings_of(("email", "source"))
    (('source',), ('email',))
    """
    findings = tuple(key for key in keys if not is_remark(key))
    # Beside other values, a source is a remark. Alone, it may be the answer itself, such as the source of a lead.
    return findings if findings == ("source",) else tuple(key for key in findings if key != "source")


@lru_cache(maxsize=4096)
def is_remark(key: str) -> bool:
    """Return whether a key of an object comments on the others: its confidence, its reasoning, a source address."""
    return key in REMARKS or bool(_SOURCE_KEY.fullmatch(_WORDS.sub("_", key)))
