"""What all tests have in common."""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from _pytest.doctest import DoctestModule

from origami_widgets.api.background.loop import background

if TYPE_CHECKING:
    from collections.abc import Generator

# Where jsonschema (4.26) finds this, it compiles 38 grammars as soon as it is imported: for formats that no test looks at.
sys.modules.setdefault("rfc3987_syntax", None)

# With each request to a sandbox in this process, httpx (0.28) looks for this in all folders of packages; it need not be
# installed.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None

# Each of the workers collects all tests, and what it makes for that stays: looking for garbage takes a fifth of the time.
gc.disable()


LONG = "tests/packaging/"
"""Its tests take many seconds each. They come first, so that no core waits for one of them in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in docstrings of the package only, not here."""
    return [each for each in (yield) if not isinstance(each, DoctestModule)]


@pytest.fixture(autouse=True, scope="module")
def heap_of_the_module():
    """Leave what was there before a module out of its collections of garbage: many tests ask for one, to see what stays."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def loop_of_the_module():
    """End what a module has left on the background loop: a poller whose server is gone would keep the next ones busy."""
    yield
    background().stop()
