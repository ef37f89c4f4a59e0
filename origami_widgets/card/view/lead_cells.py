"""Leads for the front end: the three states of a cell, its text and parts, and the changes since they were sent. Pure.

The API has no types for findings. What a number means follows from its key, as in `amount_usd`, or from its column's
slug.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from origami_widgets.api.rows.cell_values import (
    CONFIDENCE,
    REMARKS,
    Role,
    findings_of,
    is_amount,
    is_found,
    is_remark,
    main_key,
    may_come,
    reading_order,
)
from origami_widgets.card.view.messages import (
    CELL_HAS_FAILED,
    CELL_NEVER_RUN,
    CELL_WAS_STOPPED,
    CellChange,
    CellPart,
    ColumnFailures,
    LeadCell,
    LeadFilter,
    LeadHead,
    LeadMark,
    LeadRow,
    LinkCell,
)
from origami_widgets.run.state import judging_columns
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clean, link_of, safe_href
from origami_widgets.words.numbers import moment, shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Column, FlatRow


PART_LIMIT = 600
PARTS_LIMIT = 24
COLUMNS_LIMIT = 60
LIMITED = "Origami limits requests."
"""Why no leads come while the server refuses all requests."""
_SCHEME = re.compile(r"\Ahttps?://(?:www\.)?(?=[^/\s]+\Z)")
"""Matches the parts of a website's address that people leave out."""
_NUMBER = re.compile(r"(?!0\d)[-\u2212]?[\d.,  ]*\d( ?[%KMB])?")
RUN_COLUMN = ":run"
"""Stands for a slug in the column that says which run a lead is from. No column of a table has such a slug."""
Noun = tuple[str, str]
"""A word for one of the leads of a table, and for several."""
ShownColumn = tuple["Column", "Role"]
"""A column, and what it is for."""
LEAD: Noun = ("lead", "leads")
ROW: Noun = ("row", "rows")
"""The user's own list has rows, as they call them."""
_JOINED = re.compile(r"(?<=[a-z0-9])([A-Z])(?=[a-z])")
_UNITS = frozenset({"url", "urls", "link", "usd", "eur", "gbp", "chf", "jpy", "pct", "percent", "percentage"})
"""Words that end a key and say what its text says itself."""
_SPELLED = {"email": "e-mail", "linkedin": "LinkedIn", "url": "address", "id": "ID", "sources": "source"}


def make_cells(row: FlatRow, columns: Iterable[ShownColumn]) -> list[LeadCell]:
    """Return the cells of one lead.

    Args:
        row: the row as the server sent it. A missing cell has not run, or has failed.
        columns: the columns that are shown.
    """
    return [_cell(row.values, column, role) for column, role in columns]


def make_heads(
    columns: Sequence[ShownColumn],
    rows: Iterable[Sequence[LeadCell]],
    *,
    own: bool = False,
    stopped: Collection[str] = (),
) -> list[LeadHead]:
    """Return the heads of the columns, with the share of values found among the leads read.

    Args:
        columns: the columns that are shown.
        rows: the cells of all leads read.
        own: whether it is the user's own list.
        stopped: the ids of the columns that were stopped here.
    """
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    return [_head(*each, cells, own=own, stopped=stopped) for each, cells in zip(columns, by_column, strict=True)]


def hidden_mark(row: FlatRow, columns: Iterable[Column]) -> LeadMark:
    """Return how a lead is marked that fails the table's saved filters. One that was not judged is not rejected.

    Args:
        row: the row as the server sent it.
        columns: the table's columns that have a slug.
    """
    judging = judging_columns(columns)
    if len(judging) != 1:
        return "hidden"
    (column,) = judging
    if column.slug not in row.values:
        return "unjudged"
    counts = column.qualification
    # The server counts verdicts, and does not say which lead has which.
    return "unsure" if counts is not None and counts.fail == 0 and counts.unsure else "hidden"


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
        if old is not cells:
            changes += [CellChange(place, at, cell) for at, cell in enumerate(cells) if cell != old[at]]
    return rows, changes


def shown_columns(columns: Iterable[Column]) -> list[Column]:
    """Return the columns in which leads can have cells, in the table's order, up to the number that is shown."""
    return [column for column in columns if column.slug][:COLUMNS_LIMIT]


def in_reading_order(columns: Sequence[Column], *, own: bool = False, added: Sequence[str] = ()) -> list[ShownColumn]:
    """Return columns in the order in which people read them, each with what it is for.

    Args:
        columns: the columns that have a slug, in the table's order.
        own: whether it is the user's own list: the columns that were uploaded come first, in their order.
        added: the ids of columns that follow-ups have added: they come behind name and score, where they are seen.
    """
    roles = dict(reading_order([(each.name, each.kind) for each in columns]))

    def place(at: int) -> tuple[int, int]:
        column = columns[at]
        if own and column.kind == "input":
            return 0, at
        if column.id in added:
            return 2, added.index(column.id)
        return (1 if roles[at] in ("name", "score") else 3), 0

    return [(columns[at], roles[at]) for at in sorted(roles, key=place)]


def run_head() -> LeadHead:
    """Return the head of the column that says which run a lead is from."""
    return {
        "slug": RUN_COLUMN,
        "name": "Run",
        "kind": "run",
        "role": "other",
        "own": False,
        "is_number": False,
        "share": 1.0,
        "details": "The run that found the lead",
        "filling": False,
        "missing": "",
        "failed": 0,
        "filters": True,
        "off": False,
    }


def with_off(heads: Sequence[LeadHead], is_chosen: Callable[[str, str], bool] | None) -> list[LeadHead]:
    """Return heads with whether each is off at first. The first one, which names a lead, never is.

    Args:
        heads: the heads in their order.
        is_chosen: returns whether the user wants a column, by slug and name; None for all but the website, to which the
            name is the link.
    """
    is_named = any(head["role"] == "name" for head in heads)

    def is_off(head: LeadHead) -> bool:
        return (
            is_named and head["role"] == "website" if is_chosen is None else not is_chosen(head["slug"], head["name"])
        )

    return [{**head, "off": at > 0 and is_off(head)} for at, head in enumerate(heads)]


def matches_run(name: str, condition: LeadFilter) -> bool:
    """Return whether the name of a run meets a condition, as the server compares the texts of cells.

    >>> matches_run("Bakeries in Porto", {"column": ":run", "operator": "contains", "value": "porto"})
    True
    """
    run, value = name.casefold().strip(), condition["value"].casefold().strip()
    return {
        "contains": value in run,
        "not_contains": value not in run,
        "equals": run == value,
        "not_equals": run != value,
        "is_empty": not run,
        "is_not_empty": bool(run),
        "greater_than": run > value,
        "greater_than_or_equal": run >= value,
        "less_than": run < value,
        "less_than_or_equal": run <= value,
    }.get(condition["operator"], False)


def distinct_names(runs: Sequence[tuple[str, str]]) -> list[str]:
    """Return names that tell runs apart: where several have the same, their briefs, or else numbers.

    Args:
        runs: the name and the brief of each.

    >>> distinct_names([("Porto", "Find bakeries"), ("Porto", "Find cafés"), ("Faro", ""), ("Faro", "")])
    ['Find bakeries', 'Find cafés', 'Faro (1)', 'Faro (2)']
    """
    briefs: dict[str, list[str]] = {}
    for name, brief in runs:
        briefs.setdefault(name, []).append(brief)
    chosen = [
        brief if all(briefs[name]) and len(set(briefs[name])) == len(briefs[name]) > 1 else name for name, brief in runs
    ]
    counts, numbers = Counter(chosen), Counter[str]()
    names = []
    for name in chosen:
        numbers[name] += 1
        names.append(f"{name} ({numbers[name]})" if counts[name] > 1 else name)
    return names


def count_words(shown: int, leads: int | None, noun: Noun = LEAD) -> str:
    """Return in words how many of the leads of a table are shown. The count is the table's, even if more have come since.

    >>> count_words(50, 1240), count_words(15, 15), count_words(16, 15), count_words(7, None)
    ('50 of 1,240 leads', '15 leads', '15 leads', '7 leads')
    """
    if leads is None or shown >= leads:
        return words.plural(shown if leads is None else leads, *noun)
    return f"{words.count(shown)} of {words.plural(leads, *noun)}"


def with_left_out_words(count: str, left_out: int) -> str:
    """Return the words for the number of leads, with how many of those read the user's list leaves out.

    >>> with_left_out_words("57 leads", 12)
    '57 leads, 12 left out by your list'
    """
    return f"{count}, {words.count(left_out)} left out by your list" if count and left_out else count


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
    main = shown_key(value) if text and column.kind != "sequence" else None
    confidence = value.get("confidence")
    level = confidence if isinstance(confidence, str) and confidence in CONFIDENCE else ""
    line = _sequence_line(value) if text == DRAFTED else ""
    shown = {main, "confidence" if level else None, "sequenceId" if line else None}
    parts = [CellPart("To read it with your client", line, "")] if line else []
    parts += (part for key, raw in value.items() if key not in shown for part in _parts(key, raw))
    if parts or level:
        return {"text": text, "href": href, "confidence": level, "parts": parts[:PARTS_LIMIT]}
    return LinkCell(text, href) if href else text


def _parts(key: str, value: object) -> list[CellPart]:
    """Return a value as named parts. Each address in a list of sources is a separate part."""
    label = clean(label_of(key), 40)
    if isinstance(value, list) and is_remark(key):
        return [part for each in value[:PARTS_LIMIT] for part in _parts(key, each)]
    if isinstance(value, dict | list):
        text = clean(_inside(value, key), PART_LIMIT)
    elif key in REMARKS and isinstance(value, str):
        text = clean(value, PART_LIMIT)
    else:
        text = value_text(value, key)
    return [CellPart(label, text, safe_href(value) or "")] if text else []


def _inside(value: Any, key: str, depth: int = 2) -> str:
    """Return a value in an object or list as people read it: the parts of objects with their labels. Deeper ones are JSON."""
    match value:
        case dict() if depth:
            parts = [(label_of(name), _inside(part, name, depth - 1)) for name, part in value.items()]
            return ", ".join(f"{label}: {said}" for label, said in parts if said)
        case list() if not any(isinstance(each, dict | list) for each in value):
            return value_text(value, key)
        case list() if depth:
            return _joined("; ", value, lambda each: _inside(each, key, depth - 1))
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return value_text(value, key)


def _joined(separator: str, values: Sequence[Any], text_of: Callable[[Any], str]) -> str:
    """Return the texts of the first values of a list, with a mark where there are more."""
    said = separator.join(filter(None, map(text_of, values[:ITEMS_LIMIT])))
    return f"{said}{separator}…" if len(values) > ITEMS_LIMIT else said


def label_of(key: str) -> str:
    """Return a key of a cell's object as people read it.

    >>> [label_of(key) for key in ("email_source_url", "sources", "url", "linkedin_url", "amount_usd", "sequenceId")]
    ['E-mail source', 'Source', 'Address', 'LinkedIn', 'Amount', 'Sequence ID']
    """
    named = _JOINED.sub(lambda joint: f" {joint[1].lower()}", key).replace("_", " ").replace("-", " ").split()
    while len(named) > 1 and named[-1] in _UNITS:
        named.pop()
    label = " ".join(_SPELLED.get(word, word) for word in named)
    return label[:1].upper() + label[1:]


def cell_words(cell: LeadCell) -> str:
    """Return the text of a cell; empty without a value."""
    return cell["text"] if isinstance(cell, dict) else cell.text if isinstance(cell, LinkCell) else cell or ""


def _head(column: Column, role: Role, cells: Sequence[LeadCell], *, own: bool, stopped: Collection[str]) -> LeadHead:
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
        "details": f"{words.count(found)} of {words.count(len(cells))} read" if cells else "",
        "filling": bool(shown_count(column.cells.running)),
        "missing": _missing_words(column, cells.count(None), stopped),
        "failed": shown_count(column.cells.errored) or 0,
        # The specification promises only these; the server refuses the others.
        "filters": column.kind == "input",
        "off": False,
    }


def failures_of_run(
    tables: Sequence[tuple[Sequence[ShownColumn], Sequence[Sequence[LeadCell]], Collection[str]]],
) -> dict[str, ColumnFailures]:
    """Return the columns of a run that were stopped or have failed cells, and have none that runs, by slug.

    Its leads do not tell of which table they are.

    Args:
        tables: the shown columns of each table, the cells of all its leads read, and the ids of the columns that were
            stopped here.
    """
    failed, words, running = Counter[str](), defaultdict[str, list[str]](list), set[str]()
    for columns, rows, stopped in tables:
        for at, (column, _) in enumerate(columns):
            slug, missing = column.slug or "", sum(cells[at] is None for cells in rows)
            failed[slug] += shown_count(column.cells.errored) or 0
            running |= {slug} if shown_count(column.cells.running) else set()
            words[slug].append(_missing_words(column, missing, stopped))
    return {
        slug: ColumnFailures(each[0] if each == each[:1] * len(tables) else CELL_NEVER_RUN, failed[slug])
        for slug, each in words.items()
        if slug not in running and (failed[slug] or CELL_WAS_STOPPED in each)
    }


def _missing_words(column: Column, missing: int, stopped: Collection[str]) -> str:
    """Return why cells of a column have no result. The server counts failures by column and does not say where they are.

    Args:
        column: the column, with its counts over the whole table.
        missing: how many of the cells that were read have no result.
        stopped: the ids of the columns that were stopped here.
    """
    errored = shown_count(column.cells.errored) or 0
    if errored and errored >= missing:
        return CELL_HAS_FAILED
    return CELL_WAS_STOPPED if column.id in stopped else CELL_NEVER_RUN


TEXT_LIMIT = 200
ITEMS_LIMIT = 24
GROUPED_FROM: Final = 10_000
"""Numbers from which on commas are used. Smaller ones may be years."""
DRAFTED: Final = "drafted"

_SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}
_CURRENCIES: Final = frozenset(
    {*_SIGNS, "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "sgd", "brl", "cny"}
)
_CODE_LENGTH: Final = 3
_EXACT: Final = 2**53
_LARGEST: Final = 1e100
"""Most digits of an integer: Python itself refuses thousands of them."""
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def value_text(value: Any, key: str = "", kind: str = "") -> str:
    """Return the text of a cell, or of a part of it; empty if there is nothing to say.

    Args:
        value: the value as the server sent it.
        key: the value's key in its object, or the slug of its column.
        kind: the kind of its column.

    Example:
        >>> value_text(1_200_000, "amount_usd"), value_text({"amount": 9.5, "currency": "CHF"}), value_text(31.5, "share_pct")
        ('$1,200,000', '9.50 CHF', '31.5 %')
        >>> value_text(48_000, "employees"), value_text(10_115, "zip_code"), value_text(2_026, "founded")
        ('48,000', '10115', '2026')
        >>> value_text("2026-07-21T09:14:02Z"), value_text([True, None, "Porto"])
        ('2026-07-21 09:14 UTC', 'yes, Porto')
        >>> value_text({"sequenceId": "0f8a2b1c-11aa-4bcd-a111-0123456789ab"}, "first-email", "sequence")
        'drafted'
    """
    if kind == "sequence" and _is_reference(value):
        return DRAFTED
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = _number(value, key)
        case str():
            text = _time(value) or value
        case list():
            text = _joined(", ", value, lambda each: value_text(each, key))
        case dict():
            text = _object(value, key)
        case _:
            text = json.dumps(value)
    return clean(text, TEXT_LIMIT)


def shown_key(value: dict[str, Any]) -> str | None:
    """Return the key of the part that represents an object: the main part, or the first finding if that is empty.

    >>> shown_key({"email": None, "phone": "+351 555 0100"})
    'phone'
    """
    keys = tuple(value)
    return next((key for key in (main_key(keys), *findings_of(keys)) if key is not None and is_found(value[key])), None)


def _object(value: dict[str, Any], key: str) -> str:
    if not is_found(value):
        return ""
    match value:
        case {"amount": int() | float() as amount, "currency": str(currency)} if not isinstance(amount, bool):
            return _number(amount, key, currency.lower() if len(currency) == _CODE_LENGTH else "")
    # The column's name says more than a key such as `value`; `number` would say of an amount that it is none.
    shown = shown_key(value)
    return "" if shown is None else value_text(value[shown], key if shown == "number" else f"{key} {shown}")


def _is_reference(value: Any) -> bool:
    """Return whether the cell of a sequence only refers to the drafted sequence, without its content."""
    if isinstance(value, dict):
        return all(_words(key)[-1:] == ("id",) for key in value) and any(value.values())
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _sequence_line(value: dict[str, Any]) -> str:
    """Return the line of Python that reads a drafted sequence; empty without its id."""
    sequence = value.get("sequenceId")
    is_known = isinstance(sequence, str) and _ID.fullmatch(sequence) is not None
    return f'client.request("GET", "/sequences/{sequence}")' if is_known else ""


def _number(value: float, key: str, currency: str = "") -> str:
    if not -_LARGEST < value < _LARGEST:
        return "very large number" if isinstance(value, int) else json.dumps(value)
    named = _words(key)
    last = named[-1] if named else ""
    if currency or last in _CURRENCIES:
        return _money(value, currency or last)
    if last in ("percent", "percentage", "pct"):
        return f"{_plain(value)} %"
    return _plain(value) if is_amount(key) else json.dumps(value)


def _money(value: float, currency: str) -> str:
    """Return an amount of money, with cents if it has any."""
    amount = f"{int(abs(value)):,}" if value == int(value) else f"{abs(value):,.2f}"
    minus = "-" if value < 0 else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{amount}" if sign else f"{minus}{amount} {currency.upper()}"


def _plain(value: float) -> str:
    if value == int(value) and abs(value) < _EXACT:
        value = int(value)
    return f"{value:,}" if abs(value) >= GROUPED_FROM else json.dumps(value)


def _time(value: str) -> str:
    """Return a moment in UTC, to the minute; empty if the text is not a time."""
    if not _TIME.fullmatch(value):
        return ""
    try:
        return moment(datetime.fromisoformat(value).astimezone(UTC))
    except (ValueError, OverflowError):
        return ""


@lru_cache(maxsize=1024)
def _words(key: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(key))
