"""Why a run failed, or why it is not watched any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError

if TYPE_CHECKING:
    from origami_widgets.run.state import RunState


class RunFailed(OrigamiError):
    """The run itself came to a bad end; `status` tells which. What it built is kept."""


def run_error(state: RunState) -> OrigamiError | None:
    """The error behind a state, None where there is none.

    Args:
        state: what is known of the run.
    """
    if state.status == "errored":
        return RunFailed(
            "The run failed",
            cause="Origami gave no reason. Work that was done before is kept.",
            remedy="Try again with run.follow_up('Please try again.'), which starts a new run of the same agent.",
            code="errored",
        )
    if state.status == "timed_out":
        return RunFailed(
            "The run took too long",
            cause="Origami ends a run after 20 minutes.",
            remedy="Go on with run.follow_up('Please continue.'), which starts a new run of the same agent.",
            code="timed_out",
        )
    if state.status == "cancelled" and state.limit_error is not None:
        return state.limit_error
    if state.connection.state == "stopped":
        return state.connection.error
    return None
