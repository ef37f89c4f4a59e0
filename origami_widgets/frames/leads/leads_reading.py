"""Read the leads of several tables into one frame. An error keeps all rows read so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.background.sync_bridge import OnLoop, block
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.row_progress import ProgressNotifier
from origami_widgets.api.rows.saved_filters import read_saved_filters
from origami_widgets.frames.dtype_backend import to_array
from origami_widgets.frames.frame_attrs import read_only
from origami_widgets.frames.schema import FrameField
from origami_widgets.frames.values import read_values

from .chosen_columns import ALL
from .company_domain import address_columns, domains_of
from .row_reading import UNTRUSTED, IncompleteRows, RowsReading, reason_of
from .stacking import HEAD, head_of, is_missing, renamed_columns, stack_frames, table_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from origami_widgets.api.models import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_progress import Progress
    from origami_widgets.api.rows.saved_filters import SavedFilters
    from origami_widgets.frames.dtype_backend import DtypeBackend

    from .chosen_columns import ChosenColumns
    from .rows_request import RowsRequest

CALLER = 6
"""The level of the user's line on the stack of a table's reading: above it are this reading and the sync bridge."""
_REPEATED = frozenset({"frame", "version", "source", "origin", "untrusted", "untrusted_note"})
"""Notes that belong to the whole frame, so that its tables need not repeat them."""


@dataclass(frozen=True, slots=True)
class TableLeads:
    """Leads of one table, and the run that built it.

    Attributes:
        frame: as `rows_frame` returns it.
        run_id: the run; None if unknown.
        name: the name of the run's agent; None if unknown.
        qualified: whether each lead meets the brief; None if unknown.
    """

    frame: pd.DataFrame
    run_id: str | None = None
    name: str | None = None
    qualified: Sequence[bool | None] | None = None


def verdict_column(table: Table | None) -> str | None:
    """Return the slug of the column by which leads of a table are judged; None for a table without verdicts."""
    if table is None or table.stats is None or table.stats.qualification is None:
        return None
    judged = [column.slug for column in table.columns if column.qualification is not None]
    scores = [column.slug for column in table.columns if column.kind == "score"]
    return next((slug for slug in (*judged, *scores) if slug), None)


def verdicts(frame: pd.DataFrame, column: str | None, passes: Callable[[str], bool | None]) -> list[bool | None]:
    """Return whether each lead of a table meets the brief; None for one that was not judged yet.

    Args:
        frame: the leads.
        column: the column by which they are judged; None for a table without verdicts.
        passes: returns whether a lead passes the table's saved filters.
    """
    if column is None or column not in frame:
        return [None] * len(frame)
    judged = (~is_missing(frame[column])).tolist()
    passed = [passes(str(row_id)) for row_id in frame["row_id"]]
    return [each if each or is_judged else None for each, is_judged in zip(passed, judged, strict=True)]


def stack_leads(
    parts: Sequence[TableLeads],
    *,
    dtype_backend: DtypeBackend,
    origin: str = "",
) -> pd.DataFrame:
    """Return the leads of tables in one frame: run, table and domain, then the union of their columns.

    Args:
        parts: the tables. A result of this function keeps its runs, tables and domains.
        dtype_backend: the arrays of the result.
        origin: where the rows come from; empty for Origami.
    """
    notes: list[Mapping[str, Any]] = []
    frames = []
    for part in parts:
        frame, renamed = _with_head(part, dtype_backend)
        frames.append(frame)
        notes += [_note(note, part, renamed) for note in table_notes(part.frame)]
    empty = pd.DataFrame({name: _texts([], dtype_backend) for name in HEAD if name != "qualified"})
    empty["qualified"] = _flags([], dtype_backend)
    stacked, findings = stack_frames([empty, *frames], dtype_backend)
    stopped = [note["stopped"] for note in notes if note.get("stopped")]
    about = {
        "frame": "leads_frame",
        "version": __version__,
        "source": "tables",
        "origin": origin or "origami",
        "untrusted": True,
        "untrusted_note": UNTRUSTED,
        "rows": len(stacked),
        "complete": all(note.get("complete", False) for note in notes),
        "stopped": "; ".join(dict.fromkeys(stopped)),
        "mixed_types": findings.mixed_types,
        "dates": findings.dates,
        "timestamps": findings.timestamps,
        "table_count": len(notes),
        "tables": notes,
    }
    stacked.attrs = read_only({"units": {}, "origami": about})
    return stacked


def _with_head(part: TableLeads, dtype_backend: DtypeBackend) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the leads with their run, table and domain, and the names of columns that had to be renamed."""
    frame = part.frame.reset_index(drop=True)
    if set(HEAD) <= set(frame.columns):
        return frame, {}
    notes = {str(note.get("table_id")): note for note in table_notes(frame)}
    kept = head_of(frame)
    if "table_id" in kept:
        places, tables = pd.factorize(frame["table_id"].astype(object))
    elif len(notes) <= 1:
        places, tables = np.zeros(len(frame), np.intp), pd.Index(list(notes), dtype=object)
    else:
        raise InvalidInput(
            "This frame doesn't say which table a lead is of",
            cause=f"It is of {len(notes):,} tables, and has lost its column table_id.",
            remedy="Keep table_id and row_id when you choose columns.",
        )
    listed = [each["column"] for note in notes.values() for each in note.get("table_columns", ())]
    main = listed or [str(name) for name in frame.columns if "." not in str(name)]
    sources = address_columns(main)
    # The last one is of leads without a table, whose place is -1.
    about = [notes.get(str(each), {"table_id": each}) for each in tables] + [{}]
    runs = {"run_id": part.run_id, "run_name": part.name}

    def made(name: str) -> Any:
        if name == "domain":
            return domains_of(frame, sources, dtype_backend)
        if name == "qualified":
            return _flags(part.qualified or [None] * len(frame), dtype_backend)
        return _texts([runs.get(name) or note.get(name) for note in about], dtype_backend).take(places)

    others = [name for name in frame.columns if name not in kept]
    renamed = _free_names(others, main)
    arrays = {name: frame[name].array if name in kept else made(name) for name in HEAD}
    cells = {renamed.get(name, name): frame[name].array for name in others}
    return pd.DataFrame({**arrays, **cells}, copy=False), renamed


def _free_names(names: Sequence[str], main: Collection[str]) -> dict[str, str]:
    """Return new names for columns (and their parts) with the same name as one of the first columns.

    Args:
        names: all columns of the leads.
        main: those columns that are not parts.
    """
    taken = {*HEAD, *names}
    renamed: dict[str, str] = {}
    for name in names:
        is_part = name not in main
        head = next((each for each in HEAD if name == each or (is_part and str(name).startswith(f"{each}."))), None)
        if head is None:
            continue
        number = 2
        while f"{head}_{number}" in taken - set(renamed.values()):
            number += 1
        renamed[name] = f"{head}_{number}{name.removeprefix(head)}"
    return renamed


def _texts(values: Sequence[Any], dtype_backend: DtypeBackend) -> Any:
    field = FrameField("text", "string", "computed", "", "")
    texts = [None if pd.isna(value) else str(value) for value in values]
    return to_array("string", read_values(field, texts), dtype_backend)


def _flags(values: Sequence[bool | None], dtype_backend: DtypeBackend) -> Any:
    field = FrameField("flag", "boolean", "computed", "", "")
    return to_array("boolean", read_values(field, values), dtype_backend)


def _note(note: Mapping[str, Any], part: TableLeads, renamed: Mapping[str, str]) -> Mapping[str, Any]:
    run = {} if "run_id" in note else {"run_id": part.run_id, "run_name": part.name}
    kept = {key: value for key, value in note.items() if key not in _REPEATED}
    made: Mapping[str, Any] = read_only(
        {**run, **kept, **renamed_columns(note, renamed)}, getattr(note, "operations", None)
    )
    return made


def origins_of(known: Iterable[Any]) -> str:
    """Return where leads come from, given the APIs that they are read through; empty for Origami alone."""
    return ", ".join(sorted({each.origin for each in known if each is not None} - {""}))


class LeadsReading:
    """Reading of the leads of several tables, one table after the other.

    Args:
        tables: for each table, the id and name of its run (None if unknown), the request and the API.
        origin: where the leads come from; empty for Origami.
        dtype_backend: the arrays of the result.
        chosen: the columns of the result.
    """

    def __init__(
        self,
        tables: Sequence[tuple[str | None, str | None, RowsRequest, Operations]],
        *,
        origin: str,
        dtype_backend: DtypeBackend,
        chosen: ChosenColumns = ALL,
    ) -> None:
        self._origin = origin
        self._chosen = chosen
        self._runs = [(run_id, name) for run_id, name, *_ in tables]
        self._readings = [RowsReading(operations, request) for *_, request, operations in tables]
        self._requests = [(request, operations) for *_, request, operations in tables]
        # The saved filters by the place of their table, where hidden leads are read, too.
        self._saved_filters: dict[int, SavedFilters] = {}
        self._rows: dict[int, int] = {}
        self._totals = [request.lead_count for *_, request, _ in tables]
        self._backend = dtype_backend

    def read(self, progress: Progress | None) -> pd.DataFrame:
        """Read to the end and return the frame.

        Raises:
            IncompleteRows: an error came after some rows.
        """
        return block(self.steps(progress))

    async def steps(self, progress: Progress | None) -> pd.DataFrame:
        """Read as `read` does, for the sync bridge.

        Raises:
            IncompleteRows: an error came after some rows.
            InvalidInput: there is no such column as was chosen.
        """
        notifier = ProgressNotifier(progress)
        frames: list[pd.DataFrame] = []
        try:
            for place, reading in enumerate(self._readings):
                await self._judge(place)
                frames.append(await reading.steps(self._notify(notifier, place), caller=CALLER))
            stacked = self._stacked(frames)
        except Exception as error:
            if not any(each.has_rows for each in self._readings):
                raise
            cause = error.__cause__ if isinstance(error, IncompleteRows) else None
            known = cause if isinstance(cause, Exception) else error
            state = self._state(frames)
            if isinstance(error, IncompleteRows):
                frames.append(error.partial)
            raise IncompleteRows(self._partial(frames, reason_of(known)), state, known) from known
        finally:
            notifier.close()
        return self._chosen.of(stacked)

    async def _judge(self, place: int) -> None:
        """Read which leads meet the brief, where hidden ones are read, too."""
        request, operations = self._requests[place]
        if request.include_hidden and verdict_column(request.table):
            found = await OnLoop(read_saved_filters(operations, request.table_id, None))
            if found is not None:
                self._saved_filters[place] = found

    def _leads_of(self, place: int, frame: pd.DataFrame) -> TableLeads:
        request, _ = self._requests[place]
        saved = self._saved_filters.get(place)
        qualified = verdicts(frame, verdict_column(request.table), saved.passes if saved else lambda _: True)
        return TableLeads(frame, *self._runs[place], qualified)

    def _partial(self, frames: Sequence[pd.DataFrame], reason: str) -> pd.DataFrame:
        frame = self._chosen.of(self._stacked(frames), strict=False)
        frame.attrs["origami"] |= {"complete": False, "stopped": reason}
        return frame

    def _state(self, frames: Sequence[pd.DataFrame]) -> str:
        """Return the number of rows read, in words; `frames` has those of the tables that were read to the end."""
        ended = f"{sum(map(len, frames)):,} rows of {len(frames):,} of {len(self._readings):,} tables"
        begun = [reading.state() for reading in self._readings[len(frames) :] if reading.has_rows]
        return f"{ended}, and {begun[0]} of the next one," if begun else ended

    def _stacked(self, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return stack_leads(
            [self._leads_of(place, frame) for place, frame in enumerate(frames)],
            dtype_backend=self._backend,
            origin=self._origin,
        )

    def _notify(self, notifier: ProgressNotifier, place: int) -> Progress:
        """Return a function that counts the rows of one table in the progress of all."""

        def notify(rows: int, total: int | None) -> None:
            self._rows[place], self._totals[place] = rows, total
            known = [each for each in self._totals if each is not None]
            everything = sum(known) if len(known) == len(self._totals) else None
            notifier.notify(sum(self._rows.values()), everything)

        return notify
