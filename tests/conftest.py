"""What all tests have in common."""

import gc
import sys

import pytest

from origami_widgets.api.loop import background

# Where jsonschema finds this, it compiles 38 grammars as soon as it is imported: for formats that no test looks at.
sys.modules.setdefault("rfc3987_syntax", None)


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
