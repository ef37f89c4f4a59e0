"""`Operations`: each call of the API as a coroutine for the background loop. Both clients and the poller use it."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from origami_widgets.api import validate
from origami_widgets.api.error_catalog import error_from, prefix_hint
from origami_widgets.api.errors import (
    AuthenticationError,
    ConnectionFailed,
    InvalidInput,
    OrigamiError,
    RedirectRefused,
    ServerError,
    UnexpectedAnswer,
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
    Model,
    Page,
    Row,
    RunObject,
    RunSummary,
    Table,
)
from origami_widgets.api.models.account import AccountSummary, summarize
from origami_widgets.api.models.table import came_from
from origami_widgets.api.responses import (
    decode,
    decode_any,
    read_run,
    require_created_agent,
    require_list,
    require_object,
    require_run,
    require_subject,
)
from origami_widgets.api.retries import is_start_retryable, pause, with_retries
from origami_widgets.api.rows.row_decoding import decode_rows
from origami_widgets.api.rows.row_paging import RawRows
from origami_widgets.api.upload_operations import UploadOperations
from origami_widgets.api.usage import balance_history_of, is_counted, traffic_of
from origami_widgets.host.runtime import monotonic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence

    import httpx

    from origami_widgets.api.client_settings import Settings
    from origami_widgets.api.responses import ApiResponse, Decoder
    from origami_widgets.api.rows.row_paging import RowQuery

M = TypeVar("M", bound=Model)
T = TypeVar("T")

SUCCESS = range(200, 300)
LARGEST_PAGE = 100
MOST_AGENT_PAGES = 5
"""Pages of 100 agents in which `active_runs` looks, at most."""
LARGEST_ROW_PAGE = 200


class Operations(UploadOperations):
    """The calls of the API for one key, base URL and project.

    Args:
        settings: key, base URL, project and timeout.
        inner: an HTTP transport that replaces the network, as for the embedded sandbox.

    Attributes:
        traffic: requests of all clients in this process to the organization, and its quotas.
        balance_history: the balances that this process has read with this key.
        agent_names: names of agents by id, as read in lists of agents.
    """

    def __init__(self, settings: Settings, inner: httpx.AsyncBaseTransport | None = None) -> None:
        # Imported here, because the HTTP library takes longer to import than everything else.
        from origami_widgets.api.transport import Transport

        self.settings = settings
        self.transport = Transport(settings, inner)
        self._inner = inner
        self._is_sandbox = False
        # For other hosts, the word `sandbox` would hide which host answers instead of Origami.
        self._may_be_sandbox = inner is not None or settings.is_local
        self._server_clock: tuple[float, float] | None = None
        self.traffic = traffic_of((settings.base_url, settings.key, id(inner)))
        self.balance_history = balance_history_of((settings.base_url, settings.key.fingerprint), self.embedded)
        self.agent_names: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """Empty for Origami; `sandbox` for a server on this machine that calls itself one; else the host."""
        return "sandbox" if self._is_sandbox else self.settings.origin

    @property
    def identity(self) -> Hashable:
        """Equal for two clients of the same base URL, project and key."""
        return (self.settings.base_url, self.settings.project, self.settings.key, id(self._inner))

    @property
    def destination(self) -> tuple[str, str | None]:
        """The base URL that requests go to, and the project or None."""
        return self.settings.base_url, self.settings.project

    @property
    def embedded(self) -> object | None:
        """The API itself if it is embedded in this process; else None."""
        return getattr(self._inner, "app", self._inner)

    def server_time(self, moment: float) -> float | None:
        """Return the server's time at a moment, in Unix seconds; None before its first response.

        Args:
            moment: seconds of the monotonic clock, which setting the system clock does not change.
        """
        if self._server_clock is None:
            return None
        server, then = self._server_clock
        return server + moment - then

    @property
    def clock_offset(self) -> float | None:
        """The server's clock minus this machine's, in seconds; None before the first response."""
        now = self.server_time(monotonic())
        return None if now is None else now - time.time()

    def renew_connections(self) -> None:
        """Use new connections from now on, because the old ones are dead. Background loop only."""
        self.transport.renew()

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

    async def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """`GET /agents/{id}/runs`, one page."""
        return await self._page(RunSummary, f"{_agent_path(agent_id)}/runs", _page_params(cursor, limit, LARGEST_PAGE))

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
        params = {**_page_params(cursor, limit, LARGEST_PAGE), **({"search": search} if search else {})}
        page = await self._page(Agent, "/agents", params)
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
        params = _page_params(cursor, limit, LARGEST_PAGE)
        if agent_id is not None:
            params["workspaceId"] = validate.agent_id(agent_id)
        return await self._page(Table, "/tables", params)

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
        params = {**_page_params(cursor, limit, LARGEST_ROW_PAGE), **query.params()}
        path = f"{_table_path(table_id)}/rows"

        def attempt() -> Awaitable[ApiResponse]:
            return self._once("GET", path, params=params, check=require_list, decoder=decoder)

        # Of what the rate limiter has counted, another attempt must be counted, too.
        return (await (attempt() if is_counted.get() else with_retries(attempt))).body

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

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | None = None,
        within: float | None = None,
    ) -> Any:
        """Send any request of the API within some seconds; see `Client.request`. Only reads are sent again."""
        verb, where = validate.method(method), validate.path(path)
        query, headers = validate.params(params), {"Accept": "application/json, text/csv"}
        if json is not None and verb == "GET":
            raise InvalidInput("A GET has no body", cause=f"GET {where} got json=.", remedy="Pass params= instead.")
        if idempotency_key is not None and verb != "POST":
            raise InvalidInput(
                "Only a POST has an idempotency key", cause=f"Got one for {verb}.", remedy="Leave out idempotency_key=."
            )
        key = str(uuid.uuid4()) if idempotency_key is None else validate.idempotency_key(idempotency_key)
        if verb == "POST":
            headers["Idempotency-Key"] = key

        async def attempt() -> ApiResponse:
            return await self._once(
                verb, where, params=query, body=json, headers=headers, decoder=bytes, check=decode_any, within=within
            )

        if verb == "GET":
            return (await (attempt() if is_counted.get() else with_retries(attempt))).body
        try:
            return (await with_retries(attempt, _is_unsent)).body
        except OrigamiError as error:
            error.idempotency_key, error.may_have_started = key if verb == "POST" else None, _may_have_started(error)
            if error.may_have_started:
                again = f" If it did not, send it with idempotency_key={key!r}." if verb == "POST" else ""
                error.remedy = f"The request may have taken effect. Look before you send it again.{again}"
            raise

    async def _page(self, item: type[M], path: str, params: Mapping[str, str]) -> Page[M]:
        page = Page.of(item, (await self._read(path, params, check=require_list)).body)
        came_from(self, page.items)
        return page

    async def _read(
        self, path: str, params: Mapping[str, str], check: Callable[[ApiResponse], ApiResponse] | None = None
    ) -> ApiResponse:
        return await with_retries(lambda: self._once("GET", path, params=params, check=check or require_object))

    async def _start(
        self,
        path: str,
        body: Mapping[str, Any],
        key: str | None,
        check: Callable[[ApiResponse], ApiResponse],
        stop: asyncio.Event | None,
    ) -> ApiResponse:
        """Send a POST that starts a run. Sent again only if no attempt before can have started one, with the same key."""
        key = str(uuid.uuid4()) if key is None else validate.idempotency_key(key)
        headers = {"Idempotency-Key": key}
        is_stopped = asyncio.Event() if stop is None else stop

        async def attempt() -> ApiResponse:
            if is_stopped.is_set():
                raise not_wanted()
            return await self._once("POST", path, body=body, headers=headers, check=check)

        try:
            return await with_retries(attempt, is_start_retryable, lambda seconds: pause(seconds, is_stopped))
        except OrigamiError as error:
            error.idempotency_key, error.may_have_started = key, _may_have_started(error)
            if error.may_have_started:
                error.remedy = (
                    "The run may have started. Check before you start it again: list_agents() shows the newest agents."
                )
            raise

    async def _once(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        check: Callable[[ApiResponse], ApiResponse] | None = None,
        decoder: Decoder = decode,
        within: float | None = None,
    ) -> ApiResponse:
        self.traffic.note_request()
        base_url = self.settings.base_url
        try:
            response = await self.transport.send(
                method, path, params=params, body=body, headers=headers, decoder=decoder, within=within
            )
        except (UnexpectedAnswer, RedirectRefused) as error:
            # A website that is not an API responds with 200 or redirects to a login.
            error.remedy = prefix_hint(base_url) or error.remedy
            raise
        self.traffic.note_response(response)
        self._is_sandbox = self._is_sandbox or (response.sandbox and self._may_be_sandbox)
        if response.server_date is not None:
            self._server_clock = (response.server_date.timestamp(), monotonic())
        if response.status_code not in SUCCESS:
            raise error_from(response, base_url)
        return response if check is None else check(response)


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


def _page_params(cursor: str | None, limit: object, largest: int) -> dict[str, str]:
    return {"limit": str(validate.page_limit(limit, largest)), **({"cursor": cursor} if cursor else {})}


def not_wanted() -> OrigamiError:
    """Return the error for a start that was interrupted before it was sent again."""
    error = ConnectionFailed("The run didn't start", cause="It was interrupted.", code="INTERRUPTED")
    error.sent = False
    return error


def _is_unsent(error: OrigamiError) -> bool:
    """Return whether a request that is sent at most once may be tried again, because nothing was sent."""
    return isinstance(error, ConnectionFailed) and not error.sent and error.transient


def _may_have_started(error: OrigamiError) -> bool:
    """Return whether a POST that failed with this error may have reached the server and had an effect."""
    return (isinstance(error, ConnectionFailed) and error.sent) or isinstance(error, ServerError | UnexpectedAnswer)
