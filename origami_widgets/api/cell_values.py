"""What a cell of a lead says: its main value, and whether anything was found. Pure.

An enrichment's cell is an object as a rule: the wanted fields beside `confidence`, `reasoning` and sources. A cell that is
there with none of its fields filled looked and found nothing; one that is missing has not run.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

CONFIDENCE = ("high", "medium", "low")
"""What agents say of how sure they are, the surest first."""
PRIMARY = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
REMARKS = ("confidence", "reasoning")
"""What an object says of its values."""
_SOURCE_KEY = re.compile(r"(.*[_\W])?source[_\W]?(url|link|address)s?|sources", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1024)
def main_key(keys: tuple[str, ...]) -> str | None:
    """Return which part of an object is the value that one means; None where nothing in it can be found.

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
    # A title or an address is rather about the value, where there is another one.
    return next((key for key in findings if key != "title" and not key.endswith("_url")), next(iter(findings), None))


def main_value(value: dict[str, Any]) -> Any:
    """Return the part of an object that one means; None where there is none."""
    key = main_key(tuple(value))
    # Alone, a source may be the value, or an address only.
    return None if key is None or (key == "source" and not is_found(value)) else value[key]


def is_found(value: Any) -> bool:
    """Return whether there is something in a cell: a text, a number, a boolean, or a list or an object that holds one.

    Nothing are null, blank texts, and what holds nothing else. In an object `confidence`, `reasoning` and source
    addresses do not count: they are there, too, where nothing was found. A `source` beside no other value counts where it
    is a word such as "LinkedIn", which answers "Where did this lead come from?", and not where it is an address.

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
            if each and not each.isspace() and not (is_source and _ADDRESS.fullmatch(each)):
                return True
        elif each is not None:
            return True
    return False


def may_come(kind: str) -> bool:
    """Return whether a cell that a row leaves out may still get a value; one of a column that people fill in is empty.

    >>> may_come("enrichment"), may_come("input")
    (True, False)
    """
    return kind != "input"


@lru_cache(maxsize=1024)
def findings_of(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of an object that can hold a finding: all but its remarks and the addresses of its sources.

    >>> findings_of(("title", "linkedin_url", "confidence", "reasoning", "email_source_url", "sourceUrls", "sources"))
    ('title', 'linkedin_url')
    >>> findings_of(("source", "confidence")), findings_of(("email", "source"))
    (('source',), ('email',))
    """
    findings = tuple(key for key in keys if not is_remark(key))
    # The source of something else is a remark; alone it may be what was asked for, such as the source of a lead.
    return findings if findings == ("source",) else tuple(key for key in findings if key != "source")


@lru_cache(maxsize=4096)
def is_remark(key: str) -> bool:
    """Return whether a part of an object speaks of the others: its confidence, its reasoning, a source address."""
    return key in REMARKS or bool(_SOURCE_KEY.fullmatch(_WORDS.sub("_", key)))
