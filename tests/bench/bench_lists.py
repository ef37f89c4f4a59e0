"""Lists of leads beside pandas: `overlap` beside `pandas.merge` on the same keys, `leads_frame` beside reading alone, and
summaries of leads beside what people write.

Bars: `overlap` of 100,000 by 100,000 leads at most twice as long as an outer merge on `domain` with `indicator=True`, for
two frames of leads and for a list of customers as `read_csv` makes it; `leads_frame` of 8 tables of 12,500 at most 1.3 times
as long as reading them one by one; `describe_leads` and `evidence_frame` of 10,000 leads at most 4 times as long as counts
and a `concat` by hand. The merge neither normalizes a domain nor counts leads; what people write takes neither lists of
addresses nor texts like "N/A" into account. Times are those of the process, taken in turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import re
import sys

import pandas as pd

import origami_widgets as ow
from origami_widgets.frames.leads.lead_table import OURS
from tests.bench.bench_rows import ENRICHMENTS, MIXES, bodies, in_turns, listed, ours
from tests.support.server import RawServer, answer

LEADS, TABLES, DESCRIBED = 100_000, 8, 10_000
SLOWEST_OVERLAP, SLOWEST_STACK, SLOWEST_SUMMARY = 2.0, 1.3, 4.0
PARTS = ("confidence", "reasoning", "source_url", "found")
WEBSITES = (rb'"Website of bakery (\d+)"', rb'"https://www.bakery-\1.example/en"')
"""Leads have websites, from which their domains come."""
ENDS = ("pt", "com", "co.uk", "de", "com.br")


def leads(first: int) -> pd.DataFrame:
    """Return leads, every tenth of the company of another."""
    numbers = [first + (at if at % 10 else at // 2) for at in range(LEADS)]
    domains = [f"company{number}.{ENDS[number % len(ENDS)]}" for number in numbers]
    texts = {
        **dict.fromkeys(("run_name", "table_id", "table_name"), ["0c7d9b44"] * LEADS),
        "row_id": [f"{first + at:032x}" for at in range(LEADS)],
        "domain": domains,
        "company": [f"Company {number}" for number in numbers],
        "website": [f"https://www.{domain}/en" for domain in domains],
    }
    frame = pd.DataFrame({name: pd.array(values, dtype="string") for name, values in texts.items()})
    frame["employees"] = pd.array(numbers, dtype="Int64")
    frame["fit"] = pd.array([number % 100 / 7 for number in numbers], dtype="Float64")
    return frame


def compare_overlaps(rounds: int) -> list[str]:
    """Print what comparing two lists takes, and return what was missed."""
    missed = []
    a, b = leads(0), leads(LEADS // 2)
    customers = pd.DataFrame({"domain": b["domain"], "owner": "Ana", "deals": range(LEADS)})
    customers = pd.read_csv(io.StringIO(customers.to_csv(index=False)))
    for name, other in (("leads", b), ("customers", customers)):
        print(f"{LEADS:,} leads by {LEADS:,} {name}")
        ways = {
            "overlap": lambda other=other: ow.overlap(a, other),
            "pandas.merge": lambda other=other: a.merge(
                other, on="domain", how="outer", indicator=True, suffixes=("", "_b")
            ),
        }
        ratio = in_turns(ways, rounds)["pandas.merge"]
        if ratio > SLOWEST_OVERLAP:
            missed.append(f"overlap with {name}: {ratio:.2f} times as long as pandas.merge")
    return missed


def compare_stacks(rounds: int) -> list[str]:
    """Print what reading tables into one frame takes, and return what was missed."""
    pages = [re.sub(*WEBSITES, page) for page in bodies(LEADS // TABLES, "enriched")]
    print(f"{TABLES} tables of {LEADS // TABLES:,} rows of 12 cells")

    def read() -> list[pd.DataFrame]:
        return [ours(pages, "enriched") for _ in range(TABLES)]

    ratio = in_turns({"leads_frame": lambda: ow.leads_frame(read()), "one by one": read}, rounds)["one by one"]
    return [f"leads_frame: {ratio:.2f} times as long as reading"] if ratio > SLOWEST_STACK else []


def read_leads() -> pd.DataFrame:
    """Return leads with their notes, as `leads_frame` reads them."""
    table = {"object": "table", "id": "t1", "name": "Bakeries", "leadCount": DESCRIBED}
    columns = [{"object": "column", **dataclasses.asdict(each)} for each in listed("enriched")]
    rows = [json.loads(re.sub(*WEBSITES, page)) for page in bodies(DESCRIBED, "enriched")]
    with RawServer(*map(answer, ({"object": "list", "items": columns, "total": len(columns)}, *rows))) as server:
        return ow.leads_frame(table, client=ow.Client("og_live_bench", base_url=server.base_url))


def described_by_hand(leads: pd.DataFrame) -> pd.DataFrame:
    """Return what people count in each column."""
    rows = []
    for name in leads.columns:
        if name in OURS or name.endswith(PARTS):
            continue
        cells = leads[name]
        found = leads.get(f"{name}_found", cells.notna().astype("boolean"))
        row = {"column": name, "filled": found.sum(), "nothing_found": (~found).sum(), "not_run": found.isna().sum()}
        row |= {"share_found": row["filled"] / len(leads), "distinct": cells.nunique()}
        if f"{name}_confidence" in leads:
            row |= leads[f"{name}_confidence"].value_counts().to_dict()
        rows.append({**row, "examples": cells.dropna().unique()[:2].tolist()})
    return pd.DataFrame(rows)


def evidence_by_hand(leads: pd.DataFrame) -> pd.DataFrame:
    """Return what people stack: the parts of one column after the other."""
    pieces = []
    for name in (slug.replace("-", "_") for slug in ENRICHMENTS[: MIXES["enriched"]]):
        parts = {part: leads[f"{name}_{part}"] for part in PARTS[:3]}
        piece = leads[["company", "table_name", "domain", "table_id", "row_id"]].assign(
            column=name, value=leads[name], **{**parts, "confidence": parts["confidence"].astype("category")}
        )
        pieces.append(piece.dropna(subset=["value", "reasoning", "source_url"], how="all"))
    return pd.concat(pieces).sort_index(kind="stable").reset_index(drop=True)


def compare_summaries(rounds: int) -> list[str]:
    """Print what summaries of leads take, and return what was missed."""
    read, missed = read_leads(), []
    print(f"{DESCRIBED:,} leads of 12 cells")
    for ours_, by_hand in ((ow.describe_leads, described_by_hand), (ow.evidence_frame, evidence_by_hand)):
        ways = {ours_.__name__: lambda way=ours_: way(read), "pandas": lambda way=by_hand: way(read)}
        if (ratio := in_turns(ways, rounds)["pandas"]) > SLOWEST_SUMMARY:
            missed.append(f"{ours_.__name__}: {ratio:.2f} times as long as pandas")
    return missed


def main() -> int:
    """Print the comparison; returns 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    missed = [*compare_overlaps(rounds), *compare_stacks(rounds), *compare_summaries(rounds)]
    print(
        f"bars: overlap {SLOWEST_OVERLAP:.1f}, leads_frame {SLOWEST_STACK:.1f}, "
        f"summaries {SLOWEST_SUMMARY:.1f} times as long"
    )
    print("missed: " + "; ".join(missed) if missed else "all held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
