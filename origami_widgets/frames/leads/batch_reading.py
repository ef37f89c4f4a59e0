"""Read the leads of a table into record batches: first all pages to disk, then batches with the types that were found."""

from __future__ import annotations

import json
import pickle
import tempfile
import threading
import weakref
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cell_column import CellColumn, KindOnlyColumn, arrow_type
from .lead_table import Findings, LeadTable
from .row_reading import RowsReading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.row_paging import RowWalk

    from .lead_column import LeadColumn
    from .pinned_dtypes import CellKind
    from .rows_request import RowsRequest


class BatchesReading(RowsReading):
    """The leads of one table while they are read to disk.

    Args:
        operations: the API.
        request: the table and the query.
        size: rows per batch.
    """

    gives = "a reader of the rows"
    _kept = KindOnlyColumn

    def __init__(self, operations: Operations, request: RowsRequest, size: int) -> None:
        super().__init__(operations, request)
        self._size = size
        self._spool = PageSpool()
        # Pages that a full disk has refused: they have been read and must not be lost.
        self._refused: list[Sequence[dict[str, Any]]] = []

    def _keep(self, table: LeadTable, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._refused.append(rows)
        self._write(table)

    def _learn(self, table: LeadTable, rows: Sequence[dict[str, Any]]) -> None:
        table.learn(rows)

    def _write(self, table: LeadTable) -> None:
        while self._refused:
            self._spool.add(self._refused[0])
            table.learn(self._refused.pop(0))

    def _made(self, table: LeadTable, walk: RowWalk, *, copy: bool, reason: str) -> Any:  # noqa: ARG002 - nothing is shared
        if not reason:
            self._write(table)
        pa: Any = import_module("pyarrow")
        findings = Findings()
        schema, batches = batches_of(table, self._spool, self._size, findings, self._rows)
        self._check_pins(findings, reason)
        attrs = self._attributes(walk, self._rows, findings, reason)
        of_pandas = {**attrs, **({"json_columns": list(findings.mixed_types)} if findings.mixed_types else {})}
        metadata = {b"origami": json.dumps(attrs["origami"]).encode(), b"PANDAS_ATTRS": json.dumps(of_pandas).encode()}
        return pa.RecordBatchReader.from_batches(schema.with_metadata(metadata), batches)


def batches_of(
    table: LeadTable, spool: PageSpool, size: int, findings: Findings | None = None, rows: int | None = None
) -> tuple[Any, Iterator[Any]]:
    """Return the schema of all rows of a spool, and their batches.

    Args:
        table: has learned the types of these rows.
        spool: the rows; it lives as long as the batches are used.
        size: rows per batch.
        findings: collects notes about the columns.
        rows: number of rows in the spool; None for all that the table has learned.
    """
    pa: Any = import_module("pyarrow")
    findings = findings or Findings()
    kinds = {name: _kind_of(name, part, findings, rows) for name, part in table.layout(findings)}
    fields = [pa.field(name, arrow_type(kind), metadata=_note(name, findings)) for name, kind in kinds.items()]
    schema = pa.schema(fields)
    return schema, _batches(spool, table.blank(), list(kinds.values()), schema, size)


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


def _batches(spool: PageSpool, blank: LeadTable, kinds: Sequence[CellKind], schema: Any, size: int) -> Iterator[Any]:
    waiting: list[dict[str, Any]] = []
    for rows in spool.pages():
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
    """Pages of rows in an unnamed temporary file, which the system deletes with the spool or the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="origami-")  # noqa: SIM115 - open as long as the spool
        self._pages: list[tuple[int, int]] = []
        self._end = 0
        self._lock = threading.Lock()
        self._closing = weakref.finalize(self, self._file.close)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write a page; if the disk is full, raise and leave the page out."""
        data = zlib.compress(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL), QUICK)
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
            self._pages.append((self._end, len(data)))
            self._end += len(data)

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """Go through the current pages in order; several readers may do so at once."""
        for start, size in list(self._pages):
            with self._lock:
                self._file.seek(start)
                data = self._file.read(size)
            yield pickle.loads(zlib.decompress(data))  # noqa: S301 - written above, to a file that no other process can open
