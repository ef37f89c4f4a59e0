"""The API's verbs, once, as coroutines for the background loop. Both clients and the poller call these."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from origami_widgets.api import validate
from origami_widgets.api.error_catalog import error_from
from origami_widgets.api.errors import ConnectionFailed, InvalidInput, OrigamiError, ServerError, UnexpectedAnswer
from origami_widgets.api.models import (
    Account,
    Agent,
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
from origami_widgets.api.retry import may_read_again, may_start_again, with_retries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable, Iterable, Mapping, Sequence

    import httpx

    from origami_widgets.api.answer import Answer
    from origami_widgets.api.settings import Settings

M = TypeVar("M", bound=Model)

SUCCESS = range(200, 300)
LARGEST_PAGE = 100
LARGEST_ROW_PAGE = 200


class Operations:
    """The verbs for one key, base URL and project.

    Args:
        settings: where and who.
        inner: what carries requests instead of the network.
    """

    def __init__(self, settings: Settings, inner: httpx.AsyncBaseTransport | None = None) -> None:
        # Loaded here, because the HTTP library takes longer to load than all the rest.
        from origami_widgets.api.transport import Transport

        self._settings = settings
        self._transport = Transport(settings, inner)
        self._inner = inner

    @property
    def origin(self) -> str:
        """Empty for Origami itself, else the host that answers in its place."""
        return self._settings.origin

    @property
    def identity(self) -> Hashable:
        """What makes two clients the same: place, project and key."""
        return (self._settings.base_url, self._settings.project, self._settings.key, id(self._inner))

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
        """`POST /agents`: a new agent with its first run."""
        body = _brief(prompt, model, focus_table_ids, attachments)
        if (checked := validate.agent_name(name)) is not None:
            body["name"] = checked
        answer = await self._start("/agents", body, idempotency_key)
        created = CreatedAgent.from_raw(answer.body)
        if not created.run.id or not (created.agent.id or created.run.agent_id):
            raise _shapeless(answer, "It names no agent or no run.")
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
        """`POST /agents/{id}/runs`: a further run of an agent."""
        body = _brief(prompt, model, focus_table_ids, attachments)
        answer = await self._start(f"{_agent(agent_id)}/runs", body, idempotency_key)
        run = _run_in(answer)
        if run is None:
            raise _shapeless(answer, "It names no run.")
        return run

    async def poll_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ("stats",)) -> Answer:
        """`GET /agents/{id}/runs/{runId}`, exactly one attempt."""
        answer = await self._once("GET", f"{_agent(agent_id)}/runs/{_run(run_id)}", params=_include(include))
        return _object(answer)

    async def poll_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Answer:
        """`GET /tables/{tableId}`, exactly one attempt."""
        return _object(await self._once("GET", _table(table_id), params=_include(include)))

    async def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
        """`GET /agents/{id}/runs/{runId}`."""
        answer = await self._read(f"{_agent(agent_id)}/runs/{_run(run_id)}", _include(include))
        return RunObject.from_raw(_object(answer).body)

    async def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """`GET /agents/{id}/runs`, one page."""
        return await self._page(RunSummary, f"{_agent(agent_id)}/runs", _paging(cursor, limit, LARGEST_PAGE))

    async def cancel(self, agent_id: str) -> RunObject | None:
        """`POST /agents/{id}/cancel`: cancels the agent's active run, if there is one."""
        path = f"{_agent(agent_id)}/cancel"
        answer = await with_retries(lambda: self._once("POST", path), may_read_again)
        return _run_in(answer)

    async def list_agents(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Agent]:
        """`GET /agents`, one page."""
        params = {**_paging(cursor, limit, LARGEST_PAGE), **({"search": search} if search else {})}
        return await self._page(Agent, "/agents", params)

    async def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
        """`GET /agents/{id}/tables`: all of them at once."""
        return await self._page(Table, f"{_agent(agent_id)}/tables", _include(include))

    async def get_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Table:
        """`GET /tables/{tableId}`."""
        return Table.from_raw(_object(await self._read(_table(table_id), _include(include))).body)

    async def list_tables(
        self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Table]:
        """`GET /tables`, one page."""
        params = _paging(cursor, limit, LARGEST_PAGE)
        if agent_id is not None:
            params["workspaceId"] = validate.agent_id(agent_id)
        return await self._page(Table, "/tables", params)

    async def list_columns(self, table_id: str) -> Page[Column]:
        """`GET /tables/{tableId}/columns`: all of them at once."""
        return await self._page(Column, f"{_table(table_id)}/columns", {})

    async def list_rows(
        self,
        table_id: str,
        *,
        filters: Sequence[Mapping[str, Any]] | None = None,
        sort: Mapping[str, str] | None = None,
        flat: bool = False,
        saved_filters: bool = True,
        cursor: str | None = None,
        limit: int = LARGEST_ROW_PAGE,
    ) -> Page[Any]:
        """`GET /tables/{tableId}/rows`, one page of `Row`, or of `FlatRow` when `flat`."""
        params = _paging(cursor, limit, LARGEST_ROW_PAGE)
        if filters is not None:
            params["filters"] = json.dumps(list(filters))
        if sort is not None:
            params["sort"] = json.dumps(dict(sort))
        if flat:
            params["cells"] = "flat"
        if not saved_filters:
            params["defaults"] = "false"
        return await self._page(FlatRow if flat else Row, f"{_table(table_id)}/rows", params)

    async def iter_row_pages(
        self,
        table_id: str,
        *,
        filters: Sequence[Mapping[str, Any]] | None = None,
        sort: Mapping[str, str] | None = None,
        flat: bool = False,
        saved_filters: bool = True,
        page_size: int = LARGEST_ROW_PAGE,
    ) -> AsyncIterator[Page[Any]]:
        """Page after page; a server that starts over on a cursor it does not know is noticed and ends it."""
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_rows(
                table_id,
                filters=filters,
                sort=sort,
                flat=flat,
                saved_filters=saved_filters,
                cursor=cursor,
                limit=page_size,
            )
            yield page
            cursor = page.next_cursor
            if cursor is None or cursor in seen:
                return
            seen.add(cursor)

    async def get_account(self) -> Account:
        """`GET /account`."""
        return Account.from_raw(_object(await self._read("/account", {})).body)

    async def get_credits(self) -> Credits:
        """`GET /account/credits`."""
        return Credits.from_raw(_object(await self._read("/account/credits", {})).body)

    async def _page(self, item: type[M], path: str, params: Mapping[str, str]) -> Page[M]:
        return Page.of(item, (await self._read(path, params)).body)

    async def _read(self, path: str, params: Mapping[str, str]) -> Answer:
        return await with_retries(lambda: self._once("GET", path, params=params), may_read_again)

    async def _start(self, path: str, body: Mapping[str, Any], key: str | None) -> Answer:
        """One intent, one key, whatever the number of attempts."""
        key = key or str(uuid.uuid4())
        headers = {"Idempotency-Key": key}
        try:
            return await with_retries(lambda: self._once("POST", path, body=body, headers=headers), may_start_again)
        except (ServerError, ConnectionFailed) as error:
            error.idempotency_key = key
            if not isinstance(error, ConnectionFailed) or error.sent:
                error.remedy = (
                    "Whether the run was started is not known. Look before you start it again: "
                    "list_agents() shows the newest agents."
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
    ) -> Answer:
        answer = await self._transport.send(method, path, params=params, body=body, headers=headers)
        if answer.status_code not in SUCCESS:
            raise error_from(answer)
        return answer


def _brief(
    prompt: str, model: str | None, focus_table_ids: Iterable[str], attachments: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    body: dict[str, Any] = {"prompt": validate.prompt(prompt)}
    if (checked := validate.model(model)) is not None:
        body["model"] = checked
    if ids := validate.table_ids(focus_table_ids):
        body["focusTableIds"] = ids
    if attachments:
        body["attachments"] = [dict(attachment) for attachment in attachments]
    return body


def _agent(agent_id: str) -> str:
    return f"/agents/{quote(validate.agent_id(agent_id), safe='')}"


def _run(run_id: str) -> str:
    return quote(validate.run_id(run_id), safe="")


def _table(table_id: str) -> str:
    return f"/tables/{quote(validate.table_id(table_id), safe='')}"


def _include(tokens: Sequence[str]) -> dict[str, str]:
    if isinstance(tokens, str):
        tokens = tokens.split(",")
    cleaned = [token.strip().lower() for token in tokens if token.strip()]
    return {"include": ",".join(cleaned)} if cleaned else {}


def _paging(cursor: str | None, limit: object, largest: int) -> dict[str, str]:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= largest:
        raise InvalidInput(
            "limit is out of range",
            cause=f"It was {limit!r}; a page holds 1 to {largest}.",
            remedy=f"Give a number from 1 to {largest}; further pages come by their cursor.",
        )
    return {"limit": str(limit), **({"cursor": cursor} if cursor else {})}


def _object(answer: Answer) -> Answer:
    if not isinstance(answer.body, dict):
        raise _shapeless(answer, "An object was expected.")
    return answer


def _run_in(answer: Answer) -> RunObject | None:
    """The run in `{"run": …}`, or a bare one, which some servers send."""
    body = _object(answer).body
    bare = body if "id" in body and "status" in body else None
    inner = body.get("run", bare)
    return RunObject.from_raw(inner) if isinstance(inner, dict) else None


def _shapeless(answer: Answer, cause: str) -> OrigamiError:
    return UnexpectedAnswer(
        "The answer is not what the API promises",
        cause=cause,
        remedy="It is asked again by itself where that is free. If it stays, tell support the request id.",
        code="UNEXPECTED_ANSWER",
        status_code=answer.status_code,
        request_id=answer.request_id,
        transient=True,
    )
