"""The reference of all frames as Markdown, from their schemas: `python -m origami_widgets.frames.reference`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .economics.column_economics import COLUMN_ECONOMICS, column_economics_frame
from .economics.credit_balance import CREDITS, credits_frame
from .economics.lead_source_economics import LEAD_SOURCE_ECONOMICS, lead_source_economics_frame
from .economics.run_comparison import COMPARISON, compare_runs
from .economics.table_economics import ECONOMICS, economics_frame
from .run_frames import ACTIONS, HISTORY, RUNS, TRANSCRIPT, actions_frame, history_frame, runs_frame, transcript_frame
from .schema import ARROW_DTYPE_NAMES, DTYPE_NAMES
from .table_frames import COLUMNS, LEAD_SOURCES, TABLES, columns_frame, lead_sources_frame, tables_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from .schema import FrameField, FrameSchema, Origin

FRAMES: dict[Callable[..., object], FrameSchema] = {
    runs_frame: RUNS,
    tables_frame: TABLES,
    columns_frame: COLUMNS,
    lead_sources_frame: LEAD_SOURCES,
    actions_frame: ACTIONS,
    transcript_frame: TRANSCRIPT,
    history_frame: HISTORY,
    economics_frame: ECONOMICS,
    column_economics_frame: COLUMN_ECONOMICS,
    lead_source_economics_frame: LEAD_SOURCE_ECONOMICS,
    compare_runs: COMPARISON,
}
"""Every frame that is made of runs and tables, with its schema, in the order of the reference."""

ACCOUNT_FRAMES: dict[Callable[..., object], FrameSchema] = {credits_frame: CREDITS}
"""Every frame that asks about the account, after these."""

OBJECTS: dict[Origin, str] = {
    "run": "run",
    "table": "table",
    "column": "table.columns[]",
    "lead_source": "table.stats.leadSources[]",
    "action": "run.response.actions[]",
    "message": "run.response.transcript[]",
    "history": "run.history[]",
    "credits": "credits",
}

INTRODUCTION = """\
# The frames, column by column

This page is made from the code (`python -m origami_widgets.frames.reference`). Each frame has the same columns and
dtypes for every source, empty, partial or full. What the server left out is `NA`, never 0. Units are also in
`frame.attrs["units"]`, where a frame comes from in `frame.attrs["origami"]`. There, `unreadable_values` counts what the
server said and what could not be read, by column, or by field of the API where a column is computed of it, and
`contradictions` what cannot be true, such as negative credits: what is computed of these is `NA`. Dtypes are those of the default,
`dtype_backend="numpy_nullable"`; with `dtype_backend="pyarrow"` they are

{dtypes}

Categories are pandas' own in both backends, with all documented words, also those that do not occur; an unknown word is
added. Give a frame all its sources at once, `runs_frame([first, second])`: pandas' `concat` and `merge` drop `attrs`, and
make text of categories that differ.

The leads themselves (`rows_frame`, `rows_batches`) have the columns of their table: `help(ow.rows_frame)`. Dates without a
time, `datetime64[us]` without a zone, occur only there.

What is computed supposes something, and the docstring of each frame says what. `expected_credits` and its range suppose
that leads cost as before (`credits_per_lead`) and qualify as before; the range is that of how many leads it takes, not of
what a lead costs. `credits_unqualified` is an expected value and supposes that a column ran for fit and unfit leads alike;
`credits_unqualified_min` is what the counts prove.
"""


def reference() -> str:
    """The page as Markdown."""
    dtypes = "\n".join(f"- `{DTYPE_NAMES[kind]}`: `{name}`" for kind, name in ARROW_DTYPE_NAMES.items())
    parts = [_section(maker, schema) for maker, schema in (FRAMES | ACCOUNT_FRAMES).items()]
    return "\n".join([INTRODUCTION.format(dtypes=dtypes), *parts])


def _section(maker: Callable[..., object], schema: FrameSchema) -> str:
    summary = (maker.__doc__ or "").partition("\n")[0]
    lines = [f"## `{schema.name}`", "", summary, "", "| column | dtype | unit | meaning | source in the API |"]
    lines += ["|---|---|---|---|---|", *(_row(field) for field in schema.fields), ""]
    return "\n".join(lines)


def _row(field: FrameField) -> str:
    source = "" if field.origin == "computed" else f"`{OBJECTS[field.origin]}.{field.path}`"
    members = f": {', '.join(f'`{word}`' for word in field.members)}" if field.members else ""
    cells = (f"`{field.name}`", f"`{DTYPE_NAMES[field.kind]}`", field.unit, f"{field.meaning}{members}", source)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
