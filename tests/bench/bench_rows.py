"""Decoding rows into `leads_frame`'s columns beside other ways to a frame, on the same bytes.

Bars, from 10,000 rows of 12 cells: at most twice as long as `orjson` + `DataFrame`, three times with enrichments, and at
most four times the frame at the peak: reading 10,000 leads takes 50 of 100 requests a minute. Of 300 columns, at most twice
as long, too; and taking a column of a wide frame, whose `attrs` pandas copies, at most twice as long as from a frame without
notes. `orjson` + `DataFrame` neither follows pages nor reads dates, and leaves objects in their cells. Times are
taken in turns in one process; memory is the high-water mark of a process of its own, over what it held before. The bytes are
the bodies of pages of 200 rows, as they come from the network; all ways read page after page. The last lines show how cost
grows with the rows.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import origami_widgets as ow
from origami_widgets.api.models.base import Page
from origami_widgets.api.responses import decode
from origami_widgets.api.rows.row_reader import RowWalk, ids_of
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 10_000, 100_000)
QUICK_FROM = 10_000
PAGE = 200
HUGE = 1_000_000
"""Read once, by the ways that are worth waiting for."""
SLOWEST = {"plain": 2.0, "enriched": 3.0}
LARGEST, HEAVIEST = 4.0, 2.0
WIDE, WIDE_ROWS, WIDE_COLUMNS = 421, 5_000, 300
INPUTS = (
    "company",
    "website",
    "city",
    "country",
    "industry",
    "founded-on",
    "employees",
    "revenue-usd",
    "hiring",
    "fit",
)
ENRICHMENTS = ("contact-email", "phone", "address", "funding")
MIXES = {"plain": 0, "enriched": 3}
"""How many of the twelve cells are objects of enrichments."""


def listed(mix: str) -> list[ListedColumn]:
    """Return the columns of a table of twelve."""
    objects = ENRICHMENTS[: MIXES[mix]]
    plain = (*INPUTS, "notes", "score")[: 12 - len(objects)]
    columns = [(slug, "input") for slug in plain] + [(slug, "enrichment") for slug in objects]
    return [ListedColumn(str(number), slug, slug, kind) for number, (slug, kind) in enumerate(columns)]


def cell(slug: str, number: int, rng: random.Random) -> Any:  # noqa: PLR0911 - one line per kind of column
    """Return the value of one cell; None for one that is missing."""
    match slug:
        case "employees" | "fit" | "score":
            return rng.randint(1, 999) if rng.random() < 0.95 else None
        case "revenue-usd":
            return round(rng.random() * 1e6, 2)
        case "hiring":
            return rng.random() < 0.4
        case "founded-on":
            return f"{rng.randint(1970, 2025)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        case "country":
            return rng.choice(("Portugal", "Spain", "France"))
        case slug if slug in ENRICHMENTS:
            found = rng.random() < 0.8
            return {
                slug.replace("-", "_"): f"{slug}-{number}@bakery-{number}.example" if found else None,
                "confidence": rng.choice(("high", "medium", "low")),
                "reasoning": "Listed on the contact page." if found else "The site has a contact form but no address.",
                "source_url": f"https://bakery-{number}.example/contact",
            }
        case _:
            return f"{slug.capitalize()} of bakery {number}" if rng.random() < 0.97 else None


def bodies(rows: int, mix: str) -> list[bytes]:
    """Return the bodies of all pages."""
    rng = random.Random(rows)  # noqa: S311 - makes examples
    slugs = [column.slug or "" for column in listed(mix)]
    pages = []
    for first in range(0, rows, PAGE):
        items = []
        for number in range(first, min(first + PAGE, rows)):
            cells = {slug: value for slug in slugs if (value := cell(slug, number, rng)) is not None}
            items.append({"id": f"5bc4d099-1a77-4d4e-9e41-{number:012}", **cells})
        cursor = str(first + PAGE) if first + PAGE < rows else None
        body = {"object": "list", "items": items, "nextCursor": cursor, "total": rows, "url": "/rows"}
        pages.append(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    return pages


def ours(pages: list[bytes], mix: str) -> pd.DataFrame:
    """Return what `leads_frame` makes of the bodies, by all that it does to them."""
    return frame_of(pages, listed(mix))


def frame_of(pages: list[bytes], columns: list[ListedColumn]) -> pd.DataFrame:
    """Return the frame of a table with these columns."""
    table = LeadTable(columns, dtype_backend="numpy_nullable")
    walk = RowWalk()
    for body in pages:
        page = Page.from_raw(decode(body))
        table.add(walk.take(page, ids_of(page.items)))
    return table.frame()[0]


def with_orjson(pages: list[bytes], _mix: str) -> pd.DataFrame:
    """Return the frame of the rows as they are; objects stay in their cells."""
    import orjson

    rows: list[Any] = []
    for body in pages:
        rows.extend(orjson.loads(body)["items"])
    return pd.DataFrame(rows)


def with_parts(pages: list[bytes], mix: str) -> pd.DataFrame:
    """Return the frame with the parts of objects in columns of their own, by a loop over the rows."""
    import orjson

    objects = ENRICHMENTS[: MIXES[mix]]
    rows: list[dict[str, Any]] = []
    for body in pages:
        for row in orjson.loads(body)["items"]:
            for slug in objects:
                row.update((f"{slug}.{key}", part) for key, part in (row.pop(slug, None) or {}).items())
            rows.append(row)
    return pd.DataFrame(rows)


def with_normalize(pages: list[bytes], _mix: str) -> pd.DataFrame:
    """Return the frame with objects taken apart, by pandas' own means."""
    rows: list[Any] = []
    for body in pages:
        rows.extend(json.loads(body)["items"])
    return pd.json_normalize(rows)


def with_pydantic(pages: list[bytes], mix: str) -> pd.DataFrame:
    """Return the frame of rows that a model has checked."""
    import pydantic

    fields: dict[str, Any] = {"id": (str, ...)}
    for number, column in enumerate(listed(mix)):
        fields[f"cell_{number}"] = (Any, pydantic.Field(None, alias=column.slug))
    row = pydantic.create_model("Row", **fields)
    page = pydantic.create_model("Page", items=(list[row], ...))  # type: ignore[valid-type]
    rows: list[Any] = []
    for body in pages:
        rows.extend(item.model_dump(by_alias=True) for item in page.model_validate_json(body).items)  # type: ignore[attr-defined]
    return pd.DataFrame(rows)


def with_polars(pages: list[bytes], _mix: str) -> Any:
    """Return polars' frame of the decoded rows; objects become structs."""
    import orjson
    import polars as pl

    rows: list[Any] = []
    for body in pages:
        rows.extend(orjson.loads(body)["items"])
    return pl.from_dicts(rows, infer_schema_length=None)


def with_pyarrow(pages: list[bytes], _mix: str) -> Any:
    """Return Arrow's table of the decoded rows; objects become structs."""
    import orjson
    import pyarrow as pa

    rows: list[Any] = []
    for body in pages:
        rows.extend(orjson.loads(body)["items"])
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


WAYS: dict[str, Callable[[list[bytes], str], Any]] = {
    "leads_frame": ours,
    "orjson + DataFrame": with_orjson,
    "orjson + parts": with_parts,
    "json + json_normalize": with_normalize,
    "pydantic + DataFrame": with_pydantic,
    "orjson + polars": with_polars,
    "orjson + pyarrow": with_pyarrow,
}
NOT_HUGE = ("orjson + parts", "json + json_normalize", "pydantic + DataFrame")


def size_of(frame: Any) -> float:
    """Return what a frame itself takes, in megabytes."""
    if isinstance(frame, pd.DataFrame):
        return float(frame.memory_usage(deep=True).sum()) / 2**20
    return float(frame.estimated_size() if hasattr(frame, "estimated_size") else frame.nbytes) / 2**20


def seconds(way: str, pages: list[bytes], mix: str) -> float:
    """Return the processor time of one way."""
    began = time.process_time()
    WAYS[way](pages, mix)
    return time.process_time() - began


def peak(way: str, pages: Path, mix: str) -> tuple[float, float]:
    """Return the peak and the frame's own size in megabytes, from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_rows", "--measure", way, str(pages), mix]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    high, own = map(float, done.stdout.split())
    return high, own


def measure(way: str, file: Path, mix: str) -> None:
    """Print how far the memory of this process rises by one way, and the size of the frame, in megabytes."""
    pages = file.read_bytes().splitlines()
    WAYS[way](pages[:1], mix)  # libraries and caches are no part of it
    before = memory("VmRSS")
    frame = WAYS[way](pages, mix)
    print(max(0.0, memory("VmHWM") - before), size_of(frame))


def memory(name: str) -> float:
    """Return what Linux says of this process's memory, in megabytes."""
    reported = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in reported.splitlines() if line.startswith(name)) / 1024


def main() -> int:
    """Print the comparison; returns 1 when a bar is missed at the largest size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, file, mix = options.measure
        measure(way, Path(file), mix)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        missed = compare(Path(folder) / "pages", options.rounds)
    missed += compare_wide(options.rounds)
    missed += compare_steps(options.rounds)
    print(
        f"bars: {SLOWEST} times as long from {QUICK_FROM:,} rows, {LARGEST:.1f} times the frame at {max(SIZES):,}; "
        f"wide {SLOWEST['plain']:.1f}, a column {HEAVIEST:.1f} times as long"
    )
    print("missed: " + "; ".join(missed) if missed else "all held")
    return 1 if missed else 0


def compare(file: Path, rounds: int) -> list[str]:
    """Print the comparison and return what was missed; the file takes the pages, one a line."""
    missed = []
    for mix in MIXES:
        growth = []
        for rows in (*SIZES, HUGE) if mix == "plain" else SIZES:
            present = [way for way in WAYS if rows != HUGE or way not in NOT_HUGE]
            pages = bodies(rows, mix)
            file.write_bytes(b"\n".join(pages))
            for way in present:
                WAYS[way](pages[:1], mix)  # what is loaded or made at the first call
            times = [[seconds(way, pages, mix) for way in present] for _ in range(1 if rows == HUGE else rounds)]
            print(f"{mix}, {rows:,} rows of 12 cells, {sum(map(len, pages)) / 2**20:.1f} MB")
            del pages
            for number, way in enumerate(present):
                took = statistics.median(each[number] for each in times)
                ratio = statistics.median(each[0] / each[number] for each in times)
                high, own = peak(way, file, mix)
                print(
                    f"  {way:22} {took * 1e3:8.1f} ms (leads_frame takes {ratio:4.2f} of it), "
                    f"peak {high:6.1f} MB, frame {own:6.1f} MB: {high / own:4.2f} times"
                )
                if way == "leads_frame":
                    growth.append(f"{rows:,}: {took / rows * 1e6:.2f} µs, {high * 2**20 / rows:,.0f} bytes")
                if ratio > bar_of(way, rows, mix):
                    missed.append(f"{mix}, {rows:,} rows: {ratio:.2f} times as long as {way}")
                if rows == max(SIZES) and way == "leads_frame" and high / own > LARGEST:
                    missed.append(f"{mix}: {high / own:.2f} times the frame")
        print(f"{mix}, leads_frame for each of so many rows: {'; '.join(growth)}")
    return missed


def bar_of(way: str, rows: int, mix: str) -> float:
    """Return how many times as long as a way `leads_frame` may take."""
    return SLOWEST[mix] if way == "orjson + DataFrame" and rows >= QUICK_FROM else math.inf


def in_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Print what each way takes, and return how many times as long the first takes as each."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            began = time.process_time()
            way()
            times[name].append(time.process_time() - began)
    first = next(iter(ways))
    found = {}
    for name, took in times.items():
        # The first round loads and makes what is needed once.
        found[name] = statistics.median(a / b for a, b in zip(times[first][1:], took[1:], strict=True))
        print(f"  {name:24} {statistics.median(took[1:]) * 1e3:8.1f} ms ({first} takes {found[name]:4.2f} of it)")
    return found


def compare_wide(rounds: int) -> list[str]:
    """Print what a table of 300 columns takes, and return what was missed."""
    rng = random.Random(WIDE)  # noqa: S311 - makes examples
    makers = (lambda n: f"Text {n}", lambda n: n, lambda n: n / 7, lambda n: n % 2 == 0)
    columns = [ListedColumn(f"c{n}", f"C {n}", f"c-{n}", "input") for n in range(WIDE_COLUMNS)]
    pages = []
    for first in range(0, WIDE_ROWS, PAGE):
        items = [
            {"id": f"r{row}", **{f"c-{n}": makers[n % 4](row) for n in range(WIDE_COLUMNS) if rng.random() < 0.97}}
            for row in range(first, first + PAGE)
        ]
        pages.append(json.dumps({"object": "list", "items": items, "total": WIDE_ROWS}).encode())

    print(f"{WIDE_ROWS:,} rows of {WIDE_COLUMNS} cells")
    ways = {"leads_frame": lambda: frame_of(pages, columns), "orjson + DataFrame": lambda: with_orjson(pages, "")}
    ratio = in_turns(ways, rounds)["orjson + DataFrame"]
    return [f"wide: {ratio:.2f} times as long as orjson + DataFrame"] if ratio > SLOWEST["plain"] else []


def compare_steps(rounds: int) -> list[str]:
    """Print what the notes of a wide frame cost at every step of pandas, and return what was missed."""
    table = {"object": "table", "id": "t1", "name": "Wide", "leadCount": 3}
    columns = [
        {"object": "column", "id": f"c{n}", "name": f"C {n}", "slug": f"c-{n}", "kind": "input"} for n in range(WIDE)
    ]
    rows = [{"id": f"r{row}", **{f"c-{n}": n for n in range(WIDE)}} for row in range(3)]
    answers = [answer({"object": "list", "items": items, "total": len(items)}) for items in (columns, rows)]
    with RawServer(*answers) as server:
        frame = ow.leads_frame(table, client=ow.Client("og_live_bench", base_url=server.base_url))
    bare = frame.copy()
    bare.attrs = {}
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for noted, each in ((True, frame), (False, bare)):
            began = time.process_time()
            for name in each.columns:
                each[name]
            took[noted].append(time.process_time() - began)
    ratio = statistics.median(a / b for a, b in zip(took[True], took[False], strict=True))
    print(f"frame[name] of {WIDE} columns: {ratio:.2f} times as long as without notes in attrs")
    return [f"frame[name]: {ratio:.2f} times as long as without notes"] if ratio > HEAVIEST else []


if __name__ == "__main__":
    sys.exit(main())
