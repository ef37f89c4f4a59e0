"""`Operations`: each call of the API as a coroutine for the background loop. Both clients and the poller use it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.base_operations import LARGEST_PAGE, page_params, read_with_retries, with_retries
from origami_widgets.api.errors import AuthenticationError, OrigamiError
from origami_widgets.api.models.account import Account, AccountSummary, Credits, summarize
from origami_widgets.api.models.base import JsonObject, Model, Page
from origami_widgets.api.models.run import Agent, CreatedAgent, RunObject, RunSummary
from origami_widgets.api.models.table import ActiveCells, CancelledCells, Column, FlatRow, Row, Table, came_from
from origami_widgets.api.responses import (
    ApiRequest,
    ApiResponse,
    read_run,
    require_created_agent,
    require_list,
    require_object,
    require_run,
    require_subject,
)
from origami_widgets.api.upload_operations import UploadOperations

if TYPE_CHECKING:
    from origami_widgets.api.rows.row_reader import RowQuery

T = TypeVar("T")
M = TypeVar("M", bound="Model")

MOST_AGENT_PAGES = 5
"""Pages of 100 agents in which `active_runs` looks, at most."""
LARGEST_ROW_PAGE = 200


class Operations(UploadOperations):
    """The calls of the API for one key, base URL and project. Both clients have those that `BaseClient` names.

    Arguments whose names begin with `_` are the package's own: with `_once`, a call makes exactly one attempt.
    """

    async def create_agent(
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
        body = _run_body(prompt, model, focus_table_ids, attachments)
        if (checked := validate.agent_name(name)) is not None:
            body["name"] = checked
        return await self.post_agent(body, idempotency_key)

    async def post_agent(
        self, body: Mapping[str, object], key: str | None, stop: asyncio.Event | None = None
    ) -> CreatedAgent:
        """`POST /agents` with a checked body. Not sent again once `stop` is set."""
        response = await self._start("/agents", body, key, require_created_agent, stop)
        created = CreatedAgent.from_raw(response.body)
        if created.agent.name:
            self.agent_names[created.agent.id] = created.agent.name
        return created

    async def create_run(
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
        body = _run_body(prompt, model, focus_table_ids, attachments)
        return await self.post_run(agent_id, body, idempotency_key)

    async def post_run(
        self, agent_id: str, body: Mapping[str, object], key: str | None, stop: asyncio.Event | None = None
    ) -> RunObject:
        """`POST /agents/{id}/runs` with a checked body. Not sent again once `stop` is set."""
        response = await self._start(f"{_agent_path(agent_id)}/runs", body, key, require_run, stop)
        return read_run(response) or RunObject()

    async def poll_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /agents/{id}/runs/{runId}`, exactly one attempt."""
        asked = ApiRequest("GET", f"{_agent_path(agent_id)}/runs/{validate.run_id(run_id)}", _include_params(include))
        return require_subject(await self._once(asked), run_id)

    async def poll_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /tables/{tableId}`, exactly one attempt."""
        asked = ApiRequest("GET", _table_path(table_id), _include_params(include))
        return require_subject(await self._once(asked), table_id)

    async def poll_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /agents/{id}/tables`, exactly one attempt."""
        asked = ApiRequest("GET", f"{_agent_path(agent_id)}/tables", _include_params(include))
        return require_list(await self._once(asked))

    async def poll_tables(self, cursor: str | None = None) -> ApiResponse:
        """`GET /tables`: one page of all tables, exactly one attempt."""
        return require_list(await self._once(ApiRequest("GET", "/tables", page_params(cursor, 100))))

    async def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
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
        response = await read_with_retries(lambda: self.poll_run(agent_id, run_id, include=include))
        run = RunObject.from_raw(response.body)
        came_from(self, () if run.response is None else run.response.tables)
        return run

    async def get_agent(self, agent_id: str) -> Agent:
        """`GET /agents/{id}`."""
        response = await self._read(_agent_path(agent_id), {}, lambda response: require_subject(response, agent_id))
        return Agent.from_raw(response.body)

    async def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
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
        return await self._page(RunSummary, f"{_agent_path(agent_id)}/runs", page_params(cursor, limit))

    async def cancel(
        self, agent_id: str, *, idempotency_key: str | None = None, _once: bool = False
    ) -> RunObject | None:
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
        # Retried like a read. Without a key: with one, the server would repeat an earlier response instead of the run's
        # current state.
        path = f"{_agent_path(agent_id)}/cancel"
        headers = {} if idempotency_key is None else {"Idempotency-Key": validate.idempotency_key(idempotency_key)}

        async def attempt() -> ApiResponse:
            return await self._once(ApiRequest("POST", path, headers=headers), require_object)

        return read_run(await attempt() if _once else await with_retries(attempt))

    async def list_agents(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Agent]:
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
        page = await self._page(Agent, "/agents", page_params(cursor, limit, search=search))
        self.agent_names.update((agent.id, agent.name) for agent in page.items if agent.name)
        return page

    async def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
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
        return await self._page(Table, f"{_agent_path(agent_id)}/tables", _include_params(include))

    async def get_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Table:
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
        response = await read_with_retries(lambda: self.poll_table(table_id, include=include))
        table = Table.from_raw(response.body)
        came_from(self, (table,))
        return table

    async def list_tables(
        self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Table]:
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
        agent = None if agent_id is None else validate.agent_id(agent_id)
        return await self._page(Table, "/tables", page_params(cursor, limit, workspaceId=agent))

    async def cancel_cells(
        self, table_id: str, *, columns: Sequence[str] | None = None, _once: bool = False
    ) -> CancelledCells:
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
        return CancelledCells.from_raw((await self._cancel_cells(table_id, columns, once=_once)).body)

    async def active_cells(
        self, table_id: str, *, columns: Sequence[str] | None = None, _once: bool = False
    ) -> ActiveCells:
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
        return ActiveCells.from_raw((await self._cancel_cells(table_id, columns, dry_run=True, once=_once)).body)

    async def _cancel_cells(
        self, table_id: str, columns: Sequence[str] | None, *, dry_run: bool = False, once: bool = False
    ) -> ApiResponse:
        # Like `cancel`, retried like a read and without a key.
        path, slugs = f"{_table_path(table_id)}/cancel", validate.column_slugs(columns)
        body = {**({} if slugs is None else {"columns": slugs}), **({"dryRun": True} if dry_run else {})}

        async def attempt() -> ApiResponse:
            return await self._once(ApiRequest("POST", path, body=body), require_object)

        return await (attempt() if once else with_retries(attempt))

    async def list_columns(self, table_id: str) -> Page[Column]:
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
        return await self._page(Column, f"{_table_path(table_id)}/columns", {})

    async def list_rows(
        self, table_id: str, query: RowQuery, *, cursor: str | None = None, limit: int = LARGEST_ROW_PAGE
    ) -> Page[Any]:
        """`GET /tables/{tableId}/rows`, one page of `Row`, or of `FlatRow` if the query asks for flat rows."""
        return Page.of(FlatRow if query.flat else Row, await self._rows(table_id, query, cursor, limit))

    async def list_raw_rows(
        self,
        table_id: str,
        query: RowQuery,
        *,
        cursor: str | None = None,
        limit: int = LARGEST_ROW_PAGE,
    ) -> Page[JsonObject]:
        """Like `list_rows`, but without a typed object for each row."""
        return Page.from_raw(await self._rows(table_id, query, cursor, limit))

    async def _rows(self, table_id: str, query: RowQuery, cursor: str | None, limit: int) -> Any:
        params = {**page_params(cursor, limit, LARGEST_ROW_PAGE), **query.params()}
        return (await self._read(f"{_table_path(table_id)}/rows", params, require_list)).body

    async def get_account(self) -> Account:
        """Return the organization, plan and capabilities of the key: `GET /account`. Free; a good first call.

        Raises:
            AuthenticationError: the key is wrong, revoked or expired.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(plan="starter").client().get_account().capabilities.concurrent_agents
            1
        """
        return Account.from_raw((await self._read("/account", {})).body)

    async def get_credits(self) -> Credits:
        """Return the balance, in credits: `GET /account/credits`. Free.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(credits=12).client().get_credits().balance
            12.0
        """
        response = await self._read("/account/credits", {})
        credits_left = Credits.from_raw(response.body)
        self.balance_history.note(credits_left.balance)
        return credits_left

    async def account_summary(self) -> AccountSummary:
        """Read an account: `GET /account`, `GET /account/credits`, and `GET /agents` for the active runs. Free.

        The list of agents takes one request for each 100 agents, at most five, and ends once all run slots are known to
        be in use.

        Raises:
            AuthenticationError: the key is wrong, revoked or expired.
            OrigamiError: the account could not be read. If only its credits or agents could not, they are None.
        """
        account = await self.get_account()
        wallet = await _or_none(self.get_credits())
        active = await _or_none(self.active_runs(account.capabilities.concurrent_agents))
        balance = None if wallet is None else wallet.balance
        return summarize(account, balance, None if active is None else len(active), self.origin)

    async def active_runs(self, enough: int | None = None) -> list[RunSummary]:
        """Return the active runs of the listed agents, or the first `enough` of them. One GET for each 100 agents."""
        active: dict[str, RunSummary] = {}
        async for page in pages(lambda cursor: self.list_agents(cursor=cursor, limit=LARGEST_PAGE), MOST_AGENT_PAGES):
            runs = (agent.last_run for agent in page.items)
            active.update((run.id, run) for run in runs if run is not None and run.status == "running")
            if len(active) >= (math.inf if enough is None else enough):
                break
        return list(active.values())


async def pages(
    read: Callable[[str | None], Awaitable[Page[M]]], most: int, *, beyond: OrigamiError | None = None
) -> AsyncIterator[Page[M]]:
    """Yield the pages of a list, one after the other.

    Args:
        read: reads the page at a cursor; the first one at None.
        most: how many pages are read at most.
        beyond: raised if there are more; None for no error.
    """
    cursor: str | None = None
    for _ in range(most):
        page = await read(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
    if beyond is not None:
        raise beyond


async def _or_none(read: Awaitable[T]) -> T | None:
    """Return the result of a read, or None if it fails although the key is valid."""
    try:
        return await read
    except AuthenticationError:
        raise
    except OrigamiError:
        return None


def _run_body(
    prompt: str, model: str | None, focus_table_ids: Iterable[str], attachments: Sequence[Mapping[str, str]]
) -> dict[str, object]:
    body: dict[str, object] = {"prompt": validate.prompt(prompt)}
    if (checked := validate.model(model)) is not None:
        body["model"] = checked
    if ids := validate.table_ids(focus_table_ids):
        body["focusTableIds"] = ids
    if attached := validate.attachments(attachments):
        body["attachments"] = attached
    return body


def _agent_path(agent_id: str) -> str:
    return f"/agents/{validate.agent_id(agent_id)}"


def _table_path(table_id: str) -> str:
    return f"/tables/{validate.table_id(table_id)}"


def _include_params(tokens: Sequence[str]) -> dict[str, str]:
    words = validate.include(tokens)
    return {"include": words} if words else {}
