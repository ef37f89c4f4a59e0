"""One Jupyter server, with all that it serves, and one Chromium for all hosts; a kernel and a window for each test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notebooks import serve
from tests.browser.fixtures import browser, has_passed, mark, picture, pytest_runtest_makereport
from tests.hosts import notebook7, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.window import Window

__all__ = ["browser", "pytest_runtest_makereport"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items, Path(__file__).parent)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Lab]:
    """The server of Notebook 7, of voila and of the kernels behind our own pages."""
    home = tmp_path_factory.mktemp("hosts")
    root = home / "notebooks"
    root.mkdir()
    pages.build(home / "static")
    # The pages come from the server itself: Chromium lets no page of unknown origin speak to this machine.
    started = serve.start(home, root, (*notebook7.OPTIONS, f"--ServerApp.extra_static_paths={home / 'static'}"))
    yield started
    started.stop()


@pytest.fixture
def windows(request: pytest.FixtureRequest) -> Iterator[list[Window]]:
    """The windows that the test opens; they are closed after it, and photographed when it failed."""
    opened: list[Window] = []
    yield opened
    for number, window in enumerate(opened):
        if not has_passed(request.node):
            picture(request.node, window, str(number))
        window.close()
