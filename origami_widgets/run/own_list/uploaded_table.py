"""`UploadedTable`: the handle on a table that holds a user's own list."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.api.background.loop import background
from origami_widgets.api.default_client import check_client
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.own_list.upload_record import forget
from origami_widgets.run.settings import client_or_default
from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.api.default_client import AnyClient, UsableClient
    from origami_widgets.api.models import DeletedWorkspace
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.own_rows import KeyText, OwnList
    from origami_widgets.run.own_list.upload_job import Uploaded
    from origami_widgets.run.own_list.upload_record import StoredUpload


class UploadCounts(NamedTuple):
    """What became of the rows of a list.

    Attributes:
        rows: rows of the list.
        repeated: rows that equal an earlier one. They were sent once, and results are joined to all of them.
        inserted: rows that are new in the table.
        updated: rows that the table had.
        skipped: rows that the server left as they were.
    """

    rows: int
    repeated: int
    inserted: int
    updated: int
    skipped: int


class UploadedTable:
    """A table at Origami with the rows of your own list. `upload` returns it.

    Use it wherever a table goes: `start(…, focus_tables=[table])`, `rows_frame(table)`, `leads(table)`,
    `join_leads(frame, table, key=…)`. These then use its client and project.

    Attributes:
        client: the client through which it was uploaded.
        upload_id: the id of the upload, under which a start with `once=` is known.
        workspace_id: the workspace of the table; empty if that is not known.
        counts: what became of the rows.
        row_ids: the id of each row of your list, in its order; None for a row that is no longer in the table.
        ids_by_key: the id of each row by the texts of its key.
        column_ids: ids of the columns that came from your list.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> client = ow.Sandbox(speed=600).client()
        >>> companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "revenue": [7, 8]})
        >>> table = ow.upload(companies, key="website", client=client)
        >>> table.counts.inserted, len(table.row_ids)
        (2, 2)
    """

    client: UsableClient
    upload_id: str
    workspace_id: str
    counts: UploadCounts
    row_ids: tuple[str | None, ...]
    ids_by_key: dict[KeyText, str]
    column_ids: frozenset[str]

    def __init__(self, client: UsableClient, own: OwnList, uploaded: Uploaded, stored: StoredUpload) -> None:
        self.client = client
        self.upload_id = stored.upload_id
        self.workspace_id = stored.workspace_id or uploaded.table.workspace_id or ""
        repeated = len(own.places) - len(own.rows)
        self.counts = UploadCounts(len(own.places), repeated, stored.inserted, stored.updated, stored.skipped)
        self.ids_by_key = uploaded.ids
        ids = [uploaded.ids.get(key) for key in own.keys]
        self.row_ids = tuple(ids[place] for place in own.places)
        self.column_ids = frozenset(column.id for column in uploaded.columns)
        self._table = uploaded.table

    @property
    def id(self) -> str:
        """The table's id."""
        return self._table.id

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table.name

    @property
    def url(self) -> str:
        """The table's page in Origami."""
        return str(self._table.raw.get("url") or "")

    @property
    def raw(self) -> dict[str, Any]:
        """The table as the server described it after the upload."""
        return self._table.raw

    def __repr__(self) -> str:
        # Shows no rows, as they may be personal data.
        return f"<UploadedTable {clean(self.name, 60)!r}: {plural(self.counts.rows, 'row')}, {self.id}>"

    def delete(self, *, confirm: bool = False) -> DeletedWorkspace:
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
        return background().run(self._delete(confirm=confirm))

    async def delete_async(self, *, confirm: bool = False) -> DeletedWorkspace:
        """Delete the table without blocking the event loop; see `delete`. Free."""
        return await background().bridge(self._delete(confirm=confirm))

    async def _delete(self, *, confirm: bool) -> DeletedWorkspace:
        if not self.workspace_id:
            raise InvalidInput(
                "Can't delete this table",
                cause="It isn't known which workspace it is in, and the API can't delete a table alone.",
                remedy=f"Delete it in Origami{f': {self.url}' if self.url else '.'}",
            )
        deleted = await self.client.operations.delete_workspace(self.workspace_id, confirm=confirm)
        if confirm:
            forget(self.upload_id)
        return deleted


def client_of(client: AnyClient | None, tables: Iterable[object]) -> UsableClient:
    """Return the client for a call on some tables: the given one, else that of uploaded tables, else the default.

    Raises:
        InvalidInput: two of these reach different accounts, projects or servers.
        MissingKey: there is no client, and no key.
    """
    given = None if client is None else check_client(client)
    for each in _uploaded(tables):
        given = given or each.client
        check_client_of(given.operations, [each])
    return given or client_or_default(None)


def check_client_of(operations: Operations | None, tables: Iterable[object]) -> None:
    """Check that uploaded tables are reached through an API.

    Raises:
        InvalidInput: one belongs to another account, project or server.
    """
    for each in _uploaded(tables):
        if operations is not None and each.client.operations.identity != operations.identity:
            raise InvalidInput(
                "Two different clients",
                cause="A table was uploaded through another client than that of this call or of another table. Nothing "
                "was sent.",
                remedy="Leave out client=, and use tables and runs of one account and project.",
            )


def _uploaded(tables: Iterable[object]) -> list[UploadedTable]:
    return [each for each in tables if isinstance(each, UploadedTable)] if isinstance(tables, Collection) else []
