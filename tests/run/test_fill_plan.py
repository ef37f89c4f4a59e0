"""What may be filled, at which price, and what is stopped on the way: the rules."""

from __future__ import annotations

import pytest

from origami_widgets.api.models.table import FlatRow, Table
from origami_widgets.run.fill_plan import (
    Gap,
    brief,
    filled,
    gaps_of,
    may_lack,
    offer_of,
    question,
    strays,
    whole_columns,
)
from origami_widgets.run.state import Filled, FillOffer, is_fill

ROWS = 20


def table(*, runs, running=0, errored=0, used=None, slug="phone", average=2.0):
    column = {
        "id": f"c-{slug}",
        "name": slug.capitalize(),
        "slug": slug,
        "kind": "enrichment",
        "credits": {"lifetimeUsed": average * runs if used is None else used},
        "cells": {"running": running, "errored": errored},
        "stats": {"totalRuns": runs, "avgCreditsPerRun": average, "callRate": 1},
    }
    return Table.from_raw({"id": "t", "name": "Leads", "leadCount": ROWS, "columns": [column]})


def columns_of(*tables):
    return [(each, column) for each in tables for column in each.columns]


def rows(found, nothing=0, slug="phone"):
    """So many rows with a value, then some for which nothing was found, then those whose cell is missing."""
    values = [{slug: "+1"}] * found + [{slug: None}] * nothing
    return [FlatRow(id=f"r{n}", values=values[n] if n < len(values) else {}) for n in range(ROWS)]


@pytest.mark.parametrize(
    ("known", "is_whole"),
    [
        (table(runs=20), True),
        (table(runs=8, running=12), True),
        (table(runs=8, running=11), False),
        (table(runs=0, running=20), True),
    ],
    ids=["all have run", "all have run or run now", "one is not meant to run", "all run now"],
)
def test_a_column_is_whole_if_it_runs_for_every_row(known, is_whole):
    assert whole_columns(columns_of(known)) == ({("t", "c-phone")} if is_whole else set())


@pytest.mark.parametrize(
    ("known", "read", "whole", "cells"),
    [
        (table(runs=8), rows(7, nothing=1), True, 12),
        (table(runs=8), rows(7, nothing=1), False, 0),
        (table(runs=20, errored=2), rows(18), False, 2),
        (table(runs=14, errored=2), rows(12), False, 0),
        (table(runs=14, errored=2), rows(12), True, 8),
        (table(runs=20), rows(15, nothing=5), True, 0),
    ],
    ids=["stopped", "runs for some rows only", "failed", "failed, for some rows only", "both", "found nothing"],
)
def test_what_is_missing_that_was_to_run(known, read, whole, cells):
    found = gaps_of(columns_of(known), {"t": read}, {("t", "c-phone")} if whole else set())
    assert sum(len(gap.rows) for gap in found) == cells
    # What cannot be offered is not read for.
    assert not cells or may_lack(columns_of(known), {("t", "c-phone")} if whole else set()) == {"t"}


def test_the_price_is_that_of_such_cells_and_at_most_that_of_found_ones():
    (gap,) = gaps_of(columns_of(table(runs=12)), {"t": rows(8, nothing=4)}, {("t", "c-phone")})
    assert (gap.average, gap.found) == (2.0, 3.0)
    assert offer_of([gap]) == FillOffer(8, 16.0, 24, is_failed=False)
    # Few runs are no price, but still a limit.
    (gap,) = gaps_of(columns_of(table(runs=2)), {"t": rows(2)}, {("t", "c-phone")})
    assert offer_of([gap]) == FillOffer(18, None, 36, is_failed=False)
    assert "hardly known" in question(offer_of([gap]), 36)
    # Without any run there is neither.
    (gap,) = gaps_of(columns_of(table(runs=0)), {"t": rows(0)}, {("t", "c-phone")})
    assert offer_of([gap]) == FillOffer(20, None, None, is_failed=False)


def test_the_question_says_what_it_raises():
    assert "raises the run's credit limit to 750." in question(
        FillOffer(36, 110, 250, is_failed=False, raised=750), 250
    )


def test_the_brief_names_columns_and_rows_and_is_known_again():
    gaps = gaps_of(columns_of(table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    text = brief(gaps)
    assert is_fill(text)
    assert not is_fill("Fill the pipeline")
    assert not is_fill(None)
    assert {"(phone)", "(t)", "r8,", "r19"} <= set(text.replace(":", " ").split())
    assert "r7" not in text
    many = Gap("t", "Leads", "c", "phone", "Phone", tuple(f"row-{n}" for n in range(400)), 0, 1.0, 1.0, 0)
    assert len(brief([many])) < 1_000


@pytest.mark.parametrize(
    ("now", "stopped"),
    [
        (table(runs=14, running=6), {}),
        (table(runs=14, running=7), {"t": ("phone",)}),
        (table(runs=30), {}),
        (table(runs=2, running=2, slug="fax"), {"t": ("fax",)}),
    ],
    ids=["what is missing", "more than was missing", "over", "not asked for"],
)
def test_what_is_stopped_while_cells_fill(now, stopped):
    gaps = gaps_of(columns_of(table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    assert strays(gaps, columns_of(now)) == stopped


def test_what_became_of_them():
    gaps = gaps_of(columns_of(table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    assert filled(gaps, {"t": rows(15, nothing=3)}) == Filled(12, 7, 3)
    assert filled(gaps, {"t": []}) == Filled(12, 0, 0)
