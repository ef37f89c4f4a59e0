"""Which addresses from outside are safe to be links. Pure.

An address may come from a page that the agent has read, so none is trusted: only `https` and `mailto`, and no user name
before the host. A label names any host outside the product's own domain.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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
