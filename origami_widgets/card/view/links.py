"""Links: which addresses become links, and with which labels.

There are links to the product (tables, pages that help with errors) and links in the agent's prose. Both may come from
a page that the agent has read, so neither is trusted: only `https` and `mailto`, no user name before the host, and the
label names any host outside the product's own domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.words.safe_links import host_of, safe_href

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Link

PRODUCT_DOMAIN = "origami.chat"
_HOST_SHOWN = 60


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


def open_link(address: object) -> Link | None:
    """Return a link to a table, to show beside its name. The label names any host other than the product's.

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
    """Return a link to the product with a label. The label names any other host.

    Args:
        address: the address from the server.
        label: the label, already clean.

    Returns:
        The link, or None if the address is refused.

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
