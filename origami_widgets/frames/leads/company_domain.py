"""Registrable domain of a lead's website or e-mail address, to compare lists of leads. Pure.

Two leads at gmail.com, or with a page on facebook.com, are not the same company: addresses at public mail providers,
and pages on sites that many companies share, have no domain.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from publicsuffixlist import PublicSuffixList

_WEBSITE = (("website",), ("web", "site"), ("homepage",), ("domain",), ("url",), ("web", "page"), ("site",))
_EMAIL = (("email",), ("e", "mail"), ("mail",), ("emails",))
_OTHER_ADDRESSES = frozenset({"linkedin", "facebook", "instagram", "twitter", "logo", "image", "source", "profile"})
"""Words in the names of columns whose addresses are about the lead but not its own."""

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/@?#\s]*@)?([^/:?#@\s]+)(?::\d+)?([/?#]\S*)?", re.IGNORECASE)
_TOP_LEVEL = re.compile(r"\.(?:[a-z]{2,}|xn--[a-z0-9-]+)$")
"""Matches the end of a domain name, which may be newer than the public suffix list. "n.a." and numbers do not match."""
_MAILBOX = re.compile(r"(?:mailto:)?[^@\s/]+@([^@\s/?]+)(?:\?\S*)?", re.IGNORECASE)

_MAIL_PROVIDERS = (
    "126.com 139.com 163.com aim.com aliyun.com aol.com att.net bellsouth.net bigpond.com bk.ru bluewin.ch "
    "bol.com.br btinternet.com centrum.cz charter.net comcast.net cox.net daum.net duck.com earthlink.net "
    "email.com email.cz fastmail.com fastmail.fm foxmail.com free.fr freemail.hu freenet.de gmail.com gmx.com "
    "googlemail.com hanmail.net hey.com hushmail.com icloud.com inbox.lv inbox.ru interia.pl juno.com "
    "laposte.net libero.it list.ru mac.com mail.com mail.de mail.ee mail.ru mailbox.org mailfence.com me.com "
    "msn.com naver.com netzero.net ntlworld.com o2.pl onet.pl optonline.net orange.fr passport.com pm.me "
    "posteo.de posteo.net proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com "
    "sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com skynet.be sohu.com sympatico.ca t-online.de "
    "talktalk.net telenet.be telus.net terra.com.br tutanota.com tuta.io ukr.net uol.com.br verizon.net "
    "virgilio.it virginmedia.com wanadoo.fr web.de windowslive.com wp.pl xtra.co.nz yeah.net ymail.com zoho.com "
    "zohomail.com "
)
MAIL_PROVIDERS = frozenset(_MAIL_PROVIDERS.split())
MAIL_BRANDS = frozenset({"yahoo", "hotmail", "outlook", "live", "gmx", "yandex"})
"""Providers with a domain for each country: yahoo.co.uk, hotmail.fr."""
_SHARED_SITES = (
    "airbnb.com amazon.com angel.co apple.com bandcamp.com bbb.org behance.net booking.com calendly.com "
    "clutch.co crunchbase.com doctolib.de doctolib.fr doordash.com dribbble.com ebay.com etsy.com eventbrite.com "
    "facebook.com fb.com fb.me flickr.com g.page github.com gitlab.com glassdoor.com goo.gl google.com "
    "indeed.com instagram.com issuu.com kickstarter.com lieferando.de linkedin.com linktr.ee lnkd.in "
    "maps.app.goo.gl medium.com meetup.com opentable.com patreon.com pinterest.com reddit.com slideshare.net "
    "soundcloud.com spotify.com t.me telegram.me thefork.com threads.net tiktok.com tripadvisor.com "
    "trustpilot.com twitter.com ubereats.com upwork.com vimeo.com vk.com wa.me whatsapp.com wikipedia.org x.com "
    "xing.com yelp.com youtu.be youtube.com zillow.com "
)
SHARED_SITES = frozenset(_SHARED_SITES.split())
"""Sites on which many companies have a page. A path there is a company's page; the site itself is a company."""
_HOSTED_SITES = (
    "business.site godaddysites.com hubspotpagebuilder.com jimdosite.com medium.com site123.me squarespace.com "
    "substack.com tumblr.com weebly.com wordpress.com wpengine.com "
)
HOSTED_SITES = frozenset(_HOSTED_SITES.split())
"""Hosts that give each customer a subdomain and are not in the public suffix list."""


def company_domain(value: object) -> str | None:
    """Return the registrable domain of a website or e-mail address; None without one, or if many companies share it.

    >>> company_domain("https://www.shop.example.co.uk/en?a=b"), company_domain("Anna@Example.com")
    ('example.co.uk', 'example.com')
    >>> company_domain("anna@yahoo.co.uk"), company_domain("facebook.com/some.bakery"), company_domain("n/a")
    (None, None, None)
    >>> company_domain("https://facebook.com"), company_domain("some-bakery.github.io"), company_domain("fado.wordpress.com")
    ('facebook.com', 'some-bakery.github.io', 'fado.wordpress.com')
    """
    if isinstance(value, list | tuple):
        return next((found for each in value if (found := company_domain(each)) is not None), None)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if mailbox := _MAILBOX.fullmatch(text):
        domain = registrable(mailbox[1])
        is_public = domain is not None and (domain in MAIL_PROVIDERS or domain.partition(".")[0] in MAIL_BRANDS)
        return None if is_public else domain
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return None
    domain, path = registrable(address[1]), address[2] or ""
    if domain in SHARED_SITES and (path.strip("/") or _below(address[1], domain)):
        return None
    return domain


def registrable(host: str) -> str | None:
    """Return the registered part of a host name, in ASCII; None if it is not a domain name."""
    try:
        # The form that both spellings of an international name share.
        name = host.strip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not _TOP_LEVEL.search(name):
        return None
    domain: str | None = _suffixes().privatesuffix(name)
    if domain in HOSTED_SITES and (labels := _below(name, domain)):
        return f"{labels[-1]}.{domain}"
    return domain


def _below(host: str, domain: str) -> list[str]:
    """Return the labels of a host to the left of a domain, without `www`."""
    labels = host.strip(".").lower().removesuffix(domain).strip(".").split(".")
    return [label for label in labels if label not in ("", "www", "m")]


@cache
def _suffixes() -> PublicSuffixList:
    # Imported and read on first use, as this takes 40 ms.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def address_columns(names: Iterable[str]) -> list[str]:
    """Return the columns whose names say that they hold a company's own address: websites first, then e-mail addresses.

    >>> address_columns(["company", "contact-email", "website", "linkedin-url", "website.source_url", "company_url"])
    ['website', 'company_url', 'contact-email']
    """
    main = [name for name in names if "." not in name]
    words = {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name).lower().split() for name in main}
    found: dict[str, None] = {}
    for wanted in (*_WEBSITE, *_EMAIL):
        for name, parts in words.items():
            if _follow(wanted, parts) and not _OTHER_ADDRESSES.intersection(parts):
                found[name] = None
    return list(found)


def _follow(wanted: Sequence[str], parts: Sequence[str]) -> bool:
    size = len(wanted)
    return any(tuple(parts[at : at + size]) == tuple(wanted) for at in range(len(parts) - size + 1))


def domains_of(frame: pd.DataFrame, columns: Sequence[str]) -> list[str | None]:
    """Return the domain of each lead, from the first column that has one.

    Args:
        frame: the leads.
        columns: names of columns, in order of preference. Columns that the frame lacks are skipped.
    """
    known: dict[Any, str | None] = {}
    domains: list[str | None] = [None] * len(frame)
    for column in columns:
        if column not in frame:
            continue
        for at, value in enumerate(frame[column].astype(object).to_list()):
            if domains[at] is None and isinstance(value, str | list):
                key = value if isinstance(value, str) else tuple(map(str, value))
                if key not in known:
                    known[key] = company_domain(value)
                domains[at] = known[key]
    return domains
