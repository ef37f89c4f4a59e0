"""What the tests in JupyterLab and in its other hosts share: one Chromium, and pictures of what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebooks import serve
from tests.browser import chromium
from tests.browser.window import new_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.window import Window

FAILURES = serve.REPOSITORY / ".cache" / "browser"
PASSED = pytest.StashKey[bool]()


# The package's end, not the session's: the event loop of Playwright's synchronous API (1.65) would stand in the way of
# later asyncio tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Every process of the tests loads this module, and one of them needs Playwright.
    from playwright.sync_api import expect, sync_playwright

    # Playwright gives up after 5 s, which a busy machine can need to start a kernel.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """The one of all windows of a host: what loads it for the second time takes it from the cache."""
    made = new_context(browser)
    yield made
    made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


def has_passed(node: pytest.Item) -> bool:
    """Tell whether the test has run and passed."""
    return node.stash.get(PASSED, False)


def picture(node: pytest.Item, window: Window, name: str = "window") -> None:
    """Keep a picture of what a failed test left."""
    window.screenshot(FAILURES / f"{node.name}-{name}.png")
