"""Every public name shows how it is used, in an example that the tests of the docstrings run."""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect

import pytest

import origami_widgets as ow

WITHOUT = {"__version__": "a text"}
"""What has no example, and why."""
NAMES = sorted(set(ow.__all__) - WITHOUT.keys())


def members_of(thing: object) -> dict[str, object]:
    """The public members of a class that this package defines; nothing for anything else."""
    homes = (
        [each for each in inspect.getmro(thing) if each.__module__.startswith("origami_widgets")]
        if inspect.isclass(thing)
        else []
    )
    return {name: getattr(thing, name) for home in homes for name in vars(home) if name[0] != "_"}


def has_example(thing: object) -> bool:
    """Whether its docstring, or for a class one of its methods, has an example."""
    parts = members_of(thing).values()
    return any(">>> " in (inspect.getdoc(part) or "") for part in (thing, *parts) if part is not None)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example(name: str):
    assert has_example(getattr(ow, name)), f"origami_widgets.{name} needs an example in its docstring."


def undefined(docstring: str) -> set[str]:
    """Names that an example uses although nothing in it defines them."""
    example = "".join(each.source for each in doctest.DocTestParser().get_examples(docstring))
    found = list(ast.walk(ast.parse(example)))
    names = [each for each in found if isinstance(each, ast.Name)]
    defined = {each.id for each in names if not isinstance(each.ctx, ast.Load)} | set(dir(builtins))
    for each in found:
        if isinstance(each, ast.Import | ast.ImportFrom):
            defined |= {(alias.asname or alias.name).partition(".")[0] for alias in each.names}
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ExceptHandler):
            defined.add(each.name or "")
        elif isinstance(each, ast.arg):
            defined.add(each.arg)
    return {each.id for each in names} - defined


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_wherever_it_is_copied_to(name: str):
    """Docstrings run in their module, whose names a reader does not have."""
    thing = getattr(ow, name)
    parts = {name: thing} | members_of(thing)
    wrong = {each: undefined(inspect.getdoc(part) or "") for each, part in parts.items()}
    assert {each: names for each, names in wrong.items() if names} == {}
