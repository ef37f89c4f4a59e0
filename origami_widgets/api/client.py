"""`Client`: the API for scripts and cells. Every call blocks until its response has arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.background.loop import background
from origami_widgets.api.client_settings import make_settings
from origami_widgets.api.keys.key_sources import given_or_environment_key
from origami_widgets.api.keys.pasted_key import note_key_in_use
from origami_widgets.api.operations import LARGEST_ROW_PAGE, Operations
from origami_widgets.api.rows.row_paging import RowQuery
from origami_widgets.api.rows.row_reader import RowReader, make_row_pages
from origami_widgets.api.upload_calls import UploadCalls, send_keyed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import httpx

    from origami_widgets.api.keys.secret import Secret
    from origami_widgets.api.models import (
        Account,
        ActiveCells,
        Agent,
        CancelledCells,
        Column,
        CreatedAgent,
        Credits,
        FlatRow,
        Page,
        Row,
        RunObject,
        RunSummary,
        Table,
    )


class BaseClient:
    """Base of `Client` and `AsyncClient`: checked settings and the operations of the API.

    Attributes:
        operations: the calls of the API as coroutines, for the background loop.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        project: str | None = None,
        timeout: float = 30.0,
        *,
        _transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = given_or_environment_key(api_key)
        # Tracebacks can show local variables, so none may hold the key.
        del api_key
        # A client of an embedded API looks for a key nowhere else.
        self._settings = make_settings(key, base_url, project, timeout, elsewhere=_transport is None)
        self.operations = Operations(self._settings, _transport)
        note_key_in_use(self._settings.key)

    def __repr__(self) -> str:
        # Debuggers may also show a client whose settings were refused.
        return f"<{type(self).__name__} {getattr(self, '_settings', 'without settings')}>"

    def _close(self) -> None:
        background().call_soon(self.operations.renew_connections)


class Client(UploadCalls, BaseClient):
    """Client for the Origami API, version 2. Every call blocks until its response has arrived.

    Reads are retried after a transient error, with at most four attempts. A call that starts a run carries an
    idempotency key, and is retried only if no attempt can have started it. `ow.start` also finds a run whose response
    was lost.

    You need not close a client: its connections close when it is garbage-collected. As a context manager, it closes
    them at the end of the block.

    Args:
        api_key: the API key. By default, it is read from `ORIGAMI_API_KEY`, a Colab secret of that name, or the
            system's keyring (needs the extra `keyring`), in this order; `ow.login()` asks for it. It is sent only to
            `base_url`.
        base_url: the whole prefix of the API. Defaults to `ORIGAMI_BASE_URL`, or else to `https://origami.chat/api/v2`.
        project: the id of a project. Defaults to `ORIGAMI_PROJECT`, or else to the parent organization.
        timeout: the maximum number of seconds for one whole request.

    Raises:
        MissingKey: there is no key.
        InvalidInput: an argument is not valid.

    Attributes:
        operations: the same calls as coroutines, for the background loop.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox().client()
        >>> client.get_account().plan.id
        'pro'
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Requests under way have until their `timeout` to finish. Sends nothing.

        A later call opens new connections. Runs started or attached through this client stay watched.

        Example:
            >>> import origami_widgets as ow
            >>> with ow.Sandbox().client() as client:
            ...     client.get_account().plan.id
            'pro'
        """
        self._close()

    def create_agent(
        self,
        prompt: str,
        *,
        name: str | None = None,
        model: str | None = None,
        focus_table_ids: Iterable[str] = (),
        attachments: Sequence[Mapping[str, str]] = (),
        idempotency_key: str | None = None,
    ) -> CreatedAgent:
        """Create an agent and start its first run: `POST /agents`. Spends credits.

        Args:
            prompt: the brief, 1 to 10,000 characters.
            name: the agent's name, up to 80 characters; None makes one from the brief.
            model: `origami-lite` or `origami-max`; None for the plan's default.
            focus_table_ids: ids of up to 50 tables to work on.
            attachments: up to 20 of `{"kind": "table", "tableId": …}` or `{"kind": "document", "documentId": …}`.
            idempotency_key: the same key never starts a second run. None makes a new one.

        Returns:
            The agent and its run, whose status is `running`.

        Raises:
            InvalidInput: an argument is not valid; nothing was sent.
            PaymentRequired: too few credits, a plan without API, or a blocked account; `link` leads to the remedy.
            RunPoolFull: all run slots of the plan are in use; `retry_after` is the usual wait, in seconds.
            AmbiguousStart: the response was lost, and it is not known whether the run was started. It carries
                `idempotency_key` and says what to look for; nothing is sent again. `ow.start` looks for the run itself.
            ConnectionFailed: the request did not reach the server.

        An interrupt ends the request, which may have started the run. The exception carries `idempotency_key`.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox().client().create_agent("List bakeries in Porto").run.status
            'running'
        """
        return send_keyed(self.operations.create_agent, starts=True, **locals())

    def create_run(
        self,
        agent_id: str,
        prompt: str,
        *,
        model: str | None = None,
        focus_table_ids: Iterable[str] = (),
        attachments: Sequence[Mapping[str, str]] = (),
        idempotency_key: str | None = None,
    ) -> RunObject:
        """Start another run of an agent: `POST /agents/{id}/runs`. Spends credits. Arguments are as in `create_agent`.

        Raises:
            AgentBusy: a run of the agent is active; `current_run_id` is its id.
            AgentNotFound: the agent does not exist for this key and project.
            OrigamiError: any error that `create_agent` raises.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> agent = client.create_agent("List bakeries in Porto").agent
            >>> try:
            ...     client.create_run(agent.id, "Add opening hours")
            ... except ow.OrigamiError as error:
            ...     error.code
            'AGENT_BUSY'
        """
        return send_keyed(self.operations.create_run, starts=True, **locals())

    def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
        """Read a run: `GET /agents/{id}/runs/{runId}`. Free.

        Args:
            agent_id: the agent's id.
            run_id: the run's id.
            include: `"stats"` for the economics of its tables, `"transcript"` for the message history.

        Returns:
            The run as it is now. A failed run raises no error: look at `status`.

        Raises:
            RunNotFound: the run does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> created = client.create_agent("List bakeries in Porto")
            >>> client.get_run(created.agent.id, created.run.id, include=["stats"]).request.prompt
            'List bakeries in Porto'
        """
        return background().run(self.operations.get_run(agent_id, run_id, include=include))

    def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """Return one page of an agent's runs: `GET /agents/{id}/runs`. Free. The API does not promise an order.

        Args:
            agent_id: the agent's id.
            cursor: `next_cursor` of the page before; None for the first.
            limit: runs per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> agent = client.create_agent("List bakeries in Porto").agent
            >>> [run.status for run in client.list_runs(agent.id)]
            ['running']
        """
        return background().run(self.operations.list_runs(agent_id, cursor=cursor, limit=limit))

    def cancel(self, agent_id: str, *, idempotency_key: str | None = None) -> RunObject | None:
        """Cancel the agent's active run: `POST /agents/{id}/cancel`. Used credits are not refunded.

        Args:
            agent_id: the agent's id; an agent has at most one active run.
            idempotency_key: not needed, as cancelling twice is the same as once.

        Returns:
            The run that is being cancelled (its status may still be `running`), the latest run if none was active, or
            None if the agent has no run.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> created = client.create_agent("List bakeries in Porto")
            >>> client.cancel(created.agent.id).id == created.run.id
            True
        """
        return background().run(self.operations.cancel(agent_id, idempotency_key=idempotency_key))

    def list_agents(self, *, search: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[Agent]:
        """Return one page of agents: `GET /agents`. Free. The API does not promise an order.

        Args:
            search: a part of the agent's name; None for all agents.
            cursor: `next_cursor` of the page before; None for the first.
            limit: agents per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> _ = client.create_agent("List bakeries in Porto", name="Porto")
            >>> [agent.name for agent in client.list_agents()]
            ['Porto']
        """
        return background().run(self.operations.list_agents(search=search, cursor=cursor, limit=limit))

    def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
        """Return all tables that an agent can use, on one page: `GET /agents/{id}/tables`. Free.

        Args:
            agent_id: the agent's id.
            include: `"stats"` for the economics of tables and columns.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> agent = client.create_agent("List bakeries in Porto").agent
            >>> client.list_agent_tables(agent.id).workspace_id == agent.workspace_id
            True
        """
        return background().run(self.operations.list_agent_tables(agent_id, include=include))

    def get_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Table:
        """Read a table: `GET /tables/{tableId}`. Free.

        Args:
            table_id: the table's id.
            include: `"stats"` for the economics of the table and its columns.

        Raises:
            TableNotFound: the table does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> client.get_table("c0a3f1d2-9b6e-4d27-8a1c-5f0e7b3d9a44")  # doctest: +ELLIPSIS
            Traceback (most recent call last):
            origami_widgets.api.errors.TableNotFound: No such table
            ...
        """
        return background().run(self.operations.get_table(table_id, include=include))

    def list_tables(self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[Table]:
        """Return one page of tables, without `stats`: `GET /tables`. Free.

        Args:
            agent_id: only the tables of this agent; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: tables per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> len(ow.Sandbox().client().list_tables())
            0
        """
        return background().run(self.operations.list_tables(agent_id=agent_id, cursor=cursor, limit=limit))

    def cancel_cells(self, table_id: str, *, columns: Sequence[str] | None = None) -> CancelledCells:
        """Stop the active cells of a table: one `POST /tables/{tableId}/cancel`. Free, and safe to repeat.

        Cells are stopped whichever run, colleague or schedule started them. Cells that have ended keep their values and
        their price. The agent is not stopped and may start new cells: cancel its run first, with `cancel`.

        Args:
            table_id: the table's id.
            columns: slugs of the columns whose cells to stop, such as `["phone"]`; None for the whole table, which also
                stops its lead-source jobs.

        Returns:
            How many `cells` and `lead_source_jobs` were stopped; 0 if nothing was active.

        Raises:
            TableNotFound: the table does not exist for this key and project.
            InvalidInput: `columns` is empty or not a list of slugs, so nothing was sent; or the table has no such column.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("List bakeries in Porto scenario:settled", client=client, show=False).wait()
            >>> client.cancel_cells(run.tables[0].id).cells
            0
        """
        return background().run(self.operations.cancel_cells(table_id, columns=columns))

    def active_cells(self, table_id: str, *, columns: Sequence[str] | None = None) -> ActiveCells:
        """Count the active cells of a table, which `cancel_cells` would stop. Free, and stops nothing.

        It sends one `POST /tables/{tableId}/cancel`, as a dry run. While the table's agent works, it may start more.

        Args:
            table_id: the table's id.
            columns: slugs of the columns whose cells to count; None for the whole table, with its lead-source jobs.

        Returns:
            How many `cells` and `lead_source_jobs` are active.

        Raises:
            TableNotFound: the table does not exist for this key and project.
            InvalidInput: `columns` is empty or not a list of slugs, so nothing was sent; or the table has no such column.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("List bakeries in Porto scenario:settled", client=client, show=False).wait()
            >>> client.active_cells(run.tables[0].id, columns=["phone"]).cells
            0
        """
        return background().run(self.operations.active_cells(table_id, columns=columns))

    def list_columns(self, table_id: str) -> Page[Column]:
        """Return all columns of a table, on one page: `GET /tables/{tableId}/columns`. Free.

        Rows leave out cells that are empty or failed, but the list of columns is always complete.

        Args:
            table_id: the table's id.

        Raises:
            TableNotFound: the table does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait()
            >>> client.list_columns(run.tables[0].id)[0].kind
            'input'
        """
        return background().run(self.operations.list_columns(table_id))

    def iter_rows(
        self,
        table_id: str,
        *,
        filters: Sequence[Mapping[str, Any]] | None = None,
        sort: Mapping[str, str] | None = None,
        flat: bool = False,
        saved_filters: bool = True,
        limit: int | None = None,
        page_size: int = LARGEST_ROW_PAGE,
    ) -> RowReader[Row | FlatRow]:
        """Iterate over the leads of a table: `GET /tables/{tableId}/rows`, page by page. Free.

        Filters have the API's own meaning: they replace the table's saved filters, those that the brief left on it.
        `rows_frame` and the other frames keep the saved filters, and narrow them further.

        Args:
            table_id: the table's id.
            filters: `[{"column": slug, "operator": …, "value": …}]`, in place of the saved filters; None for these.
            sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
            flat: return values by slug instead of typed cells.
            saved_filters: apply the table's saved filters and order where you give no others; False includes hidden
                leads.
            limit: the maximum number of rows; None for all.
            page_size: rows per request, 1 to 200.

        Returns:
            An iterator over rows, each id once, that requests the next page when it needs it. Its position is in
            `rows`, `pages`, `total`, `cursor`, `complete` and `stopped`. After an error or an interrupt, call `next()`
            or loop over it again to go on: it requests the same page again, as soon as the server allows. If rows are
            missing at the end, it gives a `PartialRows` warning.

        Raises:
            TableNotFound: the table does not exist for this key and project, or was deleted meanwhile.
            RateLimited: too many requests, even after waiting; you can go on with the same iterator.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait()
            >>> len(list(client.iter_rows(run.tables[0].id, flat=True, limit=3)))
            3
        """
        query = RowQuery(filters, sort, flat, saved_filters)
        return RowReader(make_row_pages(self.operations, table_id, query, limit=limit, page_size=page_size))

    def get_account(self) -> Account:
        """Return the organization, plan and capabilities of the key: `GET /account`. Free; a good first call.

        Raises:
            AuthenticationError: the key is wrong, revoked or expired.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(plan="starter").client().get_account().capabilities.concurrent_agents
            1
        """
        return background().run(self.operations.get_account())

    def get_credits(self) -> Credits:
        """Return the balance, in credits: `GET /account/credits`. Free.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(credits=12).client().get_credits().balance
            12.0
        """
        return background().run(self.operations.get_credits())
