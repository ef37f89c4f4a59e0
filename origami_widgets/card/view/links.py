"""Links: which addresses are shown as links, and with which labels.

Two kinds of links exist: those of the product (tables, hand-offs of errors) and those in the agent's prose. Both may
come from a page the agent read, so neither is trusted: `https` and `mailto` only, no user name before the host, and
a host outside the product's own domain is named in the link's label.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Link

PRODUCT_DOMAIN = "origami.chat"
LONGEST = 600
_HOST_SHOWN = 60

_HTTPS = re.compile(r"https://[!-~]+", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[a-z0-9.!#$*+/=^_{}|~-]{1,64}@[a-z0-9.-]{1,190}", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\]")


def safe_href(address: object) -> str | None:
    """Return an address that may stand in a link; None when it is refused.

    Args:
        address: what the server or the prose named.

    Returns:
        The address unchanged, or None when it is refused: another scheme than `https` or `mailto`, no host, a user
        name in it, characters outside printable ASCII (look-alike hosts), or longer than 600 characters.

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
    # Nothing ever stands under `.invalid` (RFC 2606): the sandbox's addresses end so.
    return address if host and not host.endswith(".invalid") else None


def host_of(address: str) -> str:
    """Return the host of an `https` address, lower case; empty when the address is refused.

    Example:
        >>> host_of("https://Docs.Origami.chat/agents")
        'docs.origami.chat'
        >>> host_of("javascript:alert(1)")
        ''
    """
    # Browsers read a backslash as a slash, Python does not: refuse what the two would take apart differently.
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


def is_product(address: str) -> bool:
    """Return whether an address lies on the product's own domain or below it.

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
    """Shorten a host to 60 characters; a long one keeps its end, which says who owns it.

    Example:
        >>> short_host("origami.chat." * 9 + "evil.example").endswith("origami.chat.evil.example")
        True
    """
    return host if len(host) <= _HOST_SHOWN else "…" + host[1 - _HOST_SHOWN :]


def open_link(address: object) -> Link | None:
    """Return a link to a table, to stand beside its name; a host other than the product's is named in the label.

    Example:
        >>> open_link("https://origami.chat/workspace/1")["label"]
        'Open table'
        >>> open_link("https://tables.example/1")["label"]
        'Open at tables.example'
    """
    href = safe_href(address)
    if href is None:
        return None
    return {"href": href, "label": "Open table" if is_product(href) else f"Open at {shown_host(href)}"}


def product_link(address: object, label: str) -> Link | None:
    """Return a link of the product with a label; another host is named in it.

    Args:
        address: what the server named.
        label: the words, already clean.

    Returns:
        The link, or None when the address is refused.

    Example:
        >>> product_link("https://origami.chat/settings/billing", "Add credits")
        {'href': 'https://origami.chat/settings/billing', 'label': 'Add credits'}
        >>> product_link("https://billing.example/", "Add credits")["label"]
        'Add credits (billing.example)'
    """
    href = safe_href(address)
    if href is None:
        return None
    return {"href": href, "label": label if is_product(href) else f"{label} ({shown_host(href)})"}
