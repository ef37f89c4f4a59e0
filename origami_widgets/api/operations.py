"""`Operations`: each call of the API as a coroutine for the background loop. Both clients and the poller use it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from origami_widgets.api import validate
from origami_widgets.api.base_operations import LARGEST_PAGE, page_params
from origami_widgets.api.errors import (
    AuthenticationError,
    OrigamiError,
)
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
from origami_widgets.api.models.account import AccountSummary, summarize
from origami_widgets.api.models.table import came_from
from origami_widgets.api.responses import (
    read_run,
    require_created_agent,
    require_list,
    require_object,
    require_run,
    require_subject,
)
from origami_widgets.api.retries import with_retries
from origami_widgets.api.rows.row_decoding import decode_rows
from origami_widgets.api.rows.row_paging import RawRows
from origami_widgets.api.upload_operations import UploadOperations

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Iterable, Mapping, Sequence

    from origami_widgets.api.responses import ApiResponse, Decoder
    from origami_widgets.api.rows.row_paging import RowQuery

T = TypeVar("T")

MOST_AGENT_PAGES = 5
"""Pages of 100 agents in which `active_runs` looks, at most."""
LARGEST_ROW_PAGE = 200


class Operations(UploadOperations):
    """The calls of the API for one key, base URL and project."""

    async def create_agent(
        self,
        prompt: str,
        *,
        name: str | None = None,
        model: str | None = None,
        focus_table_ids: Iterable[str] = (),
        attachments: Sequence[Mapping[str, str]] = (),
        idempotency_key: str | None = None,
        stop: asyncio.Event | None = None,
    ) -> CreatedAgent:
        """`POST /agents`: create an agent with its first run. Not sent again once `stop` is set."""
        body = _run_body(prompt, model, focus_table_ids, attachments)
        if (checked := validate.agent_name(name)) is not None:
            body["name"] = checked
        response = await self._start("/agents", body, idempotency_key, require_created_agent, stop)
        return CreatedAgent.from_raw(response.body)

    async def create_run(
        self,
        agent_id: str,
        prompt: str,
        *,
        model: str | None = None,
        focus_table_ids: Iterable[str] = (),
        attachments: Sequence[Mapping[str, str]] = (),
        idempotency_key: str | None = None,
        stop: asyncio.Event | None = None,
    ) -> RunObject:
        """`POST /agents/{id}/runs`: start another run of an agent. Not sent again once `stop` is set."""
        body = _run_body(prompt, model, focus_table_ids, attachments)
        response = await self._start(f"{_agent_path(agent_id)}/runs", body, idempotency_key, require_run, stop)
        return read_run(response) or RunObject()

    async def poll_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /agents/{id}/runs/{runId}`, exactly one attempt."""
        path, params = _run_path(agent_id, run_id), _include_params(include)
        return require_subject(await self._once("GET", path, params=params), run_id)

    async def poll_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /tables/{tableId}`, exactly one attempt."""
        return require_subject(
            await self._once("GET", _table_path(table_id), params=_include_params(include)), table_id
        )

    async def poll_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> ApiResponse:
        """`GET /agents/{id}/tables`, exactly one attempt."""
        return require_list(await self._once("GET", f"{_agent_path(agent_id)}/tables", params=_include_params(include)))

    async def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
        """`GET /agents/{id}/runs/{runId}`."""
        path, params = _run_path(agent_id, run_id), _include_params(include)
        response = await self._read(path, params, check=lambda response: require_subject(response, run_id))
        run = RunObject.from_raw(response.body)
        came_from(self, () if run.response is None else run.response.tables)
        return run

    async def get_agent(self, agent_id: str) -> Agent:
        """`GET /agents/{id}`."""
        path = _agent_path(agent_id)
        response = await self._read(path, {}, check=lambda response: require_subject(response, agent_id))
        return Agent.from_raw(response.body)

    async def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """`GET /agents/{id}/runs`, one page."""
        return await self._page(RunSummary, f"{_agent_path(agent_id)}/runs", page_params(cursor, limit))

    async def cancel(
        self, agent_id: str, *, idempotency_key: str | None = None, once: bool = False
    ) -> RunObject | None:
        """`POST /agents/{id}/cancel`: cancel the agent's active run, if there is one. Exactly one attempt if `once`.

        Cancelling twice is the same as once, so the request is retried like a read. It has no idempotency key by
        default: with one, the server would repeat an earlier response instead of the run's current state.
        """
        path = f"{_agent_path(agent_id)}/cancel"
        headers = {} if idempotency_key is None else {"Idempotency-Key": validate.idempotency_key(idempotency_key)}

        async def attempt() -> ApiResponse:
            return await self._once("POST", path, headers=headers, check=require_object)

        return read_run(await attempt() if once else await with_retries(attempt))

    async def list_agents(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Agent]:
        """`GET /agents`, one page."""
        page = await self._page(Agent, "/agents", page_params(cursor, limit, search=search))
        self.agent_names.update((agent.id, agent.name) for agent in page.items if agent.name)
        return page

    async def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
        """`GET /agents/{id}/tables`: all of them at once."""
        return await self._page(Table, f"{_agent_path(agent_id)}/tables", _include_params(include))

    async def get_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Table:
        """`GET /tables/{tableId}`."""
        response = await self._read(
            _table_path(table_id), _include_params(include), check=lambda response: require_subject(response, table_id)
        )
        table = Table.from_raw(response.body)
        came_from(self, (table,))
        return table

    async def list_tables(
        self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Table]:
        """`GET /tables`, one page."""
        agent = None if agent_id is None else validate.agent_id(agent_id)
        return await self._page(Table, "/tables", page_params(cursor, limit, workspaceId=agent))

    async def cancel_cells(
        self, table_id: str, *, columns: Sequence[str] | None = None, once: bool = False
    ) -> CancelledCells:
        """`POST /tables/{tableId}/cancel`: stop the active cells of a table. Exactly one attempt if `once`.

        Without `columns`, lead-source jobs are stopped, too. Like `cancel`, it is retried like a read and has no
        idempotency key.
        """
        return CancelledCells.from_raw((await self._cancel_cells(table_id, columns, once=once)).body)

    async def active_cells(
        self, table_id: str, *, columns: Sequence[str] | None = None, once: bool = False
    ) -> ActiveCells:
        """`POST /tables/{tableId}/cancel` as a dry run: count the active cells of a table, and stop nothing."""
        return ActiveCells.from_raw((await self._cancel_cells(table_id, columns, dry_run=True, once=once)).body)

    async def _cancel_cells(
        self, table_id: str, columns: Sequence[str] | None, *, dry_run: bool = False, once: bool = False
    ) -> ApiResponse:
        path, slugs = f"{_table_path(table_id)}/cancel", validate.column_slugs(columns)
        body = {**({} if slugs is None else {"columns": slugs}), **({"dryRun": True} if dry_run else {})}

        async def attempt() -> ApiResponse:
            return await self._once("POST", path, body=body, check=require_object)

        return await (attempt() if once else with_retries(attempt))

    async def list_columns(self, table_id: str) -> Page[Column]:
        """`GET /tables/{tableId}/columns`: all of them at once."""
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
        decoder: Decoder = decode_rows,
    ) -> RawRows:
        """Like `list_rows`, but without a typed object for each row. A `RowDecoder` gives rows with slots."""
        return RawRows.of(await self._rows(table_id, query, cursor, limit, decoder))

    async def _rows(
        self, table_id: str, query: RowQuery, cursor: str | None, limit: int, decoder: Decoder = decode_rows
    ) -> Any:
        params = {**page_params(cursor, limit, LARGEST_ROW_PAGE), **query.params()}
        return (await self._read(f"{_table_path(table_id)}/rows", params, require_list, decoder)).body

    async def get_account(self) -> Account:
        """`GET /account`."""
        return Account.from_raw((await self._read("/account", {})).body)

    async def get_credits(self) -> Credits:
        """`GET /account/credits`."""
        response = await self._read("/account/credits", {})
        credits_left = Credits.from_raw(response.body)
        self.balance_history.note(
            credits_left.balance, None if response.server_date is None else response.server_date.timestamp()
        )
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
        cursor: str | None = None
        for _ in range(MOST_AGENT_PAGES):
            page = await self.list_agents(cursor=cursor, limit=LARGEST_PAGE)
            runs = (agent.last_run for agent in page.items)
            active.update((run.id, run) for run in runs if run is not None and run.status == "running")
            cursor = page.next_cursor
            if cursor is None or len(active) >= (math.inf if enough is None else enough):
                break
        return list(active.values())


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
) -> dict[str, Any]:
    body: dict[str, Any] = {"prompt": validate.prompt(prompt)}
    if (checked := validate.model(model)) is not None:
        body["model"] = checked
    if ids := validate.table_ids(focus_table_ids):
        body["focusTableIds"] = ids
    if attached := validate.attachments(attachments):
        body["attachments"] = attached
    return body


def _agent_path(agent_id: str) -> str:
    return f"/agents/{quote(validate.agent_id(agent_id), safe='')}"


def _run_path(agent_id: str, run_id: str) -> str:
    return f"{_agent_path(agent_id)}/runs/{quote(validate.run_id(run_id), safe='')}"


def _table_path(table_id: str) -> str:
    return f"/tables/{quote(validate.table_id(table_id), safe='')}"


def _include_params(tokens: Sequence[str]) -> dict[str, str]:
    words = validate.include(tokens)
    return {"include": words} if words else {}
