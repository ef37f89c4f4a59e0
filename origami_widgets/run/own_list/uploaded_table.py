"""`UploadedTable`: the handle on a table that holds a user's own list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import DeletedWorkspace, Table, came_from
from origami_widgets.api.rows.own_rows import NOT_SENT, KeyText, OwnList
from origami_widgets.run.own_list.upload_record import StoredUpload, forget
from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.own_list.upload_job import Uploaded


class UploadCounts(NamedTuple):
    """What became of the rows of a list.

    Attributes:
        rows: rows of the list.
        without_key: rows without a key. They were not sent, and come back empty.
        repeated: rows that equal an earlier one. They were sent once, and results are joined to all of them.
        inserted: rows that are new in the table.
        updated: rows that the table had.
        skipped: rows that the server left as they were.
    """

    rows: int
    without_key: int
    repeated: int
    inserted: int
    updated: int
    skipped: int


class UploadedTable:
    """A table at Origami with the rows of your own list. `upload` returns it.

    Use it wherever a table goes: `start(…, focus_tables=[table])`, `leads_frame(table)`, `leads(table)`,
    `join_leads(frame, table, key=…)`. These then use the client and project that it was uploaded with.

    Attributes:
        table: the table as the server described it after the upload.
        operations: the API through which it was uploaded.
        upload_id: the id of the upload, under which a start with `once=` is known.
        workspace_id: the workspace of the table; empty if that is not known.
        counts: what became of the rows.
        row_ids: the id of each row of your list, in its order; None for a row that has no key, or is no longer in the table.
        ids_by_key: the id of each row by the texts of its key; empty for a row that is no longer in the table.
        column_ids: ids of the columns that came from your list.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> client = ow.Sandbox(speed=600).client()
        >>> companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "revenue": [7, 8]})
        >>> table = ow.upload(companies, key="website", client=client)
        >>> table.counts.inserted, len(table.row_ids)
        (2, 2)
    """

    table: Table
    operations: Operations
    upload_id: str
    workspace_id: str
    counts: UploadCounts
    row_ids: tuple[str | None, ...]
    ids_by_key: dict[KeyText, str]
    column_ids: frozenset[str]

    def __init__(self, operations: Operations, own: OwnList, uploaded: Uploaded, stored: StoredUpload) -> None:
        self.table, self.operations = uploaded.table, operations
        came_from(operations, [self.table])
        self.upload_id = stored.upload_id
        self.workspace_id = stored.workspace_id or uploaded.table.workspace_id or ""
        self.counts = UploadCounts(
            len(own.places), len(own.without_key), own.repeated, stored.inserted, stored.updated, stored.skipped
        )
        self.ids_by_key = dict.fromkeys(own.keys, "") | uploaded.ids
        ids = [uploaded.ids.get(key) for key in own.keys]
        self.row_ids = tuple(None if place == NOT_SENT else ids[place] for place in own.places)
        self.column_ids = frozenset(column.id for column in uploaded.columns)

    @property
    def id(self) -> str:
        """The table's id."""
        return self.table.id

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def url(self) -> str:
        """The table's page in Origami."""
        return str(self.table.raw.get("url") or "")

    @property
    def raw(self) -> dict[str, Any]:
        """The table as the server described it after the upload."""
        return self.table.raw

    def __repr__(self) -> str:
        # Shows no rows, as they may be personal data.
        return f"<UploadedTable {clean(self.name, 60)!r}: {plural(self.counts.rows, 'row')}, {self.id}>"

    @bridged
    async def delete(self, *, confirm: bool = False) -> DeletedWorkspace:
        """Delete the table, with its workspace and everything in it. The API can't delete a table alone. Free.

        Args:
            confirm: delete it. Without it, nothing is deleted, and the answer says how many tables and rows would be.

        Raises:
            InvalidInput: the table's workspace isn't known.
            PermissionDenied: this workspace can't be deleted.
            NotFound: it no longer exists.

        Example:
            >>> import origami_widgets as ow
            >>> table = ow.upload([{"website": "pao.example"}], key="website", client=ow.Sandbox().client())
            >>> table.delete().will_delete.rows, table.delete(confirm=True).deleted
            (1, True)
        """
        if not self.workspace_id:
            raise InvalidInput(
                "Can't delete this table",
                cause="It isn't known which workspace it is in, and the API can't delete a table alone.",
                remedy=f"Delete it in Origami{f': {self.url}' if self.url else '.'}",
            )
        return await OnLoop(self._delete(confirm=confirm))

    delete_async = delete.aio

    async def _delete(self, *, confirm: bool) -> DeletedWorkspace:
        deleted = await self.operations.delete_workspace(self.workspace_id, confirm=confirm)
        if confirm:
            forget(self.upload_id)
        return deleted
