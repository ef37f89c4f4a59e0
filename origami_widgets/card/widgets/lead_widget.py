"""Base class of the widgets that show leads, with a feed for their grids."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from origami_widgets.card.view.lead_cells import with_off
from origami_widgets.card.view.messages import (
    DownloadAnswer,
    DownloadMessage,
    LeadFilter,
    LeadsAnswer,
    LeadSort,
    read_message,
)
from origami_widgets.card.widgets.lead_feed import LeadFeed
from origami_widgets.card.widgets.live_widget import LiveWidget

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.card.widgets.lead_pages import LoadedLeads
    from origami_widgets.frames.source import Source
    from origami_widgets.host.application import Outputs
    from origami_widgets.run.conversation import Conversation


class LeadWidget(LiveWidget):
    """Widget that may show the leads of its tables. No lead is kept in a trait.

    Args:
        outputs: the outputs that already show the widget.
        filters: conditions for all leads.
        sort: the order if the grid has none.
    """

    _is_chosen: Callable[[str, str], bool] | None = None
    """Tells which columns are shown at first, as in `with_off`."""

    def __init__(
        self, outputs: Outputs | None = None, *, filters: Sequence[LeadFilter] = (), sort: LeadSort | None = None
    ) -> None:
        self._leads = LeadFeed(
            self._send_leads,
            self._table,
            self._operations,
            merged=self._merged,
            conversation=self._conversation_on,
            filters=filters,
            sort=sort,
            counted=self._flush,
            left_out=self._ids_left_out,
        )
        super().__init__(outputs)

    # To be defined by each kind of widget.

    def _table(self, table_id: str) -> Table | None:
        """Return the current table with an id, as the front end has it; None if there is none."""
        raise NotImplementedError

    def _operations(self, table: Table | None) -> Operations | None:
        """Return the API to read the leads of a table through; None without one."""
        operations: Operations | None = None if table is None else table.operations
        return operations

    def _name_of(self, table_id: str) -> str:
        """Return the name of a table; empty if there is none."""
        table = self._table(table_id)
        return "" if table is None else table.name or ""

    def _conversation_on(self, table: str) -> Conversation | None:
        """Return the conversation of the current run of a table; None for a table without a run."""
        raise NotImplementedError

    def _merged(self, table: str) -> Sequence[tuple[Table, str]] | None:  # noqa: ARG002 - for grids of several runs
        """Return the tables of a merged one, each with the name of its run; None if the id is not that of such a one."""
        return None

    def _ids_left_out(self, loaded: LoadedLeads) -> frozenset[str]:  # noqa: ARG002 - for grids with a list of the user's
        """Return the ids of the leads that the user's list leaves out."""
        return frozenset()

    # The same for all kinds.

    def _send_leads(self, answer: LeadsAnswer) -> None:
        if answer["heads"] is not None:
            answer["heads"] = with_off(answer["heads"], self._is_chosen)
        if self.comm is not None:
            self.send(answer)

    def _on_content(self, content: Any) -> None:
        if (wanted := read_message(content, DownloadMessage)) is not None:
            self._send_download(wanted)
        else:
            background().call_soon(lambda: self._leads.look(content))

    def _loaded_frame(self, table_id: str, *, with_checking: bool = False) -> pd.DataFrame:
        """Return the loaded leads of a table, in the form of `leads_frame`. The arguments are those of `LeadFeed.loaded`."""
        return self._stacked(self._leads.loaded(table_id, with_checking=with_checking))

    def _stacked(self, loaded: LoadedLeads) -> pd.DataFrame:
        from origami_widgets.frames.leads.leads_reading import TableLeads, origins_of, stack_leads

        origin = origins_of([self._operations(loaded.table)])
        return stack_leads([TableLeads(self._frame_of(loaded))], dtype_backend="numpy_nullable", origin=origin)

    def _frame_of(self, loaded: LoadedLeads) -> pd.DataFrame:
        # Imported here and below, as leads are shown without pandas.
        from origami_widgets.frames.leads.row_reading import loaded_rows_frame

        return loaded_rows_frame(
            loaded.table,
            [column.raw for column in loaded.columns],
            [row.raw for row in (*loaded.rows, *loaded.left_out)],
            filters=loaded.filters,
            include_hidden=loaded.include_hidden,
            sort=loaded.sort,
            total=loaded.total,
            pages=loaded.pages,
            complete=loaded.complete,
            version=loaded.version,
            operations=self._operations(loaded.table),
        )

    def _ticked_frame(self, table_id: str, ids: Sequence[str]) -> pd.DataFrame:
        """Return those of the loaded leads of a table that are ticked, without those that a filter hides."""
        # The page shows them before it is known if they pass the saved filters, so they can be ticked.
        frame = self._loaded_frame(table_id, with_checking=True)
        ticked = frame[frame["row_id"].isin(ids)].reset_index(drop=True)
        about = {"complete": False, "ticked": True, "stopped": "These are the leads that are ticked."}
        notes = ticked.attrs["origami"] | {"rows": len(ticked), **about}
        if "tables" in notes:
            counts = ticked["table_id"].value_counts()
            each_table = [each | {"rows": int(counts.get(each["table_id"], 0)), **about} for each in notes["tables"]]
            notes |= {"tables": each_table}
        ticked.attrs["origami"] = notes
        return ticked

    def _send_download(self, wanted: DownloadMessage) -> None:
        from origami_widgets.frames.files.export_parts import file_names
        from origami_widgets.frames.files.exporting import shown_csv, shown_file
        from origami_widgets.frames.files.lead_export import names_people, personal_data_note
        from origami_widgets.frames.source import gather

        kind, table_id = wanted["format"], wanted["table"]
        name = self._name_of(table_id) or "leads"
        content, note = b"", ""
        shown = self._leads.shown(wanted["grid"]).chosen({*wanted["ids"]}, wanted["columns"])
        try:
            if kind == "csv":
                heads = [head["name"] for head in shown.heads]
                content = shown_csv(heads, shown.words())
                note = personal_data_note() if names_people(heads) else ""
            else:
                content = shown_file(
                    kind,
                    # Those that are checked still are on the page, too.
                    self._loaded_frame(table_id, with_checking=True),
                    name,
                    ids=[row_id for row_id, _ in shown.rows],
                    words=shown.words(),
                    slugs=self._leads.slugs(),
                    source=gather(self._exported(), "export"),
                )
        except OrigamiError as error:
            note = f"{error.title}. {error.remedy}"
        if self.comm is not None:
            (file,) = file_names([name], kind)
            data = b64encode(content).decode()
            self.send(DownloadAnswer(kind="download", grid=wanted["grid"], name=file, base64=data, note=note))

    def _exported(self) -> Source:
        """Return the runs or tables of which a workbook's summary is."""
        raise NotImplementedError

    def _flush(self) -> None:
        super()._flush()
        self._leads.changed()

    def _release(self) -> None:
        super()._release()
        # The widget may be only half made.
        leads: LeadFeed | None = getattr(self, "_leads", None)
        if leads is not None:
            leads.stop()
