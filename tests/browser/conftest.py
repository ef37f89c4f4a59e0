"""One JupyterLab and one Chromium for all browser tests; a kernel and a browser context for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from notebooks import serve
from tests.browser import chromium
from tests.browser.lab import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

LAB_OPTIONS = ("--LabApp.expose_app_in_browser=True",)
# Playwright gives up after 5 s, which a busy machine can need to start a kernel.
expect.set_options(timeout=30_000)

HERE = Path(__file__).parent
FAILURES = serve.REPOSITORY / ".cache" / "browser"
PASSED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


# The package's end, not the session's: Playwright's event loop would stand in the way of later asyncio tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Lab]:
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    started = serve.start(home, root, LAB_OPTIONS)
    yield started
    started.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture(scope="package")
def windows() -> Iterator[list[LabPage]]:
    """The windows that stand open for the next test."""
    free: list[LabPage] = []
    yield free
    for window in free:
        window.close()


@pytest.fixture
def open_lab(
    request: pytest.FixtureRequest, browser: Browser, lab: serve.Lab, windows: list[LabPage]
) -> Iterator[Callable[..., LabPage]]:
    """Return a function that opens a notebook, given as `LabPage.open_notebook` takes it, in a window of its own."""
    opened: list[LabPage] = []

    def open_page(source: list[str] | Path, *, theme: str = "light") -> LabPage:
        window = windows.pop() if windows else LabPage(browser, lab)
        opened.append(window)
        window.open_notebook(source, theme=theme)
        return window

    yield open_page
    for window in opened:
        if request.node.stash.get(PASSED, False) and not window.was_reopened:
            window.close_notebook()
            windows.append(window)
            continue
        if not request.node.stash.get(PASSED, False):
            # What is left of a failure is looked at, and never used again.
            window.screenshot(FAILURES / f"{request.node.name}-{window.path.stem}.png")
        window.close()
