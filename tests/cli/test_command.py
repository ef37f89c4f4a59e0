"""How a command ends: exit codes and signals."""

import signal

import pytest

from origami_widgets.cli.command import code_of_run, exit_on_sigterm


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("needs_input", 4), ("errored", 3), ("cancelled", 3), ("timed_out", 3), ("paused_by_budget", 3)],
)
def test_the_exit_code_of_a_run_that_has_ended(status, code):
    assert code_of_run(status) == code


def test_the_handler_of_sigterm_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with exit_on_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
