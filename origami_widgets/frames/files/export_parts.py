"""Sheets or files that `export` writes for a source, each made when its turn comes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.economics.run_economics import runs_frame
from origami_widgets.frames.economics.table_economics import COMPANIES, PEOPLE, TableEconomics
from origami_widgets.frames.frame_builder import objects
from origami_widgets.frames.lead_frames import leads_frame, read_table
from origami_widgets.frames.run_frames import actions_frame, history_frame, transcript_frame
from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import columns_frame, lead_sources_frame, tables_frame

from .crm_shapes import LEFT_OUT, Shape, crm_parts
from .lead_export import SUMMARY, LeadExport, summary_of

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.frames.leads.left_out import LeftOut


FRAMES: dict[str, Callable[[Any], pd.DataFrame]] = {
    "runs": runs_frame,
    "tables": tables_frame,
    "columns": columns_frame,
    "lead_sources": lead_sources_frame,
    "actions": actions_frame,
    "transcript": transcript_frame,
    "history": history_frame,
}
"""All are written to a folder, so that no file from an earlier export there looks like a new one."""
What: TypeAlias = Literal["leads", "frames", "everything"]
WHAT = ("leads", "frames", "everything")
LONGEST_FILE_NAME = 60
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows reserves for devices."""


@dataclass(frozen=True, slots=True)
class ExportPart:
    """One sheet or file.

    Attributes:
        name: the name of the sheet or file.
        make: returns the frame; for leads, reads them first.
        kind: leads and their summary get sheets for people; a detail without rows gets no sheet; a shape is written as it is.
        is_sibling: whether it is one of several files that stand beside each other, in place of one.
    """

    name: str
    make: Callable[[], Any]
    kind: Literal["frame", "leads", "summary", "detail", "shape"] = "frame"
    is_sibling: bool = False


def parts_of(
    source: Any,
    *,
    what: What,
    client: AnyClient | None,
    left_out: LeftOut | None = None,
    stacked: bool,
    by_kind: bool = False,
) -> list[ExportPart]:
    """Return the parts of a source, in the order of writing.

    Args:
        source: as in `export`.
        what: as in `export`.
        client: as in `export`.
        left_out: which leads are left out; None for none.
        stacked: whether the leads of all tables are one part, without a summary.
        by_kind: whether people and companies are a part each, if there are both.

    Raises:
        InvalidInput: the source cannot be exported.
    """
    if isinstance(source, pd.Series):
        raise InvalidInput(
            "Can't export a series",
            cause=f"Got the series {str(source.name)!r:.80}.",
            remedy="Use series.to_frame() instead.",
        )
    if _is_grid(source):
        return _parts_of_grid(source, left_out, stacked=stacked)
    if isinstance(source, Iterator | ValuesView):
        # Each frame reads the source, but an iterator can be read only once.
        source = list(source)
    if isinstance(source, list | tuple) and source and all(isinstance(each, pd.DataFrame) for each in source):
        raise InvalidInput(
            "Frames need names",
            cause=f"Got a list of {len(source):,} frames without names.",
            remedy='Name them: export({"leads": leads, "costs": costs}, path).',
        )
    given = _given_parts(source)
    if given is not None:
        return [replace(part, make=_without(left_out, part.make)) for part in given]
    if stacked and what == "leads":
        read_of = partial(leads_frame, source, leave_out=left_out, client=client)
        of = ids_by_kind(source) if by_kind and not isinstance(source, str) else {}
        if not {PEOPLE, COMPANIES} <= of.keys():
            return [ExportPart("leads", read_of, "leads")]
        return [ExportPart(kind, partial(read_of, tables=ids), "leads", is_sibling=True) for kind, ids in of.items()]
    data = gather(source, "export")
    parts: list[ExportPart] = []
    if what != "frames":
        leads = LeadExport(data, lambda table: _without(left_out, partial(read_table, data, client, table))())
        parts = [ExportPart(name, make, "leads") for name, make in leads.parts()]
        parts.insert(0, ExportPart(SUMMARY, leads.summary, "summary"))
    if what != "leads":
        parts += (ExportPart(name, partial(make, source), "detail") for name, make in FRAMES.items())
    return parts


def ids_by_kind(source: Any) -> dict[str, list[str]]:
    """Return the ids of the tables whose leads are people, companies or others."""
    tables = (
        tables_frame(gather(source, "export"))[["of", "table_id"]].dropna(subset="table_id").drop_duplicates("table_id")
    )
    of = tables["of"].astype(object).fillna("others")
    return {str(kind): ids.to_list() for kind, ids in tables["table_id"].groupby(of, sort=True)}


def shape_parts(source: Any, shape: Shape, *, client: AnyClient | None, left_out: LeftOut | None) -> list[ExportPart]:
    """Return the files that a CRM imports, and the one of what was left out.

    Args:
        source: as in `export`.
        shape: the heads, as `checked_shape` returns them.
        client: as in `export`.
        left_out: as in `parts_of`.
    """
    given = parts_of(source, what="leads", client=client, left_out=left_out, stacked=True)

    def read() -> list[pd.DataFrame]:
        if isinstance(source, str) or _is_grid(source) or _given_parts(source) is not None:
            return [part.make() for part in given]
        tables = [TableEconomics(each) for part in gather(source, "export").parts for _, each in objects(part.tables)]
        # Without a verdict on any company, nothing is known of the people's companies.
        is_judged = any(each.of == COMPANIES and each.has_verdicts for each in tables)
        read_of = partial(leads_frame, source, leave_out=left_out, client=client)
        return [
            read_of(tables=ids, of="people") if is_judged and kind == PEOPLE else read_of(tables=ids)
            for kind, ids in ids_by_kind(source).items()
        ]

    parts = crm_parts(shape, read)
    return [ExportPart(name, make, "frame" if name == LEFT_OUT else "shape", is_sibling=True) for name, make in parts]


def _is_grid(source: object) -> bool:
    # Checked by attributes, because grids are on another floor.
    kind = type(source)
    return hasattr(kind, "to_frame") and hasattr(kind, "frame")


def _without(left_out: LeftOut | None, make: Callable[[], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
    return make if left_out is None else lambda: left_out.of(make())


def _parts_of_grid(grid: Any, left_out: LeftOut | None, *, stacked: bool) -> list[ExportPart]:
    leads = cache(_without(left_out, grid.to_frame))
    parts = [ExportPart("Leads", leads, "leads")]
    if not stacked:
        parts.insert(0, ExportPart(SUMMARY, lambda: summary_of(gather(grid.source, "export"), leads()), "summary"))
    return parts


def _given_parts(source: Any) -> list[ExportPart] | None:
    if isinstance(source, pd.DataFrame):
        return [ExportPart(_name_of(source), lambda: tidy(source))]
    if not isinstance(source, Mapping) or not source:
        return None
    parts = [
        ExportPart(str(name), each.to_frame, "leads") if _is_grid(each) else ExportPart(str(name), partial(tidy, each))
        for name, each in source.items()
        if _is_grid(each) or isinstance(each, pd.DataFrame)
    ]
    return parts if len(parts) == len(source) else None


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its index as columns. An unnamed index that only numbers the rows is left out.

    >>> tidy(pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="key"))).columns.to_list()
    ['key', 'n']
    >>> tidy(pd.DataFrame({"n": [1]}, index=["a"])).columns.to_list(), tidy(pd.DataFrame({"n": [1]})).columns.to_list()
    (['index', 'n'], ['n'])
    """
    if all(name is None for name in frame.index.names) and pd.api.types.is_integer_dtype(frame.index.dtype):
        return frame
    flat = frame.reset_index(allow_duplicates=True)
    flat.attrs = frame.attrs
    return flat


def _name_of(frame: pd.DataFrame) -> str:
    provenance = frame.attrs.get("origami")
    if not isinstance(provenance, Mapping):
        return "frame"
    return str(provenance.get("table_name") or provenance.get("frame") or "frame").removesuffix("_frame")


def file_names(names: Iterable[str], ending: str) -> list[str]:
    """Return file names that are valid on every file system, and unique even if it ignores case.

    >>> file_names(["a/b", "A?B", "con", ""], "csv")
    ['a_b.csv', 'A_B_2.csv', '_con.csv', 'frame.csv']
    """
    found: dict[str, str] = {}
    for name in names:
        base = re.sub(r"[^\w .-]", "_", name)[:LONGEST_FILE_NAME].strip(". ") or "frame"
        base = f"_{base}" if _RESERVED.fullmatch(base) else base
        free, number = base, 1
        while _folded(free) in found:
            number += 1
            free = f"{base}_{number}"
        found[_folded(free)] = f"{free}.{ending}"
    return list(found.values())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
