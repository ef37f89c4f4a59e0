"""Leads for the front end: the three states of a cell, its parts, and the changes since the leads were sent. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.cell_values import CONFIDENCE, REMARKS, is_remark, may_come, reading_order
from origami_widgets.card.view.cell_text import told_key, value_text
from origami_widgets.card.view.lead_contract import CellChange, CellPart, LeadRow, LinkCell
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clean, link_of, safe_href
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from origami_widgets.api.models import Column, FlatRow
    from origami_widgets.api.rows.cell_values import Role
    from origami_widgets.card.view.lead_contract import LeadCell, LeadHead

PART_LIMIT = 600
PARTS_LIMIT = 24
COLUMNS_LIMIT = 60
LIMITED = "Origami limits requests."
"""Why no leads come while the server refuses all requests."""
_SCHEME = re.compile(r"\Ahttps?://(?:www\.)?(?=[^/\s]+\Z)")
"""Matches the parts of a website's address that people leave out."""
_NUMBER = re.compile(r"(?!0\d)[-\u2212]?[\d.,  ]*\d( ?[%KMB])?")
_JOINED = re.compile(r"(?<=[a-z0-9])([A-Z])(?=[a-z])")


def make_cells(row: FlatRow, columns: Sequence[Column], *, own: bool = False) -> list[LeadCell]:
    """Return the cells of one lead, in the order in which people read its columns.

    Args:
        row: the row as the server sent it. A missing cell has not run, or has failed.
        columns: the table's columns that have a slug.
        own: whether it is the user's own list.
    """
    return [_cell(row.values, column, role) for column, role in in_reading_order(columns, own=own)]


def make_heads(columns: Sequence[Column], rows: Iterable[Sequence[LeadCell]], *, own: bool = False) -> list[LeadHead]:
    """Return the heads of the columns in the order in which people read them, with the share of values found among the leads read.

    Args:
        columns: the table's columns that have a slug.
        rows: the cells of all leads read.
        own: whether it is the user's own list.
    """
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    order = in_reading_order(columns, own=own)
    return [_head(*each, cells, own=own) for each, cells in zip(order, by_column, strict=True)]


def changed_rows(
    known: Mapping[str, list[LeadCell]], after: Sequence[tuple[str, list[LeadCell]]]
) -> tuple[list[LeadRow], list[CellChange]]:
    """Return the differences between a page and the leads that were sent before.

    Args:
        known: cells of the leads that were sent, by row id, on any page.
        after: current ids and cells of the page's rows.

    Returns:
        The rows in order, without the cells of rows that were sent before; and the changed cells of those rows.
    """
    rows: list[LeadRow] = []
    changes: list[CellChange] = []
    for place, (row_id, cells) in enumerate(after):
        old = known.get(row_id)
        if old is None or len(old) != len(cells):
            rows.append(LeadRow(row_id, cells))
            continue
        rows.append(LeadRow(row_id, None))
        changes += [CellChange(place, at, cell) for at, cell in enumerate(cells) if cell != old[at]]
    return rows, changes


def shown_columns(columns: Iterable[Column]) -> list[Column]:
    """Return the columns in which leads can have cells, in the table's order, up to the number that is shown."""
    return [column for column in columns if column.slug][:COLUMNS_LIMIT]


def in_reading_order(columns: Sequence[Column], *, own: bool = False) -> list[tuple[Column, Role]]:
    """Return columns in the order in which people read them, each with what it is for.

    In the user's own list, the columns that were uploaded come first, in their order.
    """
    found = [(columns[at], role) for at, role in reading_order([(each.name, each.kind) for each in columns])]
    if not own:
        return found
    places = {id(column): at for at, column in enumerate(columns)}
    mine = sorted((each for each in found if each[0].kind == "input"), key=lambda each: places[id(each[0])])
    return [*mine, *(each for each in found if each[0].kind != "input")]


def count_words(read: int, total: int | None, leads: int | None, *, is_filtered: bool, more: bool = False) -> str:
    """Return in words how many of how many leads were read.

    Args:
        read: the number of leads read.
        total: the number of leads that match all conditions; None if the server did not say.
        leads: the number of leads in the table; None if the server did not say.
        is_filtered: whether conditions were added to the table's own.
        more: whether the server has more leads than were read.
    """
    if is_filtered:
        return f"{words.plural(total if total is not None else read, 'lead')} that match"
    if leads is None:
        if more and (total is None or total <= read):
            return f"first {words.plural(read, 'lead')}"
        leads = total = read if total is None else max(read, total)
    # The count is the table's, as on its tab, even if more rows have come since.
    hidden = leads - total if total is not None and leads > total else 0
    behind = f", {words.count(hidden)} hidden by the brief's requirements" if hidden else ""
    part = f"{words.count(read)} of " if read < leads - hidden else ""
    return f"{part}{words.plural(leads, 'lead')}{behind}"


def match_words(passing: int, checking: int, leads: int | None, hidden: int | None) -> str:
    """Return in words how many leads in the brief's view match further conditions.

    Args:
        passing: the number of them so far.
        checking: the number of leads that match, and of which it is not known yet if they are in this view.
        leads: the number of leads in this view; None if the server did not say.
        hidden: the number of leads that match but are not in this view; None while not all were read.
    """
    if hidden is None:
        if checking and not passing:
            return f"Checking {words.plural(checking, 'lead')} that match"
        further = f", checking {words.count(checking)} more" if checking else ""
        return f"{words.plural(passing, 'lead')} that match so far{further}"
    match = f"{words.plural(passing, 'lead')} that match"
    if leads is not None:
        match = f"{words.count(passing)} of {words.plural(leads, 'lead')} match"
    return f"{match}, {words.count(hidden)} more hidden" if hidden else match


def with_hidden_words(read: int, total: int | None, hidden: int | None, *, is_filtered: bool) -> str:
    """Return in words how many leads were read, the hidden ones included.

    Args:
        read: the number of leads read.
        total: the number of leads that match all conditions; None if the server did not say.
        hidden: the number of leads read that the table's own conditions hide; None if unknown.
        is_filtered: whether there are further conditions.
    """
    off = f", {words.count(hidden)} of them off brief" if hidden else ""
    return f"{count_words(read, total, None, is_filtered=is_filtered)}{off}"


def _cell(values: dict[str, Any], column: Column, role: Role) -> LeadCell:
    slug = column.slug or ""
    if slug not in values:
        return None if may_come(column.kind) else ""
    value = values[slug]
    said = value_text(value, slug, column.kind)
    text, href = _SCHEME.sub("", said), safe_href(link_of(role, said)) or ""
    if not isinstance(value, dict):
        return LinkCell(text, href) if href else text
    # The reference of a sequence is not text to read, so it is shown among the parts.
    main = told_key(value) if text and column.kind != "sequence" else None
    confidence = value.get("confidence")
    level = confidence if isinstance(confidence, str) and confidence in CONFIDENCE else ""
    shown = {main, "confidence" if level else None}
    parts = [part for key, raw in value.items() if key not in shown for part in _parts(key, raw)]
    if parts or level:
        return {"text": text, "href": href, "confidence": level, "parts": parts[:PARTS_LIMIT]}
    return LinkCell(text, href) if href else text


def _parts(key: str, value: object) -> list[CellPart]:
    """Return a value as named parts. Each address in a list of sources is a separate part."""
    label = clean(_JOINED.sub(lambda joint: f" {joint[1].lower()}", key).replace("_", " ").replace("-", " "), 40)
    if isinstance(value, list) and is_remark(key):
        return [part for each in value[:PARTS_LIMIT] for part in _parts(key, each)]
    if isinstance(value, dict | list):
        text = clean(json.dumps(value, ensure_ascii=False), PART_LIMIT)
    elif key in REMARKS and isinstance(value, str):
        text = clean(value, PART_LIMIT)
    else:
        text = value_text(value, key)
    return [CellPart(label, text, safe_href(value) or "")] if text else []


def cell_words(cell: LeadCell) -> str:
    """Return the text of a cell; empty without a value."""
    return cell["text"] if isinstance(cell, dict) else cell.text if isinstance(cell, LinkCell) else cell or ""


def _head(column: Column, role: Role, cells: Sequence[LeadCell], *, own: bool) -> LeadHead:
    texts = [cell_words(cell) for cell in cells]
    found = sum(map(bool, texts))
    share = found / len(cells) if cells else None
    return {
        "slug": column.slug or "",
        "name": clean(column.name, 80) or "Unnamed column",
        "kind": clean(column.kind, 24),
        "role": role,
        "own": own and column.kind == "input",
        "is_number": found > 0 and role != "phone" and all(_NUMBER.fullmatch(each) for each in texts if each),
        "share": None if share is None else round(share, 3),
        "details": f"Found in {words.count(found)} of {words.plural(len(cells), 'lead')} read" if cells else "",
        "filling": bool(shown_count(column.cells.running)),
        "missing": _missing_words(column, cells.count(None)),
        # The specification promises only these; the server refuses the others.
        "filters": column.kind == "input",
    }


def _missing_words(column: Column, missing: int) -> str:
    """Return why cells of a column have no result. The server counts failures by column and does not say where they are.

    Args:
        column: the column, with its counts over the whole table.
        missing: how many of the cells that were read have no result.
    """
    errored = shown_count(column.cells.errored) or 0
    if not errored:
        return "not run"
    return "failed" if errored >= missing else "not run or failed"
