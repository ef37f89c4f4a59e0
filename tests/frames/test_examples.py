"""The examples in the docstrings of all frame modules run and give what they show."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from origami_widgets import frames

FOLDER = Path(frames.__file__).parent
MODULES = [
    ".".join(("origami_widgets.frames", *file.relative_to(FOLDER).with_suffix("").parts))
    for file in sorted(FOLDER.rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8") and "plots" not in file.parts
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert result.failed == 0


@pytest.mark.parametrize("name", [name for name in frames.__all__ if not name.endswith("_async")])
def test_every_public_function_has_an_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(frames, name), name)
    assert test.examples
