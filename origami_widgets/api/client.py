"""`Client`: the API for scripts and cells. Every call blocks until the answer is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.base_client import BaseClient
from origami_widgets.api.loop import background
from origami_widgets.api.operations import LARGEST_ROW_PAGE
from origami_widgets.api.row_query import RowQuery
from origami_widgets.api.row_reader import RowReader, row_pages
from origami_widgets.api.starts.interrupt import StartCall
from origami_widgets.api.starts.spec import StartSpec
from origami_widgets.api.starts.submit import StartJob

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from origami_widgets.api.models import (
        Account,
        Agent,
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


class Client(BaseClient):
    """The Origami API, version 2.

    Calls that read are sent again after a passing fault, at most four times; a call that starts a run carries an
    idempotency key, and is sent again only where that cannot start a second run.

    Args:
        api_key: the key. When absent it is looked for in `ORIGAMI_API_KEY`, in a Colab secret of that name, and in the
            system's keyring (extra `keyring`), in this order; `ow.login()` asks for it. It is sent to `base_url` and
            nowhere else.
        base_url: the whole prefix of the API; `ORIGAMI_BASE_URL`, else `https://origami.chat/api/v2` when absent.
        project: the id of the project to act in; `ORIGAMI_PROJECT` when absent, else the parent organization.
        timeout: seconds that one request may take in all.

    Raises:
        MissingKey: there is no key.
        InvalidInput: an argument cannot be right.

    Attributes:
        operations: the same verbs as coroutines, for the background loop.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox().client()
        >>> client.get_account().plan.id
        'pro'
    """

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
            name: what to call the agent, up to 80 characters.
            model: `origami-lite` or `origami-max`; None for the plan's default.
            focus_table_ids: ids of up to 50 tables to work on.
            attachments: up to 20 of `{"kind": "table", "tableId": …}` or `{"kind": "document", "documentId": …}`.
            idempotency_key: the key of this intent; the same key never starts a second run. Made when absent.

        Returns:
            The agent and its run, which says `running`.

        Raises:
            InvalidInput: an argument cannot be right; nothing was sent.
            PaymentRequired: too few credits, a plan without API, or a blocked account; `link` leads to the remedy.
            RunPoolFull: as many runs as the plan allows are active; `retry_after` is the usual wait, in seconds.
            AmbiguousStart: the server failed, and whether it has started the run is not known: it was looked for, twice,
                before anything was sent again. `reconcile()` looks once more.
            ConnectionFailed: nothing has reached the server.

        An interrupt withdraws it: nothing is sent again, and the server is asked to cancel what was started. The
        exception carries `idempotency_key`, and `reconcile()`, which finds the run.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox().client().create_agent("List bakeries in Porto").run.status
            'running'
        """
        spec = StartSpec(
            prompt,
            name=name,
            model=model,
            focus_tables=focus_table_ids,
            attachments=attachments,
        )
        job = StartJob(self.operations, spec, idempotency_key)
        with StartCall() as call:
            created: CreatedAgent = call.block(call.fulfil(job))
        return created

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
        """Start a further run of an agent: `POST /agents/{id}/runs`. Spends credits; arguments as `create_agent`.

        Raises:
            AgentBusy: a run of the agent is active; `current_run_id` names it.
            AgentNotFound: there is no such agent for this key and project.
            OrigamiError: what `create_agent` raises.

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
        spec = StartSpec(
            prompt,
            agent_id=agent_id,
            model=model,
            focus_tables=focus_table_ids,
            attachments=attachments,
        )
        job = StartJob(self.operations, spec, idempotency_key)
        with StartCall() as call:
            run: RunObject = call.block(call.fulfil(job))
        return run

    def get_run(self, agent_id: str, run_id: str, *, include: Sequence[str] = ()) -> RunObject:
        """Read a run: `GET /agents/{id}/runs/{runId}`. Free.

        Args:
            agent_id: the agent's id.
            run_id: the run's id.
            include: `"stats"` for the economics of its tables, `"transcript"` for the message history.

        Returns:
            The run as it stands now. A run that failed is no exception: look at `status`.

        Raises:
            RunNotFound: there is no such run for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> created = client.create_agent("List bakeries in Porto")
            >>> client.get_run(created.agent.id, created.run.id, include=["stats"]).request.prompt
            'List bakeries in Porto'
        """
        return background().run(self.operations.get_run(agent_id, run_id, include=include))

    def list_runs(self, agent_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[RunSummary]:
        """One page of an agent's runs: `GET /agents/{id}/runs`. Free. Their order is not promised.

        Args:
            agent_id: the agent's id.
            cursor: `next_cursor` of the page before; None for the first.
            limit: runs on the page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> agent = client.create_agent("List bakeries in Porto").agent
            >>> [run.status for run in client.list_runs(agent.id)]
            ['running']
        """
        return background().run(self.operations.list_runs(agent_id, cursor=cursor, limit=limit))

    def cancel(self, agent_id: str, *, idempotency_key: str | None = None) -> RunObject | None:
        """Cancel the agent's active run: `POST /agents/{id}/cancel`. What was spent is spent.

        Args:
            agent_id: the agent's id; an agent has one active run at most.
            idempotency_key: not needed, as cancelling twice is the same as once.

        Returns:
            The run that is being cancelled (it may still say `running`), the latest one when none was active, or
            None when the agent never ran.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> created = client.create_agent("List bakeries in Porto")
            >>> client.cancel(created.agent.id).id == created.run.id
            True
        """
        return background().run(self.operations.cancel(agent_id, idempotency_key=idempotency_key))

    def list_agents(self, *, search: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[Agent]:
        """One page of agents: `GET /agents`. Free. Their order is not promised.

        Args:
            search: a part of the agent's name; None for all agents.
            cursor: `next_cursor` of the page before; None for the first.
            limit: agents on the page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> _ = client.create_agent("List bakeries in Porto", name="Porto")
            >>> [agent.name for agent in client.list_agents()]
            ['Porto']
        """
        return background().run(self.operations.list_agents(search=search, cursor=cursor, limit=limit))

    def list_agent_tables(self, agent_id: str, *, include: Sequence[str] = ("stats",)) -> Page[Table]:
        """Every table that an agent can reach, at once: `GET /agents/{id}/tables`. Free.

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
            TableNotFound: there is no such table for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> client.get_table("c0a3f1d2-9b6e-4d27-8a1c-5f0e7b3d9a44")  # doctest: +ELLIPSIS
            Traceback (most recent call last):
            origami_widgets.api.errors.TableNotFound: There is no such table
            ...
        """
        return background().run(self.operations.get_table(table_id, include=include))

    def list_tables(self, *, agent_id: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[Table]:
        """One page of tables: `GET /tables`. Free. They come without `stats`.

        Args:
            agent_id: only the tables of this agent; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: tables on the page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> len(ow.Sandbox().client().list_tables())
            0
        """
        return background().run(self.operations.list_tables(agent_id=agent_id, cursor=cursor, limit=limit))

    def list_columns(self, table_id: str) -> Page[Column]:
        """The columns of a table, at once: `GET /tables/{tableId}/columns`. Free.

        They are the frame for rows: a row leaves out the cells that are empty or failed.

        Args:
            table_id: the table's id.

        Raises:
            TableNotFound: there is no such table for this key and project.

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
        """The leads of a table, page after page: `GET /tables/{tableId}/rows`. Free.

        Args:
            table_id: the table's id.
            filters: `[{"column": slug, "operator": …, "value": …}]`; None for none.
            sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
            flat: give slug and value instead of typed cells.
            saved_filters: keep the table's saved filters on; without them unfinished candidates come too.
            limit: rows in all; None for every one.
            page_size: rows per request, 1 to 200.

        Returns:
            An iterator over rows, each id once, which asks for the next page when it has no row left; it may rest for
            as long as you like. It shows where it stands (`rows`, `pages`, `total`, `cursor`, `complete`, `stopped`),
            and goes on after an error or an interrupt: `next()`, or another loop over it, asks for the same page
            again, not before the server allows it. A `PartialRows` warning tells at its end when not all rows came.

        Raises:
            TableNotFound: there is no such table for this key and project, or it was deleted on the way.
            RateLimited: too many requests, even after waiting; go on with the same iterator.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait()
            >>> len(list(client.iter_rows(run.tables[0].id, flat=True, limit=3)))
            3
        """
        query = RowQuery(filters, sort, flat, saved_filters)
        return RowReader(row_pages(self.operations, table_id, query, limit=limit, page_size=page_size))

    def get_account(self) -> Account:
        """Organization, plan and capabilities behind the key: `GET /account`. Free; a good first call.

        Raises:
            AuthenticationError: the key is wrong, revoked or expired.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(plan="starter").client().get_account().capabilities.concurrent_agents
            1
        """
        return background().run(self.operations.get_account())

    def get_credits(self) -> Credits:
        """The balance, in credits: `GET /account/credits`. Free.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox(credits=12).client().get_credits().balance
            12.0
        """
        return background().run(self.operations.get_credits())
