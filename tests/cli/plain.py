"""Which characters may be written to a terminal."""

import unicodedata

JOINERS = "\u200c\u200d"
"""They have a meaning in some scripts, and do not move the cursor."""


def is_plain(text: str) -> bool:
    """Return whether a text moves no cursor, breaks no line, and does not change the direction of other text."""
    return all(unicodedata.category(letter)[0] != "C" or letter in JOINERS for letter in text) and not (
        {"\u2028", "\u2029"} & set(text)
    )
