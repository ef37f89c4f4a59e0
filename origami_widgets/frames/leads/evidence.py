"""Evidence of leads: what an agent says about its own values, one row per source address. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import CONFIDENCE, is_address, is_found, is_remark
from origami_widgets.frames.frame_builder import build
from origami_widgets.frames.schema import FrameField, FrameSchema, computed_field
from origami_widgets.frames.source import SourceData
from origami_widgets.frames.values import as_json, read_text, read_values

from .column_summary import parsed_object
from .stacking import check_leads, python_values, separators, table_notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from origami_widgets.frames.dtype_backend import DtypeBackend

EVIDENCE = FrameSchema(
    "evidence_frame",
    (
        computed_field("row_id", "string", "the lead"),
        computed_field("domain", "string", "the company's registrable domain"),
        computed_field("column", "string", "the column of the frame of leads"),
        computed_field("value", "string", "the value as text; NA if nothing was found"),
        FrameField("confidence", "category", "computed", "", "how certain the agent says it is", members=CONFIDENCE),
        computed_field("reasoning", "string", "why, in the agent's words"),
        computed_field("source_url", "string", "the address of a page that the agent names; NA without one"),
    ),
)
_WORDS = ("confidence", "reasoning")


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
            cause="No column has one of the parts .confidence, .reasoning and .source_url. "
            'objects="main", objects="json" and flatten=False leave them out, and so do columns that have not run.',
            remedy="Read the leads without these arguments, once their cells are filled: ow.leads_frame(run).",
        )
    ids, domains = python_values(leads["row_id"]), python_values(leads["domain"])
    found = [(at, *cell) for main, names in parts.items() for at, *cell in _cells(leads, main, names)]
    found.sort(key=lambda each: each[0])
    columns = list(zip(*((ids[at], domains[at], *rest) for at, *rest in found), strict=True)) or [()] * 7
    frame = build(
        EVIDENCE,
        SourceData("list", ()),
        {},
        computed={each.name: read_values(each, raw) for each, raw in zip(EVIDENCE.fields, columns, strict=True)},
        dtype_backend=dtype_backend,
    )
    frame.attrs["origami"] |= {"source": "leads", "untrusted": True}
    return frame


def _parts_of(leads: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the remarks on each column: the frame's columns by key."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    seps = separators(table_notes(leads))
    for name in map(str, leads.columns):
        mains = [
            (main, key)
            for sep in seps
            for at in range(1, len(name))
            if name.startswith(sep, at) and (main := name[:at]) in leads
            if is_remark(key := name[at + len(sep) :]) or key == "source"
        ]
        if mains:
            main, key = mains[-1]
            parts[main][key] = name
    return parts


def _cells(leads: pd.DataFrame, main: str, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Iterate over the cells of a column that have a value or a remark: one row per source address."""
    values = python_values(leads[main])
    words = [python_values(leads[names[key]]) if key in names else [None] * len(values) for key in _WORDS]
    keys = [key for key in names if key not in _WORDS]
    sources = zip(*(python_values(leads[names[key]]) for key in keys), strict=True) if keys else [()] * len(values)
    for at, (value, *remarks, given) in enumerate(zip(values, *words, sources, strict=True)):
        addresses = dict.fromkeys(
            address
            for key, each in zip(keys, given, strict=True)
            for address in _addresses(each, strict=key == "source")
        )
        text = _text(value) if is_found(value) else None
        if text is not None or any(map(read_text, remarks)) or addresses:
            for address in addresses or [None]:
                yield at, main, text, *remarks, address


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
