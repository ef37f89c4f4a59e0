"""The rows of a ledger: which leads were handed over, and in which period for the first time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from origami_widgets.frames.files.list_reading import read_list
from origami_widgets.frames.files.table_files import csv_text

from .left_out import Identity, LeftOut, identities


class LedgerRow(NamedTuple):
    """One lead. Its fields are the file's columns: texts, some of them empty.

    Args:
        period: the number of the period.
        handed_over: the day.
        domain: the domain of a company, or of a person whose name is known.
        person: the person's name, as names are compared.
        email: an e-mail address, unless the lead is known by its domain.
        row_id: the id of the lead.
    """

    period: str
    handed_over: str
    domain: str
    person: str
    email: str
    row_id: str


class HandedOver(NamedTuple):
    """What one period hands over.

    Attributes:
        leads: the leads.
        added: their rows for the ledger, without those that it has.
        counts: the period's number, how many leads there are, and how many were `known` before, are `left_out_of_new` by a
            list, and known only by their id, `without_key`.
    """

    leads: pd.DataFrame
    added: list[LedgerRow]
    counts: dict[str, int]


def read_ledger(path: Path) -> list[LedgerRow]:
    """Return the rows of a ledger; none if there is no file.

    Raises:
        ValueError: it cannot be read, is damaged, or is no ledger.
    """
    if not path.exists():
        return []
    frame = read_list(path)
    if frame.columns.to_list() != list(LedgerRow._fields):
        raise ValueError(f"its headings aren't {', '.join(LedgerRow._fields)}")
    # A spreadsheet would compute some texts, so they begin with an apostrophe.
    cells = frame.fillna("").astype(str).map(lambda cell: cell.lstrip("'"))
    rows = [LedgerRow(*row) for row in cells.itertuples(index=False)]
    if not all(row.period.isdecimal() for row in rows):
        raise ValueError("a period isn't a number")
    return rows


def ledger_bytes(rows: list[LedgerRow]) -> bytes:
    """Return the content of a ledger's file."""
    return csv_text(pd.DataFrame(rows, columns=LedgerRow._fields, dtype="string").replace("", pd.NA)).encode()


def hand_over(
    leads: pd.DataFrame, rows: list[LedgerRow], period: int, now: datetime, *, is_over: bool, left_out: LeftOut | None
) -> HandedOver:
    """Return the leads of a period: those that the ledger has for it and, until it is over, those that it lacks.

    Args:
        leads: all leads of the conversation.
        rows: the ledger.
        period: the number of the period.
        now: the moment of the hand-over.
        is_over: whether the period was handed over before.
        left_out: which leads are left out; None for none.
    """
    known = LeftOut()
    for row in rows:
        addresses = (row.email,) if row.email else ()
        known.add(Identity(row.domain or None, addresses, row.person, row.row_id), int(row.period))
    own = {row.row_id for row in rows if int(row.period) == period}
    found, tables = identities(leads), leads["table_id"].astype(str).to_list()
    of_people = {table for table, lead in zip(tables, found, strict=True) if lead.name}
    kept, added = [], list[LedgerRow]()
    counts = {"period": period, "rows": 0, "known": 0, "left_out_of_new": 0, "without_key": 0}
    for lead, table in zip(found, tables, strict=True):
        is_person = table in of_people
        # A company is not known by an address that one of its people has, too.
        key = lead if is_person or lead.domain is None else lead._replace(addresses=())
        is_known = known.find(key, by_company=not is_person) is not None
        is_new = not is_over and not is_known
        is_own = is_new or lead.row_id in own
        is_left_out = left_out is not None and left_out.find(lead) is not None
        kept.append(is_own and not is_left_out)
        counts["known"] += is_known and not is_own
        # Also when the period is handed over again: they are in no ledger.
        counts["left_out_of_new"] += is_left_out and (is_own or not is_known)
        if kept[-1]:
            row = _row(lead, period, f"{now:%Y-%m-%d}", is_person=is_person)
            counts["rows"] += 1
            counts["without_key"] += not (row.domain or row.email)
            added += [row] if is_new else []
    return HandedOver(leads.loc[np.array(kept, dtype=bool)].reset_index(drop=True), added, counts)


def _row(lead: Identity, period: int, day: str, *, is_person: bool) -> LedgerRow:
    """Return a lead's row. A domain without a name stands for a company, so a person without a name has none there."""
    domain = lead.domain or "" if lead.name or not is_person else ""
    person = lead.name if domain and is_person else ""
    email = lead.addresses[0] if lead.addresses and (is_person or not domain) else ""
    return LedgerRow(str(period), day, domain, person, email, lead.row_id)
