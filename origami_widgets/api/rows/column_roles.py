"""What a column of leads is for, and the order in which people read columns: name, score, e-mail, website, phone. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Role: TypeAlias = Literal["name", "score", "email", "website", "phone", "other", "internal"]

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
_EMAIL = re.compile(r"\b(e ?)?mails?\b")
_PHONE = re.compile(r"\b(tele)?(phone|mobile|tel|cell)\b")
_WEBSITE = re.compile(r"\b(web ?(site|page)|homepage|domain|(company|business) url)\b|^(url|site)$")
_NAME = re.compile(r"(^|\b(company|full|person|contact|business|lead|organi[sz]ation) )name$")
_ABOUT = re.compile(r"\b(status|verified|confidence|count|number of|type|opens?|sent|sources?)\b")
"""Matches headings of columns that say something about an address rather than hold it."""
_READ_FIRST: tuple[Role, ...] = ("name", "score", "email", "website", "phone", "other", "internal")


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
    words = _WORDS.sub(" ", heading).strip().lower()
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
