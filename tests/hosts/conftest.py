"""One Jupyter server, with all that it serves, and one Chromium for all hosts; a kernel and a window for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebooks import serve
from tests.browser.fixtures import browser, context, has_passed, picture, pytest_runtest_makereport
from tests.hosts import notebook7, pages
from tests.support.groups import Groups
from tests.support.lab_settings import disable_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from tests.browser.window import Window

__all__ = ["browser", "context", "pytest_runtest_makereport"]


LONG = "test_saving_servers"
"""Each of its servers takes as long as any other host. They come first, so that no core waits for one of them in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem != LONG)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Let one process run a module: what its tests share is started once."""
    return Groups(config, log, group_of)


def group_of(test: str) -> str:
    """The module of a test, by the test's id; the test itself where it has a server of its own."""
    module = test.partition("::")[0]
    return test if LONG in module else module


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Lab]:
    """The server of Notebook 7, of voila and of the kernels behind our own pages."""
    home = tmp_path_factory.mktemp("hosts")
    root = home / "notebooks"
    root.mkdir()
    pages.build(home / "static")
    disable_plugins(home)
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
