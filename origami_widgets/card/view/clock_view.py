"""When the server was last heard and is asked next; and for views without a live clock, how long the run has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.run_head import milliseconds
from origami_widgets.words import numbers as words

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import ClockView, ConnectionState, Head, View
    from origami_widgets.run.state import RunState

_JUST_HEARD = 90.0


def make_clock(state: RunState, now: float) -> ClockView:
    """Return when the server was last heard and is asked next, with the words for both.

    Args:
        state: the run's state.
        now: the kernel's clock, in Unix seconds.
    """
    connection = state.connection
    heard, following, due = _clock_words(connection.state, done=state.done, settled=state.settled)
    return {
        "now": round(now * 1000),
        "heard_at": milliseconds(connection.heard_at),
        "next_at": milliseconds(connection.next_at),
        "interval": connection.interval,
        "connection": connection.state,
        "heard": heard,
        "next": following,
        "due": due,
    }


def _clock_words(connection: ConnectionState, *, done: bool, settled: bool) -> tuple[str, str, str]:
    if connection == "ended" or settled:
        return "", "", ""
    if connection == "live":
        return "cells checked {}" if done else "updated {}", "next check in {}", "checking…"
    if connection == "reconnecting":
        return "last update {}", "retrying in {}", "retrying…"
    return "last update {}", "", ""


def fresh_words(clock: ClockView, *, now: float) -> str:
    """Return in words how fresh a view is, for a view that is redrawn every second.

    Args:
        clock: the clock of the view.
        now: the time of drawing, in Unix seconds.

    Returns:
        For example `updated 9 s ago, next check in 6 s`; empty if no more checks are needed.
    """
    heard, due = clock["heard_at"], clock["next_at"]
    pieces = []
    if heard is not None and clock["heard"]:
        pieces.append(clock["heard"].format(words.age(now - heard / 1000)))
    if due is not None and clock["next"]:
        left = due / 1000 - now
        pieces.append(clock["next"].format(words.duration(left)) if left >= 1 else clock["due"])
    if clock["connection"] == "stopped":
        pieces.append("no longer updating")
    return ", ".join(pieces)


def times_of(view: View, *, now: float, ticking: bool = False) -> list[str]:
    """Return how long the run took, when it ended and when it was last checked, for a view without a live clock.

    Args:
        view: the view, in any form but `live`.
        now: the time of the view, in Unix seconds.
        ticking: whether the view is redrawn every second, and itself says how old it is.
    """
    head, clock = view["head"], view["clock"]
    heard = clock["heard_at"]
    pieces = [_lasted(head, clock, now)]
    if head["done"] and head["completed_at"] is not None:
        pieces.append(f"ended {words.moment(head['completed_at'])}")
    is_old = clock["connection"] != "live" or (heard is not None and now - heard / 1000 > _JUST_HEARD)
    if not ticking and not head["settled"] and heard is not None and is_old:
        pieces.append(f"last update {words.moment(heard)}")
    return [piece for piece in pieces if piece]


def _lasted(head: Head, clock: ClockView, now: float) -> str:
    started, ended = head["started_at"], head["completed_at"]
    if started is None:
        return ""
    if head["done"]:
        return words.duration((ended - started) / 1000) if ended is not None else ""
    if clock["connection"] != "live":
        return lasted_at_last_update(started, clock["heard_at"], clock["connection"])
    return f"{words.duration(now - started / 1000)} so far"


def lasted_at_last_update(started: float, heard: float | None, connection: ConnectionState) -> str:
    """Return how long a run had taken when the server was last heard; empty for a saved answer, which has no such moment."""
    if heard is None or connection == "ended":
        return ""
    return f"{words.duration((heard - started) / 1000)} at the last update"
