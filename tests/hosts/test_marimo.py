"""The card in a real marimo, which has no IPython shell, no cell outputs to replace, and a shadow root around the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notebooks.serve import REPOSITORY
from tests.browser.window import Window
from tests.hosts import marimo
from tests.hosts.looks import (
    CARD,
    SANDBOX,
    SLOW,
    START,
    assert_quiet,
    cancel,
    expect_more_credits,
    expect_theme,
)
from tests.hosts.marimo import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

EXAMPLE = REPOSITORY / "notebooks" / "marimo_example.py"
IN_SHADOW = "element => element.getRootNode() instanceof ShadowRoot"
# It holds the kernel until the test lets it go.
BLOCK = """run
while not os.path.exists("go"):
    time.sleep(0.05)
"let go"
"""


@pytest.fixture
def open_notebook(browser: Browser, windows: list[Window], tmp_path: Path) -> Iterator[Callable[..., Window]]:
    """Return a function that opens a notebook."""
    servers: list[marimo.Marimo] = []

    def open_window(mode: str, cells: Sequence[Cell] | str, *, theme: str) -> Window:
        servers.append(marimo.start(tmp_path, mode, cells, theme=theme))
        windows.append(Window(browser, servers[-1].url))
        windows[-1].page.goto(servers[-1].url)
        return windows[-1]

    yield open_window
    for server in servers:
        server.stop()


@pytest.fixture
def open_marimo(open_notebook: Callable[..., Window]) -> Callable[..., Window]:
    """Return a function that opens a notebook of a brief and further cells."""

    def open_window(mode: str, brief: str, *further: Cell, speed: float, theme: str) -> Window:
        cells = [
            Cell(SANDBOX.format(speed=speed) + "\nimport os", gives=("os", "ow", "time")),
            Cell(START.format(brief=brief) + "\nrun", takes=("ow",), gives=("run",)),
            *further,
        ]
        return open_notebook(mode, cells, theme=theme)

    return open_window


def test_the_card_lives_while_a_cell_blocks_and_is_cancelled(
    open_marimo: Callable[..., Window], tmp_path: Path
) -> None:
    block = Cell(BLOCK, takes=("os", "run", "time"))
    # The browser prefers light: the card must not ask it.
    window = open_marimo("edit", SLOW, block, speed=40, theme="dark")
    card = window.page.locator(CARD)
    expect(card).to_contain_text("Running")
    assert card.evaluate(IN_SHADOW)
    expect_theme(card, "dark")
    expect_more_credits(card)
    expect(window.page.get_by_text("'let go'")).to_have_count(0)

    (tmp_path / "go").touch()
    expect(window.page.get_by_text("'let go'")).to_be_visible()
    cancel(card)
    # There is nothing that could replace it: the card stays, and says how it ended.
    expect(card.get_by_text("Running")).to_have_count(0)
    assert_quiet(window)


def test_the_example_shows_the_card_follows_the_run_and_ends_in_frames(open_notebook: Callable[..., Window]) -> None:
    window = open_notebook("run", EXAMPLE.read_text(encoding="utf-8"), theme="dark")
    page, card = window.page, window.page.locator(CARD)
    expect(card).to_contain_text("Running")
    expect_theme(card, "dark")
    # The cells that keep the beat have their own words for what the card says.
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    expect(page.get_by_text("The frames appear when")).to_be_visible()
    expect(card).to_contain_text("Completed")
    expect(page.get_by_text("completed", exact=True)).to_be_visible()
    expect(page.get_by_text("qualification_pass", exact=True)).to_be_visible()
    expect(page.get_by_text("row_id", exact=True)).to_be_visible()
    expect(page.get_by_text("The frames appear when")).to_have_count(0)
    expect(card).to_have_count(1)
    assert_quiet(window)


def test_a_cell_that_marimo_runs_again_pays_once(open_notebook: Callable[..., Window]) -> None:
    cells = [
        Cell("import marimo as mo\nimport origami_widgets as ow", gives=("mo", "ow")),
        Cell("from collections import Counter\nexecutions = Counter()", gives=("executions",)),
        Cell('again = mo.ui.button(label="Again")\nagain', ("mo",), ("again",)),
    ]
    for name, once in {"named": ', once="dentists"', "nameless": ""}.items():
        client, run = f"client_{name}", f"run_{name}"
        started = f"""again
executions["{name}"] += 1
{run} = ow.start("Find dentists. scenario:slow"{once}, client={client})
{run}"""
        said = f'{{executions["{name}"]}} executions, {{len({client}.list_agents())}} agent, {{{run}.status}}'
        cells += [
            Cell(f"{client} = ow.Sandbox(speed=15).client()", ("ow",), (client,)),
            Cell(started, ("again", "executions", "ow", client), (run,)),
            Cell(f"f'{name}: {said}'", ("executions", client, run)),
        ]
    window = open_notebook("run", cells, theme="light")
    page, cards = window.page, window.page.locator(CARD)
    for name in ("named", "nameless"):
        expect(page.get_by_text(f"{name}: 1 executions, 1 agent, running")).to_be_visible()
    page.get_by_role("button", name="Again").click()
    for name in ("named", "nameless"):
        expect(page.get_by_text(f"{name}: 2 executions, 1 agent, running")).to_be_visible()
    expect(cards).to_have_count(2)
    for card in (cards.first, cards.last):
        expect_more_credits(card)
        cancel(card)
