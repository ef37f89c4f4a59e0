"""What leads hold: how far each column is filled and what one value costs, and the evidence of each value. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import (
    CONFIDENCE,
    REMARKS,
    is_address,
    is_found,
    is_remark,
    main_value,
    may_come,
)
from origami_widgets.frames.frame_builder import build
from origami_widgets.frames.schema import (
    COLUMN_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_ID,
    TABLE_NAME,
    FrameField,
    FrameSchema,
    computed_field,
)
from origami_widgets.frames.source import SourceData, SourcePart
from origami_widgets.frames.values import as_json, parsed_object, read_number, read_text
from origami_widgets.words.foreign_text import clean

from .lead_table import FOUND, snake_case
from .stacking import ENDING, check_leads, keys_of, lead_names, mains_of, python_values, table_notes

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.frames.dtype_backend import DtypeBackend


EXAMPLES = 2
LONGEST_EXAMPLE = 80

DESCRIPTION = FrameSchema(
    "describe_leads",
    (
        RUN_NAME,
        TABLE_NAME,
        computed_field("column", "string", "the column of the frame of leads"),
        COLUMN_FIELDS["column_name"],
        COLUMN_FIELDS["kind"],
        computed_field("leads", "integer", "leads that were read", "leads"),
        computed_field("filled", "integer", "a value was found", "cells"),
        computed_field("nothing_found", "integer", "looked and found nothing, or left empty by users", "cells"),
        computed_field("not_run", "integer", "without a result: not run, running or failed", "cells"),
        computed_field("share_found", "number", "filled / leads", "fraction"),
        *(
            computed_field(f"confidence_{word}", "integer", f"found with {word} confidence; NA without any", "cells")
            for word in CONFIDENCE
        ),
        computed_field("distinct", "integer", "different values", "values"),
        COLUMN_FIELDS["cells_errored"],
        COLUMN_FIELDS["credits_lifetime_used"],
        COLUMN_FIELDS["avg_credits_per_run"],
        computed_field(
            "credits_per_found",
            "number",
            "(filled + nothing_found) * avg_credits_per_run / filled",
            "credits per value",
        ),
        *(computed_field(f"example_{number + 1}", "string", "a value, cut short") for number in range(EXAMPLES)),
        TABLE_ID,
        RUN_ID,
    ),
)


def describe_columns(leads: pd.DataFrame, *, examples: bool, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return the frame of `describe_leads`.

    Args:
        leads: a frame of `leads_frame`.
        examples: whether to show values.
        dtype_backend: the dtype backend of the result.

    Raises:
        InvalidInput: the frame has lost the notes about a table, or has rows that are no leads.
    """
    check_leads(leads)
    leads = leads.drop_duplicates(["table_id", "row_id"])
    rows = [_row(*each, examples=examples) for each in _columns(leads)]
    runs = dict.fromkeys(row["run_id"] for row in rows)
    source = SourceData("leads", tuple(SourcePart(run_id) for run_id in runs))
    frame = build(DESCRIPTION, source, rows, dtype_backend=dtype_backend)
    frame.attrs["origami"] |= {"untrusted": True}
    return frame


def _columns(leads: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the leads of each table with the notes about each of its columns, and those about the table."""
    notes = {str(note.get("table_id")): note for note in table_notes(leads)}
    rows: dict[Any, pd.DataFrame] = dict.fromkeys(notes, leads.iloc[:0])
    rows |= dict(iter(leads.groupby("table_id", dropna=False, sort=False)))
    for table_id, group in rows.items():
        note = notes.get(str(table_id))
        if note is None:
            raise InvalidInput(
                "This frame has lost its notes",
                cause="Only its attrs say what its columns are and what they have cost. pandas drops them in some "
                "operations, and files don't have them.",
                remedy="Pass the run or the table, or the frame as it was read: ow.describe_leads(run).",
            )
        hidden = note.get("columns_without_cells") or {}
        for facts in note.get("table_columns", ()):
            if facts["column"] in leads and facts["column"] not in hidden:
                yield group, facts, note


def _row(leads: pd.DataFrame, facts: Mapping[str, Any], note: Mapping[str, Any], *, examples: bool) -> dict[str, Any]:
    cells = _cells(leads, facts, note)
    # The main part may be empty although another part was found.
    mains = [main_value(value) if isinstance(value, dict) else value for value in cells.parsed]
    filled = [
        was and not (isinstance(main, str) and main.strip(" .").lower() in _PLACEHOLDERS)
        for was, main in zip(cells.filled, mains, strict=True)
    ]
    size, count = len(mains), sum(filled)
    pending = None if cells.pending is None else sum(cells.pending)
    distinct = {
        main if type(main) is str else (as_json(main),): main
        for main, is_filled in zip(mains, filled, strict=True)
        if is_filled and is_found(main)
    }
    price, ran = read_number(facts.get("avg_credits_per_run")), None if pending is None else size - pending
    words = [word for word, is_filled in zip(cells.confidence, filled, strict=True) if is_filled]
    shown = list(distinct.values())[: EXAMPLES * examples]
    return {
        **{key: note.get(key) for key in ("run_id", "run_name", "table_id", "table_name")},
        "column": facts["column"],
        "column_name": facts.get("name"),
        "kind": facts.get("kind") or None,
        "leads": size,
        "filled": count if cells.is_complete else None,
        "nothing_found": None if pending is None else size - count - pending,
        "not_run": pending,
        "share_found": count / size if size and cells.is_complete else None,
        **({f"confidence_{word}": words.count(word) for word in CONFIDENCE} if any(words) else {}),
        "distinct": len(distinct),
        "cells_errored": facts.get("cells_errored"),
        "credits_lifetime_used": facts.get("credits_lifetime_used"),
        "avg_credits_per_run": price,
        "credits_per_found": ran * price / count
        if cells.is_complete and count and ran is not None and price is not None and price >= 0
        else None,
        **{
            f"example_{at + 1}": clean(each if isinstance(each, str) else as_json(each), LONGEST_EXAMPLE)
            for at, each in enumerate(shown)
        },
    }


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one column, and what is known of each.

    Attributes:
        parsed: the cells, with JSON texts as the objects that they hold.
        filled: whether a value was found.
        pending: whether the cell may still get a value; None if the frame doesn't distinguish it from a cell without a finding.
        confidence: how certain the value is; None if unknown.
        is_complete: whether the frame shows for every cell if a value was found.
    """

    parsed: list[Any]
    filled: list[bool]
    pending: list[bool] | None
    confidence: list[Any]
    is_complete: bool = True


_PLACEHOLDERS = frozenset(
    ["-", "–", "—", "n/a", "na", "nil", "none", "not applicable", "not available", "not found", "null", "unknown"]  # noqa: RUF001 - dashes
)
"""Texts that agents write where they found nothing."""


def _cells(leads: pd.DataFrame, facts: Mapping[str, Any], note: Mapping[str, Any]) -> _Cells:
    name, options, kind = facts["column"], note.get("options") or {}, str(facts.get("kind", ""))
    is_whole = not options.get("flatten", True)
    values = [parsed_object(value) if is_whole else value for value in python_values(leads[name])]
    # Parts are known by their column and key; a frame with other notes has the usual names.
    mains, keys = mains_of([note]), keys_of([note])
    of_key = {keys[each]: each for each, main in mains.items() if main == name and each in keys}
    flags, parts = of_key.get(FOUND, f"{name}{ENDING}"), of_key.get("confidence", f"{name}_confidence")
    words = python_values(leads[parts]) if parts in leads else [None] * len(values)
    words = [
        value.get("confidence", word) if isinstance(value, dict) else word
        for value, word in zip(values, words, strict=True)
    ]
    if flags in leads:
        found = [_FLAGS.get(str(flag).lower()) for flag in python_values(leads[flags])]
        pending = [flag is None and may_come(kind) for flag in found]
        return _Cells(values, [flag is True for flag in found], pending, words)
    filled = [is_found(value) for value in values]
    empty = [value is None for value in values]
    if not may_come(kind) or not any(empty):
        return _Cells(values, filled, [False] * len(values), words, is_complete=flags not in note.get("columns", {}))
    if flags in note.get("columns", {}):
        # Another part may hold the finding, and which cells have run is not known any more.
        return _Cells(values, filled, None, words, is_complete=False)
    return _Cells(values, filled, None if is_whole else empty, words)


_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
"""Flags as frames and files have them."""
EVIDENCE = FrameSchema(
    "evidence_frame",
    (
        computed_field("lead", "string", "the name of the lead: its value in the column that people read first"),
        computed_field("column", "string", "the column of the frame of leads"),
        computed_field("value", "string", "the value as text; NA if nothing was found"),
        FrameField("confidence", "category", "computed", "", "how certain the agent says it is", members=CONFIDENCE),
        computed_field("reasoning", "string", "why, in the agent's words"),
        computed_field("source_url", "string", "the address of a page that the agent names; NA without one"),
        TABLE_NAME,
        computed_field("domain", "string", "the company's registrable domain"),
        TABLE_ID,
        computed_field("row_id", "string", "the lead"),
    ),
)


def evidence_of(leads: pd.DataFrame, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return the frame of `evidence_frame`.

    Args:
        leads: a frame of `leads_frame`.
        dtype_backend: the dtype backend of the result.

    Raises:
        InvalidInput: the frame has no column with evidence, or rows that are no leads.
    """
    check_leads(leads)
    leads = leads.drop_duplicates(["table_id", "row_id"])
    parts = _parts_of(leads)
    if not parts and len(leads):
        raise InvalidInput(
            "These leads have no evidence",
            cause="No column has one of the parts confidence, reasoning and source_url. "
            "flatten=False and columns= may leave them out, and so do columns that have not run.",
            remedy="Read the leads without these arguments, once their cells are filled: ow.leads_frame(run).",
        )
    known = [
        lead_names(leads),
        *(python_values(leads[name]) for name in ("table_name", "domain", "table_id", "row_id")),
    ]
    found = [(at, *cell) for main, names in parts.items() for at, *cell in _cells_with_remarks(leads, main, names)]
    rows = [(known[0][at], *rest, *(each[at] for each in known[1:])) for at, *rest in sorted(found, key=itemgetter(0))]
    names = [field.name for field in EVIDENCE.fields]
    frame = build(
        EVIDENCE,
        SourceData("leads", ()),
        [dict(zip(names, row, strict=True)) for row in rows],
        dtype_backend=dtype_backend,
    )
    frame.attrs["origami"] |= {"untrusted": True}
    return frame


def _parts_of(leads: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the remarks on each column: the frame's columns by key."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    notes = table_notes(leads)
    mains, keys = mains_of(notes), keys_of(notes)
    for name in map(str, leads.columns):
        # A file has no notes: its names must do, or its headings, such as "E-mail: source URL".
        found = [
            (main, key)
            for at, sign in enumerate(name)
            if at and sign in "_:" and (main := name[:at]) in leads
            if is_remark(key := snake_case(name[at + 1 :])) or key == "source"
        ]
        if name in keys:
            found = [(mains.get(name, ""), keys[name])]
        elif notes and name in mains:
            found = []
        main, key = found[-1] if found else ("", "")
        if main in leads and (is_remark(key) or key == "source"):
            parts[main][key] = name
    return parts


def _cells_with_remarks(leads: pd.DataFrame, main: str, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Iterate over the cells of a column that have a value or a remark: one row per source address."""
    parts = {key: python_values(leads[name]) for key, name in names.items()}
    for at, value in enumerate(python_values(leads[main])):
        given_parts = {key: values[at] for key, values in parts.items()}
        remarks = [given_parts.pop(key, None) for key in REMARKS]
        given = (address for key, each in given_parts.items() for address in _addresses(each, strict=key == "source"))
        addresses = dict.fromkeys(given)
        text = _text(value) if is_found(value) else None
        if text is not None or any(map(read_text, remarks)) or addresses:
            yield from ((at, main, text, *remarks, address) for address in addresses or [None])


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        # A file has whole numbers as 3200000.0 if their column also has empty cells.
        value = int(value)
    return value if isinstance(value, str) else as_json(value, ascii_only=False)


def _addresses(value: Any, *, strict: bool) -> Iterable[str]:
    """Return the addresses in a cell of sources, as the server sent them.

    Args:
        value: a text, a list, or an object.
        strict: whether texts that don't look like an address are something else.
    """
    value = parsed_object(value)
    if isinstance(value, str):
        return [value.strip()] if value.strip() and (not strict or is_address(value)) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [address for each in inner for address in _addresses(each, strict=strict or isinstance(value, dict))]
