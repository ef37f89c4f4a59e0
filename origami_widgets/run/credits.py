"""`RunCredits`: the credits that a run, with all its turns, has used.

The API reports credits for tables, not for runs: what each table has used over its life, which only grows. What a run
has used is the difference since the run began. If one of the two numbers is missing, the difference is unknown, and the
result says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from origami_widgets.run.state import FAILED_STATUSES, RunState, full_prompt, is_fill
from origami_widgets.words.numbers import instant, plural

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table

T = TypeVar("T", int, float)


@dataclass(frozen=True, slots=True)
class RunCredits:
    """Credits that a run has used, as far as the server's answers tell. `str()` gives one line.

    Attributes:
        used: credits that the run's tables have used since it began; None if that is not known. Never an estimate.
        how: a sentence that says how `used` was measured, or why it is not known.
        is_final: whether the run has settled (its agent has ended and no cell is running), so that it uses no more.
        by_table: what each table has used for the run, by its id: since it was made, or of a table that you gave to the
            run, since the run began; None if that is not known. `cost_per_qualified_lead` is made of these. A deleted table still counts.
        was_stopped: whether cells of the run were stopped and not filled since: the whole would have cost more.
        read_at: when the server last reported the numbers, on the kernel's clock; None if it has not, or in a saved
            answer.
    """

    used: int | None
    how: str
    is_final: bool
    read_at: datetime | None
    by_table: Mapping[str, int | None] = field(default_factory=dict)
    was_stopped: bool = False

    def __str__(self) -> str:
        amount = "Not known" if self.used is None else plural(self.used, "credit")
        so_far = "" if self.is_final or self.used is None else " so far"
        read = "" if self.read_at is None else f" Last read {instant(self.read_at)}."
        return f"{amount}{so_far}. {self.how}{read}"


def credits_of_run(state: RunState, *, turns: Sequence[RunState] = ()) -> RunCredits:
    """Return the credits that a conversation has used. Pure.

    Args:
        state: its state.
        turns: the states of its turns, oldest first.
    """
    by_table, was_stopped = credits_by_table(state), _was_stopped(turns or (state,))
    return replace(credits_of_runs((state,)), by_table=by_table, was_stopped=was_stopped)


def credits_of_runs(states: Sequence[RunState]) -> RunCredits:
    """Return the credits that several conversations have used together, each table once. Pure.

    Args:
        states: the state of each.
    """
    used, how = used_since_start(*states)
    heard = _chosen(max, *(state.connection.heard_at for state in states))
    read_at = None if heard is None else datetime.fromtimestamp(heard, UTC)
    return RunCredits(used, how, is_final=all(state.settled for state in states), read_at=read_at)


def _chosen(choose: Callable[[Iterable[T]], T], *numbers: T | None) -> T | None:
    known = [number for number in numbers if number is not None]
    return choose(known) if known else None


def credits_by_table(state: RunState) -> dict[str, int | None]:
    """Return what each table of a conversation has used for it, by its id; None if that is not known.

    Of a table that the user gave to the conversation, and that is older, this is what it has used since then.

    Args:
        state: the conversation's state.
    """
    found: dict[str, int | None] = {}
    for table in state.all_tables:
        used = table.credits.lifetime_used
        before = _used_before(table, state) if table.id.lower() in state.focused else 0
        gained = None if used is None or before is None else used - before
        found[table.id] = None if gained is None or gained < 0 else gained
    return found


def _was_stopped(turns: Sequence[RunState]) -> bool:
    """Return whether the last turn whose cells were stopped has no later one that filled cells."""
    stopped = [each.stopped is not None and each.stopped.cells > 0 for each in turns]
    after = turns[len(turns) - stopped[::-1].index(True) :] if True in stopped else ()
    return True in stopped and not any(is_fill(full_prompt(each)) for each in after)


def used_since_start(*states: RunState) -> tuple[int | None, str]:
    """Return the credits that the tables of conversations have used since these began, whatever used them; None if not known.

    Also returns a sentence that says how they were measured, or why they are not known.

    A table made since then had used nothing before. For an older table, such as a focus table, the number that was read
    before the turn that first worked on it counts. Without such a number, the sum is not known. A table of several
    conversations counts once, from the oldest reading.

    Args:
        states: the state of each conversation.
    """
    now, before = dict[str, int | None](), dict[str, int | None]()
    for state in states:
        if not state.all_tables and not _lists_no_tables(state):
            silence = "Origami named no tables." if state.done else "Origami hasn't named a table yet."
            return None, "Origami hasn't reported on the run yet." if state.run is None else silence
        for table in state.all_tables:
            now[table.id] = _chosen(max, now.get(table.id), table.credits.lifetime_used)
            before[table.id] = _chosen(min, before.get(table.id), _used_before(table, state))
    if not now:
        return (0, "It has no tables, so none has used credits.") if states else (None, "No run has started.")
    if silent := sum(used is None for used in now.values()):
        return None, f"Origami didn't report the credits of {_some(silent, len(now))}."
    if older := sum(used is None for used in before.values()):
        return None, f"What {_some(older, len(now))} had used before the run wasn't read here."
    gained = [(used or 0) - (before[table_id] or 0) for table_id, used in now.items()]
    if min(*gained, *(used or 0 for used in now.values())) < 0:
        return None, "The reported credits of its tables contradict each other."
    named = "its table" if len(now) == 1 else f"its {len(now):,} tables"
    return sum(gained), f"Used by {named} since it began."


def _used_before(table: Table, state: RunState) -> int | None:
    """Return the credits that a table had used when the conversation began; None if that is not known."""
    began = state.began or (None if state.run is None else state.run.started_at)
    if table.created_at is not None and began is not None and table.created_at >= began:
        return 0
    return None if began is None else dict(state.used_before).get(table.id)


def _lists_no_tables(state: RunState) -> bool:
    response = state.run.response if state.run is not None else None
    # For a failed run, the server may leave out tables that still exist.
    return response is not None and state.status not in FAILED_STATUSES and response.raw.get("tables") == []


def _some(count: int, tables: int) -> str:
    if tables == 1:
        return "its table"
    return f"all its {tables:,} tables" if count == tables else f"{count:,} of its {tables:,} tables"
