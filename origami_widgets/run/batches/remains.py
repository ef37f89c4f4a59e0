"""What of a batch outlives it: enough to find its runs again when nobody holds it any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets.api.starts.record import RecordSlot, StartRecord


@dataclass
class Remains:
    """What has to be known of a batch when nobody holds it any more. It holds no run.

    Attributes:
        started: agent, run, and when it began (Unix seconds), by the position of the brief.
        jobs: the start jobs whose runs have not been taken, as records, by the position of the brief.
        given_away: the positions of those briefs that a later batch of the same cell has taken over.
        is_stopped: nothing more was to be started.
        is_unwanted: what had been started was to be cancelled.
    """

    started: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    jobs: dict[int, RecordSlot] = field(default_factory=dict)
    given_away: set[int] = field(default_factory=set)
    is_stopped: bool = False
    is_unwanted: bool = False

    def unknown(self, position: int) -> StartRecord | None:
        """The record of a start that may have a run which was not taken; None where there is none."""
        slot = self.jobs.get(position)
        return slot.record if slot is not None and slot.record.may_have_started else None

    @property
    def any_unknown(self) -> bool:
        """Whether there may be a run that was not taken."""
        return any(slot.record.may_have_started for slot in self.jobs.values())
