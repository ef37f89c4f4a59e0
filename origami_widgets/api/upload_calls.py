"""Calls of the clients for a user's own list: workspaces, documents, row writes, enrichment runs, and `request`."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError, ambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence

    from origami_widgets.api.models import (
        DeletedWorkspace,
        Document,
        EnrichmentRun,
        Page,
        UpsertReceipt,
        Workspace,
    )
    from origami_widgets.api.operations import Operations

T = TypeVar("T")


@contextlib.contextmanager
def keyed(
    *,
    idempotency_key: str | None = None,
    method: object = "POST",
    starts: bool = False,
    agent_id: str = "",
    **_others: object,
) -> Iterator[str | None]:
    """Yield the idempotency key of a POST, and add it to the errors of the block.

    Args:
        idempotency_key: the caller's key; None makes one.
        method: the HTTP method; only a POST has a key.
        starts: whether the POST starts a run.
        agent_id: the agent that the run continues; empty for a new one.
        _others: the other arguments of the call.

    Raises:
        AmbiguousStart: the answer to a request that starts a run was lost.
    """
    is_new = idempotency_key is None and str(method).upper() == "POST"
    key = str(uuid.uuid4()) if is_new else idempotency_key
    try:
        yield key
    except OrigamiError as error:
        if not (starts and error.may_have_started):
            raise
        unknown = ambiguous(error, agent_id=agent_id, resend_with=key or "")
        unknown.idempotency_key, unknown.may_have_started = key, True
        raise unknown from error
    except BaseException as stopped:
        if key is not None and (starts or not isinstance(stopped, Exception)):
            vars(stopped).update(idempotency_key=key, may_have_started=True)
            what = "A run may have started" if starts else "The request may have taken effect"
            stopped.add_note(f"{what} (idempotency key {key}).")
        raise


def send_keyed(
    operation: Callable[..., Coroutine[Any, Any, T]], /, *, self: object, starts: bool = False, **given: Any
) -> T:
    """Carry out a call of `Client` that has an idempotency key. It takes `locals()`, so it must be the first statement.

    Args:
        operation: the operation, which has the arguments of the call.
        self: the client.
        starts: whether it starts a run.
        given: the arguments.
    """
    del self
    with keyed(starts=starts, **given) as key:
        return background().run(operation(**given | {"idempotency_key": key}))


class UploadCalls:
    """Calls of `Client` for a user's own list."""

    if TYPE_CHECKING:
        operations: Operations

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Send any request of the API, which may spend credits, and send messages to real people. It asks nothing.

        It has the key, the project, the rate limit and the errors of all other calls, and no other host can be reached.
        A GET is retried as every read. A POST carries an idempotency key. A POST, PATCH or DELETE is sent at most once:
        only if nothing of it has left this machine is it tried again.

        Args:
            method: `"GET"`, `"POST"`, `"PATCH"` or `"DELETE"`.
            path: the path below the base URL, as in the API's reference: `"/projects"`, `"/tables/ID/rows"`. Letters,
                digits, `-` and `_` between slashes.
            params: the query: texts, numbers and booleans by name. None leaves one out. Write lists and objects as JSON.
            json: the body, for anything but a GET.
            idempotency_key: the key of a POST, 1 to 255 printable ASCII characters; None makes one. The server repeats
                its first answer to a key for a day, refusals too.

        Returns:
            The answer as plain objects: dicts, lists, texts, numbers. CSV is a text. None for an empty answer. At most
            32 MiB.

        Raises:
            InvalidInput: an argument is not valid; nothing was sent.
            OrigamiError: as of any other call. If the answer to a POST was lost, the error carries `idempotency_key`
                and `may_have_started` is True; so does the exception of an interrupt.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> client.request("GET", "/account")["plan"]["id"]
            'pro'
        """
        return send_keyed(self.operations.request, **locals())

    def create_workspace(self, name: str | None = None, *, idempotency_key: str | None = None) -> Workspace:
        """Create an empty workspace for documents and tables: `POST /workspaces`. Free. `ow.upload` does this itself.

        Args:
            name: its name, up to 80 characters; None leaves it to the server.
            idempotency_key: the same key never creates a second one. None makes a new key.

        Raises:
            PermissionDenied: the plan has no room for another workspace.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox().client().create_workspace("October").name
            'October'
        """
        return send_keyed(self.operations.create_workspace, **locals())

    def list_workspaces(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Workspace]:
        """Return one page of workspaces: `GET /workspaces`. Free.

        Args:
            search: a part of the name; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: workspaces per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> _ = client.create_workspace("October")
            >>> [workspace.name for workspace in client.list_workspaces(search="Oct")]
            ['October']
        """
        return background().run(self.operations.list_workspaces(search=search, cursor=cursor, limit=limit))

    def delete_workspace(self, workspace_id: str, *, confirm: bool = False) -> DeletedWorkspace:
        """Delete a workspace with all its tables and documents: `DELETE /workspaces/{workspaceId}`. Free.

        Args:
            workspace_id: the workspace's id.
            confirm: delete it. Without it, nothing is deleted, and the answer says how many tables and rows would be.

        Raises:
            PermissionDenied: this workspace can't be deleted.
            NotFound: the workspace does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> client.delete_workspace(workspace.id).will_delete.tables
            0
            >>> client.delete_workspace(workspace.id, confirm=True).deleted
            True
        """
        return background().run(self.operations.delete_workspace(workspace_id, confirm=confirm))

    def upload_documents(
        self,
        workspace_id: str,
        files: Mapping[str, str | bytes],
        *,
        mode: str | None = None,
        table_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> list[dict[str, Any]]:
        """Upload files into a workspace: `POST /workspaces/{workspaceId}/documents`. `ow.upload` makes a table of a list.

        Uploading is free, but `mode="append"` may start columns of the table that run automatically, which spends
        credits.

        Args:
            workspace_id: the workspace's id.
            files: names, with ending, and contents.
            mode: `"table"` makes a table of a CSV file (the server's default for `.csv`), `"append"` adds its rows to a
                table, `"document"` keeps the file as it is.
            table_id: the table of `mode="append"`.
            idempotency_key: the same key never uploads twice. None makes a new key.

        Returns:
            One object for each file, as the server sends it; `["table"]["id"]` is the id of a new table.

        Raises:
            Conflict: a document of that name exists (`DOCUMENT_PATH_TAKEN`).
            TooLarge: too many rows (`details` has the limit) or files.
            InvalidInput: no file was accepted (`UPLOAD_FAILED`); `details` says why.

        Example:
            >>> import origami_widgets as ow, pandas as pd
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> text = pd.DataFrame({"website": ["pao.example"]}).to_csv(index=False)
            >>> (result,) = client.upload_documents(workspace.id, {"list.csv": text})
            >>> client.get_table(result["table"]["id"]).lead_count
            1
        """
        return send_keyed(self.operations.upload_documents, **locals())

    def list_documents(self, workspace_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Document]:
        """Return one page of a workspace's documents: `GET /workspaces/{workspaceId}/documents`. Free.

        Args:
            workspace_id: the workspace's id.
            cursor: `next_cursor` of the page before; None for the first.
            limit: documents per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> _ = client.upload_documents(workspace.id, {"notes.md": "Call first."}, mode="document")
            >>> [document.filename for document in client.list_documents(workspace.id)]
            ['notes.md']
        """
        return background().run(self.operations.list_documents(workspace_id, cursor=cursor, limit=limit))

    def upsert_rows(
        self,
        table_id: str,
        rows: Sequence[Mapping[str, Any]],
        match_columns: Iterable[str],
        *,
        enrich: bool = False,
        reenrich_updated: bool = False,
        batch_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> UpsertReceipt:
        """Insert rows, or update those that match: `POST /tables/{tableId}/rows/upsert`. Spends credits only with `enrich`.

        Args:
            table_id: the table's id.
            rows: 1 to 100 dicts of column slugs and values; only `input` columns can be written.
            match_columns: slugs of the columns that tell rows apart; each row needs values in them.
            enrich: fill the cells of new rows. Unlike the API, this package does not unless you ask for it.
            reenrich_updated: with `enrich`, also fill the cells of updated rows again.
            batch_id: a UUID for these rows. A repeated id writes nothing and returns the earlier receipt, also after
                other rows were written. None lets the server choose.
            idempotency_key: the same key never writes twice. None makes a new key.

        Returns:
            How many rows were inserted, updated and skipped. `get_enrichment_run(receipt.id)` has the rows' ids.

        Raises:
            InvalidInput: unknown or computed columns, missing or repeated match values; nothing was written.
            Conflict: a row matches several existing rows (`AMBIGUOUS_MATCH`).

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> table = ow.upload([{"website": "pao.example", "city": "Faro"}], key="website", columns=["city"], client=client)
            >>> rows = [{"website": "pao.example", "city": "Porto"}, {"website": "broa.example"}]
            >>> receipt = client.upsert_rows(table.id, rows, ["website"])
            >>> receipt.counts.inserted, receipt.counts.updated
            (1, 1)
        """
        return send_keyed(self.operations.upsert_rows, **locals())

    def get_enrichment_run(self, run_id: str) -> EnrichmentRun:
        """Read an enrichment run, with what became of each row: `GET /enrichment-runs/{runId}`. Free.

        Args:
            run_id: the id in the receipt of `upsert_rows`; not that of an agent's run.

        Raises:
            NotFound: it does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> table = ow.upload([{"website": "pao.example"}], key="website", client=client)
            >>> receipt = client.upsert_rows(table.id, [{"website": "broa.example"}], ["website"])
            >>> [row.outcome for row in client.get_enrichment_run(receipt.id).outcomes]
            ['inserted']
        """
        return background().run(self.operations.get_enrichment_run(run_id))

    def list_enrichment_runs(
        self, *, table_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[EnrichmentRun]:
        """Return one page of enrichment runs, newest first: `GET /enrichment-runs`. Free.

        Args:
            table_id: only those of this table; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: enrichment runs per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> len(ow.Sandbox().client().list_enrichment_runs())
            0
        """
        return background().run(self.operations.list_enrichment_runs(table_id=table_id, cursor=cursor, limit=limit))
