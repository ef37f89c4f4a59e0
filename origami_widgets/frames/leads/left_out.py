"""`LeftOut` (`leave_out=`): leave customers, opt-outs and earlier leads out of results.

Companies are compared by domain, people by e-mail address, or else by name and domain. Nothing of the list leaves the
machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from origami_widgets.api.background.sync_bridge import warn_user
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import column_role, is_remark
from origami_widgets.api.rows.own_rows import at_positions
from origami_widgets.api.validate import is_iterable
from origami_widgets.frames.files.list_reading import as_frame, read_list
from origami_widgets.frames.values import spaced
from origami_widgets.words.foreign_text import described
from origami_widgets.words.numbers import plural

from .company_domain import address_columns, company_domain, company_domains, domains_of, is_shared
from .lead_table import FOUND, OURS
from .stacking import check_columns, folded_text, keys_of, table_notes

ADDRESS = re.compile(r"[^\s@<>()\[\],;:|/\\\"]+@[^\s@<>()\[\],;:|/\\\"?]+\.[^\s@<>()\[\],;:|/\\\"?]+")
_NUMBER = re.compile(r" \d+$")
"""Matches what `leads_frame` adds to the name of a column that it has twice."""
_PERSON = re.compile(r"((full|contact|person) )?name|person|contact person|ansprechpartner(in)?")
_PARTS_OF_NAME = (re.compile(r"(first|given) ?name|vorname"), re.compile(r"(last|family) ?name|surname|nachname"))
_COMPANY = re.compile(
    r".*\b(compan(y|ies)|organi[sz]ation|business|firma?|employer|unternehmen|empresa|entreprise|azienda|account)\b( name)?"
)
LOOKED_AT = 50
"""Cells by which a column that has another name is taken for one of addresses."""


class Identity(NamedTuple):
    """Identifiers of a lead, or of a row of a list.

    Attributes:
        domain: the domain of its company; None without one.
        addresses: its e-mail addresses.
        name: the name of the person, as names are compared; empty for a company.
        row_id: the id of the lead; empty if it is not known.
    """

    domain: str | None
    addresses: tuple[str, ...]
    name: str
    row_id: str = ""

    @property
    def named(self) -> str:
        """Name and domain of the person; empty if one of them is not known."""
        return f"{self.name}, {self.domain}" if self.name and self.domain else ""


def identities(frame: pd.DataFrame, *, of_list: bool = False) -> list[Identity]:
    """Return the identifiers of each row.

    Args:
        frame: leads, or a list of the user's own.
        of_list: take the domain from websites only: an address of a list stands for one person, not for a company.
    """
    check_columns(frame)
    frame = frame.set_axis([str(name) for name in frame.columns], axis="columns").reset_index(drop=True)
    if "table_id" in frame and len(frame["table_id"].unique()) > 1:
        # Each table by its own columns: a name is a company's in one, and a person's in another.
        found: dict[int, Identity] = {}
        for _, part in frame.groupby("table_id", sort=False, dropna=False):
            found |= zip(part.index, _of_table(part.dropna(axis="columns", how="all"), of_list=of_list), strict=True)
        return [found[at] for at in frame.index]
    return _of_table(frame, of_list=of_list)


def _of_table(frame: pd.DataFrame, *, of_list: bool) -> list[Identity]:
    websites, emails, names = _columns_of(frame)
    sources = websites if of_list else [*websites, *emails]
    domains = domains_of(frame, sources, "numpy_nullable").astype(object)
    addresses = [_addresses(cells) for cells in frame[emails].to_numpy(dtype=object)]
    ids = frame["row_id"].fillna("").astype(str) if "row_id" in frame else [""] * len(frame)
    people = [
        as_name(" ".join(cell for cell in cells if isinstance(cell, str))) for cells in frame[names].to_numpy(object)
    ]
    return [
        Identity(None if domain is pd.NA else domain, mailboxes, name, row_id)
        for domain, mailboxes, name, row_id in zip(domains, addresses, people, ids, strict=True)
    ]


def as_name(text: str) -> str:
    """Return a person's name as names are compared, without what a spreadsheet would compute.

    >>> as_name(" =Ana  SOUSA; @ana")
    'ana sousa @ana'
    """
    return folded_text(text.replace(";", " ")).lstrip("=+-@'")


def _addresses(cells: Iterable[object]) -> tuple[str, ...]:
    return tuple(found.strip(".'").casefold() for cell in cells for found in ADDRESS.findall(str(cell)))


def _is_part(name: str, known: Collection[str]) -> bool:
    """Return whether a column comments on another one, as `email_source_url` does."""
    mains = [name[:at] for at, sign in enumerate(name) if sign == "_" and name[:at] in known]
    keys = [name[len(main) + 1 :] for main in mains]
    return any(is_remark(key) or key == FOUND for key in keys)


def _columns_of(frame: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Return the columns of websites, of e-mail addresses and of persons' names: by their names, else by their cells."""
    known, keys = set(frame.columns), keys_of(table_notes(frame))
    # Not the parts of cells, nor the name of the run.
    ours = (*OURS, *keys) if "row_id" in known else ()
    main = [name for name in frame.columns if name not in ours and not _is_part(name, known)]
    words = {name: _NUMBER.sub("", spaced(name).lower()) for name in main}
    emails = [name for name in main if column_role(name, "") == "email"]
    websites = ["domain"] if {"domain", "row_id"} <= known else []
    websites = websites or [name for name in main if name not in emails and address_columns([words[name]])]
    if "row_id" not in known:
        for name in main:
            texts = [cell for cell in frame[name].dropna().head(LOOKED_AT) if isinstance(cell, str)]
            if name in emails or name in websites or not texts:
                continue
            if 2 * sum(bool(ADDRESS.search(text)) for text in texts) > len(texts):
                emails.append(name)
            # Links to jobs, maps or social networks are no websites, whatever the cells look like.
            elif 2 * sum(map(bool, company_domains(texts))) > len(texts) and address_columns(
                [f"{words[name]} website"]
            ):
                websites.append(name)
    # Beside "Company size", or "Company domain" without an e-mail address, "Name" is the company's.
    has_company = any(
        _COMPANY.fullmatch(each) or (emails and _COMPANY.match(each) and address_columns([each]))
        for each in words.values()
    )
    names = [name for name in main if _PERSON.fullmatch(words[name]) and (has_company or words[name] != "name")]
    names = sorted(names, key=lambda name: words[name] == "name")[:1]
    parts = [next((name for name in main if part.fullmatch(words[name])), None) for part in _PARTS_OF_NAME]
    return websites, emails, names or [name for name in parts if name is not None]


class LeftOut:
    """Companies and people, each with a number, such as that of the period in which it was found.

    Attributes:
        rows: how many rows the list had.
        unrecognized: the positions of rows without a website, a company's domain or an e-mail address.
    """

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._domains: dict[str, int] = {}
        self._addresses: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self._unaddressed: dict[str, int] = {}
        self.rows = 0
        self.unrecognized: list[int] = []

    @classmethod
    def of_list(cls, given: object) -> LeftOut:
        """Read a list.

        Args:
            given: texts, dicts, a Series, a frame, the path of a file, or a list of these.

        Raises:
            InvalidInput: it is none of these, can't be read, or has no website and no e-mail address.
        """
        made = cls()
        for part in _parts(given):
            for each in _identities_of(part):
                if each.domain is None and not each.addresses and not each.row_id:
                    made.unrecognized.append(made.rows)
                made.add(each)
                made.rows += 1
        made._check()
        return made

    def _check(self) -> None:
        if self.rows and len(self.unrecognized) == self.rows:
            raise InvalidInput(
                "leave_out= has no company or person to leave out",
                cause=f"None of its {plural(self.rows, 'row')} has a website, a company's domain or an e-mail address. "
                "Domains of mail providers and of sites that many companies share don't count.",
                remedy='Pass a column with websites or addresses, such as leave_out=customers["website"], or a frame or file '
                "with such a column.",
            )
        if self.unrecognized:
            message = (
                "Rows of leave_out= without a website, a company's domain or an e-mail address leave out nothing: "
                f"{len(self.unrecognized):,} of {self.rows:,}, {at_positions(self.unrecognized)}."
            )
            warn_user(message)

    def add(self, row: Identity, number: int = 0) -> None:
        """Add a row: a person, if it has a name, else a company, if it has a domain, else a person by the address."""
        if row.row_id:
            self._rows.setdefault(row.row_id, number)
        for address in row.addresses:
            self._addresses.setdefault(address, number)
        if row.named:
            self._named.setdefault(row.named, number)
            if not row.addresses:
                self._unaddressed.setdefault(row.named, number)
        elif row.domain is not None and not row.name:
            self._domains.setdefault(row.domain, number)

    def find(self, lead: Identity, *, by_company: bool = True) -> int | None:
        """Return the number of the row that leaves a lead out; None for a lead that stays.

        Args:
            lead: the lead.
            by_company: whether a company leaves out its people.
        """
        if lead.row_id in self._rows:
            return self._rows[lead.row_id]
        for address in lead.addresses:
            if address in self._addresses:
                return self._addresses[address]
        # Two people of one name in a company are told apart by their addresses, where both have one.
        named = (self._unaddressed if lead.addresses else self._named).get(lead.named)
        if named is not None or not by_company or not self._domains:
            return named
        domains = (lead.domain, *map(company_domain, lead.addresses))
        return next((self._domains[domain] for domain in domains if domain in self._domains), None)

    def ids(self, leads: pd.DataFrame) -> frozenset[str]:
        """Return the row ids of those leads that are left out."""
        return frozenset(leads.loc[~self._stays(leads), "row_id"])

    def _stays(self, leads: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array([self.find(each) is None for each in identities(leads)], dtype=bool)

    def of(self, leads: pd.DataFrame) -> pd.DataFrame:
        """Return leads without those that are left out; `attrs["origami"]["left_out"]` says how many these are."""
        stays = self._stays(leads)
        kept = leads.loc[stays]
        if isinstance(leads.index, pd.RangeIndex):
            kept = kept.reset_index(drop=True)
        tables = leads.loc[~stays, "table_id"].astype(str).value_counts().to_dict() if "table_id" in leads else {}
        counts = {"leads": len(leads) - len(kept), "of_tables": tables}
        counts |= {"list_rows": self.rows, "unrecognized": len(self.unrecognized)}
        kept.attrs = {**leads.attrs, "origami": leads.attrs.get("origami", {}) | {"left_out": counts}}
        return kept


def left_out_of(leads: pd.DataFrame, table_id: str) -> int:
    """Return how many leads of a table a list has left out of a frame."""
    note = leads.attrs.get("origami", {}).get("left_out", {"leads": 0, "of_tables": {}})
    return int(note["of_tables"].get(table_id, 0) if note["of_tables"] else note["leads"])


LISTS = (list, tuple, set, frozenset)
COLUMNS = (pd.Series, pd.Index, np.ndarray)
ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet")


def is_list(given: object) -> bool:
    """Return whether `LeftOut` reads this by itself; else it is a run, a table or a list of these, whose leads are read."""
    if isinstance(given, LISTS):
        return all(is_list(each) for each in given)
    is_frame = isinstance(given, (os.PathLike, Mapping, *COLUMNS)) or hasattr(given, "__arrow_c_stream__")
    return is_frame or bool(pd.api.types.is_scalar(given))


def _is_path(given: object) -> bool:
    return isinstance(given, os.PathLike) or (isinstance(given, str) and given.lower().endswith(ENDINGS))


def _parts(given: Any) -> Iterator[pd.DataFrame | list[Any]]:
    """Yield the frames, and lists of texts, that a list is made of.

    Raises:
        InvalidInput: it is made of something else.
    """
    if isinstance(given, pd.DataFrame):
        yield given
    elif is_iterable(given) and isinstance(given, COLUMNS):
        yield given.tolist()
    elif _is_path(given):
        yield read_list(given)
    elif isinstance(given, LISTS):
        others = [each for each in given if not isinstance(each, Mapping)]
        lists = [each for each in others if _is_path(each) or not pd.api.types.is_scalar(each)]
        yield pd.DataFrame([dict(each) for each in given if isinstance(each, Mapping)], dtype=object)
        yield [each for each in others if pd.api.types.is_scalar(each) and not _is_path(each)]
        yield from (part for each in lists for part in _parts(each))
    elif hasattr(given, "__arrow_c_stream__"):
        yield as_frame(given)
    else:
        raise no_list(given)


def no_list(given: object) -> InvalidInput:
    """Return the error for what is no list."""
    # Without the values, which may be addresses of people.
    kinds = " and ".join(dict.fromkeys(type(each).__name__ for each in given)) if isinstance(given, LISTS) else ""
    return InvalidInput(
        "leave_out= needs a list",
        cause=f"Got {f'a list of {kinds}' if kinds else described(given)}.",
        remedy='Pass a list of domains and addresses, a frame, a column such as customers["website"], the path of a CSV file, '
        "workbook or Parquet file, or runs or tables. To mix them, read their leads first: [ow.leads_frame(run), 'acme.com'].",
    )


def _identities_of(part: pd.DataFrame | list[Any]) -> Iterator[Identity]:
    """Yield the identifiers of each row of a list. Domains that many companies share don't count."""
    if isinstance(part, list):
        websites = [None if isinstance(each, str) and "@" in each else each for each in part]
        part = pd.DataFrame({"website": websites, "e-mail": part}, dtype=object)
    elif any("@" in str(name) for name in part.columns) or (
        len(part.columns) == 1 and company_domain(str(part.columns[0])) is not None
    ):
        # A file of addresses, or of domains, without a heading.
        heads = dict(zip(part.columns, map(str, part.columns), strict=True))
        part = pd.concat([pd.DataFrame([heads], dtype=object), part.astype(object)], ignore_index=True)
    for row in identities(part, of_list=True):
        yield row._replace(domain=None) if row.domain is not None and is_shared(row.domain) else row
