"""The variables that a magic may set."""

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.execute import check_target


@pytest.mark.parametrize("name", ["run", "läufe", "_kept", "run2"])
def test_a_run_may_be_kept_in_a_variable(name):
    assert check_target(name) == name


@pytest.mark.parametrize("name", ["", "2run", "my-run", "run.a", "class", "None", "a b"])
def test_a_name_that_is_no_variable_is_refused(name):
    with pytest.raises(InvalidInput, match="Invalid variable name"):
        check_target(name)
