"""The table of hosts: what is called tested names its tests, what is called reported its source, and the README agrees."""

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
    source: str


def rows(text: str) -> list[Row]:
    """The rows of the table with a column `known`; without a column after it, the date in its head is the source."""
    lines = [line.strip().strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")]
    at = next(at for at, cells in enumerate(lines) if any(cell.strip().startswith("known") for cell in cells))
    found = []
    for cells in lines[at + 2 :]:
        hosts, live, afterwards, known, *source = (cell.strip() for cell in cells)
        # `a script, a terminal` is one.
        names = (hosts,) if hosts.startswith("a ") else tuple(hosts.split(", "))
        found.append(Row(names, live, afterwards, known, *(source or [lines[at][3]])))
        if hosts.startswith("a script"):
            break
    return found


def guide() -> list[Row]:
    cells = nbformat.read(ROOT / "notebooks" / "hosts.ipynb", as_version=4).cells
    return rows(next(cell.source for cell in cells if "## At a glance" in cell.source))


def readme() -> list[Row]:
    return rows((ROOT / "README.md").read_text(encoding="utf-8").partition("## Where it runs")[2])


@pytest.mark.parametrize("row", guide(), ids=lambda row: row.hosts[0])
def test_each_host_says_how_it_is_known(row: Row):
    assert row.known in STATES
    assert DATE.search(row.source)
    tests = TEST.findall(row.source)
    if row.known.startswith("tested"):
        assert tests
    for test in tests:
        assert re.search(r"^(async )?def test_", (ROOT / test).read_text(encoding="utf-8"), re.MULTILINE), test
    if row.known == "reported":
        assert "https://" in row.source or "documentation" in row.source
    if row.known == "unknown":
        assert row.source == DATE.search(row.source)[0]


def test_every_test_of_a_host_has_its_row():
    named = {test for row in guide() for test in TEST.findall(row.source)}
    files = {f"tests/hosts/{path.name}" for path in (ROOT / "tests" / "hosts").glob("test_*.py")}
    # Of many runs on one board, in the hosts that other files test.
    assert files - named == {"tests/hosts/test_board.py"}


def test_the_readme_says_the_same_of_the_same_hosts():
    long = {host: row.known for row in guide() for host in row.hosts}
    short = {host: row.known for row in readme() for host in row.hosts}
    assert short == long
    (date,) = {DATE.search(row.source)[0] for row in readme()}
    assert {DATE.search(row.source)[0] for row in guide()} == {date}


def test_a_report_of_a_bug_can_name_each_host():
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug_report.yml").read_text(encoding="utf-8"))
    (options,) = (part["attributes"]["options"] for part in form["body"] if part.get("type") == "dropdown")
    offered = " ".join(options)
    hosts = {host for row in guide() for host in row.hosts if host not in ("no widgets", "a script, a terminal")}
    assert {host for host in hosts if re.sub(r" \d.*", "", host) not in offered} == set()
