"""What leads hold: how far each column is filled and what one value costs, and the evidence of each value. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

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
from .stacking import ENDING, check_leads, is_missing, keys_of, lead_names, mains_of, python_values, table_notes

if TYPE_CHECKING:
    import numpy.typing as npt

    from origami_widgets.frames.dtype_backend import DtypeBackend

    Mask: TypeAlias = npt.NDArray[np.bool_]

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
    leads = leads.drop_duplicates(["table_id", "row_id"]).reset_index(drop=True)
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
    filled = cells.filled & ~_say_nothing(cells.mains)
    size, count = len(leads), int(filled.sum())
    pending = None if cells.pending is None else int(cells.pending.sum())
    # The main part may be empty although another part was found.
    distinct = _distinct(cells.mains[filled & cells.has_main])
    price, ran = read_number(facts.get("avg_credits_per_run")), None if pending is None else size - pending
    levels = cells.confidence[filled].value_counts()
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
        **({f"confidence_{word}": int(levels.get(word, 0)) for word in CONFIDENCE} if any(levels.index) else {}),
        "distinct": len(distinct),
        "cells_errored": facts.get("cells_errored"),
        "credits_lifetime_used": facts.get("credits_lifetime_used"),
        "avg_credits_per_run": price,
        "credits_per_found": ran * price / count
        if cells.is_complete and count and ran is not None and price is not None and price >= 0
        else None,
        **{
            f"example_{at + 1}": clean(each if isinstance(each, str) else as_json(each), LONGEST_EXAMPLE)
            for at, each in enumerate(python_values(distinct[: EXAMPLES * examples]))
        },
    }


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one column, and what is known of each.

    Attributes:
        mains: what people read of each cell: of an object its main part.
        has_main: whether that is a finding.
        filled: whether a value was found, be it in another part.
        pending: whether the cell may still get a value; None if the frame doesn't distinguish it from a cell without a finding.
        confidence: how certain the value is, as text.
        is_complete: whether the frame shows for every cell if a value was found.
    """

    mains: pd.Series[Any]
    has_main: Mask
    filled: Mask
    pending: Mask | None
    confidence: pd.Series[Any]
    is_complete: bool = True


def _cells(leads: pd.DataFrame, facts: Mapping[str, Any], note: Mapping[str, Any]) -> _Cells:
    name, options, kind = facts["column"], note.get("options") or {}, str(facts.get("kind", ""))
    is_whole = not options.get("flatten", True)
    # Parts are known by their column and key; a frame with other notes has the usual names.
    columns, keys = mains_of([note]), keys_of([note])
    of_key = {keys[each]: each for each, main in columns.items() if main == name and each in keys}
    flags, parts = of_key.get(FOUND, f"{name}{ENDING}"), of_key.get("confidence", f"{name}_confidence")
    mains, empty = leads[name], is_missing(leads[name])
    words = _as_texts(leads[parts] if parts in leads else pd.Series(None, leads.index, dtype="string"))
    if is_whole or not _is_plain(mains):
        values = [parsed_object(value) if is_whole else value for value in python_values(mains)]
        inner = [value if isinstance(value, dict) else {} for value in values]
        words = _as_texts(pd.Series([each.get("confidence") for each in inner], leads.index, dtype=object)).fillna(
            words
        )
        filled = np.fromiter(map(is_found, values), np.bool_, len(values))
        mains = pd.Series(
            [main_value(each) if each else value for each, value in zip(inner, values, strict=True)],
            leads.index,
            dtype=object,
        )
        has_main = _are_found(mains)
    else:
        filled = has_main = _are_found(mains)
    if flags in leads:
        told = _as_flags(leads[flags])
        return _Cells(
            mains, has_main, told.fillna(value=False).to_numpy(np.bool_), is_missing(told) & may_come(kind), words
        )
    is_complete = flags not in note.get("columns", {})
    if not may_come(kind) or not empty.any():
        return _Cells(mains, has_main, filled, np.zeros_like(empty), words, is_complete=is_complete)
    # Another part may hold the finding, and which cells have run is not known any more.
    return _Cells(
        mains, has_main, filled, empty if is_complete and not is_whole else None, words, is_complete=is_complete
    )


def _is_plain(cells: pd.Series[Any]) -> bool:
    """Return whether cells are texts, numbers, booleans or times, which pandas compares by itself."""
    types, dtype = pd.api.types, cells.dtype
    return isinstance(dtype, pd.StringDtype) or types.is_numeric_dtype(dtype) or types.is_datetime64_any_dtype(dtype)


def _are_found(cells: pd.Series[Any]) -> Mask:
    """Return for each cell whether it holds a finding, as `is_found` says of one."""
    if not _is_plain(cells):
        return np.fromiter(map(is_found, python_values(cells)), np.bool_, len(cells))
    # A nullable column can hold NaN, which alone differs from itself, beside its missing values.
    known = cells.str.strip() != "" if isinstance(cells.dtype, pd.StringDtype) else cells.notna() & (cells == cells)  # noqa: PLR0124
    found: Mask = known.fillna(value=False).to_numpy(np.bool_)
    return found


def _say_nothing(cells: pd.Series[Any]) -> Mask:
    """Return for each cell whether it is a text that says that nothing was found."""
    if isinstance(cells.dtype, pd.StringDtype):
        return cells.str.strip(" .").str.lower().isin(_PLACEHOLDERS).to_numpy(np.bool_)
    if _is_plain(cells):
        return np.zeros(len(cells), np.bool_)
    return np.array([isinstance(each, str) and each.strip(" .").lower() in _PLACEHOLDERS for each in cells], np.bool_)


_PLACEHOLDERS = frozenset(
    ["-", "–", "—", "n/a", "na", "nil", "none", "not applicable", "not available", "not found", "null", "unknown"]  # noqa: RUF001 - dashes
)
"""Texts that agents write where they found nothing."""


def _distinct(cells: pd.Series[Any]) -> pd.Series[Any]:
    if _is_plain(cells):
        return cells.drop_duplicates()
    return pd.Series(
        list({each if type(each) is str else (as_json(each),): each for each in cells}.values()), dtype=object
    )


def _as_texts(cells: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(cells.dtype, pd.StringDtype):
        return cells
    return pd.Series([read_text(each) for each in python_values(cells)], cells.index, dtype="string")


def _as_flags(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return flags as frames and files have them."""
    if isinstance(cells.dtype, pd.BooleanDtype):
        return cells
    return pd.Series([_FLAGS.get(str(each).lower()) for each in python_values(cells)], cells.index, dtype="boolean")


_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


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
    leads = leads.drop_duplicates(["table_id", "row_id"]).reset_index(drop=True)
    parts = _parts_of(leads)
    if not parts and len(leads):
        raise InvalidInput(
            "These leads have no evidence",
            cause="No column has one of the parts confidence, reasoning and source_url. "
            "flatten=False and columns= may leave them out, and so do columns that have not run.",
            remedy="Read the leads without these arguments, once their cells are filled: ow.leads_frame(run).",
        )
    empty = build(EVIDENCE, SourceData("leads", ()), [], dtype_backend=dtype_backend)
    cells = [_evidence(leads, main, names) for main, names in parts.items()]
    found = pd.concat(cells or [empty[["column", "value", *REMARKS, "source_url"]]]).sort_index(kind="stable")
    about = leads[["table_name", "domain", "table_id", "row_id"]].assign(lead=lead_names(leads))
    words = dict.fromkeys((*CONFIDENCE, *found["confidence"].dropna().unique()))
    frame = found.join(about).reset_index(drop=True)[list(empty)]
    frame = frame.astype({**empty.dtypes, "confidence": pd.CategoricalDtype(list(words))})
    frame.attrs = {**empty.attrs, "origami": empty.attrs["origami"] | {"untrusted": True}}
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


def _evidence(leads: pd.DataFrame, main: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the cells of a column that have a value or a remark, by the position of their lead: one row per source address."""
    values = leads[main]
    if isinstance(values.dtype, pd.StringDtype):
        values = values.where(_are_found(values))
    else:
        texts = [_text(value) if is_found(value) else None for value in python_values(values)]
        values = pd.Series(texts, leads.index, dtype="string")
    cells = pd.DataFrame(
        {"column": main, "value": values, **dict.fromkeys(REMARKS, pd.Series(pd.NA, leads.index, "string"))}
    )
    for key in names.keys() & set(REMARKS):
        cells[key] = _as_texts(leads[names[key]])
    sources = [_addresses_in(leads[name], strict=key == "source") for key, name in names.items() if key not in REMARKS]
    addresses = pd.concat([pd.Series(dtype="string"), *sources]).rename("source_url")
    addresses = addresses[~addresses.reset_index().duplicated().to_numpy()]
    is_known = (
        cells["value"].notna() | (cells[list(REMARKS)].fillna("") != "").any(axis=1) | cells.index.isin(addresses.index)
    )
    return cells[is_known].join(addresses)


def _addresses_in(cells: pd.Series[Any], *, strict: bool) -> pd.Series[Any]:
    """Return the addresses in a column of sources, by the position of their lead."""
    plain: pd.Series[Any] = pd.Series(dtype="string")
    if isinstance(cells.dtype, pd.StringDtype):
        # Nearly all are texts with one address.
        is_nested = cells.str.startswith(("{", "[")).fillna(value=False)
        plain, cells = cells[~is_nested & _are_found(cells)].str.strip(), cells[is_nested]
        plain = plain[plain.map(is_address)] if strict else plain
    lists = [list(_addresses(value, strict=strict)) for value in python_values(cells)]
    nested = pd.Series(lists, cells.index, dtype=object).explode().dropna().astype("string")
    found: pd.Series[Any] = pd.concat([plain, nested])
    return found


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
