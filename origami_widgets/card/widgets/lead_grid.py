"""`LeadGrid`: the leads of a run or table as a live widget. No lead is saved in the notebook unless the user asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import traitlets

from origami_widgets.api.background.sync_bridge import block
from origami_widgets.api.default_client import AnyClient, operations_for
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import Column, Table
from origami_widgets.api.validate import flag, refused
from origami_widgets.card.view.board_view import NO_CHECK_TIMES
from origami_widgets.card.view.lead_cells import RUN_COLUMN, distinct_names, in_reading_order, shown_columns
from origami_widgets.card.view.messages import (
    LeadFilter,
    LeadGridView,
    LeadsAnswer,
    LeadSort,
    LeadTab,
    SelectMessage,
    read_message,
)
from origami_widgets.card.view.run_head import as_of, clock_view, make_clock, quiet_attach_line
from origami_widgets.card.view.table_view import NAME_LIMIT, TABLE_ID_LIMIT
from origami_widgets.card.widgets.lead_widget import LeadWidget
from origami_widgets.card.widgets.live_widget import front_end_file, synced_trait
from origami_widgets.card.widgets.snapshot import copies
from origami_widgets.host.application import running_cell
from origami_widgets.run.batch import RunBatch, briefs_of, queue_of
from origami_widgets.run.handle import Run
from origami_widgets.run.own_list.uploaded_table import UploadedTable
from origami_widgets.run.state import newest_tables
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, common_name
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.operations import Operations
    from origami_widgets.card.view.contract import ClockView, Form
    from origami_widgets.card.widgets.lead_pages import LoadedLeads
    from origami_widgets.frames.leads.left_out import LeftOut
    from origami_widgets.run.conversation import Conversation

SAVED_LIMIT: Final = 20
"""Most leads to save in a notebook, with `save=True`."""
SELECTED_LIMIT: Final = 10_000
TABLES_LIMIT: Final = 24
RUN_NAMES: Final = ("run", "run_name")
"""Names of the column that says which run a lead is from: here, and in frames."""

MergedTables = list[tuple["Table", "Run"]]
"""The tables that are one table in a grid of several runs, each with its run."""


class GridTables:
    """The tables of a grid by the states of its runs when this was made.

    Args:
        given: the tables of a grid without runs.
        runs: the runs of the grid.
        given_names: the names of briefs, by run.

    Attributes:
        placed: each table once, as the server changed it last, with the first run that has it.
        by_id: the same by the id that the front end has.
    """

    def __init__(self, given: Sequence[Table], runs: Sequence[Run], given_names: Mapping[Run, str]) -> None:
        self._runs = runs
        self._given_names = given_names
        # Several runs may work on one table.
        newest = newest_tables(run.state for run in runs)
        placed: dict[str, tuple[Table, Run | None]] = {table.id: (table, None) for table in given}
        for run in runs:
            for table in run.state.tables:
                placed.setdefault(table.id, (newest.get(table.id, table), run))
        self.placed = tuple(placed.values())
        self.by_id = {clip(table_id, TABLE_ID_LIMIT): each for table_id, each in placed.items()}

    @cached_property
    def merged(self) -> dict[str, MergedTables]:
        """The tables of several runs by what is one table in the grid.

        Tables with the same typed-in columns list the same. The agent may add computed columns to one before the other.
        """
        merged: dict[str, MergedTables] = {}
        for table, run in self.placed:
            if run is not None:
                typed = ",".join(column.slug or "" for column in table.columns if column.kind == "input")
                merged.setdefault(clip(f":{typed or table.id}", TABLE_ID_LIMIT), []).append((table, run))
        return merged

    def name_of(self, run: Run) -> str:
        """Return the name that a run has on a board: that of its brief or agent, else its prompt."""
        return self._given_names.get(run) or run.state.agent_name or run.prompt or run.token

    @cached_property
    def names(self) -> dict[Run, str]:
        """Names that tell the runs apart."""
        texts = [(clip(self.name_of(run), NAME_LIMIT), clip(run.prompt, NAME_LIMIT)) for run in self._runs]
        return dict(zip(self._runs, distinct_names(texts), strict=True))


class LeadGrid(LeadWidget):
    """Live grid of the leads of runs or tables. It reads them page by page as you scroll, and updates them as cells fill.

    The server sorts and filters by columns; typing searches the loaded leads. Reads are free requests within the rate
    limit of polls, sent only while the grid is visible. Leads are personal data: none is in a trait, a log or the saved
    notebook, unless `save=True` keeps a static table of the first 20.

    Args:
        source: a run, a batch, a list of runs, one of their tables, an uploaded table, or a list of tables. Each table is
            a tab; of several runs, tables that list the same are one, with a column that says which run a lead is from.
        filters: `[{"column": slug, "operator": …, "value": …}]`, in addition to the table's saved filters,
            which come from the brief and apply once the run's cells are final; None for no others.
        sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
        columns: the columns to show at first, by slug, title or their name in `leads_frame`, beside the one that names a
            lead; the others are in the menu *Columns*. While a run goes on, names of no column are ignored. None for all but
            the website, to which the name is the link.
        leave_out: customers, opt-outs or earlier leads, as in `leads_frame`. The grid counts them, and doesn't show them; a
            button shows them, marked. Frames, files and ticked leads are without them.
        client: the client for tables; None for the one that each came from, or else the configured one. A run is read
            through its own client.
        include_hidden: begin with the hidden leads shown, marked; a button of the grid shows and hides them.
        save: keep the first 20 leads of each table that you looked at in the saved notebook, of more than two tables 40 in all.

    Raises:
        InvalidInput: the source is neither runs nor tables, or an argument is invalid.
        MissingKey: tables that came from no client were given, and there is no key.

    Example:
        >>> import origami_widgets as ow
        >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False).wait()
        >>> grid = ow.LeadGrid(run)
        >>> grid.selected
        ()
    """

    _esm = front_end_file("grid.js")
    _css = front_end_file("page.css")
    TRAITS = ("seq", "head", "clock")

    selected = traitlets.Tuple(
        read_only=True, help="Row ids of the leads that are ticked, of all tables, in the order of ticking."
    )
    head = synced_trait(traitlets.Dict)
    clock = synced_trait(traitlets.Dict)

    def __init__(
        self,
        source: Run | Table | UploadedTable | RunBatch | Sequence[Run] | Sequence[Table],
        *,
        filters: Sequence[Mapping[str, Any]] | None = None,
        sort: Mapping[str, str] | None = None,
        columns: Sequence[str] | None = None,
        leave_out: object = None,
        client: AnyClient | None = None,
        include_hidden: bool = False,
        save: bool = False,
    ) -> None:
        self._batch, self._runs_given, self._given = _checked_source(source)
        # Each run is read through its own client.
        is_connected = self._batch is not None or any(run.operations is not None for run in self._runs_given)
        self._client = None if is_connected else client
        known = () if self._batch is None else (queue_of(self._batch),)
        self._default = operations_for(self._client, *known, *self._runs_given, *self._given)
        self._is_one_run = isinstance(source, Run)
        self._filters = _as_filters(filters)
        self._sort = _as_sort(sort)
        self._left_out = None if leave_out is None else _read_left_out(leave_out, client)
        self._include_hidden = flag("include_hidden", include_hidden)
        self._save = flag("save", save)
        # Tables with the number of changes before them. It is exact only while the widget is subscribed to its runs.
        self._changes = 0
        self._known_tables: tuple[int, GridTables] | None = None
        self._is_following = False
        self._is_chosen = self._chooser(columns)
        super().__init__(filters=self._filters, sort=self._sort)

    def _chooser(self, columns: Sequence[str] | None) -> Callable[[str, str], bool] | None:
        """Return what tells, by slug and name, whether a column was chosen; None for no choice."""
        if columns is None:
            return None
        from origami_widgets.frames.leads.lead_table import snake_case
        from origami_widgets.frames.leads.row_reading import ChosenColumns

        tables = [table for table, _ in self._tables_now.placed]
        listed = [each for table in tables for each in shown_columns(table.columns)]
        titles = {snake_case(each.slug or ""): snake_case(each.name) for each in listed}
        # The agent of a run that goes on may add others, as may the runs that a batch has not started.
        is_going = self._batch is not None and self._batch.status in ("running", "halted")
        is_known = not is_going and all(run.done for run in self._runs()) and all(table.columns for table in tables)
        names = [*titles, *titles.values(), *RUN_NAMES]
        chosen = {*ChosenColumns.checked(columns).named(names, list(titles) if is_known and tables else None)}
        return lambda slug, name: (
            not chosen.isdisjoint(RUN_NAMES if slug == RUN_COLUMN else (snake_case(slug), snake_case(name)))
        )

    def __repr__(self) -> str:
        if self._batch is not None or len(self._runs_given) == 1:
            return f"<LeadGrid of {self._batch or self._runs_given[0]!r}>"
        runs = self._runs()
        return f"<LeadGrid of {words.plural(len(runs), 'run') if runs else words.plural(len(self._given), 'table')}>"

    @property
    def source(self) -> list[Run] | list[Table]:
        """The runs, or else the tables, whose leads it shows."""
        return list(self._runs()) or list(self._given)

    @property
    def frame(self) -> pd.DataFrame:
        """The loaded leads of the table in front, in the form of `leads_frame`, with its `attrs`. Sends nothing.

        `attrs["origami"]["complete"]` says whether these are all leads with the filters and order that you see.
        """
        return self._loaded_frame(self._shown_table())

    def _loaded_frame(self, table_id: str, *, with_checking: bool = False) -> pd.DataFrame:
        merged = self._placed_in(table_id)
        if merged is None:
            return self._kept(super()._loaded_frame(table_id, with_checking=with_checking))
        from origami_widgets.frames.leads.leads_reading import TableLeads, stack_leads, verdict_column, verdicts

        parts, not_shown = [], self._leads.tables_not_shown(table_id)
        for table, run in [each for each in merged if each[0].id not in not_shown]:
            loaded = self._leads.loaded(clip(table.id, TABLE_ID_LIMIT), with_checking=with_checking)
            frame = self._frame_of(loaded)
            qualified = verdicts(frame, None if loaded.is_unfiltered else verdict_column(table), loaded.passes)
            parts.append(TableLeads(frame, run.id, self._tables_now.name_of(run), qualified))
        stacked = self._kept(stack_leads(parts, dtype_backend="numpy_nullable"))
        places = {row_id: at for at, row_id in enumerate(self._leads.order(table_id))}
        # More than these may be loaded: rows of one table wait for those before them of another one.
        shown_rows = stacked[stacked["row_id"].isin(places)]
        ordered = shown_rows.sort_values("row_id", key=lambda ids: ids.map(places), ignore_index=True, kind="stable")
        ordered.attrs = stacked.attrs | {"origami": stacked.attrs["origami"] | {"rows": len(ordered)}}
        return ordered

    def _kept(self, leads: pd.DataFrame) -> pd.DataFrame:
        return leads if self._left_out is None else self._left_out.of(leads)

    def _ids_left_out(self, loaded: LoadedLeads) -> frozenset[str]:
        return frozenset() if self._left_out is None else self._left_out.ids(self._stacked(loaded))

    @property
    def selection(self) -> pd.DataFrame:
        """The ticked leads of the table in front, in the form of `frame`, without those that a filter hides. Sends nothing."""
        return self._ticked_frame(self._shown_table(), self.selected)

    def to_frame(self, **options: Any) -> pd.DataFrame:
        """Read all leads of the table in front, with the grid's filters and order. Sends free requests, as `leads_frame` does.

        With several runs, it is read as by `leads_frame`: each table in this order, one after the other.

        Args:
            options: further arguments of `leads_frame`.

        Raises:
            OrigamiError: as in `leads_frame`.
        """
        from origami_widgets.frames.lead_frames import leads_frame
        from origami_widgets.frames.leads.leads_reading import read_rows_frame

        # The widget is not locked meanwhile, as a page that saves the notebook may ask for its state.
        shown = self._shown_table()
        merged = self._placed_in(shown) or ()
        found = [table for table, _ in merged] or [each for each in (self._table(shown),) if each is not None]
        if not found:
            raise InvalidInput(
                "There is no table yet",
                cause="The run has not built one.",
                remedy="Wait for the run: run.wait().",
            )
        settings = {
            "filters": self._filters or None,
            "include_hidden": self._include_hidden,
            "sort": self._sort,
            **options,
        }
        if merged:
            return self._kept(leads_frame([run for _, run in merged], tables=[table.id for table in found], **settings))
        return self._kept(read_rows_frame(found[0], self._operations(found[0]), settings))

    def snapshot(self) -> dict[str, Any]:
        """Return the snapshot for a saved notebook: the number of leads and the line that shows them."""
        saved = [(table.name, self._leads.loaded(key)) for key, (table, _) in self._tables_now.by_id.items()]
        kept = [
            (name, leads.rows[:SAVED_LIMIT], self._chosen(leads.columns))
            for name, leads in saved
            if leads.rows and self._save
        ]
        return copies(self._view_now("snapshot"), kept)

    def _chosen(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns to save, in the order in which people read them: the first, and those that the user chose, if any."""
        ordered = [column for column, _ in in_reading_order(shown_columns(columns))]
        choose = self._is_chosen or (lambda *_: True)
        return [each for at, each in enumerate(ordered) if not at or choose(each.slug or "", each.name)]

    def _ipython_display_(self) -> None:
        """Show the grid if its output can be replaced; otherwise, show its snapshot as text."""
        if running_cell() is None:
            print(self.snapshot()["text/plain"])  # noqa: T201 - this is the display of a terminal
            return
        self.outputs.add(*self.bundle())
        self.shown()

    def _view_now(self, form: Form = "live") -> LeadGridView:
        now = time.time()
        tabs = self._tabs()
        return {
            "head": {
                "form": form,
                "as_of": as_of(now, form),
                "title": self._title(len(tabs)),
                "tabs": tabs[:TABLES_LIMIT],
                "line": self._line(),
                "include_hidden": self._include_hidden,
                "sort": self._sort,
            },
            "clock": self._clock_at(now),
        }

    def _title(self, tables: int) -> str:
        if self._is_one_run:
            title = clip(self._runs_given[0].prompt, 120)
        else:
            runs = self._runs()
            title = f"Leads of {words.plural(len(runs), 'run')}" if runs or self._batch is not None else ""
        return f"{title or 'Leads'}{f', the first {TABLES_LIMIT} of {tables} tables' if tables > TABLES_LIMIT else ''}"

    def _tabs(self) -> list[LeadTab]:
        """Return a tab for each table; in a grid of several runs, for all of their tables that list the same."""
        merged = self._merged_tables()
        if merged is None:
            return [_tab(key, [table]) for key, (table, _) in self._tables_now.by_id.items()]
        return [_tab(table_id, [table for table, _ in placed]) for table_id, placed in merged.items()]

    def _line(self) -> str:
        runs = [quiet_attach_line(run.state) for run in self._runs()]
        if self._is_one_run:
            return f"ow.leads({runs[0]})"
        if not runs:
            return "ow.leads(table)" if self._given else "ow.leads(batch)"
        return f"ow.leads([{', '.join(runs)}])"

    def _subscribe(self) -> Callable[[], None]:
        if self._batch is not None:
            ends = [queue_of(self._batch).subscribers.add(self._changed)]
        else:
            ends = [run.conversation.subscribers.add(self._changed) for run in self._runs_given]
        self._is_following = True

        def end() -> None:
            self._is_following = False
            for each in ends:
                each()

        return end

    def _changed(self) -> None:
        self._changes += 1
        super()._changed()

    def _view_changed(self, old: LeadGridView, new: LeadGridView) -> bool:
        return old["head"] != new["head"] or old["clock"]["connection"] != new["clock"]["connection"]

    def _show(self, view: LeadGridView) -> None:
        self._set_trait("head", view["head"])
        self._set_trait("clock", view["clock"])

    def _clock_now(self) -> ClockView:
        return self._clock_at(time.time())

    def _clock_at(self, now: float) -> ClockView:
        """Return the clock of the first run that goes on, else of the last one."""
        runs = self._runs()
        run = next((run for run in runs if not run.settled), runs[-1] if runs else None)
        return make_clock(run.state, now) if run is not None else clock_view(now, NO_CHECK_TIMES)

    def _on_content(self, content: Any) -> None:
        if (ticked := read_message(content, SelectMessage)) is None:
            super()._on_content(content)
            return
        chosen = dict.fromkeys(ticked["ids"])
        kept = [each for each in self.selected if each not in chosen]
        self._set_trait("selected", (*kept, *(chosen if ticked["on"] else ()))[-SELECTED_LIMIT:])

    def _exported(self) -> list[Run] | list[Table]:
        return self.source

    def _runs(self) -> tuple[Run, ...]:
        return self._runs_given if self._batch is None else self._batch.runs

    @property
    def _tables_now(self) -> GridTables:
        """The tables by the newest states of the runs. They are made anew only when a run has changed."""
        changes, known = self._changes, self._known_tables
        if known is None or known[0] != changes or not self._is_following:
            briefs = () if self._batch is None else briefs_of(self._batch)
            names = {each.run: each.name for each in briefs if each.run is not None and each.name}
            known = self._known_tables = (changes, GridTables(self._given, self._runs(), names))
        return known[1]

    def _merged_tables(self) -> dict[str, MergedTables] | None:
        """Return the tables by what is one table in the grid; None where each is its own."""
        return None if self._is_one_run or self._given else self._tables_now.merged

    def _placed_in(self, table_id: str) -> MergedTables | None:
        merged = self._merged_tables()
        return None if merged is None else merged.get(table_id)

    def _merged(self, table: str) -> Sequence[tuple[Table, str]] | None:
        placed = self._placed_in(table)
        return None if placed is None else [(each, self._tables_now.names[run]) for each, run in placed]

    def _table(self, table_id: str) -> Table | None:
        placed = self._tables_now.by_id.get(table_id)
        return None if placed is None else placed[0]

    def _operations(self, table: Table | None) -> Operations:
        known = None if table is None or self._client is not None else table.operations
        return known or self._default

    def _name_of(self, table_id: str) -> str:
        return next((tab["name"] for tab in self._tabs() if tab["id"] == table_id), "")

    def _conversation_on(self, table: str) -> Conversation | None:
        placed = self._tables_now.by_id.get(clip(table, TABLE_ID_LIMIT))
        return None if placed is None or placed[1] is None else placed[1].conversation

    def _shown_table(self) -> str:
        return self._leads.newest_table or next((tab["id"] for tab in self._tabs()), "")

    def _send_leads(self, answer: LeadsAnswer) -> None:
        # Sent before the leads: a page that saves right now must not have an older snapshot than it shows.
        if self._save:
            self._send_snapshot()
        super()._send_leads(answer)


def leads(
    source: Run | Table | UploadedTable | RunBatch | Sequence[Run] | Sequence[Table],
    *,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    leave_out: object = None,
    client: AnyClient | None = None,
    include_hidden: bool = False,
    save: bool = False,
) -> LeadGrid:
    """Show the leads of runs or tables in a live grid, to sort, filter, open cells and tick leads.

    Reads pages of rows while the grid is on the screen, with free requests within the rate limit.

    Args:
        source: a run, a batch, a list of runs, one of their tables, an uploaded table, or a list of tables. Each table is
            a tab; of several runs, tables that list the same are one, with a column that says which run a lead is from.
        filters: `[{"column": slug, "operator": …, "value": …}]`, in addition to the table's saved filters,
            which come from the brief and apply once the run's cells are final; None for no others.
        sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
        columns: the columns to show at first, by slug, title or their name in `leads_frame`, beside the one that names a
            lead; the others are in the menu *Columns*. While a run goes on, names of no column are ignored. None for all but
            the website, to which the name is the link.
        leave_out: customers, opt-outs or earlier leads, as in `leads_frame`. The grid counts them, and doesn't show them; a
            button shows them, marked. Frames, files and ticked leads are without them.
        client: the client for tables; None for the one that each came from, or else the configured one. A run is read
            through its own client.
        include_hidden: begin with the hidden leads shown, marked; a button of the grid shows and hides them.
        save: keep the first 20 leads of each table in the saved notebook, of more than two tables 40 in all; False saves none.

    Returns:
        A widget. `grid.selection` and `grid.frame` are DataFrames of the ticked and the loaded leads; `grid.to_frame()`
        reads all.

    Raises:
        InvalidInput: the source is neither runs nor tables, or an argument is invalid.
        MissingKey: tables that came from no client were given, and there is no key.

    API: `GET /tables/{tableId}/rows`.

    Example:
        >>> import origami_widgets as ow
        >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False).wait()
        >>> grid = ow.leads(run)
    """
    return LeadGrid(
        source,
        filters=filters,
        sort=sort,
        columns=columns,
        leave_out=leave_out,
        client=client,
        include_hidden=include_hidden,
        save=save,
    )


def _read_left_out(leave_out: object, client: AnyClient | None) -> LeftOut | None:
    from origami_widgets.frames.lead_frames import read_left_out

    return block(read_left_out(leave_out, client))


def _checked_source(source: object) -> tuple[RunBatch | None, tuple[Run, ...], tuple[Table, ...]]:
    if isinstance(source, RunBatch):
        return source, (), ()
    if isinstance(source, UploadedTable):
        source = source.table
    given = (source,) if isinstance(source, Run | Table) else source
    if isinstance(given, list | tuple) and given:
        if all(isinstance(each, Run) for each in given):
            # A run given twice has one tab for each table.
            return None, tuple(dict.fromkeys(given)), ()
        if all(isinstance(each, Table) for each in given):
            return None, (), tuple(given)
    # Not its text: a frame may hold people.
    raise InvalidInput(
        "There are no leads to show in this",
        cause=f"Got {type(source).__name__}.",
        remedy="Use a run or batch, ow.leads(run), or a table, ow.leads(run.tables[0]).",
    )


def _tab(table_id: str, tables: Sequence[Table]) -> LeadTab:
    counts = [count for table in tables if (count := shown_count(table.lead_count)) is not None]
    # Tables of several runs, such as "Bakeries in Porto" and "Cafés in Faro", may have nothing in common but their first column.
    first = next((column.name for column, _ in in_reading_order(shown_columns(tables[0].columns))), "")
    unnamed = first if len(tables) > 1 and first else "Unnamed table"
    leads = words.count(sum(counts)) if counts else ""
    name = common_name([table.name for table in tables]) or unnamed
    return LeadTab(id=table_id, name=clip(name, NAME_LIMIT), leads=leads)


def _as_filters(given: Sequence[Mapping[str, Any]] | None) -> list[LeadFilter]:
    made = []
    for each in [] if given is None else given if isinstance(given, list | tuple) else [given]:
        match each:
            case {"column": str(column), "operator": str(operator), **rest}:
                made.append(LeadFilter(column=column, operator=operator, value=str(rest.get("value", ""))))
            case _:
                remedy = "Use [{'column': slug, 'operator': 'contains', 'value': 'text'}]."
                raise refused("A filter is not valid", each, remedy)
    return made


def _as_sort(given: Mapping[str, str] | None) -> LeadSort | None:
    sort = read_message({**given} if isinstance(given, Mapping) else given, LeadSort)
    if sort is None and given is not None:
        raise refused("The sort order is not valid", given, "Use {'column': slug, 'direction': 'asc'} or 'desc'.")
    return sort
