"""Lists of leads beside pandas: `overlap` beside `pandas.merge` on the same keys, and `leads_frame` beside reading alone.

Bars: `overlap` of 100,000 by 100,000 leads at most twice as long as an outer merge on `domain` with `indicator=True`, for
two frames of leads and for a list of customers as `read_csv` makes it; `leads_frame` of 8 tables of 12,500 at most 1.3 times
as long as reading them one by one. The merge neither normalizes a domain nor counts leads. Times are those of the process,
taken in turns.
"""

from __future__ import annotations

import argparse
import io
import re
import sys

import pandas as pd

import origami_widgets as ow
from tests.bench.bench_rows import bodies, in_turns, ours

LEADS, TABLES = 100_000, 8
SLOWEST_OVERLAP, SLOWEST_STACK = 2.0, 1.3
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
    # Leads have websites, from which their domains come.
    website = (rb'"Website of bakery (\d+)"', rb'"https://www.bakery-\1.example/en"')
    pages = [re.sub(*website, page) for page in bodies(LEADS // TABLES, "enriched")]
    print(f"{TABLES} tables of {LEADS // TABLES:,} rows of 12 cells")

    def read() -> list[pd.DataFrame]:
        return [ours(pages, "enriched") for _ in range(TABLES)]

    ratio = in_turns({"leads_frame": lambda: ow.leads_frame(read()), "one by one": read}, rounds)["one by one"]
    return [f"leads_frame: {ratio:.2f} times as long as reading"] if ratio > SLOWEST_STACK else []


def main() -> int:
    """Print the comparison; returns 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    missed = [*compare_overlaps(rounds), *compare_stacks(rounds)]
    print(f"bars: overlap {SLOWEST_OVERLAP:.1f}, leads_frame {SLOWEST_STACK:.1f} times as long")
    print("missed: " + "; ".join(missed) if missed else "all held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
