"""What of a batch outlives it: enough to find its runs again when nobody holds it any more."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Remains:
    """What has to be known of a batch when nobody holds it any more. It holds no run.

    Attributes:
        started: agent, run, and when it began (Unix seconds), by the position of the brief.
        doubtful: the idempotency key of a request that may have started a run, and when it was sent (Unix seconds).
        given_away: the positions of those briefs that a later batch of the same cell has taken over.
        is_stopped: nothing more was to be started.
        is_unwanted: what had been started was to be cancelled.
    """

    started: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    doubtful: dict[int, tuple[str, float]] = field(default_factory=dict)
    given_away: set[int] = field(default_factory=set)
    is_stopped: bool = False
    is_unwanted: bool = False
