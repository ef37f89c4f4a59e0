"""Which request the poller sends next, and when. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.run.budget import Budget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """A request that the poller is to send.

    Attributes:
        who: what the request is for.
        due: the earliest moment to send it.
        budget: the rate limit that it counts towards.
        urgent: a person waits for the answer.
        spare: low priority, such as a table list: sent when no other request is due, and now and then before one.
    """

    who: T
    due: float
    budget: Budget
    urgent: bool = False
    spare: bool = False


SPARE_TURN = 5
"""A low-priority request goes first after this many others, or after each of them has been sent once if there are fewer."""
SPARE_PAUSE = 2.0
"""A low-priority request waits if it would delay the next one by more than this many seconds, as it does after a 429."""


def next_turn(
    claims: Iterable[Claim[T]], now: float, *, others_first: bool = False, passed_over: int = 0
) -> tuple[float, Claim[T]] | tuple[None, None]:
    """The next request to send, and in how many seconds; (None, None) when there is none.

    Urgent requests go first and low-priority ones last. Among equals, the one that has been due longest goes first.

    Args:
        claims: all requests that are to be sent.
        now: the present moment.
        others_first: prefer a request that is not urgent, because the last one was: otherwise many urgent requests
            would keep all others from being sent.
        passed_over: how many requests were sent since the last low-priority one.
    """
    claims = tuple(claims)
    others = sum(not claim.spare for claim in claims)
    spare_first = passed_over >= min(max(others, 1), SPARE_TURN)
    found: tuple[float, Claim[T]] | tuple[None, None] = (None, None)
    best = (float("inf"), True, True, 0.0)
    waits: dict[tuple[int, bool], float] = {}
    for claim in claims:
        urgent = claim.urgent and claim.due <= now
        allowed = waits.get((id(claim.budget), urgent))
        if allowed is None:
            allowed = waits[id(claim.budget), urgent] = claim.budget.wait(now, urgent=urgent, after_urgent=others_first)
        wait = max(allowed, claim.due - now, 0.0)
        if claim.spare and others and passed_over < SPARE_TURN and claim.budget.pause(now + wait) > SPARE_PAUSE:
            continue
        rank = (wait, urgent == others_first, claim.spare != spare_first, claim.due)
        if rank < best:
            found, best = (wait, claim), rank
    return found
