"""The system's Chromium, started for tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# The first is for root, who may not use Chromium's sandbox; the others keep it from calling home.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window.

    Raises:
        FileNotFoundError: There is none.
    """
    return launch_type(playwright.chromium)


def launch_type(chromium: BrowserType, *, scroll_bars: bool = False) -> Browser:
    """Start Chromium beside one of the same process, which the test's `Browser.browser_type` does.

    Args:
        chromium: Its type.
        scroll_bars: Whether scroll bars take space, as on most desktops. Playwright hides them.

    Raises:
        FileNotFoundError: There is none.
    """
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        raise FileNotFoundError(
            "Chromium is missing: run the tests with 'make test', which installs it, or 'apt-get install chromium'."
        )
    hides = None if not scroll_bars else ["--hide-scrollbars"]
    return chromium.launch(executable_path=found, args=list(OPTIONS), ignore_default_args=hides)
