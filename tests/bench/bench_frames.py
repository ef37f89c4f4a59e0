"""`columns_frame` beside what people write: `pandas.json_normalize` (at least three times as long on the same payload),
pydantic's models, polars and pyarrow.

Each field is read of all columns at once, and each array is made of a whole list; what a table says is computed in Python.
They are timed in turns in one process, so that whatever else the machine does falls on all alike. The payload goes
through JSON text first: objects that were copied share their strings and lie in memory as no decoder leaves them. The
others start from the decoded payload, as `columns_frame` does, and end with one row per column; none of them knows the
units, the missing values and the words of categories.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import time
from pathlib import Path

import pandas as pd
import pydantic

from origami_widgets.frames import columns_frame, tables_frame

BAR = 3.0
FIXTURE = Path(__file__).parents[1] / "fixtures" / "completed_stats.json"


def large_run(tables: int, columns: int, *, stats: bool) -> dict:
    """Return a run with that many tables of that many columns."""
    run = json.loads(FIXTURE.read_text(encoding="utf-8"))
    table = run["response"]["tables"][0]
    run["response"]["tables"] = [large_table(table, number, columns, stats=stats) for number in range(tables)]
    return json.loads(json.dumps(run))


def large_table(example: dict, number: int, columns: int, *, stats: bool) -> dict:
    """Return a table like the example with other ids and that many columns."""
    table = copy.deepcopy(example) | {"id": f"c0a3f1d2-9b6e-4d27-8a1c-{number:012}", "name": f"Bakeries {number}"}
    kinds = table["columns"]
    table["columns"] = [
        copy.deepcopy(kinds[place % len(kinds)])
        | {"id": f"0c7d9b44-6b22-{number:04}-8a0c-{place:012}", "name": f"Column {place}", "slug": f"column-{place}"}
        for place in range(columns)
    ]
    if not stats:
        del table["stats"]
        for column in table["columns"]:
            column.pop("stats", None)
            column.pop("qualification", None)
    return table


def normalized(run: dict) -> pd.DataFrame:
    """Return what pandas alone makes of it: one row per column, with its table and run."""
    return pd.json_normalize(
        run,
        record_path=["response", "tables", "columns"],
        meta=["id", ["response", "tables", "id"], ["response", "tables", "name"]],
        record_prefix="column.",
    )


def bare(run: dict) -> pd.DataFrame:
    """Return the least that pandas can do: the columns without table and run."""
    return pd.json_normalize(run["response"]["tables"], record_path="columns")


class Credits(pydantic.BaseModel):
    """What a column has used."""

    lifetimeUsed: float | None = None  # noqa: N815 - the API's own names


class Cells(pydantic.BaseModel):
    """What a column's cells do."""

    running: int | None = None
    errored: int | None = None


class Stats(pydantic.BaseModel):
    """What a column costs when it runs."""

    avgCreditsPerRun: float | None = None  # noqa: N815 - the API's own names
    callRate: float | None = None  # noqa: N815
    totalRuns: int | None = None  # noqa: N815


class Qualification(pydantic.BaseModel):
    """The verdicts of a column."""

    model_config = pydantic.ConfigDict(populate_by_name=True)
    passed: int | None = pydantic.Field(None, alias="pass")
    fail: int | None = None
    unsure: int | None = None
    total: int | None = None


class Column(pydantic.BaseModel):
    """A column as people would model it."""

    id: str
    name: str
    slug: str | None = None
    kind: str | None = None
    type: str | None = None
    autoTrigger: bool | None = None  # noqa: N815 - the API's own names
    credits: Credits = Credits()
    cells: Cells = Cells()
    stats: Stats = Stats()
    qualification: Qualification | None = None


COLUMN_LIST = pydantic.TypeAdapter(list[Column])


def with_pydantic(run: dict) -> pd.DataFrame:
    """Return the frame of validated models, flattened by pandas."""
    rows = []
    for table in run["response"]["tables"]:
        for column in COLUMN_LIST.validate_python(table["columns"]):
            reported = column.qualification or Qualification()
            rows.append(
                {
                    "run_id": run["id"],
                    "table_id": table["id"],
                    "table_name": table["name"],
                    **column.model_dump(exclude={"credits", "cells", "stats", "qualification"}),
                    **column.credits.model_dump(),
                    **column.cells.model_dump(),
                    **column.stats.model_dump(),
                    **reported.model_dump(),
                }
            )
    return pd.DataFrame(rows)


def with_polars(run: dict) -> pd.DataFrame:
    """Return polars' frame of the columns, objects taken apart, without table and run."""
    import polars as pl

    return pl.json_normalize([column for table in run["response"]["tables"] for column in table["columns"]])


def with_pyarrow(run: dict) -> pd.DataFrame:
    """Return Arrow's table of the columns, objects taken apart, without table and run."""
    import pyarrow as pa

    table = pa.Table.from_pylist([column for each in run["response"]["tables"] for column in each["columns"]])
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


WAYS = {
    "columns_frame": columns_frame,
    "json_normalize with ids of run and table": normalized,
    "json_normalize of the columns alone": bare,
    "pydantic, then DataFrame": with_pydantic,
    "polars.json_normalize of the columns": with_polars,
    "pyarrow.Table of the columns": with_pyarrow,
}


def seconds(function, *args, **kwargs) -> float:
    """Return the processor time of one call; what other processes do does not count."""
    began = time.process_time()
    function(*args, **kwargs)
    return time.process_time() - began


def compare(label: str, run: dict, rounds: int) -> float:
    """Print one comparison and return the ratio to `json_normalize`, the median over the rounds."""
    for function in (*WAYS.values(), tables_frame):
        function(run)
    times = [{name: seconds(function, run) for name, function in WAYS.items()} for _ in range(rounds)]
    ratios = {name: statistics.median(each[name] / each["columns_frame"] for each in times) for name in WAYS}
    tables = statistics.median(seconds(tables_frame, run) for _ in range(rounds))
    print(f"{label} (tables_frame {tables * 1e3:.1f} ms)")
    for name, ratio in ratios.items():
        took = statistics.median(each[name] for each in times)
        print(f"  {name:42} {took * 1e3:8.1f} ms: {ratio:5.1f} times as long")
    return ratios["json_normalize with ids of run and table"]


def main() -> int:
    """Print the ratios; returns 1 when the one for a payload with stats, as runs are polled, is below the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--columns", type=int, default=100)
    options = parser.parse_args()
    size = (options.tables, options.columns)
    print(f"{size[0]} tables of {size[1]} columns, pandas {pd.__version__}, medians of {options.rounds} rounds")
    ratio = compare("with stats", large_run(*size, stats=True), options.rounds)
    compare("without stats", large_run(*size, stats=False), options.rounds)
    print(f"bar: json_normalize takes {BAR} of it or more, with stats")
    return 0 if ratio >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
