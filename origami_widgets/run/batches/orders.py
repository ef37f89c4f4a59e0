"""What becomes of each brief of a batch, on the background loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from origami_widgets.run.batches.briefs import BriefState

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.run.claims import Brief
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.starting import WatchedIntent
    from origami_widgets.run.watch import Watch


class Order:
    """One brief on its way to a run.

    Attributes:
        brief: what is asked for.
        state: what has become of it.
        intent: the wish for its run, from the first attempt until the run is known or was refused.
        is_doubtful: a run may have been started for it that is not known.
        sent_at: when that wish was first sent (Unix seconds).
        unrecorded: why its run could not be written down under its name.
        watch: its run once it is started.
        conversation: that of a run which was found under its name.
        is_given_away: a later batch of the same cell starts it, if anyone does.
    """

    def __init__(self, position: int, brief: Brief) -> None:
        self.brief = brief
        self.state = BriefState(position, brief.prompt, brief.name)
        self.intent: WatchedIntent | None = None
        self.is_doubtful = False
        self.sent_at = 0.0
        self.unrecorded: OrigamiError | None = None
        self.watch: Watch | None = None
        self.conversation: Conversation | None = None
        self.is_given_away = False

    @property
    def is_waiting(self) -> bool:
        """Whether it has not been begun."""
        return self.state.state == "waiting"

    @property
    def is_on_its_way(self) -> bool:
        """Whether a request was sent, and its run has not been taken."""
        return self.intent is not None and self.intent.is_sent

    def update(self, **changes: Any) -> None:
        """Change what has become of it."""
        self.state = replace(self.state, **changes)
