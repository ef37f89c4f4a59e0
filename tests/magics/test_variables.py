"""The variables that a magic may set."""

import shutil

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.variables import Variables, check_target


@pytest.mark.parametrize("name", ["run", "läufe", "_kept", "run2"])
def test_a_run_may_be_kept_in_a_variable(name):
    assert check_target(name, {name: 5}) == name


@pytest.mark.parametrize("name", ["", "2run", "my-run", "run.a", "class", "None", "In", "_", "get_ipython", "a b"])
def test_a_name_that_is_no_variable_is_refused(name):
    with pytest.raises(InvalidInput, match="Invalid variable name"):
        check_target(name, {})


HELD = {"shutil": shutil, "start": pytest.raises, "Variables": Variables, "join": "".join}
TAKEN = {
    "print": "a Python built-in",
    "list": "a Python built-in",
    "len": "a Python built-in",
    "shutil": "a module",
} | dict.fromkeys(("start", "Variables", "join"), "a function or a class")


@pytest.mark.parametrize(("name", "why"), TAKEN.items(), ids=TAKEN)
def test_modules_functions_and_classes_are_not_replaced(name, why):
    with pytest.raises(InvalidInput, match=f"{name}' (is|holds).* {why}"):
        check_target(name, HELD)
