"""The exit codes of the command, and what each of them means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import InvalidInput, MissingKey

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
ENDED_BADLY: Final = 3
NEEDS_ANSWER: Final = 4
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130
NO_READER: Final = 141
TERMINATED: Final = 143

TABLE: Final = """\
exit codes:
  0    done; for watch: the run has completed
  1    something failed: the network, the server, the disk
  2    the call cannot be right: no command, a wrong argument, a file that is
       there already, or no API key
  3    watch: the run ended otherwise: it failed, was cancelled, stopped early
  4    watch: the run waits for your answer
  124  watch: --timeout passed first; the run goes on
  130  interrupted (Ctrl-C); a run that is watched goes on
  141  nobody reads the output any more, as after `| head -1`
  143  terminated; a run that is watched goes on
"""
"""What `--help` says about them."""


def code_of_run(status: str) -> int:
    """The exit code for a run that has ended.

    Args:
        status: the server's word; one that nobody knows is not taken for success.
    """
    return {"completed": DONE, "needs_input": NEEDS_ANSWER}.get(status, ENDED_BADLY)


def code_of_error(error: OrigamiError) -> int:
    """The exit code for an error: whether the caller has to change the call, or something failed."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    return USAGE if isinstance(error, InvalidInput | MissingKey) else FAILED
