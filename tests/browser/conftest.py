"""One JupyterLab and one Chromium for all browser tests; a notebook and a kernel for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebooks import serve
from tests.browser.fixtures import browser, context, has_passed, picture, pytest_runtest_makereport
from tests.browser.lab import LabPage
from tests.browser.window import CARD
from tests.support.lab_settings import disable_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

__all__ = ["browser", "context", "pytest_runtest_makereport"]

SANDBOX = "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed={speed}).client())"
LAB_OPTIONS = ("--LabApp.expose_app_in_browser=True",)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Lab]:
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    disable_plugins(home)
    started = serve.start(home, root, LAB_OPTIONS)
    yield started
    started.stop()


@pytest.fixture(scope="package")
def windows(context: BrowserContext) -> list[LabPage]:
    """The windows that stand open for the next test."""
    return []


@pytest.fixture
def open_lab(
    request: pytest.FixtureRequest, context: BrowserContext, lab: serve.Lab, windows: list[LabPage]
) -> Iterator[Callable[..., LabPage]]:
    """Return a function that opens a notebook, given as `LabPage.open_notebook` takes it, in a window of its own."""
    opened: list[LabPage] = []

    def open_page(source: list[str] | Path, *, theme: str = "light") -> LabPage:
        window = windows.pop() if windows else LabPage(context, lab)
        opened.append(window)
        window.open_notebook(source, theme=theme)
        return window

    yield open_page
    for window in opened:
        if has_passed(request.node):
            window.close_notebook()
            windows.append(window)
            continue
        # What is left of a failure is looked at, and never used again.
        picture(request.node, window, window.path.stem)
        window.close()


@pytest.fixture
def card_in(open_lab: Callable[..., LabPage]) -> Callable[..., LabPage]:
    """Return a function that runs one brief in the second cell and leaves its card open."""

    from playwright.sync_api import expect

    def show(brief: str, *further: str, speed: float = 20) -> LabPage:
        lab = open_lab([SANDBOX.format(speed=speed), f"run = ow.start({brief!r})", *further])
        lab.run_cell(0)
        lab.run_cell(1)
        expect(lab.output(1).locator(CARD)).to_be_visible()
        return lab

    return show
