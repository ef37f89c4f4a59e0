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
    """

    who: T
    due: float
    budget: Budget
    urgent: bool = False


def next_turn(
    claims: Iterable[Claim[T]], now: float, *, others_first: bool = False
) -> tuple[float, Claim[T]] | tuple[None, None]:
    """Who is next, and in how many seconds; nobody when there are no claims.

    The one that waits longest, so that no run is starved by the others; before them all what a person waits for.

    Args:
        claims: all that want to send.
        now: the present moment.
        others_first: let one that nobody waits for go before, as the last one was urgent: many urgent ones would
            otherwise be all that is asked.
    """
    found: tuple[float, Claim[T]] | tuple[None, None] = (None, None)
    best = (float("inf"), True, 0.0)
    waits: dict[tuple[int, bool], float] = {}
    for claim in claims:
        urgent = claim.urgent and claim.due <= now
        allowed = waits.get((id(claim.budget), urgent))
        if allowed is None:
            allowed = waits[id(claim.budget), urgent] = claim.budget.wait(now, urgent=urgent, after_urgent=others_first)
        wait = max(allowed, claim.due - now, 0.0)
        rank = (wait, urgent == others_first, claim.due)
        if rank < best:
            found, best = (wait, claim), rank
    return found
