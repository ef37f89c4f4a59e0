"""A board of a hundred runs in real JupyterLab: live, within the rate limit, and steered by the keyboard alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import audit
from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

BOARD = ".origami-board"
RUNS = 100
SETUP = f"""
import asyncio, json, re, time
import httpx
import origami_widgets as ow

polls = []
class Counting(ow.Sandbox):
    async def __call__(self, scope, receive, send):
        if scope.get("method") == "GET" and re.search("/(runs|tables)/[^/]+$", scope["path"]):
            polls.append(time.monotonic())
        await super().__call__(scope, receive, send)

sandbox = Counting(speed=20, plan="enterprise", credits=1e6)
ow.configure(client=sandbox.client())
scenarios = ["slow", "completed", "needs_input", "slow", "errored"]
# Started by somebody else: what this process starts itself would be counted against the polls.
server = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="https://sandbox")
server.headers["Authorization"] = "Bearer og_live_sandbox"
for n in range({RUNS}):
    brief = f"Find bakeries in region {{n}}. scenario:{{scenarios[n % 5]}}"
    (await server.post("/api/v2/agents", json={{"prompt": brief}})).raise_for_status()
# Whoever has used up the quota of this minute slows the polls of everybody down.
while int((await server.get("/api/v2/account")).headers["x-ratelimit-remaining-global"]) < 90:
    await asyncio.sleep(1.0)
"""
SHOW = f"board = ow.RunBoard(limit={RUNS})\nboard"
COUNT = """
newest, minute = polls[-1], 60
print(json.dumps({
    "most in a minute": max(sum(at <= other < at + minute for other in polls) for at in polls),
    "seconds": newest - polls[0],
    "polls": len(polls),
    "asked": sum(run.connection.heard_at is not None for run in board.runs),
}))
"""


def board_of(lab: LabPage, index: int = 1) -> Locator:
    return lab.output(index).locator(BOARD)


def rows_of(board: Locator) -> Locator:
    return board.locator("tbody tr:not(.card-row):not([hidden])")


def focused(lab: LabPage) -> str:
    return lab.focused_text()


@pytest.fixture
def hundred(open_lab: Callable[..., LabPage]) -> LabPage:
    """A window with a board of a hundred runs, of which the list has said their status."""
    lab = open_lab([SETUP, SHOW, COUNT])
    lab.run_cell(0)
    lab.run_cell(1)
    expect(rows_of(board_of(lab))).to_have_count(RUNS)
    return lab


def test_a_hundred_runs_keep_the_rate_limit_and_are_steered_by_keys(hundred: LabPage) -> None:
    lab, page, board = hundred, hundred.page, board_of(hundred)
    expect(board.locator(".board-head")).to_contain_text(f"{RUNS} runs")
    # Live: the answers come one by one, at the pace of the rate limit.
    expect(board.locator(".sums")).to_have_text(re.compile(r"\d credits"))

    # From the filter to the rows, and through them, without a mouse.
    board.locator("input[type=text]").focus()
    page.keyboard.type("17.")
    expect(rows_of(board)).to_have_count(1)
    expect(board).to_contain_text(f"1 of {RUNS} shown")
    board.locator("input[type=text]").fill("")
    expect(rows_of(board)).to_have_count(RUNS)
    for _ in range(9):  # The stages, seven headings, and the one row that Tab goes to.
        page.keyboard.press("Tab")
    assert "region 17." in focused(lab)
    for key, region in (("Home", 99), ("End", 0), ("ArrowUp", 1), ("Home", 99), ("ArrowDown", 98)):
        page.keyboard.press(key)
        assert f"region {region}." in focused(lab)

    page.keyboard.press("Enter")
    card = board.locator(f".opened {CARD}")
    expect(card).to_contain_text("Find bakeries in region 98.")
    page.keyboard.press("Enter")
    expect(card).to_have_count(0)
    assert "region 98." in focused(lab)

    row = rows_of(board).filter(has_text="region 98.")
    page.keyboard.press("Tab")
    assert focused(lab) == "Cancel"
    page.keyboard.press("Enter")
    assert focused(lab) == "Yes, cancel it"
    page.wait_for_timeout(500)  # The second press of a double click would confirm nothing.
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Stopped", timeout=60_000)

    board.get_by_role("button", name="Status").focus()
    page.keyboard.press("Enter")
    expect(board.get_by_role("columnheader", name="Status")).to_have_attribute("aria-sort", "ascending")
    expect(rows_of(board).first).to_contain_text(re.compile("Needs your answer"))
    board.locator("select").select_option("needs_you")
    expect(rows_of(board).filter(has_not_text="Needs your answer")).to_have_count(0)

    # The list of runs has no leads: who has any was read since.
    expect(board.locator(".b-leads").filter(has_text=re.compile(r"\d")).nth(14)).to_be_attached()
    lab.run_cell(2)
    reported = json.loads(lab.output(2).first.inner_text())
    # The burst that the rate limit allows, and what a person has asked for: each of these checks comes at once.
    assert reported["polls"] <= 80 * reported["seconds"] / 60 + 10 + 6
    assert reported["most in a minute"] <= 80 + 10 + 6
    assert reported["asked"] >= 15


def test_axe_finds_nothing_and_no_word_is_cut_off(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(
        [
            "import origami_widgets as ow\nclient = ow.Sandbox(speed=60, plan='enterprise').client()",
            (
                "scenarios = ['completed', 'needs_input', 'errored', 'slow', 'filling']\n"
                "briefs = [f'Find bakeries with a web shop. scenario:{each}' for each in scenarios]\n"
                "batch = ow.start_many(briefs, client=client)"
            ),
        ]
    )
    lab.run_cell(0)
    lab.run_cell(1)
    board = board_of(lab)
    expect(board).to_contain_text("Needs your answer", timeout=60_000)
    expect(board).to_contain_text("Failed", timeout=60_000)
    board.get_by_role("button", name=re.compile("Answer: .*needs_input")).click()
    expect(board.locator(CARD).get_by_role("button", name="More about this run")).to_be_visible()
    expect(board.locator(".ask input").first).to_be_visible()
    lab.page.set_viewport_size({"width": 1280, "height": 4_000})
    found = list(audit.findings_in_each_look(lab, (BOARD,), index=1))
    assert not found, "\n".join(found)
