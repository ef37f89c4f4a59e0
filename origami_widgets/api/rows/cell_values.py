"""Meaning of a lead's cell and column: its main value, whether anything was found, what the column is for. Pure.

The cell of an enrichment is usually an object: the wanted fields beside `confidence`, `reasoning` and sources. A cell
whose fields are all empty has looked and found nothing; a missing cell has not run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

CONFIDENCE = ("high", "medium", "low")
"""Levels of confidence that agents state, the surest first."""
PRIMARY = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
REMARKS = ("confidence", "reasoning")
"""Keys with which an object comments on its values."""
_SOURCE_KEY = re.compile(r"(.*[_\W])?source[_\W]?(url|link|address)s?|sources", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
_NO_AMOUNT = re.compile(
    r"\b(ids?|(?:no|nr|number)(?!\W+of)|code|zip|plz|postal|postcode|phone|mobile|fax|tel|vat|year|siren|siret|duns|founded|position)\b"
)


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


def is_found(value: object) -> bool:
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


Role: TypeAlias = Literal["name", "score", "email", "website", "phone", "other", "internal"]

_EMAIL = re.compile(r"\b(e ?)?mails?\b")
_PHONE = re.compile(r"\b(tele)?(phone|mobile|tel|cell)\b")
_WEBSITE = re.compile(r"\b(web ?(site|page)|homepage|domain|(company|business) url)\b|^(url|site)$")
_NAME = re.compile(r"(^|\b(company|full|person|contact|business|lead|organi[sz]ation) )name$")
_ABOUT = re.compile(r"\b(status|verified|confidence|count|number of|type|opens?|sent|sources?)\b")
"""Matches headings of columns that say something about an address rather than hold it."""
_READ_FIRST: tuple[Role, ...] = ("name", "score", "email", "website", "phone", "other", "internal")


@lru_cache(maxsize=1024)
def is_amount(name: str) -> bool:
    """Return whether numbers with this heading or key are amounts, rather than ids, years or phone numbers.

    >>> [is_amount(each) for each in ("Number of employees", "amount_usd", "House number", "zipCode", "founded")]
    [True, True, False, False, False]
    """
    return _NO_AMOUNT.search(_WORD_END.sub(" ", name).lower()) is None


def column_role(heading: str, kind: str) -> Role:
    """Return what a column is for, by its heading.

    Args:
        heading: the column's name.
        kind: the API's kind of column. A `sequence` holds only ids of drafted messages.

    Example:
        >>> [column_role(each, "enrichment") for each in ("Contact e-mail", "companyUrl", "Mobile phone", "Email status")]
        ['email', 'website', 'phone', 'other']
        >>> column_role("Fit", "score"), column_role("Full name", "input"), column_role("First email", "sequence")
        ('score', 'name', 'internal')
    """
    if kind == "sequence":
        return "internal"
    if kind == "score":
        return "score"
    words = _WORD_END.sub(" ", heading).strip().lower()
    if _ABOUT.search(words):
        return "other"
    roles: tuple[tuple[Role, re.Pattern[str]], ...] = (
        ("email", _EMAIL),
        ("phone", _PHONE),
        ("website", _WEBSITE),
        ("name", _NAME),
    )
    return next((role for role, pattern in roles if pattern.search(words)), "other")


def reading_order(columns: Sequence[tuple[str, str]]) -> list[tuple[int, Role]]:
    """Return the positions of columns in the order in which people read them, each with its role.

    A table without a column of names has them in its first column. Among columns with the same role, the table's order
    is kept; only the first score comes to the front.

    Args:
        columns: heading and kind of each column, in the table's order.

    Example:
        >>> reading_order([("Company", "input"), ("City", "input"), ("E-mail", "enrichment"), ("Fit", "score")])
        [(0, 'name'), (3, 'score'), (2, 'email'), (1, 'other')]
    """
    roles = [column_role(heading, kind) for heading, kind in columns]
    if "name" not in roles and roles and roles[0] == "other":
        roles[0] = "name"
    seen: set[Role] = set()
    for at, role in enumerate(roles):
        if role in seen and role in ("name", "score"):
            roles[at] = "other"
        seen.add(role)
    return sorted(enumerate(roles), key=lambda each: _READ_FIRST.index(each[1]))
