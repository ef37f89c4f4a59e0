"""The page of faults quotes what the card says: each fault of a watched run is made, and the card is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebooks.site.executed import NOTEBOOKS
from tests.faults.conftest import clock, journey, own_environment, server  # noqa: F401 - fixtures
from tests.faults.journey import completed, going_on, running
from tests.support.server import answer, reset, silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.journey import Journey
    from tests.support.server import Behaviour

PAGE = (NOTEBOOKS / "what-happens-when.md").read_text(encoding="utf-8")
OPEN, CLOSE, GAP = "“", "”", "…"


def quotations(text: str) -> Iterator[str]:
    """What stands in quotation marks; a quotation may hold another one."""
    depth, began = 0, 0
    for at, letter in enumerate(text):
        if letter == OPEN:
            began = at + 1 if depth == 0 else began
            depth += 1
        elif letter == CLOSE:
            depth -= 1
            if depth == 0:
                yield text[began:at]
    assert depth == 0, "a quotation does not end"


DEEP = '{"id": ' + "[" * 100_000 + "]" * 100_000 + "}"
WATCHED: dict[str, tuple[Behaviour, ...]] = {
    "one check fails": (answer({}, 503), completed()),
    "the server asks to wait": (answer({}, 503, headers={"Retry-After": "40"}), completed()),
    "too many requests": (answer({"error": "slow down", "code": "RATE_LIMITED"}, 429), completed()),
    "a hotel's sign-in page": (answer("<!DOCTYPE html>", content_type="text/html"), completed()),
    "no answer": (silence(), completed()),
    "the server is away for long": (*[reset()] * 8, completed()),
    "the run goes on for more": (going_on(3, retry_after="300"),),
    "the key was revoked": (answer({"code": "UNAUTHORIZED"}, 401),),
    "the key may not read the run": (answer({"error": "not yours"}, 403),),
    "the run is not found": (answer({"code": "RUN_NOT_FOUND"}, 404),),
    "an answer of more than 32 MiB": (answer(b'"' + b"x" * 33 * 2**20 + b'"'), completed()),
    "an answer that is nested": (answer(DEEP), completed()),
    "a status, an action": (going_on(5, status="paused"), completed()),
    "an answer with odd values": (going_on(9, request=None, prompt=7, model=None), completed()),
    "the answer is another run's": (answer(running(9, id="v2_run-other")), completed()),
}
ELSEWHERE = ("the certificate", "a proxy", "the laptop")
"""What `tests/faults/test_trust.py` and `test_clocks.py` see; here its words are only looked up."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of a section's table."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


def test_each_fault_of_a_watched_run_is_made_here_or_elsewhere():
    faults = [row[0] for row in rows("While a run is watched")]
    assert len(faults) == len(WATCHED) + len(ELSEWHERE)
    assert [fault for fault in faults if not fault.startswith((*WATCHED, *ELSEWHERE))] == []


@pytest.mark.parametrize("fault", WATCHED)
def test_the_card_says_so_when_it_happens(fault: str, journey: Callable[..., Journey]):  # noqa: F811 - the fixture
    (row,) = [row for row in rows("While a run is watched") if row[0].startswith(fault)]
    seen = journey(timeout=0.4 if fault == "no answer" else 20.0).go("card", going_on(3), *WATCHED[fault])
    quoted = [piece for text in quotations(row[2]) for piece in text.split(GAP)]
    said = " ".join(f"{notice['title']}. {notice['text']} {notice['code']}" for notice in seen.notices)
    missing = [piece for piece in quoted if piece not in said]
    assert missing == [], said
