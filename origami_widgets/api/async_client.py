"""`AsyncClient`: the API for event loops. Calls are awaited on the caller's loop; HTTP runs on the background loop."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from origami_widgets.api.background.loop import background
from origami_widgets.api.client import BaseClient, Client
from origami_widgets.api.operations import LARGEST_ROW_PAGE
from origami_widgets.api.rows.row_paging import RowQuery
from origami_widgets.api.rows.row_reader import AsyncRowReader, make_row_pages
from origami_widgets.api.upload_calls import keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from origami_widgets.api.models import FlatRow, Row

P = ParamSpec("P")
T = TypeVar("T")


def awaited(
    call: Callable[Concatenate[Client, P], T], *, starts: bool = False
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """Return the counterpart of a call of `Client` that is awaited: same arguments, result, errors and costs.

    Args:
        call: the method of `Client`, which has the name of an operation.
        starts: whether it starts a run.
    """
    name, signature = call.__name__, inspect.signature(call)
    has_key = "idempotency_key" in signature.parameters and name != "cancel"

    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(self, *args, **kwargs)
        _, *places = bound.args
        send = getattr(self.operations, name)
        if not has_key:
            return await background().bridge(send(*places, **bound.kwargs))
        with keyed(starts=starts, **bound.arguments) as key:
            return await background().bridge(send(*places, **bound.kwargs | {"idempotency_key": key}))

    functools.update_wrapper(method, call)
    method.__module__, method.__qualname__ = __name__, f"AsyncClient.{name}"
    method.__doc__ = f"{inspect.getdoc(call)}".partition("\n")[0] + f"\n\nAwait it; see `Client.{name}`."
    return method


class AsyncClient(BaseClient):
    """Awaitable client for the Origami API, version 2. Arguments, errors, costs and retries are the same as in `Client`.

    Its calls are those of `Client`, and have their names. Cancelling the task of a call does not cancel a run that it has
    started: the `CancelledError` (or the cause of a `TimeoutError`) carries `idempotency_key`.

    Example:
        >>> import asyncio, origami_widgets as ow
        >>> asyncio.run(ow.Sandbox().async_client().get_account()).plan.id
        'pro'
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; see `Client.close`. Sends nothing.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     async with ow.Sandbox().async_client() as client:
            ...         return (await client.get_account()).plan.id
            >>> asyncio.run(main())
            'pro'
        """
        self._close()

    create_agent = awaited(Client.create_agent, starts=True)
    create_run = awaited(Client.create_run, starts=True)
    get_run = awaited(Client.get_run)
    list_runs = awaited(Client.list_runs)
    cancel = awaited(Client.cancel)
    list_agents = awaited(Client.list_agents)
    list_agent_tables = awaited(Client.list_agent_tables)
    get_table = awaited(Client.get_table)
    list_tables = awaited(Client.list_tables)
    cancel_cells = awaited(Client.cancel_cells)
    active_cells = awaited(Client.active_cells)
    list_columns = awaited(Client.list_columns)
    get_account = awaited(Client.get_account)
    get_credits = awaited(Client.get_credits)
    request = awaited(Client.request)
    create_workspace = awaited(Client.create_workspace)
    list_workspaces = awaited(Client.list_workspaces)
    delete_workspace = awaited(Client.delete_workspace)
    upload_documents = awaited(Client.upload_documents)
    list_documents = awaited(Client.list_documents)
    upsert_rows = awaited(Client.upsert_rows)
    get_enrichment_run = awaited(Client.get_enrichment_run)
    list_enrichment_runs = awaited(Client.list_enrichment_runs)

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
    ) -> AsyncRowReader[Row | FlatRow]:
        """Iterate over the leads of a table with `async for`; see `Client.iter_rows`. Free."""
        query = RowQuery(filters, sort, flat, saved_filters)
        return AsyncRowReader(make_row_pages(self.operations, table_id, query, limit=limit, page_size=page_size))
