"""Every public function has an example in its docstring. That they run, `--doctest-modules` says."""

import doctest

import pytest

from origami_widgets import frames


@pytest.mark.parametrize("name", [name for name in frames.__all__ if not name.endswith("_async")])
def test_every_public_function_has_an_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(frames, name), name)
    assert test.examples
