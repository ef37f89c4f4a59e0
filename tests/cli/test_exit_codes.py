"""Exit codes."""

import pytest

from origami_widgets.cli.exit_codes import code_of_run


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("needs_input", 4), ("errored", 3), ("cancelled", 3), ("timed_out", 3), ("paused_by_budget", 3)],
)
def test_the_exit_code_of_a_run_that_has_ended(status, code):
    assert code_of_run(status) == code
