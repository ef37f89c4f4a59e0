"""What may reach a terminal."""

import unicodedata

JOINERS = "\u200c\u200d"
"""They carry meaning in some scripts, and move nothing."""


def is_plain(text: str) -> bool:
    """Whether nothing in a text moves a cursor, breaks a line or turns the direction of what stands beside it."""
    return all(unicodedata.category(letter)[0] != "C" or letter in JOINERS for letter in text) and not (
        {"\u2028", "\u2029"} & set(text)
    )
