"""Every public name shows how it is used, in an example that the tests of the docstrings run."""

from __future__ import annotations

import inspect

import pytest

import origami_widgets as ow

WITHOUT = {
    "__version__": "a text",
    "AmbiguousStart": "needs a server that fails while it starts a run: notebooks/failures.ipynb has one",
    "InterruptedRows": "needs somebody who presses the interrupt while rows are read",
}
"""What has no example, and why."""
NAMES = sorted(set(ow.__all__) - WITHOUT.keys())


def has_example(thing: object) -> bool:
    """Whether its docstring, or for a class one of its own methods, has an example."""
    parts = [member for name, member in vars(thing).items() if name[0] != "_"] if inspect.isclass(thing) else []
    return any(">>> " in (inspect.getdoc(part) or "") for part in (thing, *parts) if part is not None)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example(name: str):
    assert has_example(getattr(ow, name)), f"origami_widgets.{name} needs an example in its docstring."


def test_what_has_none_is_seen_and_needs_none():
    assert WITHOUT.keys() <= set(ow.__all__)
    assert [name for name in WITHOUT if has_example(getattr(ow, name))] == []
