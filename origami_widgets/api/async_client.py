"""`AsyncClient`: the API for event loops. Calls are awaited on the caller's loop; HTTP runs on the background loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.background.loop import background
from origami_widgets.api.client import BaseClient, start_key
from origami_widgets.api.operations import LARGEST_ROW_PAGE
from origami_widgets.api.rows.row_paging import RowQuery
from origami_widgets.api.rows.row_reader import AsyncRowReader, make_row_pages
from origami_widgets.api.upload_calls import AsyncUploadCalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


class AsyncClient(AsyncUploadCalls, BaseClient):
    """Awaitable client for the Origami API, version 2. Arguments, errors, costs and retries are the same as in `Client`.

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
        """Create an agent and start its first run; see `Client.create_agent`. Spends credits.

        Cancelling the task does not cancel a run that has started. The `CancelledError` (or the cause of a
        `TimeoutError`) carries `idempotency_key`.
        """
        with start_key(idempotency_key) as key:
            return await background().bridge(
                self.operations.create_agent(
                    prompt,
                    name=name,
                    model=model,
                    focus_table_ids=focus_table_ids,
                    attachments=attachments,
                    idempotency_key=key,
                )
            )

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
        """Start another run of an agent; see `Client.create_run`, and `create_agent` for cancellation. Spends credits."""
        with start_key(idempotency_key, agent_id) as key:
            return await background().bridge(
                self.operations.create_run(
                    agent_id,
                    prompt,
                    model=model,
                    focus_table_ids=focus_table_ids,
                    attachments=attachments,
                    idempotency_key=key,
                )
            )

    async def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
        """Read a run; see `Client.get_run`. Free."""
        return await background().bridge(self.operations.get_run(agent_id, run_id, include=include))

    async def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """Return one page of an agent's runs; see `Client.list_runs`. Free."""
        return await background().bridge(self.operations.list_runs(agent_id, cursor=cursor, limit=limit))

    async def cancel(self, agent_id: str, *, idempotency_key: str | None = None) -> RunObject | None:
        """Cancel the agent's active run; see `Client.cancel`."""
        return await background().bridge(self.operations.cancel(agent_id, idempotency_key=idempotency_key))

    async def list_agents(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Agent]:
        """Return one page of agents; see `Client.list_agents`. Free."""
        return await background().bridge(self.operations.list_agents(search=search, cursor=cursor, limit=limit))

    async def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
        """Return all tables that an agent can use; see `Client.list_agent_tables`. Free."""
        return await background().bridge(self.operations.list_agent_tables(agent_id, include=include))

    async def get_table(self, table_id: str, *, include: Sequence[str] = ("stats",)) -> Table:
        """Read a table; see `Client.get_table`. Free."""
        return await background().bridge(self.operations.get_table(table_id, include=include))

    async def list_tables(
        self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Table]:
        """Return one page of tables; see `Client.list_tables`. Free."""
        return await background().bridge(self.operations.list_tables(agent_id=agent_id, cursor=cursor, limit=limit))

    async def cancel_cells(self, table_id: str, *, columns: Sequence[str] | None = None) -> CancelledCells:
        """Stop the active cells of a table; see `Client.cancel_cells`. Free."""
        return await background().bridge(self.operations.cancel_cells(table_id, columns=columns))

    async def active_cells(self, table_id: str, *, columns: Sequence[str] | None = None) -> ActiveCells:
        """Count the active cells of a table, without stopping them; see `Client.active_cells`. Free."""
        return await background().bridge(self.operations.active_cells(table_id, columns=columns))

    async def list_columns(self, table_id: str) -> Page[Column]:
        """Return all columns of a table; see `Client.list_columns`. Free."""
        return await background().bridge(self.operations.list_columns(table_id))

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

    async def get_account(self) -> Account:
        """Return the organization, plan and capabilities of the key; see `Client.get_account`. Free."""
        return await background().bridge(self.operations.get_account())

    async def get_credits(self) -> Credits:
        """Return the balance, in credits; see `Client.get_credits`. Free."""
        return await background().bridge(self.operations.get_credits())
