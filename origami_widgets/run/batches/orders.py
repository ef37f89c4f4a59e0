"""What becomes of each brief of a batch, on the background loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from origami_widgets.run.batches.briefs import BriefState

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.run.claims import Brief
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starting import WatchedJob


class Order:
    """One brief on its way to a run.

    Attributes:
        brief: what is asked for.
        state: what has become of it.
        job: its start job, from the first attempt until the run is taken or was refused.
        unrecorded: why its run could not be written down under its name.
        watch: its run once it is started.
        conversation: that of a run which was found under its name.
        is_given_away: a later batch of the same cell starts it, if anyone does.
    """

    def __init__(self, position: int, brief: Brief) -> None:
        self.brief = brief
        self.state = BriefState(position, brief.prompt, brief.name)
        self.job: WatchedJob | None = None
        self.unrecorded: OrigamiError | None = None
        self.watch: RunWatch | None = None
        self.conversation: Conversation | None = None
        self.is_given_away = False

    @property
    def is_waiting(self) -> bool:
        """Whether it has not been begun."""
        return self.state.state == "waiting"

    @property
    def may_have_started(self) -> bool:
        """Whether there may be a run that has not been taken."""
        return self.job is not None and self.job.record.may_have_started

    def update(self, **changes: Any) -> None:
        """Change what has become of it."""
        self.state = replace(self.state, **changes)
