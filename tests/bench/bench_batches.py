"""Memory of `rows_batches` beside that of `rows_frame`: the one stays as it is when rows become ten times as many.

Each is measured in a process of its own, as the high-water mark over what it held before; pages come from memory as they would
from the network, and batches are looked at and dropped. The bar: ten times the rows take at most 1.5 times the memory.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from origami_widgets.api.responses import decode
from origami_widgets.api.rows.row_paging import RawRows, RowWalk
from origami_widgets.frames.leads.batch_reading import PageSpool, batches_of
from origami_widgets.frames.leads.cell_column import KindOnlyColumn
from origami_widgets.frames.leads.lead_table import LeadTable, ids_of
from tests.bench.bench_rows import bodies, listed, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

MIX = "enriched"
SIZES = (20_000, 200_000)
BATCH = 10_000
LARGEST = 1.5


def pages(rows: int) -> Iterator[bytes]:
    """Make the bodies as they are asked for: kept, they would be most of the memory."""
    made = bodies(2_000, MIX)
    for number in range(rows // 200):
        yield made[number % len(made)]


def with_batches(rows: int) -> Any:
    """Read all pages to disk, then go through all batches."""
    table = LeadTable(listed(MIX), dtype_backend="pyarrow", flatten=True, names="slug", kept=KindOnlyColumn)
    spool = PageSpool()
    for body in pages(rows):
        page = RawRows.of(decode(body)).items
        table.add(page)
        spool.add(page)
    batches = batches_of(table, spool.part(), BATCH)
    return sum(batch.num_rows for batch in batches)


def with_a_frame(rows: int) -> Any:
    """Read all pages into one frame."""
    table, walk = LeadTable(listed(MIX), dtype_backend="pyarrow", flatten=True, names="slug"), RowWalk()
    for number, body in enumerate(pages(rows)):
        page = RawRows.of(decode(body))
        for row in page.items:
            row["id"] = f"{number}-{row['id']}"
        table.add(walk.take(page, ids_of(page.items)))
    return len(table.frame(copy=False)[0])


WAYS = {"rows_batches": with_batches, "rows_frame": with_a_frame}


def peak(way: str, rows: int) -> float:
    """Return the peak in megabytes, from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_batches", way, str(rows)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(way: str, rows: int) -> None:
    """Print how far the memory of this process rises by one way, in megabytes."""
    WAYS[way](400)  # libraries and caches are no part of it
    before = memory("VmRSS")
    assert WAYS[way](rows) == rows
    print(max(0.0, memory("VmHWM") - before))


def main() -> int:
    """Print the comparison; returns 1 when the bar is missed."""
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
        return 0
    peaks = {way: [peak(way, rows) for rows in SIZES] for way in WAYS}
    for way, (few, many) in peaks.items():
        print(f"{way:14} {SIZES[0]:,} rows {few:7.1f} MB, {SIZES[1]:,} rows {many:7.1f} MB: {many / few:5.2f} times")
    few, many = peaks["rows_batches"]
    print(f"bar: {LARGEST} times for rows_batches, in batches of {BATCH:,}")
    return 0 if many <= LARGEST * few else 1


if __name__ == "__main__":
    sys.exit(main())
