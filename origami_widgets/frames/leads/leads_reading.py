"""Read the leads of several tables into one frame. An error keeps all rows read so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from origami_widgets.api.background.sync_bridge import OnLoop, block
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import DtypeBackend, typed_array
from origami_widgets.frames.economics.table_economics import is_company
from origami_widgets.frames.frame_builder import read_only

from .company_domain import address_columns, domains_of
from .lead_table import OURS
from .row_reading import (
    ALL,
    ChosenColumns,
    IncompleteRows,
    RowsReading,
    RowsRequest,
    origin_notes,
    reason_of,
    request_from,
)
from .stacking import (
    columns_as_read,
    folded_text,
    is_missing,
    keys_of,
    lead_names,
    python_values,
    stack_frames,
    table_notes,
    texts_by_table,
)

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_reader import Progress, ProgressNotifier
    from origami_widgets.api.rows.saved_filters import SavedFilters
    from origami_widgets.frames.source import HasRaw


COMPANY_QUALIFIED = "company_qualified"


@dataclass(frozen=True, slots=True)
class TableLeads:
    """Leads of one table, and the run that built it.

    Attributes:
        frame: its leads, with the notes about it, or a frame of leads.
        run_id: the run; None if unknown.
        name: the name of the run's agent; None if unknown.
        qualified: whether each lead meets the brief; None if unknown.
    """

    frame: pd.DataFrame
    run_id: str | None = None
    name: str | None = None
    qualified: Sequence[bool | None] | None = None


def verdict_column(table: Table | None) -> str | None:
    """Return the id of the column by which leads of a table are judged; None for a table without verdicts."""
    if table is None or table.stats is None or table.stats.qualification is None:
        return None
    judged = [column.id for column in table.columns if column.slug and column.qualification is not None]
    scores = [column.id for column in table.columns if column.slug and column.kind == "score"]
    return next(iter((*judged, *scores)), None)


def verdicts(frame: pd.DataFrame, column: str | None, passes: Callable[[str], bool | None] | None) -> list[bool | None]:
    """Return whether each lead of a table meets the brief: whether it was scored and passes the saved filters.

    None for a lead that was not scored yet, and in a table without saved filters.

    Args:
        frame: the leads.
        column: the id of the column by which they are judged; None for a table without verdicts.
        passes: returns whether a lead passes the table's saved filters; None if there are none.
    """
    listed = (each for note in table_notes(frame) for each in note.get("table_columns", ()))
    name = next((each["column"] for each in listed if each["id"] == column and each["column"] in frame), None)
    if passes is None or name is None:
        return [None] * len(frame)
    judged = (~is_missing(frame[name])).tolist()
    return [
        passes(str(row_id)) if is_judged else None for row_id, is_judged in zip(frame["row_id"], judged, strict=True)
    ]


def stack_leads(
    parts: Sequence[TableLeads],
    *,
    dtype_backend: DtypeBackend,
    origin: str = "",
) -> pd.DataFrame:
    """Return the leads of tables in one frame: the union of their columns, then their run, table, domain and ids.

    Args:
        parts: the tables. A result of this function keeps its runs, tables and domains.
        dtype_backend: the arrays of the result.
        origin: where the rows come from; empty for Origami.
    """
    notes = [_note(note, part) for part in parts for note in table_notes(part.frame)]
    frames = [_with_ours(part, dtype_backend) for part in parts]
    empty = pd.DataFrame({name: typed_array("string", [], dtype_backend) for name in OURS if name != "qualified"})
    empty["qualified"] = typed_array("boolean", [], dtype_backend)
    stacked, findings = stack_frames([empty, *frames], dtype_backend)
    stopped = [note["stopped"] for note in notes if note.get("stopped")]
    about = {
        **origin_notes(origin),
        "source": "tables",
        "rows": len(stacked),
        "complete": all(note.get("complete", False) for note in notes),
        "stopped": "; ".join(dict.fromkeys(stopped)),
        "mixed_types": findings.mixed_types,
        "table_count": len(notes),
        "tables": notes,
    }
    stacked = stacked[[*(name for name in stacked.columns if name not in OURS), *OURS]]
    operations = next((found for note in notes if (found := getattr(note, "operations", None)) is not None), None)
    stacked.attrs = read_only({"units": {}, "origami": about}, operations)
    return stacked


def _with_ours(part: TableLeads, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return the leads with their run, table, domain and ids, and the column first by which people know a lead."""
    frame = part.frame.reset_index(drop=True)
    lacking = [name for name in OURS if name not in frame]
    if not lacking:
        return frame
    notes = {str(note.get("table_id")): note for note in table_notes(frame)}
    if "table_id" not in lacking:
        places, tables = pd.factorize(frame["table_id"].astype(object))
    elif len(notes) <= 1:
        places, tables = np.zeros(len(frame), np.intp), pd.Index(list(notes), dtype=object)
    else:
        raise InvalidInput(
            "This frame doesn't say which table a lead is of",
            cause=f"It is of {len(notes):,} tables, and has lost its column table_id.",
            remedy="Keep table_id and row_id when you choose columns.",
        )
    listed = [each for note in notes.values() for each in note.get("table_columns", ()) if each["column"] in frame]
    keys = keys_of(notes.values())
    main = [each["column"] for each in listed] or [str(name) for name in frame.columns if name not in (*OURS, *keys)]
    # The last one is of leads without a table, whose place is -1.
    about = [notes.get(str(each), {"table_id": each}) for each in tables] + [{}]
    runs = {"run_name": part.name}

    def made(name: str) -> Any:
        if name == "domain":
            return domains_of(frame, address_columns(main), dtype_backend)
        if name == "qualified":
            return typed_array("boolean", part.qualified or [None] * len(frame), dtype_backend)
        known = [runs.get(name) or note.get(name) for note in about]
        texts = [None if pd.isna(value) else str(value) for value in known]
        return typed_array("string", texts, dtype_backend).take(places)

    known = {name: made(name) for name in lacking}
    frame = frame.assign(**known)
    first = [each["column"] for each, _ in columns_as_read(frame, notes.values())[:1]]
    return frame[[*first, *(name for name in frame.columns if name not in first)]]


def _note(note: Mapping[str, Any], part: TableLeads) -> Mapping[str, Any]:
    run = {} if "run_id" in note else {"run_id": part.run_id, "run_name": part.name}
    # The whole frame has those of its origin.
    kept = {key: value for key, value in note.items() if key not in origin_notes("")}
    made: Mapping[str, Any] = read_only({**run, **kept}, getattr(note, "operations", None))
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
        # Imported here and below, as the loop is loaded only when leads are read.
        from origami_widgets.api.rows.row_reader import ProgressNotifier

        notifier = ProgressNotifier(progress)
        frames: list[pd.DataFrame] = []
        try:
            for place, reading in enumerate(self._readings):
                frames.append(await reading.steps(self._notify(notifier, place)))
                await self._judge(place)
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
        from origami_widgets.api.rows.saved_filters import read_saved_filters

        reading, request = self._readings[place], self._readings[place].request
        if request.include_hidden and verdict_column(request.table):
            found = await OnLoop(read_saved_filters(reading.operations, request.table_id, None))
            if found is not None:
                self._saved_filters[place] = found

    def _leads_of(self, place: int, frame: pd.DataFrame) -> TableLeads:
        reading, saved = self._readings[place], self._saved_filters.get(place)
        passes = saved.passes if saved else (lambda _: True) if reading.hides_leads else None
        return TableLeads(frame, *self._runs[place], verdicts(frame, verdict_column(reading.request.table), passes))

    def _partial(self, frames: Sequence[pd.DataFrame], reason: str) -> pd.DataFrame:
        frame = self._chosen.of(self._stacked(frames), strict=False)
        frame.attrs["origami"] |= {"complete": False, "stopped": reason}
        return frame

    def _state(self, frames: Sequence[pd.DataFrame]) -> str:
        """Return the number of rows read, in words; `frames` has those of the tables that were read to the end."""
        if len(self._readings) == 1:
            return self._readings[0].state()
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


def read_rows_frame(
    table: HasRaw | Mapping[str, Any], operations: Operations, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Read all leads of a table through a given API, as `leads_frame` does.

    Args:
        table: the table.
        operations: the API to read through.
        options: further arguments of `leads_frame`, without `client`.
    """
    options = dict(options)
    progress = options.pop("progress", None)
    request = request_from(table, **options)
    reading = LeadsReading(
        [(None, None, request, operations)], origin=origins_of([operations]), dtype_backend=request.dtype_backend
    )
    return reading.read(progress)


def with_company_verdicts(people: pd.DataFrame, companies: pd.DataFrame, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return leads with the column `company_qualified`.

    A person belongs to the company of the same run with the same domain, else with the same name. Where not exactly one
    fits, nothing is known.

    Args:
        people: leads of people.
        companies: the companies of the same runs, with those that are hidden.
        dtype_backend: the array of the column.
    """
    judged: dict[tuple[Any, str, str], list[bool | None]] = defaultdict(list)
    about = map(python_values, (companies["domain"], lead_names(companies), companies["qualified"]))
    for *names, qualified in zip(_runs(companies), *about, strict=True):
        for key in _keys(*names):
            judged[key].append(qualified)

    def verdict(run: Any, domain: str | None, name: str | None) -> bool | None:
        return next((found[0] for key in _keys(run, domain, name) if len(found := judged.get(key, [])) == 1), None)

    columns = {
        note.get("table_id"): str(each["column"])
        for note in table_notes(people)
        for each in reversed(note.get("table_columns", ()))
        if is_company(str(each["name"])) and each["column"] in people
    }
    companies_of = python_values(texts_by_table(people, columns))
    known = zip(_runs(people), python_values(people["domain"]), companies_of, strict=True)
    values = typed_array("boolean", [verdict(*each) for each in known], dtype_backend)
    made = people.copy()
    made.insert(list(people.columns).index("table_id"), COMPANY_QUALIFIED, pd.Series(values, index=made.index))
    made.attrs = people.attrs
    return made


def _keys(run: Any, domain: str | None, name: str | None) -> list[tuple[Any, str, str]]:
    texts = (("domain", domain), ("name", folded_text(name or "")))
    return [(run, kind, text) for kind, text in texts if text]


def _runs(leads: pd.DataFrame) -> list[Any]:
    runs = {note.get("table_id"): note.get("run_id") for note in table_notes(leads)}
    return [runs.get(table_id) for table_id in python_values(leads["table_id"])]
