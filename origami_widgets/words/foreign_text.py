"""Make text and addresses from outside safe to show.

Text loses control and direction characters, and has a limited length or width. Of addresses, none is trusted, as it may
come from a page that the agent has read: only `https` and `mailto`, and no user name before the host. A label names any
host outside the product's own domain.

Renderers only ever set text, so markup is harmless. Characters that change how *other* text reads are not: direction
overrides, invisible characters, line separators, and halves of surrogate pairs.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from urllib.parse import urlsplit

ELLIPSIS = "…"

_INVISIBLE = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "]"
)
"""Invisible characters: direction controls, fillers, tags and zero-width characters.

Joiners and variation selectors are left out, because letters of some scripts and emoji need them.
"""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_BLOCK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Joiners have a meaning between letters of some scripts and inside emoji. Anywhere else, they only hide.
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])",
)
# Long runs of characters that are neither letters nor blanks may contain marks that pile up on one letter.
_PILE = re.compile("[^\\w\\s\x00-\x7f]{9,}")
_PILE_LIMIT = 8
"""Most marks on one letter: no script needs more."""
_SHOWN_KEYS = 6


def common_name(names: Iterable[str]) -> str:
    """Return the words with which names begin alike; empty if there are none. One name stays as it is.

    Example:
        >>> common_name(["Bakeries in Porto", "Bakeries in Faro"]), common_name(["People"])
        ('Bakeries', 'People')
    """
    split = [name.split() for name in names]
    if len(split) == 1:
        return " ".join(split[0])
    common = " ".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, zip(*split, strict=False)))
    return re.sub(r" (in|at)\Z", "", common)


def unicode_text(text: str) -> str:
    r"""Return a text in a form that UTF-8 can hold: half an emoji becomes the replacement character.

    Example:
        >>> unicode_text("\ud83d!")
        '�!'
    """
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold a text: JSON and Python can carry half of a surrogate pair."""
    return unicode_text(text) == text


def strip_tricks(text: str) -> str:
    """Remove direction controls, invisible characters, halves of surrogate pairs and piles of marks.

    Args:
        text: any string, even one that strict encoders refuse.

    Returns:
        A string that can be encoded in UTF-8 and reads in the order in which it is stored. Line breaks and tabs stay.

    Example:
        >>> strip_tricks("invoice\u202efdp.exe")
        'invoicefdp.exe'
    """
    text = _INVISIBLE.sub("", unicode_text(text))
    text = _STRAY_JOINER.sub("", text)
    return text if text.isascii() else _PILE.sub(_unpiled, text)


def _unpiled(found: re.Match[str]) -> str:
    """Drop marks that pile up on a letter and would cover the lines around it."""
    kept: list[str] = []
    marks = 0
    for character in found[0]:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
        elif character not in "\u200c\u200d":
            marks = 0
        if marks <= _PILE_LIMIT:
            kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    """Remove tricks, and replace every control character by a blank."""
    return _CONTROL.sub(" ", strip_tricks(text))


def clean(value: object, limit: int) -> str:
    r"""Return one line of text for a label.

    Args:
        value: what the server sent; anything but a string becomes an empty one.
        limit: maximum number of characters, including the ellipsis.

    Returns:
        The text without tricks, and with single blanks instead of runs of white space.

    Example:
        >>> clean("  Porto\n bakeries ", 80)
        'Porto bakeries'
        >>> clean("a long name", 7)
        'a long…'
    """
    if not isinstance(value, str):
        return ""
    # Cut a megabyte before any expression runs over it. Up to three quarters may be blanks and tricks.
    text = one_line(value.lstrip()[: limit * 4 + 64])
    return cut(" ".join(text.split()), limit)


def cut(text: str, limit: int) -> str:
    """Return the beginning of a text, of at most `limit` characters with the ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip(" \u200d") + ELLIPSIS


def clean_block(value: object, limit: int) -> tuple[str, bool]:
    """Return text of several lines.

    Args:
        value: what the server sent; anything but a string becomes an empty one.
        limit: maximum number of characters.

    Returns:
        The text, cut at a nearby paragraph, line or word if possible, and whether anything was cut.

    Example:
        >>> clean_block("one two three", 9)
        ('one two', True)
    """
    if not isinstance(value, str):
        return "", False
    text = _CONTROL_IN_BLOCK.sub("", strip_tricks(value[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")))
    if len(text) <= limit and len(value) <= limit * 2:
        return text, False
    text = text[:limit]
    for mark, slack in (("\n\n", limit // 4), ("\n", limit // 8), (" ", limit // 3)):
        at = text.rfind(mark)
        if at >= limit - slack:
            return text[:at].rstrip(), True
    return text, True


def clip_to(text: str, size: int) -> str:
    """Return the beginning of a text that fits into a number of bytes as ASCII JSON, including quotes.

    Args:
        text: clean text.
        size: maximum number of bytes.

    Returns:
        The text itself if it fits, else its beginning with an ellipsis; empty if not even that fits.

    Example:
        >>> clip_to("a longer name", 13)
        'a lo…'
    """
    while (now := len(json.dumps(text))) > size:
        # Shorten in proportion. A few rounds are enough, because most text has characters of one width.
        keep = min(len(text) - 2, len(text) * (size - 8) // now)
        if keep < 1:
            return ""
        text = text[:keep].rstrip(" \u200d") + ELLIPSIS
    return text


def clip(value: object, limit: int, size: int = 0) -> str:
    """Return one clean line of at most `limit` characters and `size` bytes of JSON (default: twice the characters)."""
    return clip_to(clean(value, limit), (size or 2 * limit) + 2)


def stored_size(text: str) -> int:
    """Return the bytes that a text takes in a notebook file, which is JSON."""
    return len(text.encode()) + sum(map(text.count, '"\\\n'))


def width_of(text: str) -> int:
    """Return the columns that a text takes in a terminal: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


@lru_cache(maxsize=2_048)
def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def break_to_width(word: str, width: int) -> Iterator[str]:
    """Break a text into pieces of limited width, wherever its blanks are."""
    while width_of(word) > width:
        taken = cut_to_width(word, width)
        yield taken
        word = word[len(taken) :]
    if word:
        yield word


def cut_to_width(text: str, width: float) -> str:
    """Return the beginning of a text that fits into a width."""
    used = 0
    for index, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:index]
    return text


def fit(text: str, width: float) -> str:
    """Return a text, cut to the columns of a terminal.

    Example:
        >>> fit("family-run bakeries", 11)
        'family-run…'
    """
    return text if width_of(text) <= width else cut_to_width(text, width - 1).rstrip() + ELLIPSIS


def described(value: object) -> str:
    """Return what kind of thing a value is, for an error about one of the wrong kind.

    Example:
        >>> described(None), described(3), described({"id": "x", "name": "y"})
        ('None', 'int', 'a dict with the keys id, name')
    """
    if not isinstance(value, Mapping):
        kind = type(value)
        # Other libraries have a DataFrame, too.
        library = kind.__module__.partition(".")[0] if hasattr(kind, "__arrow_c_stream__") else "pandas"
        return "None" if value is None else kind.__name__ if library == "pandas" else f"{kind.__name__} of {library}"
    if not value:
        return "an empty dict"
    if isinstance(value.get("object"), str) and value["object"] != "list":
        return f"a dict for the object {clean(value['object'], 40)!r}"
    keys = [clean(str(key), 40) for key in list(value)[:_SHOWN_KEYS]]
    return f"a dict with the keys {', '.join(keys)}{', …' if len(value) > _SHOWN_KEYS else ''}"


def name_of(value: object, limit: float = 60) -> str:
    r"""Return text from outside as one line of at most `limit` characters; wide ones count twice.

    Cut here, because Vega's own limits cut through emoji, which vl-convert (1.9) refuses.

    Example:
        >>> name_of("  Porto\n bakeries "), name_of(None), name_of("a long name", 7)
        ('Porto bakeries', '(no name)', 'a long…')
    """
    return fit(clean(value, 2_000), limit) or "(no name)"


PRODUCT_DOMAIN = "origami.chat"
LONGEST = 600
_HOST_SHOWN = 60
_HTTPS = re.compile(r"https://[!-~]+", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[a-z0-9.!#$*+/=^_{}|~-]{1,64}@[a-z0-9.-]{1,190}", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\]")


def safe_href(address: object) -> str | None:
    """Return an address if it is safe for a link, else None.

    Args:
        address: the address from the server or the prose.

    Returns:
        The unchanged address, or None if it has a scheme other than `https` or `mailto`, no host, a user name,
        characters outside printable ASCII (look-alike hosts), or more than 600 characters.

    Example:
        >>> safe_href("https://origami.chat/workspace/1")
        'https://origami.chat/workspace/1'
        >>> safe_href("https://origami.chat@evil.example/") is None
        True
    """
    if not isinstance(address, str) or len(address) > LONGEST:
        return None
    if _MAILTO.fullmatch(address):
        return address
    host = host_of(address)
    # `.invalid` never resolves (RFC 2606); the sandbox's addresses end in it.
    return address if host and not host.endswith(".invalid") else None


def host_of(address: str) -> str:
    """Return the host of an `https` address in lower case; empty if the address is refused.

    Example:
        >>> host_of("https://Docs.Origami.chat/agents")
        'docs.origami.chat'
        >>> host_of("javascript:alert(1)")
        ''
    """
    # Browsers read a backslash as a slash, and Python does not: refuse what they would parse differently.
    if not _HTTPS.fullmatch(address) or "\\" in address:
        return ""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    named = f"[{host}]" if ":" in host else host
    expected = named if port is None else f"{named}:{port}"
    plain = parts.netloc.lower().rstrip(":.")
    return named if _HOST.fullmatch(named) and plain in (expected, named) else ""


def link_of(role: str, text: str) -> str:
    """Return the link of an e-mail address or a website as they stand in a cell; empty if it is none, or not safe.

    Args:
        role: `email` or `website`; other columns have no links.
        text: the cell.

    Example:
        >>> link_of("email", "ana@acme.example"), link_of("email", "n/a"), link_of("website", "acme.example")
        ('mailto:ana@acme.example', '', 'https://acme.example')
        >>> link_of("website", "http://acme.example/en"), link_of("website", "https://acme.example@evil.example")
        ('http://acme.example/en', '')
    """
    if role == "email":
        return safe_href(f"mailto:{text}") or ""
    if role != "website":
        return ""
    if text.lower().startswith("https://"):
        return safe_href(text) or ""
    if text.lower().startswith("http://"):
        return text if len(text) <= LONGEST and host_of(f"https{text[4:]}") else ""
    bare = f"https://{text}"
    return bare if len(text) <= LONGEST and "." in host_of(bare) else ""


def is_product(address: str) -> bool:
    """Return whether an address is on the product's own domain or a subdomain.

    Example:
        >>> is_product("https://docs.origami.chat/x"), is_product("https://origami.chat.evil.example/")
        (True, False)
    """
    host = host_of(address)
    return host == PRODUCT_DOMAIN or host.endswith("." + PRODUCT_DOMAIN)


def shown_host(address: str) -> str:
    """Return the host of an address, shortened for display."""
    return short_host(host_of(address) or address.partition("@")[2])


def short_host(host: str) -> str:
    """Shorten a host to 60 characters. A long one keeps its end, which says who owns it.

    Example:
        >>> short_host("origami.chat." * 9 + "evil.example").endswith("origami.chat.evil.example")
        True
    """
    return host if len(host) <= _HOST_SHOWN else "…" + host[1 - _HOST_SHOWN :]
