"""Reading a table's leads into a frame. Whatever ends it early, what was read is kept and can be gone on with."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.row_paging import PartialRows
from origami_widgets.api.row_progress import ProgressReport
from origami_widgets.api.row_reader import RowPages
from origami_widgets.api.sync_bridge import OnLoop, block

from .cells import CellColumn
from .lead_table import LeadTable, Listed, ids_of, needs_typed_cells
from .progress import Teller
from .row_attrs import attributes
from .row_query import check_slugs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.row_paging import RowWalk

    from .lead_table import Findings
    from .progress import Progress
    from .row_query import Request

LARGEST_PAGE = 200


class RowsReading:
    """One table's leads, half read or read.

    Args:
        operations: where to ask.
        request: what is asked, and how the frame is made of it.

    Attributes:
        gives: what is made of the rows, in a few words.
    """

    gives = "the frame"
    _kept: type[CellColumn] = CellColumn

    def __init__(self, operations: Operations, request: Request) -> None:
        self.request = request
        self._operations = operations
        # Rows are taken in on the background loop and looked at from the caller's thread.
        self._lock = threading.Lock()
        self._table: LeadTable | None = None
        self._pages: RowPages[dict[str, Any]] | None = None
        # An exception holds it, so that its frame may be asked for again.
        self._held = False

    def read(self, progress: Progress | None) -> Any:
        """Read to the end and give what is made of the rows; after an error or an interrupt, from where it stands.

        Raises:
            IncompleteRows: an error came after some rows.
            InterruptedRows: so did an interrupt.
        """
        return block(self.steps(progress, caller=5))

    async def steps(self, progress: Progress | None, *, caller: int = 4) -> Any:
        """What `read` does, for the sync bridge; the caller stands so many frames up.

        Raises:
            IncompleteRows: an error came after some rows.
            InterruptedRows: so did an interrupt.
        """
        teller = Teller(progress)
        report = ProgressReport(self._operations.traffic, self.request.table_id)
        try:
            pages: RowPages[Any] = await OnLoop(self._begin()) if self._pages is None else self._pages
            while not pages.walk.done:
                report.update(pages.walk.rows, self._wanted(pages.walk.total))
                await OnLoop(pages.read(self._take))
                teller.tell(pages.walk.rows, self._wanted(pages.walk.total))
            if pages.walk.stopped:
                message = f"The rows may be incomplete: {pages.walk.stopped}. Read them again to be sure."
                warnings.warn(message, PartialRows, stacklevel=caller)
            return self._result(copy=self._held)
        except KeyboardInterrupt as interrupt:
            if not self._has_rows():
                raise
            self._held = True
            raise InterruptedRows(self) from interrupt
        except Exception as error:
            # Also what a progress bar raises: the rows are kept whatever it was.
            if not self._has_rows():
                raise
            self._held = True
            raise IncompleteRows(self, error) from error
        finally:
            report.close()
            teller.close()

    def partial(self, reason: str) -> Any:
        """What is made of the rows so far, on its own."""
        return self._result(copy=True, reason=reason)

    def state(self) -> str:
        """How far it has come, in a few words."""
        return "nothing" if self._pages is None else self._pages.progress()

    async def _begin(self) -> RowPages[dict[str, Any]]:
        request, operations = self.request, self._operations
        if request.lead_count is None and request.table_name is None:
            told = await operations.get_table(request.table_id, include=())
            request = self.request = request.told(told.name, told.lead_count)
        columns = await operations.list_columns(request.table_id)
        listed = [Listed(column.id, column.name, column.slug, column.kind) for column in columns]
        check_slugs(request.query, [column.slug for column in listed if column.slug is not None])
        query = request.query_for(typed=needs_typed_cells(listed))
        size = min(LARGEST_PAGE, request.limit or LARGEST_PAGE)
        with self._lock:
            self._table = LeadTable(
                listed,
                dtype_backend=request.dtype_backend,
                flatten=request.flatten,
                names=request.names,
                kept=self._kept,
            )
            self._pages = RowPages(
                lambda cursor: operations.list_raw_rows(request.table_id, query, cursor=cursor, limit=size),
                ids_of,
                request.limit,
            )
        return self._pages

    def _take(self, rows: Sequence[dict[str, Any]]) -> None:
        with self._lock:
            if self._table is not None:
                self._keep(self._table, rows)

    def _keep(self, table: LeadTable, rows: Sequence[dict[str, Any]]) -> None:
        table.add(rows)

    def _has_rows(self) -> bool:
        return self._pages is not None and self._pages.walk.pages > 0

    def _wanted(self, total: int | None) -> int | None:
        limit = self.request.limit
        return total if limit is None or total is None else min(limit, total)

    def _result(self, *, copy: bool, reason: str = "") -> Any:
        with self._lock:
            if self._table is None or self._pages is None:
                raise InvalidInput("Nothing was read yet", remedy="Call it again.")
            return self._made(self._table, self._pages.walk, copy=copy, reason=reason)

    def _made(self, table: LeadTable, walk: RowWalk, *, copy: bool, reason: str) -> Any:
        frame, findings = table.frame(copy=copy)
        frame.attrs.update(self._attributes(walk, len(frame), findings, reason))
        return frame

    def _attributes(self, walk: RowWalk, rows: int, findings: Findings, reason: str) -> dict[str, Any]:
        return attributes(self.request, walk, rows, findings, origin=self._operations.origin, reason=reason)


class _Kept:
    """What an exception keeps of a reading."""

    _reading: RowsReading | None
    _reason: str

    def _keep(self, reading: RowsReading, reason: str) -> None:
        self._reading, self._reason = reading, reason
        if isinstance(self, BaseException):
            self.add_note(
                f"{reading.state()} were read and are kept: in a notebook, `import sys`, then `sys.last_value.partial` "
                f"is {reading.gives} so far, and `sys.last_value.resume()` reads on from there."
            )

    @property
    def partial(self) -> Any:
        """The rows that were read, as the call would have given them; `attrs["origami"]["complete"]` is False."""
        return self._kept().partial(self._reason)

    def resume(self, progress: Progress | None = None) -> Any:
        """Read on from the page that failed, and give everything.

        Args:
            progress: as in `rows_frame`.

        Raises:
            IncompleteRows: an error came again; nothing is lost.
            InterruptedRows: so did an interrupt.
        """
        return self._kept().read(progress)

    def _kept(self) -> RowsReading:
        if self._reading is None:
            raise InvalidInput(
                "The rows stayed behind",
                cause="The exception came from another process, without the rows and the connection.",
                remedy="Look at `.partial` and call `.resume()` where it was raised, or read the table again.",
            )
        return self._reading


class IncompleteRows(OrigamiError, _Kept):
    """Not all rows could be read; `__cause__` says why.

    Attributes:
        partial: the rows that were read, as the frame, or the reader of batches, that was asked for.

    Example:
        >>> import origami_widgets as ow
        >>> def read_all(table, client):
        ...     try:
        ...         return ow.rows_frame(table, client=client)
        ...     except ow.IncompleteRows as error:
        ...         return error.resume() if error.transient else error.partial
    """

    def __init__(self, reading: RowsReading, error: Exception) -> None:
        known = error if isinstance(error, OrigamiError) else None
        why = known.title if known is not None else f"{type(error).__name__}: {error}"
        super().__init__(
            "The rows could not be read to the end",
            cause=f"{reading.state()} were read. Then: {why}.",
            remedy=f"`.partial` of this error is {reading.gives} so far; `.resume()` reads on from there.",
            code=known.code if known is not None else "",
            status_code=known.status_code if known is not None else None,
            request_id=known.request_id if known is not None else None,
            link=known.link if known is not None else None,
            transient=known is not None and known.transient,
            retry_after=known.retry_after if known is not None else None,
        )
        self._keep(reading, why)

    def __reduce__(self) -> tuple[Any, ...]:
        # Neither key nor connection travels to another process.
        return _restored, (self.title, {**self.__dict__, "_reading": None})


class InterruptedRows(KeyboardInterrupt, _Kept):
    """Reading rows was interrupted; what was read is kept.

    Attributes:
        partial: the rows that were read, as the frame, or the reader of batches, that was asked for.
    """

    def __init__(self, reading: RowsReading) -> None:
        super().__init__(f"{reading.state()} were read")
        self._keep(reading, "interrupted")


def _restored(title: str, state: dict[str, Any]) -> IncompleteRows:
    error = IncompleteRows.__new__(IncompleteRows, title)
    error.args = (title,)
    error.__dict__.update(state)
    return error
