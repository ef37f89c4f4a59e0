"""Reread leads whose table has changed, and find out which rows are new, changed or gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.background.sync_bridge import OnLoop
from origami_widgets.api.default_client import AnyClient, operations_for
from origami_widgets.api.errors import InvalidInput, TableNotFound
from origami_widgets.api.rows.cell_values import is_found
from origami_widgets.frames.files.table_files import neutral
from origami_widgets.frames.frame_builder import read_only
from origami_widgets.frames.values import as_json, is_same, parsed_object, read_number

from .lead_table import OURS, snake_case, unique_name
from .leads_reading import LeadsReading, TableLeads, origins_of, stack_leads
from .row_reading import ALL, ChosenColumns, RowsRequest, request_from
from .stacking import (
    ENDING,
    check_columns,
    check_leads,
    columns_of,
    headings_of,
    keys_of,
    lead_names,
    mains_of,
    python_values,
    renamed_columns,
    table_notes,
)

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_reader import Progress


@dataclass(frozen=True, slots=True)
class GivenTable:
    """The leads of one table in the given frame.

    Attributes:
        table_id: the table.
        note: the frame's notes about the table; empty for a frame that has lost them, for example in a file.
        operations: the API that the table is read through.
        rows: the leads.
        places: the rows' places in the given frame.
    """

    table_id: str
    note: Mapping[str, Any]
    operations: Operations
    rows: pd.DataFrame
    places: list[int]

    @property
    def ids(self) -> list[str]:
        """The ids of the leads."""
        return [str(each) for each in self.rows["row_id"].astype(object).to_list()]

    @property
    def is_chosen(self) -> bool:
        """Whether the leads were picked by hand: none that they lack is new."""
        return bool(self.note.get("ticked"))


class RefreshedTable:
    """Leads of one table as they are now, with the columns of the given frame.

    Args:
        table: the leads in the given frame.
        now: the leads as read again; None if the table has not changed.
        others: the columns of all tables of the frame, which the user has not added.
        chosen: the columns that the frame was read with.
    """

    def __init__(
        self, table: GivenTable, now: pd.DataFrame | None, others: Collection[str] = (), chosen: ChosenColumns = ALL
    ) -> None:
        self.table, self.has_changed = table, now is not None
        before = table.rows
        self._now = before if now is None else now
        self._added: list[str] = []
        self._names: list[str | None] = []
        self._kept = list(before.columns)
        self.rewritten: list[str] = []
        if now is None:
            return
        if table.is_chosen:
            now = now[now["row_id"].isin(table.ids)].reset_index(drop=True)
        mine, note = set(before.columns), next(iter(table_notes(now)), {})
        if not table.note:
            now = _as_in_file(now, table, note)
        else:
            # The earlier names may be the headings of a file.
            names = {each["id"]: each["column"] for each in table.note.get("table_columns", ())}
            now = _renamed(now, note, _named_by_id(note, names))
        note = next(iter(table_notes(now)), {})
        self._names = python_values(lead_names(now))
        if not table.note:
            # Nothing tells whether a column that is not there is new, or was dropped.
            self._now = now
            self._kept = [name for name in now.columns if name in mine]
            self._added = [name for name in before.columns if name not in now.columns]
            return
        read, listed = table.note.get("columns", {}), note.get("columns", {})
        ours = {*OURS, *columns_of(table.note)}
        # A new column of the table must not replace a column that the user has added.
        taken = {*mine, *now.columns}
        self._now = now = now.rename(columns={name: unique_name(name, taken) for name in now if name in mine - ours})
        main = {column_id: name for name, column_id in reversed(read.items())}
        dropped = {column_id for column_id, name in main.items() if name not in mine}
        new = {name for name in chosen.names(now, strict=False) if listed.get(name) not in dropped}
        self._kept = [name for name in now.columns if name in (mine if name in ours else mine | new)]
        known = {*now.columns, *ours, *others}
        self._added = [name for name in before.columns if name not in known]

    @property
    def ids(self) -> list[str]:
        """The ids of the current leads."""
        return [str(each) for each in self._now["row_id"].astype(object).to_list()]

    @property
    def unknown(self) -> list[str]:
        """The columns of the given frame that have values for the table, and that it doesn't have."""
        return [str(name) for name in self._added if name not in OURS and self.table.rows[name].notna().any()]

    def frame(self) -> pd.DataFrame:
        """Return the current leads with the columns of the given frame; its own columns come last."""
        if not self.has_changed:
            return self._now.reset_index(drop=True)
        made = self._now[self._kept].reset_index(drop=True)
        places = {row_id: place for place, row_id in enumerate(self.table.ids)}
        taken = [places.get(row_id, -1) for row_id in self.ids]
        for name in self._added:
            column = self.table.rows[name]
            if -1 in taken:
                # Booleans and whole numbers of NumPy have no missing value.
                column = column.convert_dtypes() if column.dtype.kind in "biu" else column
            made[name] = self.table.table_id if name == "table_id" else column.array.take(taken, allow_fill=-1 in taken)
        made.attrs = self._now.attrs
        return made

    def changes(self) -> list[tuple[str, str, str | None, str, Any, Any]]:
        """Return the cells that have changed, in columns of the table that the frame has or gets.

        Each is a tuple: ids of table and lead, the lead's name, the column, the cell before and after. `rewritten` then
        has the columns that a spreadsheet has written in another way.
        """
        if not self.has_changed:
            return []
        before, now = self.table.rows, self._now
        common = _common_rows(self.table, now)
        rows = [[each[1] for each in common], [each[2] for each in common]]
        from_file = not self.table.note
        # The name of a table is no cell, and without notes nothing tells what `domain` was made of.
        skipped = {*OURS, *self._added} - (set() if from_file else {"domain"})
        names = [name for name in dict.fromkeys([*before.columns, *self._kept]) if name not in skipped]
        found: list[tuple[str, str, str | None, str, Any, Any]] = []
        for name in names:
            was, this = (_cells(frame, name, places) for frame, places in zip((before, now), rows, strict=True))
            if was is None or this is None:
                continue
            different, is_rewritten = _different(list(zip(was, this, strict=True)), from_file=from_file)
            self.rewritten += [str(name)] if is_rewritten else []
            for place in different:
                row_id, _, at = common[place]
                found.append((self.table.table_id, row_id, self._names[at], str(name), was[place], this[place]))
        return found


def _as_in_file(now: pd.DataFrame, table: GivenTable, note: Mapping[str, Any]) -> pd.DataFrame:
    """Return leads with the names of columns that a frame without notes has.

    Its columns are known by their names, else by today's headings, where half of the filled cells still agree: people
    give headings to other columns, too.
    """
    before = table.rows
    mine = set(before.columns)
    common = _common_rows(table, now)
    renamed: dict[str, str] = {}
    for name, heading in headings_of([note]).items():
        texts = [text for text in (heading, f"{heading} (UTC)") if text in mine]
        if name in mine or len(texts) != 1 or texts[0] in {*now.columns, *renamed.values()}:
            continue
        was = python_values(before[texts[0]].take([each[1] for each in common]))
        this = python_values(now[name].take([each[2] for each in common]))
        filled = [(one, other) for one, other in zip(was, this, strict=True) if one is not None]
        if 2 * len(_different(filled, from_file=True)[0]) <= len(filled):
            renamed[name] = texts[0]
    return _renamed(now, note, renamed)


def _common_rows(table: GivenTable, now: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Return the id of each lead that is there before and now, and its places."""
    old = {row_id: place for place, row_id in enumerate(table.ids)}
    ids = map(str, now["row_id"].astype(object).to_list())
    return [(row_id, old[row_id], place) for place, row_id in enumerate(ids) if row_id in old]


def _different(pairs: Sequence[tuple[Any, Any]], *, from_file: bool) -> tuple[list[int], bool]:
    """Return the places of the cells that differ, and whether a spreadsheet has written the others in another way."""
    found = [place for place, pair in enumerate(pairs) if not _is_unchanged(*pair, from_file=from_file)]
    rule = rewriting([pairs[place] for place in found]) if from_file else None
    if rule is None:
        return found, False
    return [place for place in found if None in pairs[place] or not rule(str(pairs[place][0]), pairs[place][1])], True


def _is_unchanged(one: Any, other: Any, *, from_file: bool) -> bool:
    # A file for spreadsheets has formulas as texts.
    is_neutral = from_file and isinstance(other, str) and neutral(other) == one
    return one == other or is_neutral or is_same(one, other, from_file=from_file)


def _named_by_id(note: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return new names for the columns of a table and their parts, given the names of some columns by their ids."""
    ids, keys = note.get("columns", {}), keys_of([note])
    found = {name: names[ids[name]] for name in mains_of([note]) if ids[name] in names}
    return {name: f"{main}_{snake_case(keys[name])}" if name in keys else main for name, main in found.items()}


def _renamed(leads: pd.DataFrame, note: Mapping[str, Any], renamed: Mapping[str, str]) -> pd.DataFrame:
    made = leads.rename(columns=renamed)
    tables = [{**note, **renamed_columns(note, renamed)}] if note else []
    made.attrs = read_only({"units": {}, "origami": {"tables": tables}}, getattr(note, "operations", None))
    return made


def _cells(frame: pd.DataFrame, name: str, places: list[int]) -> list[Any] | None:
    """Return the cells of some rows; None where the frame can't tell them."""
    if name in frame:
        return python_values(frame[name].take(places))
    if not name.endswith(ENDING):
        return [None] * len(places)
    slug = name.removesuffix(ENDING)
    if slug not in frame:
        return None
    # The frame lacks the column because all its cells are findings.
    return [None if cell is None else is_found(cell) for cell in python_values(frame[slug].take(places))]


LEAST, SHARE = 3, 0.9
"""So many cells, and this share of those that differ as texts, must be equal under one rule."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,](\d+))?(E[+-]?\d{1,3})?", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{4}|\d\d?)(?:,?[ T](\d\d?:\d\d(?::\d\d)?))?")
_PRECISION = 14
"""Digits that spreadsheets keep after the first one."""
_BOOLEANS = {
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "1"), True),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "onwaar", "0"), False),
}
Rule = Callable[[str, Any], bool]


def rewriting(pairs: Sequence[tuple[Any, Any]]) -> Rule | None:
    """Return the rule by which a spreadsheet has rewritten a column; None if it hasn't, or if that can't be told.

    Args:
        pairs: the cells of the file that differ from the table's, each with that.

    >>> dates = rewriting([("05.01.2026", "2026-01-05"), ("06.02.2026", "2026-02-06"), ("07.03.26", "2026-03-07")])
    >>> dates("01.04.2026", "2026-04-01"), dates("01.04.2026", "2026-01-04")
    (True, False)
    """
    texts = [(str(one), other) for one, other in pairs if None not in (one, other) and not isinstance(one, dict | list)]
    if len(texts) < LEAST:
        return None
    for rule in _RULES:
        equal = sum(rule(*each) for each in texts)
        if equal >= max(LEAST, SHARE * len(texts)):
            return rule
    return None


def _same_number(text: str, cell: Any) -> bool:
    """Return whether both are one number: without zeros in front, with a decimal comma, or as far as an exponent has digits.

    >>> _same_number("123", "00123"), _same_number("1,5", 1.5), _same_number("1,23E+15", "1234567890123456")
    (True, True, True)
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or read_number(cell) is None:
        return False
    one, decimals = Decimal(text.strip().replace(",", ".")), len(found[1] or "") if found[2] else _PRECISION
    return abs(one - Decimal(str(cell).strip())) < Decimal(1).scaleb(one.adjusted() - decimals)


def _same_date(order: str, text: str, cell: Any) -> bool:
    """Return whether both are one day, and one time as far as the text has one.

    >>> _same_date("dmy", "5.1.2026 9:14", "2026-01-05T09:14:02Z"), _same_date("mdy", "5/1/26", "2026-05-01")
    (True, True)
    """
    found = _DATE.fullmatch(text.strip())
    if found is None or not isinstance(cell, str):
        return False
    part = dict(zip(order, found.groups(), strict=False))
    day = f"{part['y'] if len(part['y']) > 2 else cell[:2] + part['y']}-{part['m']:0>2}-{part['d']:0>2}"  # noqa: PLR2004 - of a year
    return cell.replace(" ", "T").startswith(f"{day}T{found[4]:0>5}" if found[4] else day)


def _same_boolean(text: str, cell: Any) -> bool:
    return isinstance(cell, bool) and _BOOLEANS.get(text.strip().lower()) is cell


def _same_words(text: str, cell: Any) -> bool:
    """Return whether both are one text but for blanks, such as line ends of another system."""
    return isinstance(cell, str) and text.split() == cell.split()


_RULES: tuple[Rule, ...] = (
    _same_words,
    _same_number,
    *(partial(_same_date, order) for order in ("dmy", "mdy", "ymd")),
    _same_boolean,
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RefreshedLeads:
    """Current leads, and what has changed since they were last read: `leads, new, changed, gone = refresh_leads(leads)`.

    Attributes:
        frame: all current leads.
        new: the rows of `frame` that the earlier frame lacks.
        changed: the rows of `frame` whose cells have changed.
        gone: the rows of the earlier frame that no longer exist.
        cells: the changed cells, one row each: `lead` (its name), `column`, `before`, `after`, `table_id`, `row_id` (all
            string).
        note: of a file, or a frame without `attrs`: which columns are kept and not compared, as they aren't known, which a
            spreadsheet has rewritten, and whether it lacks so many leads that `new` are rather those that it never had;
            else empty.
    """

    frame: pd.DataFrame
    new: pd.DataFrame
    changed: pd.DataFrame
    gone: pd.DataFrame
    cells: pd.DataFrame
    note: str = ""

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return iter((self.frame, self.new, self.changed, self.gone))

    def __repr__(self) -> str:
        # Shows no leads, as they are personal data.
        parts = f"{len(self.new):,} new, {len(self.changed):,} changed, {len(self.gone):,} gone"
        return f"<RefreshedLeads: {self.note}{' ' if self.note else ''}{len(self.frame):,} leads, {parts}>"


async def refreshed(
    frame: pd.DataFrame, client: AnyClient | None, progress: Progress | None, said: str = ""
) -> RefreshedLeads:
    """Refresh leads as `refresh_leads` does, for the sync bridge.

    Args:
        frame: the leads as they were read before, or what analysts have made of them.
        client: the argument `client=`.
        progress: as in `leads_frame`.
        said: what there is to say about the file of the frame.

    Raises:
        InvalidInput: the frame does not say which tables it comes from, or what was read before.
    """
    tables = _tables_of(frame, client)
    requests = {each.table_id: await OnLoop(_due(each)) for each in tables}
    due = {table_id: request for table_id, request in requests.items() if request is not None}
    if not due:
        nothing = frame.iloc[:0]
        return RefreshedLeads(frame, nothing, nothing, nothing, _changed_cells([]))
    for each in tables:
        if each.table_id in due and due[each.table_id].table is not None:
            _check_rows(each)
    about = frame.attrs.get("origami") or {}
    read = await _read(tables, due, progress)
    others = {name for note in table_notes(frame) for name in columns_of(note)}
    parts = [
        RefreshedTable(each, read.get(each.table_id), others, ChosenColumns.noted(about))
        for each in tables
        if each.table_id not in due or due[each.table_id].table is not None
    ]
    origin = origins_of(each.operations for each in tables)
    result = _joined(frame, parts, about, origin) if parts else frame.iloc[:0]
    return _compared(frame, result, parts, tables, said)


def _tables_of(frame: pd.DataFrame, client: AnyClient | None) -> list[GivenTable]:
    """Return the leads of a frame by table.

    Raises:
        InvalidInput: the frame does not say which table a lead is of, or has rows that are no leads.
    """
    check_columns(frame)
    notes = {str(note.get("table_id")): note for note in table_notes(frame)}
    if "row_id" not in frame.columns:
        raise InvalidInput(
            "This frame holds no leads",
            cause="It has no column row_id.",
            remedy="Use a frame of leads_frame. If row_id is its index: frame.reset_index().",
        )
    if not notes and ("table_id" not in frame.columns or frame.empty):
        raise InvalidInput(
            "This frame doesn't say which table it is of",
            cause="It has no table_id, and no attrs, which pandas drops in some operations and files.",
            remedy="Add the table: frame.assign(table_id=run.tables[0].id).",
        )
    check_leads(frame)
    if "table_id" in frame.columns:
        ids = [None if pd.isna(each) else str(each) for each in frame["table_id"].astype(object).to_list()]
    else:
        ids = [next(iter(notes))] * len(frame) if len(notes) == 1 else [None] * len(frame)
    if None in ids:
        raise InvalidInput(
            "This frame doesn't say which table a lead is of",
            cause=f"{ids.count(None):,} of {len(frame):,} rows have no table_id.",
            remedy="Keep table_id and row_id when you choose columns, or fill table_id in.",
        )
    places: dict[str, list[int]] = {table_id: [] for table_id in notes}
    for place, table_id in enumerate(ids):
        places.setdefault(str(table_id), []).append(place)
    # A table without rows was left out on purpose, unless nothing else is left.
    return [
        GivenTable(
            table_id,
            note := notes.get(table_id, {}),
            operations_for(client, note, *notes.values()),
            frame.iloc[rows],
            rows,
        )
        for table_id, rows in places.items()
        if rows or not ids or not notes[table_id].get("rows")
    ]


def _check_rows(table: GivenTable) -> None:
    """Check that a frame has the leads that were read, as only then a lead that it lacks is new."""
    ids = table.ids
    if len(set(ids)) < len(ids):
        raise InvalidInput(
            "This frame has some leads more than once",
            cause=f"{len(ids) - len(set(ids)):,} rows repeat the row_id of another, for example after a merge.",
            remedy='Keep one row of each: frame.drop_duplicates(["table_id", "row_id"]).',
        )
    read = table.note.get("rows")
    if read is not None and read != len(ids):
        raise InvalidInput(
            "This frame doesn't tell which leads are new",
            cause=f"{read:,} leads of a table were read, and the frame has {len(ids):,} of them. The table has changed.",
            remedy="Refresh the whole frame, then filter: refresh_leads(leads).frame.query(…).",
        )


async def _due(each: GivenTable) -> RowsRequest | None:
    """Return the request that rereads a table; None if the table has not changed. A request without a table: it is gone."""
    note = each.note
    if note:
        query = {key: note[key] for key in ("filters", "sort", "limit")} | note["options"]
    else:
        query = _options_of(each.rows)
    try:
        # With its statistics, which say whether its leads are judged.
        table = await each.operations.get_table(each.table_id)
    except TableNotFound:
        return request_from(each.table_id, **query)
    if note.get("complete") and list(table.version) == list(note.get("table_version") or ()):
        return None
    return request_from(table, **query)


def _options_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the options of `leads_frame` that give the columns of a frame without notes."""
    names = [str(name) for name in rows.columns]
    for name in names:
        if name in OURS or any(name.startswith(f"{main}_") for main in names):
            continue
        for cell in python_values(rows[name]):
            is_written = isinstance(cell, str) and cell.startswith("{'")
            if is_written or isinstance(parsed_object(cell), dict):
                return {"flatten": False}
    return {}


async def _read(
    tables: Sequence[GivenTable],
    due: Mapping[str, RowsRequest],
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Return the leads of the tables that have changed and still exist, each with its notes."""

    async def read(
        wanted: Sequence[tuple[GivenTable, RowsRequest]], progress: Progress | None
    ) -> dict[str, pd.DataFrame]:
        reading = LeadsReading(
            [(*_run_of(each), request, each.operations) for each, request in wanted],
            origin=origins_of(each.operations for each, _ in wanted),
            dtype_backend=wanted[0][1].dtype_backend,
        )
        found = await reading.steps(progress)
        return {each.table_id: _of_table(found, each.table_id) for each, _ in wanted}

    wanted = [(each, due[each.table_id]) for each in tables if each.table_id in due]
    wanted = [(each, request) for each, request in wanted if request.table is not None]
    found = await read(wanted, progress) if wanted else {}
    # Of a file, nothing tells for sure with which filters its leads were read. One that is only hidden is not gone.
    hidden = [
        (each, request_from(request.table, include_hidden=True, **_options_of(each.rows)))
        for each, request in wanted
        if not each.note and not set(each.ids) <= set(found[each.table_id]["row_id"])
    ]
    for table_id, more in (await read(hidden, None)).items() if hidden else ():
        known = found[table_id]
        ids = next(set(each.ids) for each, _ in hidden if each.table_id == table_id)
        others = more[more["row_id"].isin(ids - set(known["row_id"]))]
        others.attrs = {}
        made = stack_leads([TableLeads(known), TableLeads(others)], dtype_backend="numpy_nullable")
        found[table_id] = _of_table(made, table_id)
    return found


def _run_of(table: GivenTable) -> tuple[str | None, str | None]:
    """Return the run of a table and its name, from the notes or, without these, from the leads."""
    if table.note:
        return table.note.get("run_id"), table.note.get("run_name")
    names = python_values(table.rows["run_name"]) if "run_name" in table.rows else []
    return None, next((name for name in names if name is not None), None)


def _of_table(frame: pd.DataFrame, table_id: str) -> pd.DataFrame:
    """Return the leads of one table with its notes."""
    part = frame[frame["table_id"].eq(table_id).fillna(value=False)].reset_index(drop=True)
    notes = [note for note in table_notes(frame) if note["table_id"] == table_id][:1]
    # Without the columns of other tables.
    part = part[[name for name in frame.columns if name in OURS or any(name in columns_of(each) for each in notes)]]
    part.attrs = read_only({"units": {}, "origami": {"tables": notes}})
    return part


def _joined(
    frame: pd.DataFrame, parts: Sequence[RefreshedTable], about: Mapping[str, Any], origin: str
) -> pd.DataFrame:
    """Return the current leads of all tables in one frame."""
    made = []
    for part in parts:
        rows = part.frame()
        notes = table_notes(rows) if part.has_changed else [part.table.note]
        known, dtypes = {"table_id": part.table.table_id}, {"qualified": "boolean"}
        ours = {
            name: pd.Series([known.get(name, pd.NA)] * len(rows), dtype=dtypes.get(name, "string"))
            for name in OURS
            if name not in rows
        }
        rows = rows.assign(**ours)
        rows.attrs = read_only({"units": {}, "origami": {"tables": [note for note in notes if note]}})
        made.append(rows)
    options: Mapping[str, Any] = next((part.table.note["options"] for part in parts if part.table.note), {})
    stacked = stack_leads(
        [TableLeads(each) for each in made],
        dtype_backend=options.get("dtype_backend", "numpy_nullable"),
        origin=origin,
    )
    if "chosen" in about:
        stacked.attrs["origami"] |= {"chosen": about["chosen"]}
    return stacked.drop(columns=[name for name in OURS if name not in frame.columns])


def _compared(
    before: pd.DataFrame,
    result: pd.DataFrame,
    parts: Sequence[RefreshedTable],
    tables: Sequence[GivenTable],
    said: str = "",
) -> RefreshedLeads:
    """Return the current leads with those that are new or changed, and those of the given frame that are gone."""
    known_columns = iter([name for name in before.columns if name in result.columns])
    # New columns stay where they are in their table.
    result = result[[next(known_columns) if name in before.columns else name for name in result.columns]]
    new, changed = [], []
    changes = [each for part in parts for each in part.changes()]
    different = {(table_id, row_id) for table_id, row_id, *_ in changes}
    current = {part.table.table_id: set(part.ids) for part in parts}
    at = 0
    for part in parts:
        known = set(part.table.ids)
        for row_id in part.ids:
            if row_id not in known:
                new.append(at)
            elif (part.table.table_id, row_id) in different:
                changed.append(at)
            at += 1
    gone = [
        place
        for table in tables
        for row_id, place in zip(table.ids, table.places, strict=True)
        if row_id not in current.get(table.table_id, ())
    ]
    frames = (_rows(result, new), _rows(result, changed), _rows(before, sorted(gone)))
    return RefreshedLeads(result, *frames, _changed_cells(changes), " ".join(filter(None, [said, *_doubts(parts)])))


def _doubts(parts: Sequence[RefreshedTable]) -> Iterator[str]:
    """Say what frames without notes, such as files, leave open."""
    of_files = [part for part in parts if not part.table.note]
    ids = [row_id for part in of_files for row_id in part.ids]
    lacking = len(set(ids).difference(*(part.table.ids for part in of_files)))
    if 5 * lacking > len(ids):
        yield f"{lacking:,} of {len(ids):,} leads aren't in what was given: new means no more than that."
    if unknown := dict.fromkeys(chain(*(part.unknown for part in of_files))):
        yield f"Kept and not compared, as not known by name or values: {', '.join(unknown)}."
    if rewritten := dict.fromkeys(chain(*(part.rewritten for part in of_files))):
        yield f"Rewritten by a spreadsheet, and compared as it writes: {', '.join(rewritten)}."


def _changed_cells(changes: Sequence[tuple[str, str, str | None, str, Any, Any]]) -> pd.DataFrame:
    texts = [
        (name, column, *(_as_text(cell) for cell in cells), table_id, row_id)
        for table_id, row_id, name, column, *cells in changes
    ]
    names = ["lead", "column", "before", "after", "table_id", "row_id"]
    frame = pd.DataFrame(texts, columns=names, dtype="string")
    frame.attrs = read_only(
        {"units": {}, "origami": {"frame": "refresh_leads", "version": __version__, "untrusted": True}}
    )
    return frame


def _as_text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else as_json(cell)


def _rows(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    return frame.take(places).reset_index(drop=True)
