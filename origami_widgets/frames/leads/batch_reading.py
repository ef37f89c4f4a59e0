"""Reading a table's leads into record batches: all pages to disk, then batches of the types that were found."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cells import CellColumn, CellKind, KindOfCells, arrow_type
from .lead_table import Findings, LeadTable
from .row_reading import RowsReading
from .spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.row_paging import RowWalk

    from .flatten import LeadColumn
    from .row_query import Request


class BatchesReading(RowsReading):
    """One table's leads, half read or read, on disk.

    Args:
        operations: where to ask.
        request: what is asked.
        size: rows in a batch.
    """

    gives = "a reader of the rows"
    _kept = KindOfCells

    def __init__(self, operations: Operations, request: Request, size: int) -> None:
        super().__init__(operations, request)
        self._size = size
        self._spool = Spool()
        # Pages that a full disk has refused: they are read, and must not be lost.
        self._refused: list[Sequence[dict[str, Any]]] = []

    def _keep(self, table: LeadTable, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._refused.append(rows)
        self._write(table)

    def _write(self, table: LeadTable) -> None:
        while self._refused:
            self._spool.add(self._refused[0])
            table.learn(self._refused.pop(0))

    def _made(self, table: LeadTable, walk: RowWalk, *, copy: bool, reason: str) -> Any:  # noqa: ARG002 - nothing is shared
        if not reason:
            self._write(table)
        pa: Any = import_module("pyarrow")
        findings = Findings()
        schema, batches = batches_of(table, self._spool, self._size, findings)
        attrs = self._attributes(walk, walk.rows, findings, reason)
        told = {**attrs, **({"json_columns": list(findings.mixed_types)} if findings.mixed_types else {})}
        metadata = {b"origami": json.dumps(attrs["origami"]).encode(), b"PANDAS_ATTRS": json.dumps(told).encode()}
        return pa.RecordBatchReader.from_batches(schema.with_metadata(metadata), batches)


def batches_of(
    table: LeadTable, spool: Spool, size: int, findings: Findings | None = None
) -> tuple[Any, Iterator[Any]]:
    """The schema of all rows of a spool, and their batches.

    Args:
        table: what has learned the kinds of these rows.
        spool: the rows; it lives as long as somebody asks for batches.
        size: rows in a batch.
        findings: takes what is worth knowing of the columns.
    """
    pa: Any = import_module("pyarrow")
    findings = findings or Findings()
    kinds = {name: _kind_of(name, part, findings) for name, part in table.layout(findings)}
    fields = [pa.field(name, arrow_type(kind), metadata=_note(name, findings)) for name, kind in kinds.items()]
    schema = pa.schema(fields)
    return schema, _batches(spool, table.blank(), list(kinds.values()), schema, size)


def _kind_of(name: str, part: CellColumn | LeadColumn | None, findings: Findings) -> CellKind:
    if not isinstance(part, KindOfCells):
        return "string" if part is None else "boolean"
    kind = part.known
    findings.note(name, part, kind)
    return kind


def _note(name: str, findings: Findings) -> dict[bytes, bytes] | None:
    if name not in findings.mixed_types:
        return None
    return {b"origami": json.dumps({"json": True, "values": findings.mixed_types[name]}).encode()}


def _batches(spool: Spool, blank: LeadTable, kinds: Sequence[CellKind], schema: Any, size: int) -> Iterator[Any]:
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
