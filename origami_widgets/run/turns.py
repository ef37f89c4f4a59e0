"""Whose turn it is to be asked. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.run.budget import Budget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """Somebody wants to send a poll.

    Attributes:
        who: it.
        due: the moment from which on.
        budget: what it is paid from.
        urgent: a person waits for it.
        spare: it makes do with what the others leave.
    """

    who: T
    due: float
    budget: Budget
    urgent: bool = False
    spare: bool = False


SPARE_TURN = 5
"""Turns that others are given at most before one goes first that makes do with what they leave; of few others each one."""
SPARE_PAUSE = 2.0
"""Seconds that such a turn may put off the next one: not while polls are few and far between, as after a refusal."""


def next_turn(
    claims: Iterable[Claim[T]], now: float, *, others_first: bool = False, passed_over: int = 0
) -> tuple[float, Claim[T]] | tuple[None, None]:
    """Who is next, and in how many seconds; nobody when there are no claims.

    The one that waits longest, so that no run is starved by the others; before them all what a person waits for, after
    them all what is to use spare turns only.

    Args:
        claims: all that want to send.
        now: the present moment.
        others_first: let one that nobody waits for go before, as the last one was urgent: many urgent ones would
            otherwise be all that is asked.
        passed_over: how many turns were given since the last spare one, which is not starved either.
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
