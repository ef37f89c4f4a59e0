"""Leads of a table as record batches. All pages go to disk first; the batches then have the types that were found."""

from __future__ import annotations

import json
import pickle
import tempfile
import threading
import weakref
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from origami_widgets.frames.dtype_backend import optional_package

from .cell_column import CellColumn, KindOnlyColumn, arrow_type
from .lead_table import Findings, LeadTable
from .row_reading import RowsReading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_paging import RowWalk

    from .lead_column import LeadColumn
    from .pinned_dtypes import CellKind
    from .rows_request import RowsRequest


class BatchesReading(RowsReading):
    """Reading of the leads of one table to disk.

    Args:
        operations: the API.
        request: the table and the query.
        size: rows per batch.
    """

    gives = "a reader of the rows"
    _kept = KindOnlyColumn
    # Pages are written to disk as they are decoded.
    _in_slots = False

    def __init__(self, operations: Operations, request: RowsRequest, size: int) -> None:
        super().__init__(operations, request)
        self._size = size
        self._spool = PageSpool()
        # Pages that did not fit on the disk: they have been read and must not be lost.
        self._refused: list[Sequence[dict[str, Any]]] = []

    def _keep(self, table: LeadTable, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._refused.append(rows)
        self._write(table)

    def _write(self, table: LeadTable) -> None:
        while self._refused:
            self._spool.add(self._refused[0])
            table.add(self._refused.pop(0))

    def _made(self, table: LeadTable, walk: RowWalk, *, copy: bool, reason: str) -> Any:  # noqa: ARG002 - nothing is shared
        if not reason:
            self._write(table)
        findings = Findings()
        batches = batches_of(table, self._spool.part(), self._size, findings, self._rows)
        self._check_pins(findings, reason)
        attrs = self._attributes(walk, self._rows, findings, reason)
        of_pandas = {**attrs, **({"json_columns": list(findings.mixed_types)} if findings.mixed_types else {})}
        return batches.with_metadata(
            {b"origami": json.dumps(attrs["origami"]).encode(), b"PANDAS_ATTRS": json.dumps(of_pandas).encode()}
        )


class RowBatches:
    """Leads of a table as Arrow record batches, which can be read as often as you like. Made by `rows_batches`.

    It sends no requests. Anything that reads Arrow streams accepts it: `pa.table(batches)`, `pl.DataFrame(batches)`,
    `duckdb.sql("select * from batches")`, `export(batches, "folder", format="parquet")`.

    Args:
        schema: the `pyarrow.Schema` of all batches.
        pages: returns the rows, page after page.
        batched: turns pages into batches.

    Attributes:
        schema: the `pyarrow.Schema` of all batches.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False).wait("cells")
        >>> batches = ow.rows_batches(run.tables[0], client=client)
        >>> batches.to_arrow().num_rows == batches.to_polars().height == sum(len(batch) for batch in batches)
        True
    """

    def __init__(
        self,
        schema: Any,
        pages: Callable[[], Iterable[list[dict[str, Any]]]],
        batched: Callable[[Iterable[list[dict[str, Any]]], Any], Iterator[Any]],
    ) -> None:
        self.schema = schema
        self._pages = pages
        self._batched = batched

    def __repr__(self) -> str:
        return f"<RowBatches of {len(self.schema.names):,} columns>"

    def __iter__(self) -> Iterator[Any]:
        """Iterate over all batches from the first, as `pyarrow.RecordBatch` objects."""
        return self._batched(self._pages(), self.schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return all batches from the first as an Arrow stream (PyCapsule interface)."""
        return self._reader().__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> Any:
        """Return all leads as a `pyarrow.Table`, in memory. Sends nothing."""
        return self._reader().read_all()

    def to_polars(self) -> Any:
        """Return all leads as a `polars.DataFrame`, in memory and without going through pandas. Sends nothing.

        Raises:
            InvalidInput: polars isn't installed.
        """
        polars = optional_package(
            "polars",
            cause="to_polars() makes one of its frames.",
            remedy="Run: pip install polars. to_arrow() works without it.",
        )
        return polars.DataFrame(self)

    def with_metadata(self, metadata: dict[bytes, bytes]) -> RowBatches:
        """Return the same batches with metadata in their schema."""
        return RowBatches(self.schema.with_metadata(metadata), self._pages, self._batched)

    def _reader(self) -> Any:
        pa: Any = import_module("pyarrow")
        return pa.RecordBatchReader.from_batches(self.schema, iter(self))


def loaded_batches(table: LeadTable, rows: Sequence[dict[str, Any]]) -> RowBatches:
    """Return rows in memory as record batches.

    Args:
        table: an empty table with their columns, which keeps only kinds.
        rows: the rows.
    """
    table.add(rows)
    return batches_of(table, lambda: [list(rows)] if rows else [], max(1, len(rows)))


def batches_of(
    table: LeadTable,
    pages: Callable[[], Iterable[list[dict[str, Any]]]],
    size: int,
    findings: Findings | None = None,
    rows: int | None = None,
) -> RowBatches:
    """Return the record batches of rows.

    Args:
        table: a table that has learned the types of these rows.
        pages: returns the rows, page after page, on each call.
        size: rows per batch.
        findings: collects notes about the columns.
        rows: the number of rows in all pages; None for all that the table has learned.
    """
    pa: Any = import_module("pyarrow")
    findings = findings or Findings()
    kinds = {name: _kind_of(name, part, findings, rows) for name, part in table.layout(findings)}
    fields = [pa.field(name, arrow_type(kind), metadata=_note(name, findings)) for name, kind in kinds.items()]
    blank, known = table.blank(), list(kinds.values())
    return RowBatches(pa.schema(fields), pages, lambda each, schema: _batches(each, blank, known, schema, size))


def _kind_of(name: str, part: CellColumn | LeadColumn | None, findings: Findings, rows: int | None) -> CellKind:
    if not isinstance(part, KindOnlyColumn):
        return "string" if part is None else "boolean"
    kind = part.kind_within(rows)
    findings.note(name, part, kind, rows)
    return kind


def _note(name: str, findings: Findings) -> dict[bytes, bytes] | None:
    if name not in findings.mixed_types:
        return None
    return {b"origami": json.dumps({"json": True, "values": findings.mixed_types[name]}).encode()}


def _batches(
    pages: Iterable[list[dict[str, Any]]], blank: LeadTable, kinds: Sequence[CellKind], schema: Any, size: int
) -> Iterator[Any]:
    waiting: list[dict[str, Any]] = []
    for rows in pages:
        waiting += rows
        while len(waiting) >= size:
            yield _batch(blank, waiting[:size], kinds, schema)
            waiting = waiting[size:]
    if waiting:
        yield _batch(blank, waiting, kinds, schema)


def _batch(blank: LeadTable, rows: Sequence[dict[str, Any]], kinds: Sequence[CellKind], schema: Any) -> Any:
    pa: Any = import_module("pyarrow")
    table = blank.blank()
    table.add(rows)
    arrays = []
    for (_, part), kind in zip(table.layout(Findings()), kinds, strict=True):
        if isinstance(part, CellColumn):
            arrays.append(part.arrow(kind))
        else:
            arrays.append(pa.nulls(len(rows), pa.string()) if part is None else pa.array(part.found(), pa.bool_()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


QUICK = 1


class PageSpool:
    """Pages of rows in an unnamed temporary file, which the system deletes at the end of the spool or process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="origami-")  # noqa: SIM115 - open as long as the spool
        self._pages: list[tuple[int, int]] = []
        self._end = 0
        self._lock = threading.Lock()
        self._closing = weakref.finalize(self, self._file.close)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write a page. If the disk is full, raise and leave the page out."""
        data = zlib.compress(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL), QUICK)
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
            self._pages.append((self._end, len(data)))
            self._end += len(data)

    def part(self) -> Callable[[], Iterator[list[dict[str, Any]]]]:
        """Return a function that iterates over the current pages, even if there are more by then."""
        current = list(self._pages)
        return lambda: self.pages(current)

    def pages(self, wanted: Sequence[tuple[int, int]] | None = None) -> Iterator[list[dict[str, Any]]]:
        """Iterate over pages in order, by default the current ones. Several readers may do so at once."""
        for start, size in list(self._pages if wanted is None else wanted):
            with self._lock:
                self._file.seek(start)
                data = self._file.read(size)
            yield pickle.loads(zlib.decompress(data))  # noqa: S301 - written above, to a file that no other process can open
