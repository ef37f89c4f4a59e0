"""Registrable domain of a lead's website or e-mail address, to compare lists of leads. Pure.

Two leads at gmail.com, or with a page on facebook.com, are not the same company: addresses at public mail providers,
and pages on sites that many companies share, have no domain. The folder `domains` has the lists of both, each with its
source and licence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend, typed_array
from origami_widgets.frames.values import spaced

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray
    from publicsuffixlist import PublicSuffixList


_WEBSITE = (("website",), ("web", "site"), ("homepage",), ("domain",))
_LINK = (("url",), ("web", "page"), ("site",))
_EMAIL = (("email",), ("e", "mail"), ("mail",), ("emails",))
_OWN = frozenset({"business", "company", "corporate", "home", "main", "official", "organization", "primary", "web"})
"""Words that a column of links may have besides, and still be the company's website: `company_url`."""
_OTHER_ADDRESSES = frozenset({"linkedin", "facebook", "instagram", "twitter", "logo", "image", "source", "profile"})
"""Words in the names of columns whose addresses are about the lead but not its own."""
_OTHER_LINKS = _OTHER_ADDRESSES | {
    *("article", "articles", "career", "careers", "crunchbase", "evidence", "github", "glassdoor", "google", "indeed"),
    *("job", "jobs", "listing", "map", "maps", "media", "menu", "news", "photo", "picture", "posting", "press"),
    *("reference", "review", "reviews", "social", "sources", "tiktok", "tripadvisor", "vacancy", "video"),
    *("wikipedia", "xing", "yelp", "youtube"),
}
"""The same, in the names of columns of links. The e-mail address of a press department is the company's own."""

_HOST = r"[^\s/:?#@;,|<>()\[\]{}\"'\\]+"
_ADDRESS = re.compile(rf"(?:(?:[a-z][a-z0-9+.-]*:)?//(?:[^/@?#\s]*@)?)?({_HOST})(?::\d*)?([/?#]\S*)?", re.IGNORECASE)
_MAILBOX = re.compile(rf"(?:mailto:)?[^@\s/:;,|<>]+@({_HOST})(?:\?\S*)?", re.IGNORECASE)
_HIDDEN = re.compile(r" ?[(\[{] ?(?:(at|@)|dot|\.) ?[)\]}] ?", re.IGNORECASE)
"""Matches the signs of an e-mail address that is hidden from robots: ana(at)example.com."""
_BETWEEN = re.compile(r" [/&+] |[;,|<> ]+")
"""Matches what stands between several addresses in one cell."""
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
"""Matches a name whose end may be newer than the public suffix list. "n.a." and numbers do not match."""
RESERVED = ("example", "test")
"""Ends that stand in documents, examples and tests (RFC 6761)."""
_COUNTRY = re.compile(r"(?:com|net|org|co|[a-z]{2})(?:\.[a-z]{2})?")
"""Matches what stands for `*` in the lists, as in amazon.com, amazon.de and amazon.co.uk."""
_PLAIN = re.compile(
    r"(?:(?:https?://)?(?:www\.)?|([^@\s/:;,|<>]+@))"
    r"((?!-|xn--)([a-z0-9-]{1,63})(?<!-)\.([a-z]{2,4}\.[a-z]{2}|[a-z]{2,63}))(?(1)|(?:/\S*)?)"
)
"""Matches most addresses: a label and what may be a public suffix, as in https://www.acme.co.uk/en and ana@acme.com."""


class _Names(NamedTuple):
    """Domains of a list, and names that have one in each country."""

    domains: frozenset[str]
    names: frozenset[str]

    def has(self, domain: str) -> bool:
        if domain in self.domains:
            return True
        name, _, end = domain.partition(".")
        return name in self.names and _COUNTRY.fullmatch(end) is not None


@cache
def _listed(kind: str) -> _Names:
    # Read on first use, as this takes 5 ms.
    from importlib.resources import files

    lists = (each for each in (files(__package__) / "domains").iterdir() if each.name.startswith(kind))
    lines = {line for each in lists for line in each.read_text("ascii").splitlines() if not line.startswith("#")}
    return _Names(frozenset(lines), frozenset(line.removesuffix(".*") for line in lines if line.endswith(".*")))


@cache
def _suffixes() -> PublicSuffixList:
    # Imported and read on first use, as this takes 40 ms.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@cache
def _uncommon_labels() -> frozenset[str]:
    """Return the labels whose domain depends on more than the suffix behind them: co in co.uk, gmail in gmail.com."""
    from publicsuffixlist import PSLFILE

    rules = Path(PSLFILE).read_text("utf-8").splitlines()
    labels = {label for rule in rules if not rule.startswith("//") for label in rule.lstrip("!").split(".")[:-1]}
    shared = (domain.partition(".")[0] for kind in ("sites", "mail") for domain in _listed(kind).domains)
    return frozenset({"www", "m", *labels, *shared})


def _is_suffix(suffix: str) -> bool:
    """Return whether each label that is not uncommon makes a registrable domain with this suffix."""
    return registrable(f"origami-widgets.{suffix}") == f"origami-widgets.{suffix}"


def domain_of(addresses: Iterable[object], *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.Series[Any]:
    """The domain of the company behind each website or e-mail address, to join and compare lists. Sends nothing.

    The domain is the registrable part of the host: `https://www.shop.example.co.uk/en` is `example.co.uk`. It is in
    lower case and ASCII (`xn--…`). If a value holds several addresses, the first one that belongs to a company counts.

    Args:
        addresses: links, hosts and e-mail addresses, in any mixture: a Series, an Index or a list.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas' readers.

    Returns:
        A Series of dtype `string` with the same index and name. It is NA where there is no address, for addresses at
        mail providers (`ana@gmail.com`), for their bare names (`gmail.com`) and other words with a dot (`file.pdf`), and for pages on sites that many companies share (`facebook.com/bakery`):
        social networks, job boards, news, maps, marketplaces, directories. A site that is in none of the package's
        lists counts as a company.

    Raises:
        InvalidInput: `addresses` is one text or a whole frame.

    Examples:
        >>> import origami_widgets as ow
        >>> ow.domain_of(["https://www.shop.example.co.uk/en", "Ana@Example.com", "ana@gmail.com", "facebook.com/bakery"])
        0    example.co.uk
        1      example.com
        2             <NA>
        3             <NA>
        dtype: string

        The website first, or else the e-mail address:

        >>> import pandas as pd
        >>> customers = pd.DataFrame({"site": ["http://acme.pt", None], "mail": ["ana@gmail.com", "rui@fado.pt"]})
        >>> ow.domain_of(customers["site"]).fillna(ow.domain_of(customers["mail"])).tolist()
        ['acme.pt', 'fado.pt']
    """
    check_backend(dtype_backend)
    if isinstance(addresses, str | pd.DataFrame) or not isinstance(addresses, Iterable):
        raise InvalidInput(
            "domain_of reads one column of addresses",
            cause=f"Got {type(addresses).__name__}.",
            remedy='Pass a column, such as frame["website"], or a list of addresses.',
        )
    index = addresses.index if isinstance(addresses, pd.Series) else None
    domains = company_domains(addresses)
    return pd.Series(typed_array("string", domains, dtype_backend), index=index, name=getattr(addresses, "name", None))


def company_domain(value: object) -> str | None:
    """Return the registrable domain of a website or e-mail address; None without one, or if many companies share it.

    >>> company_domain("https://www.shop.example.co.uk/en?a=b"), company_domain("Anna@Example.com")
    ('example.co.uk', 'example.com')
    >>> company_domain("anna@yahoo.co.uk"), company_domain("facebook.com/some.bakery"), company_domain("n/a")
    (None, None, None)
    >>> company_domain("https://facebook.com"), company_domain("some-bakery.github.io"), company_domain("fado.wordpress.com")
    ('facebook.com', 'some-bakery.github.io', 'fado.wordpress.com')
    >>> company_domain("anna(at)example.com"), company_domain("anna@gmail.com; acme.pt"), company_domain("see acme.pt")
    ('example.com', 'acme.pt', None)
    >>> company_domain("gmail.com"), company_domain("file.pdf"), company_domain("Dr.Smith")
    (None, None, None)
    """
    if not isinstance(value, str):
        values = value if isinstance(value, list | tuple) else ()
        return next((found for each in values if (found := company_domain(each)) is not None), None)
    text = value.strip()
    if mailbox := _MAILBOX.fullmatch(text):
        return _of_mailbox(mailbox[1])
    if address := _ADDRESS.fullmatch(text):
        if _is_bare(text) and not _is_company(address[1].strip(".").lower()):
            return None
        return _of_site(address[1], address[2] or "")
    text = _HIDDEN.sub(lambda sign: "@" if sign[1] else ".", " ".join(text.split()))
    pieces = [each for each in _BETWEEN.split(text) if each]
    mailboxes = [_MAILBOX.fullmatch(each) for each in pieces]
    sites = [_ADDRESS.fullmatch(each) for each in pieces]
    # Words with a dot are no addresses: sites count only if nothing else is there.
    are_addresses = all(a or (b and _name(b[1])) for a, b in zip(mailboxes, sites, strict=True))
    for mailbox, site in zip(mailboxes, sites, strict=True):
        if mailbox:
            found = _of_mailbox(mailbox[1])
        else:
            found = _of_site(site[1], site[2] or "") if site and are_addresses else None
        if found is not None:
            return found
    return None


def _is_bare(address: str) -> bool:
    """Return whether nothing but its dots says that a text is an address."""
    return "//" not in address and "@" not in address and not address.lower().startswith("www.")


def _is_company(host: str) -> bool:
    """Return whether a text with a dot may be a company's host: its end exists, and it is no mail provider.

    A file or a title with a dot has no such end, and an end that is newer than the list stands behind `https://` as well.
    """
    if host.isascii() and not _is_known_end(host.rpartition(".")[2]):
        return False
    return not _listed("mail").has(host) or _listed("sites").has(host)


@lru_cache(maxsize=4096)
def _is_known_end(end: str) -> bool:
    return end.startswith("xn--") or end in RESERVED or _suffixes().publicsuffix(end, accept_unknown=False) is not None


def is_shared(domain: str) -> bool:
    """Return whether a domain is that of a mail provider, or of a site on which many companies have pages.

    >>> is_shared("gmail.com"), is_shared("facebook.com"), is_shared("acme.pt")
    (True, True, False)
    """
    return _listed("mail").has(domain) or _listed("sites").has(domain)


def _of_mailbox(host: str) -> str | None:
    name = _name(host)
    domain = None if name is None else registrable(name)
    providers = _listed("mail")
    return None if name is None or domain is None or providers.has(domain) or providers.has(name) else domain


def _of_site(host: str, path: str) -> str | None:
    name = _name(host)
    domain = None if name is None else registrable(name)
    if name is None or domain is None:
        return None
    sites, below = _listed("sites"), _below(name, domain)
    if sites.has(domain) and (path.strip("/") or below):
        return None
    return None if below and sites.has(".".join((*below, domain))) else domain


def _name(host: str) -> str | None:
    """Return a host name in lower case and ASCII, the form that both spellings of an international name share."""
    name = host.strip(".").lower()
    if not name.isascii():
        # IDNA 2008, as browsers: faß.de is not fass.de. Python's own codec knows IDNA 2003 only.
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    return name if _NAME.fullmatch(name) else None


@lru_cache(maxsize=4096)
def registrable(name: str) -> str | None:
    """Return the registered part of a host name; None if there is none, as in "co.uk"."""
    domain: str | None = _suffixes().privatesuffix(name)
    if domain is not None and _listed("hosts").has(domain) and (labels := _below(name, domain)):
        return f"{labels[-1]}.{domain}"
    return domain


def _below(name: str, domain: str) -> list[str]:
    """Return the labels of a host name to the left of a domain, without `www`."""
    return [label for label in name[: -len(domain)].split(".") if label not in ("", "www", "m")]


def address_columns(names: Iterable[str]) -> list[str]:
    """Return the columns whose names say that they hold a company's own address: websites, e-mail addresses, other links.

    >>> address_columns(["company", "contact_email", "website", "linkedin_url", "company_url"])
    ['website', 'company_url', 'contact_email']
    >>> address_columns(["job_url", "news_url", "google_maps_url", "bakery_url", "email"])
    ['email', 'bakery_url']
    """
    words = {name: spaced(name).lower().split() for name in names}
    links = {name: parts for name, parts in words.items() if not _OTHER_LINKS.intersection(parts)}
    own = {name: parts for name, parts in links.items() if _OWN.union(*_LINK).issuperset(parts)}
    mail = {name: parts for name, parts in words.items() if not _OTHER_ADDRESSES.intersection(parts)}
    order = ((_WEBSITE, links), (_LINK, own), (_EMAIL, mail), (_LINK, links))
    return list(dict.fromkeys(name for kinds, among in order for name in _columns(kinds, among)))


def _columns(kinds: Sequence[Sequence[str]], among: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for wanted in kinds:
        for name, parts in among.items():
            if any(tuple(parts[at : at + len(wanted)]) == tuple(wanted) for at in range(len(parts))):
                yield name


def domains_of(frame: pd.DataFrame, columns: Sequence[str], dtype_backend: DtypeBackend) -> ExtensionArray:
    """Return the domain of each lead, from the first column that has one.

    Args:
        frame: the leads.
        columns: names of columns, in order of preference. Columns that the frame lacks are skipped.
        dtype_backend: the array of the result.
    """
    domains: list[str | None] = []
    for cells in (frame[column] for column in columns if column in frame):
        if not domains:
            domains = company_domains(cells.to_numpy(dtype=object).tolist())
            continue
        waiting = [at for at, domain in enumerate(domains) if domain is None]
        found = company_domains(cells.iloc[waiting].to_numpy(dtype=object).tolist())
        for at, domain in zip(waiting, found, strict=True):
            domains[at] = domain
    return typed_array("string", domains or [None] * len(frame), dtype_backend)


def company_domains(addresses: Iterable[object]) -> list[str | None]:
    """Return what `company_domain` does for each address. Most need a fraction of its time."""
    uncommon, look_up = _uncommon_labels(), cache(company_domain)
    # Of each suffix, whether it is one, and whether its end is known.
    ends = cache(lambda suffix: (_is_suffix(suffix), _is_known_end(suffix.rpartition(".")[2])))
    domains = []
    for address in addresses:
        if not isinstance(address, str):
            domain = company_domain(address)
        elif (plain := _PLAIN.fullmatch(address)) is None:
            # A text without any dot names no host. Beyond ASCII there are other dots.
            may_be = "." in address or not address.isascii() or _HIDDEN.search(address)
            domain = look_up(address) if may_be else None
        else:
            mailbox, domain, label, suffix = plain.groups()
            is_suffix, is_known = ends(suffix)
            if label in uncommon or not is_suffix:
                domain = look_up(address)
            elif not mailbox and not is_known and _is_bare(address):
                domain = None
        domains.append(domain)
    return domains
