"""What all tests have in common."""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import HealthCheck, settings

from origami_widgets.api.background import loop as loops
from origami_widgets.api.background.loop import background
from tests.support.quick import SkippingClock, use_clock

if TYPE_CHECKING:
    from collections.abc import Generator

# jsonschema takes this for a format that no notebook has, and it makes a grammar for two seconds, in each process of the tests.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
# A command line with colours, which no test uses and httpx loads.
sys.modules["httpx._main"] = None  # type: ignore[assignment]
# httpcore looks for this at each step of a request, and where it is not installed, Python searches all folders each time.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# Few examples for what everybody runs, more in `make test-all`, and the same ones each time: a red test is red for everybody.
# How long one takes depends on the machine.
any_speed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("few", any_speed, max_examples=8, derandomize=True, database=None)
settings.register_profile("deep", any_speed, max_examples=200, derandomize=True, database=None)
# By hand, to look for what nobody has met: others each time.
settings.register_profile("random", any_speed, max_examples=2_000)
settings.load_profile("few")

SLOW = ("browser", "hosts", "kernels", "notebooks", "packaging")
"""Folders whose tests need a host, a kernel or an environment of their own."""
QUICK = ("test_journey.py", "test_quickstart.py", "test_metadata.py", "test_budgets.py")
"""What `make test` runs of them."""
SLOW_FIXTURES = {"office", "site"}
"""LibreOffice, and the documentation as a site."""
SLOW_SECONDS = 600
"""Time limit of a slow test: it may start a host or set up an environment."""
ONE_IN = 8
"""Of the cases of a sweep, `make test` runs so many."""


def pytest_sessionfinish() -> None:
    # The servers of the tests are gone: what the last ones have cancelled is no reason to wait.
    loops.release_all()


def pytest_configure() -> None:
    # A shell lets what it starts with "&" ignore interrupts, and the tests that interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # On a busy machine, connections take longer to close: what a module leaves open would be a warning in the next one.
    loops.CLOSE_TIMEOUT = 15.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests as slow by their folder and by what they need, and most cases of each sweep."""
    tests = Path(__file__).parent
    swept, folders = set(), {}
    for item in items:
        if item.get_closest_marker("sweep"):
            test, _, case = item.nodeid.partition("[")
            # By its name: the same cases in every test of a module, and in every run, wherever a new case is put.
            if test in swept and zlib.crc32(case.encode()) % ONE_IN:
                item.add_marker("slow")
            swept.add(test)
        if os.name != "posix" and item.get_closest_marker("posix"):
            item.add_marker(pytest.mark.skip(reason="needs a terminal, signals or files that Windows does not have"))
        if item.path not in folders:
            folders[item.path] = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        if (folders[item.path] in SLOW and item.path.name not in QUICK) or SLOW_FIXTURES & set(
            getattr(item, "fixturenames", ())
        ):
            item.add_marker("slow")
        is_deep = item.get_closest_marker("hypothesis") and config.getoption("--hypothesis-profile") == "deep"
        if is_deep or item.get_closest_marker("slow") or item.get_closest_marker("clock"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Load no module whose tests are all left out by `-m 'not slow'`: each process of the tests would."""
    path = collection_path.relative_to(Path(__file__).parent)
    is_slow = path.parts[:1] and path.parts[0] in SLOW and path.suffix == ".py" and path.name not in QUICK
    return True if is_slow and "not slow" in config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, which all stay, nor among them later: many tests look for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in docstrings of the package only, not here."""
    return [each for each in (yield) if not isinstance(each, DoctestModule)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SkippingClock:
    """The poller's clock, which skips the time between checks."""
    return use_clock(monkeypatch, SkippingClock())


@pytest.fixture(autouse=True, scope="module")
def loop_of_the_module():
    """End what a module has left on the background loop: a poller whose server is gone would keep the next ones busy."""
    yield
    background().stop()
    with warnings.catch_warnings():
        # A request that is being connected when its loop is stopped leaves its socket to the collector, on a busy machine:
        # that is no news of the next module. What a test itself leaves open is collected, and warned of, before.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    # What is still there, the next module's collections of garbage leave out.
    gc.freeze()
