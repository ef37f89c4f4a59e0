"""`Client` and `AsyncClient`: the API for scripts and cells, and for event loops. Each call is a method of `Operations`."""

from __future__ import annotations

import contextlib
import functools
import inspect
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background
from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.client_settings import make_settings
from origami_widgets.api.errors import OrigamiError, ambiguous
from origami_widgets.api.keys.key_sources import given_or_environment_key
from origami_widgets.api.keys.secret import note_key_in_use
from origami_widgets.api.models.table import FlatRow, Row
from origami_widgets.api.operations import LARGEST_ROW_PAGE, Operations
from origami_widgets.api.rows.row_reader import AsyncRowReader, RowPages, RowQuery, RowReader

if TYPE_CHECKING:
    import httpx

    from origami_widgets.api.background.threads import Coro
    from origami_widgets.api.keys.secret import Secret
    from origami_widgets.api.models.base import Page

P = ParamSpec("P")
T = TypeVar("T")
Reader = TypeVar("Reader")


class Call(Generic[P, T]):
    """A call of the API as a method of both clients: `Client` blocks, `AsyncClient` is awaited.

    Both methods have the name, the arguments and the docstring of the operation. Arguments whose names begin with `_` are
    the package's own.

    Args:
        operation: the coroutine function of the call.
        has_key: whether a POST carries an idempotency key, which errors and interrupts then have, too.
        starts: whether it starts a run. It then has a key.
    """

    def __init__(
        self,
        operation: Callable[Concatenate[Operations, P], Coro[T]],
        *,
        has_key: bool = False,
        starts: bool = False,
    ) -> None:
        signature, name = inspect.signature(operation), operation.__name__

        @functools.wraps(operation)
        async def call(client: BaseClient[object], /, *args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(client.operations, *args, **kwargs).arguments
            with _key_for(given, starts=starts) if has_key or starts else contextlib.nullcontext() as key:
                if key is not None:
                    kwargs["idempotency_key"] = key
                step: OnLoop[T] = OnLoop(operation(client.operations, *args, **kwargs))
                return await step

        shown = [each for each in signature.parameters.values() if each.name[0] != "_"]
        vars(call).update(__signature__=signature.replace(parameters=shown))
        call.__module__, call.__qualname__ = __name__, f"Client.{name}"
        self._blocking = bridged(call)
        self._awaited = self._blocking.aio
        self._awaited.__qualname__ = f"AsyncClient.{name}"

    @overload
    def __get__(self, client: Client, owner: type[Client]) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type[AsyncClient]) -> Callable[P, Coro[T]]: ...
    @overload
    def __get__(self, client: None, owner: type[Client]) -> Callable[Concatenate[Client, P], T]: ...
    @overload
    def __get__(self, client: None, owner: type[AsyncClient]) -> Callable[Concatenate[AsyncClient, P], Coro[T]]: ...
    def __get__(self, client: object, owner: type) -> object:
        method = self._awaited if issubclass(owner, AsyncClient) else self._blocking
        return method if client is None else MethodType(method, client)


@contextlib.contextmanager
def _key_for(given: Mapping[str, object], *, starts: bool) -> Iterator[object]:
    """Yield the idempotency key of a call, and add it to the errors of the block. Only a POST gets a new one.

    Args:
        given: the arguments of the call.
        starts: whether it starts a run.

    Raises:
        AmbiguousStart: the answer to a request that starts a run was lost.
    """
    key = given.get("idempotency_key")
    if key is None and str(given.get("method", "POST")).upper() == "POST":
        key = str(uuid.uuid4())
    try:
        yield key
    except OrigamiError as error:
        if not (starts and error.may_have_started):
            raise
        unknown = ambiguous(error, agent_id=str(given.get("agent_id", "")), resend_with=str(key))
        unknown.idempotency_key, unknown.may_have_started = error.idempotency_key, True
        raise unknown from error
    except BaseException as stopped:
        if key is not None and (starts or not isinstance(stopped, Exception)):
            vars(stopped).update(idempotency_key=key, may_have_started=True)
            what = "A run may have started" if starts else "The request may have taken effect"
            stopped.add_note(f"{what} (idempotency key {key}).")
        raise


class BaseClient(Generic[Reader]):
    """Base of `Client` and `AsyncClient`: checked settings and the calls of the API.

    Attributes:
        operations: the calls of the API as coroutines, for the background loop.
    """

    _reader: ClassVar[type[Any]]

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

    create_agent = Call(Operations.create_agent, starts=True)
    create_run = Call(Operations.create_run, starts=True)
    get_run = Call(Operations.get_run)
    list_runs = Call(Operations.list_runs)
    cancel = Call(Operations.cancel)
    list_agents = Call(Operations.list_agents)
    list_agent_tables = Call(Operations.list_agent_tables)
    get_table = Call(Operations.get_table)
    list_tables = Call(Operations.list_tables)
    cancel_cells = Call(Operations.cancel_cells)
    active_cells = Call(Operations.active_cells)
    list_columns = Call(Operations.list_columns)
    get_account = Call(Operations.get_account)
    get_credits = Call(Operations.get_credits)
    request = Call(Operations.request, has_key=True)
    create_workspace = Call(Operations.create_workspace, has_key=True)
    list_workspaces = Call(Operations.list_workspaces)
    delete_workspace = Call(Operations.delete_workspace)
    upload_documents = Call(Operations.upload_documents, has_key=True)
    list_documents = Call(Operations.list_documents)
    upsert_rows = Call(Operations.upsert_rows, has_key=True)
    get_enrichment_run = Call(Operations.get_enrichment_run)
    list_enrichment_runs = Call(Operations.list_enrichment_runs)

    def iter_rows(
        self,
        table_id: str,
        *,
        filters: Sequence[Mapping[str, object]] | None = None,
        sort: Mapping[str, str] | None = None,
        flat: bool = False,
        saved_filters: bool = True,
        limit: int | None = None,
        page_size: int = LARGEST_ROW_PAGE,
    ) -> Reader:
        """Iterate over the leads of a table: `GET /tables/{tableId}/rows`, page by page. Free.

        Filters have the API's own meaning: they replace the table's saved filters, those that the brief left on it.
        `leads_frame` and the other frames keep the saved filters, and narrow them further.

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
        wanted, size = validate.row_limit(limit), validate.page_limit(page_size, LARGEST_ROW_PAGE)

        def fetch(cursor: str | None) -> Coro[Page[Any]]:
            return self.operations.list_rows(table_id, query, cursor=cursor, limit=min(size, wanted or size))

        reader: Reader = self._reader(RowPages(fetch, lambda rows: [row.id for row in rows], wanted))
        return reader


class Client(BaseClient[RowReader[Row | FlatRow]]):
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

    _reader = RowReader

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


class AsyncClient(BaseClient[AsyncRowReader[Row | FlatRow]]):
    """Awaitable client for the Origami API, version 2. Arguments, errors, costs and retries are the same as in `Client`.

    Its calls are those of `Client`, and have their names. Cancelling the task of a call does not cancel a run that it has
    started: the `CancelledError` (or the cause of a `TimeoutError`) carries `idempotency_key`.

    Example:
        >>> import asyncio, origami_widgets as ow
        >>> asyncio.run(ow.Sandbox().async_client().get_account()).plan.id
        'pro'
    """

    _reader = AsyncRowReader

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
