"""The table of hosts: what is called tested names its tests, what is called reported its source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DATE = re.compile(r"(January|February|March|April|May|June|July|August|September|October|November|December) \d{4}")
TEST = re.compile(r"`(tests/[\w/]+\.py)`")
STATES = ("tested in", "tested under its manager", "reported", "unknown")


class Row(NamedTuple):
    hosts: tuple[str, ...]
    live: str
    afterwards: str
    known: str
    date: str
    source: str = ""


def table(text: str) -> list[list[str]]:
    """The cells of a table, its head first."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def rows(text: str) -> list[Row]:
    """The rows of the first table, whose last column is `known` with the month in its head."""
    (*_, head), *lines = table(text)
    assert head.startswith("known")
    found = []
    for hosts, live, afterwards, known in lines:
        # `a script, a terminal` is one.
        names = (hosts,) if hosts.startswith("a ") else tuple(hosts.split(", "))
        found.append(Row(names, live, afterwards, known, head))
        if hosts.startswith("a script"):
            break
    return found


def guide() -> list[Row]:
    """The rows of the guide, each with its source, which a table at the end of the page has."""
    cells = nbformat.read(ROOT / "notebooks" / "hosts.ipynb", as_version=4).cells
    (first,) = (cell.source for cell in cells if "## At a glance" in cell.source)
    (last,) = (cell.source for cell in cells if "## How we know" in cell.source)
    sources = dict(table(last.partition("## How we know")[2])[1:])
    found = [row._replace(source=sources.pop(", ".join(row.hosts), "")) for row in rows(first)]
    assert sources == {}, "these sources belong to no row"
    return found


@pytest.mark.parametrize("row", guide(), ids=lambda row: row.hosts[0])
def test_each_host_says_how_it_is_known(row: Row):
    assert row.known in STATES
    assert DATE.search(row.date)
    tests = TEST.findall(row.source)
    if row.known.startswith("tested"):
        assert tests
    for test in tests:
        assert re.search(r"^(async )?def test_", (ROOT / test).read_text(encoding="utf-8"), re.MULTILINE), test
    if row.known == "reported":
        assert "https://" in row.source or "documentation" in row.source
    if row.known == "unknown":
        assert not row.source


def test_every_test_of_a_host_has_its_row():
    named = {test for row in guide() for test in TEST.findall(row.source)}
    files = {f"tests/hosts/{path.name}" for path in (ROOT / "tests" / "hosts").glob("test_*.py")}
    # Of many runs on one board, in the hosts that other files test.
    assert files - named == {"tests/hosts/test_board.py"}


def test_a_report_of_a_bug_can_name_each_host():
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug_report.yml").read_text(encoding="utf-8"))
    (options,) = (part["attributes"]["options"] for part in form["body"] if part.get("type") == "dropdown")
    offered = " ".join(options)
    hosts = {host for row in guide() for host in row.hosts if host not in ("no widgets", "a script, a terminal")}
    assert {host for host in hosts if re.sub(r" \d.*", "", host) not in offered} == set()
