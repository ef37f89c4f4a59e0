"""View of one run: everything that a renderer of the card is given, made from the run's state. Pure.

The whole stays under 60 kB however large the run is. Every part has a size limit of its own and does not lend it to
others: if tables could use what prose leaves, one more sentence would send all tables again. Sizes are measured as ASCII
JSON, the longest form any host sends.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from origami_widgets.api.validate import LONGEST_PROMPT
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.links import is_product, safe_href, short_host
from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.number_words import shown_count
from origami_widgets.card.view.prose import make_prose
from origami_widgets.card.view.questions import QUESTIONS_LIMIT, make_ask, make_suggestions
from origami_widgets.card.view.run_words import (
    ID_LIMIT,
    attach_line,
    built_words,
    full_prompt,
    is_missing,
    status_words,
    token_of,
)
from origami_widgets.card.view.safe_text import clip, size_of, take
from origami_widgets.card.view.table_view import make_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from origami_widgets.api.models import Action
    from origami_widgets.card.view.contract import (
        ActionGroup,
        Actions,
        ClockView,
        EarlierRun,
        Foot,
        Head,
        Inline,
        Link,
        View,
    )
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.state import RunState

EARLIER_SIZE = 2_000
ACTIONS_SIZE = 1_300
PROMPT_LIMIT = 600
REPLY_LIMIT = 240
_HOST_LIMIT = 300
_EARLIER_LIMIT = 8
_OFFSET_STEP = 5.0
ACTIONS_LIMIT = 24
_NAME_LIMIT = 60
_PLAIN: Final = {
    "table_created": "Created the table",
    "table_restored": "Restored the table",
    "columns_updated": "Changed columns",
}
_COUNTED: Final = {
    "columns_deleted": ("Deleted", "column"),
    "columns_restored": ("Restored", "column"),
    "leads_added": ("Added", "lead"),
    "leads_deleted": ("Deleted", "lead"),
    "leads_restored": ("Restored", "lead"),
}
CHECK_TOLERANCE = 2_500.0
"""Milliseconds by which the moment of a check may differ from what a reader counts on."""


def make_view(state: RunState, *, earlier: Sequence[RunState] = (), now: float) -> View:
    """Return everything that a renderer of the card is given about one run.

    Args:
        state: what is known about the run that is shown.
        earlier: the states of earlier runs of the same conversation, oldest first.
        now: the kernel's clock, in Unix seconds.

    Returns:
        A JSON-safe dictionary of at most 60 kB, however large the run is. Only its `clock` depends on `now`.
    """
    response = state.run.response if state.run else None
    return {
        "head": make_head(state, earlier),
        "clock": make_clock(state, now),
        "earlier": make_earlier(earlier),
        "notices": make_notices(state),
        "ask": make_ask(state),
        "tables": make_tables(state.tables, state.row_progress),
        "prose": make_prose(response.text if response else None),
        "actions": make_actions(state),
        "suggestions": make_suggestions(state),
        "foot": make_foot(state),
    }


def make_head(state: RunState, earlier: Sequence[RunState] = ()) -> Head:
    """Return status and identity of the run. A run that answers questions keeps the brief they were about."""
    label, tone = status_words(state)
    run = state.run
    prompt, reply = _brief(state, earlier)
    return {
        "run_id": clip(state.run_id, ID_LIMIT),
        "token": token_of(state),
        "status": clip(state.status, 40),
        "status_label": label,
        "tone": tone,
        "done": state.done,
        "settled": state.settled,
        "prompt": clip(prompt, PROMPT_LIMIT, PROMPT_LIMIT),
        "reply": clip(reply, REPLY_LIMIT),
        "model": clip(run.model, 40) if run else "",
        "steps_completed": shown_count(run.steps.completed) if run else None,
        "steps_max": shown_count(run.steps.max) if run else None,
        "started_at": _kernel_ms(run.started_at, state) if run else None,
        "completed_at": _kernel_ms(run.completed_at, state) if run else None,
        "cancel": _cancel(state),
        "link": _workspace_link(state),
        "origin": clip(short_host(clip(state.origin, _HOST_LIMIT)), 60),
    }


def make_clock(state: RunState, now: float) -> ClockView:
    """Return when the server last answered and when it is asked next."""
    connection = state.connection
    return {
        "now": round(now * 1000),
        "heard_at": _ms(connection.heard_at),
        "next_at": _ms(connection.next_at),
        "interval": connection.interval,
        "connection": connection.state,
    }


def make_earlier(states: Sequence[RunState]) -> list[EarlierRun]:
    """Return the earlier runs of the conversation, the newest eight, oldest first."""
    items = [_earlier(state) for state in list(states)[-_EARLIER_LIMIT:]]
    return take(reversed(items), EARLIER_SIZE)[::-1]


def make_foot(state: RunState) -> Foot:
    """Return credits, identity, and the lines of Python that continue from here."""
    return {
        "credits": _credits(state),
        "run_id": clip(state.run_id, ID_LIMIT),
        "gone": _gone(state),
        "attach_line": attach_line(state),
        # Not `ow.columns_frame(run)`: in the reader's notebook that name may hold another run.
        "data_line": f"ow.columns_frame({attach_line(state)[:-1]}, show=False))" if state.tables else "",
    }


def _gone(state: RunState) -> str:
    """Return the sentence shown once the kernel of the card is gone, before the line that shows the run again."""
    if state.origin == "sandbox":
        return "This is what was last known. A sandbox inside the kernel has ended with it; one that runs elsewhere goes on:"
    if is_missing(state):
        return "This is what was last known: Origami no longer finds this run. To look for it again, in any kernel:"
    if state.done:
        return "The buttons of this card are off. To go on from this run, in any kernel:"
    return "This is what was last known. The run goes on at the server; to see it again, in any kernel:"


def _brief(state: RunState, earlier: Sequence[RunState]) -> tuple[str | None, str]:
    """Return the brief of a run, and the last answers when its own prompt is a list of answers."""
    prompt = full_prompt(state)
    answers = _answers(prompt, earlier[-1]) if earlier else []
    if not answers:
        return prompt, ""
    before, _ = _brief(earlier[-1], earlier[:-1])
    return before, f"Answered: {' · '.join(answers)}"


def _answers(prompt: str | None, asked: RunState) -> list[str]:
    """Extract the answers from a prompt that repeats each question of the run before."""
    questions = asked.run.todo.pending_questions if asked.run is not None else ()
    # A brief that we sent is shorter, and has a line for each question.
    lines = (prompt or "")[: 2 * LONGEST_PROMPT].split("\n")
    if len(questions) > len(lines):
        return []
    answers = []
    for question in questions[:QUESTIONS_LIMIT]:
        start = f"{question.question} "
        line = next((line for line in lines if line.startswith(start)), "")
        if not line:
            return []
        answers.append(line.removeprefix(start))
    return answers


def _ms(seconds: float | None) -> float | None:
    return round(seconds * 1000) if seconds is not None and words.known(seconds) else None


def _kernel_ms(at: datetime | None, state: RunState) -> float | None:
    """Convert a time of the server to the kernel's clock.

    Small differences are those of a header that counts whole seconds: following them would send the head again at
    every check.
    """
    if at is None:
        return None
    offset = _OFFSET_STEP * round(state.clock_offset / _OFFSET_STEP)
    return _ms(at.timestamp() - offset)


def _cancel(state: RunState) -> Literal["none", "available", "requested"]:
    if state.done or state.connection.state == "stopped":
        return "none"
    if state.cancel == "requested":
        return "requested"
    return "available" if state.run is not None else "none"


def _workspace_link(state: RunState) -> Link | None:
    """Return a link to the run's workspace, known only from its tables' addresses."""
    for table in state.tables:
        href = safe_href(table.url)
        if href is None or not is_product(href):
            continue
        page = urlunsplit((*urlsplit(href)[:3], "", "")) if "/workspace/" in href else href
        return {"href": page, "label": "Open in Origami"}
    return None


def _earlier(state: RunState) -> EarlierRun:
    label, tone = status_words(state)
    if state.status == "needs_input":
        # A later run continues it: nothing is asked any more.
        questions = len(state.run.todo.pending_questions) if state.run else 0
        label, tone = f"Asked {words.plural(questions, 'question')}", "neutral"
    return {
        "run_id": clip(state.run_id, ID_LIMIT),
        "prompt": clip(full_prompt(state), 160),
        "status_label": label,
        "tone": tone,
        "outcome": _outcome(state),
    }


def _outcome(state: RunState) -> str:
    run, built = state.run, built_words(state)
    if not built and run and run.response:
        return clip(run.response.text, 120)
    if not built and run and (steps := shown_count(run.steps.completed)) is not None:
        return words.plural(steps, "step")
    return built


def _credits(state: RunState) -> str:
    """Return the credits its tables have used: the server names no price of a run."""
    used = [shown_count(table.credits.lifetime_used) for table in state.tables]
    known = [value for value in used if value is not None]
    if not known:
        return ""
    least = "" if len(known) == len(used) else "at least "
    where = "this table" if len(used) == 1 else f"these {words.count(len(used))} tables"
    return f"{least}{words.plural(sum(known), 'credit')} in {where}"


def make_actions(state: RunState) -> Actions:
    """Return the newest changes, grouped by table where they follow each other."""
    names = _table_names(state)
    bytes_left = ACTIONS_SIZE
    groups: list[ActionGroup] = []
    shown = 0
    for action in reversed(state.actions[-ACTIONS_LIMIT:]):
        table = names.get(action.table_id or "", "")
        line = _line(action)
        same = bool(groups) and groups[-1]["table"] == table
        bytes_left -= size_of(line) + 2 + (0 if same else size_of({"table": table, "lines": []}) + 2)
        if bytes_left < 0:
            break
        if not same:
            groups.append({"table": table, "lines": []})
        groups[-1]["lines"].append(line)
        shown += 1
    for group in groups:
        group["lines"].reverse()
    return {
        "title": "What the run changed" if state.done else "So far",
        "earlier": len(state.actions) - shown,
        "groups": groups[::-1],
    }


def _table_names(state: RunState) -> dict[str, str]:
    """Return table names by id: from the tables, else from the action that made them."""
    names = {action.table_id: action.table_name for action in state.actions if action.table_id and action.table_name}
    names.update({table.id: table.name for table in state.tables if table.id and table.name})
    return {key: clip(name, _NAME_LIMIT) for key, name in names.items()}


def _line(action: Action) -> Inline:
    kind = action.type
    if kind in _PLAIN:
        return [_PLAIN[kind]]
    if kind == "column_added":
        column = clip(action.column_name, _NAME_LIMIT)
        return ["Added column ", {"t": "b", "c": [column]}] if column else ["Added a column"]
    if kind in _COUNTED:
        return _counted(*_COUNTED[kind], action.lead_count if kind == "leads_added" else action.count)
    # A kind of change this version does not know is shown as the server names it.
    return [{"t": "code", "c": [clip(kind, 40) or "change"]}]


def _counted(verb: str, noun: str, value: int | None) -> Inline:
    number = shown_count(value)
    if number is None:
        return [f"{verb} {noun}s"]
    return [f"{verb} ", {"t": "b", "c": [words.plural(number, noun)]}]


def view_now(conversation: Conversation) -> View:
    """Return the view of a conversation's newest run, with the runs before it."""
    *earlier, current = conversation.states
    return make_view(current, earlier=earlier, now=time.time())


def view_changed(old: View, new: View) -> bool:
    """Return whether a new view is worth sending. Passing time is not: the front end counts it itself."""
    if any(section != old[name] for name, section in new.items() if name != "clock"):  # type: ignore[literal-required]
        return True
    return clock_drifted(old["clock"], new["clock"])


def clock_drifted(before: ClockView, after: ClockView) -> bool:
    """Return whether a reader who only has `before` would be wrong about the last answer or the next check.

    The front end goes on counting from the check that it knows, one interval after the other; checks that
    the rate limit delays do not keep to that.
    """
    first, following, interval = before["next_at"], after["next_at"], after["interval"]
    if before["connection"] != after["connection"] or before["interval"] != interval:
        return True
    if first is None or following is None or not interval:
        return first != following
    step = interval * 1_000
    beside = (following - first) % step
    return min(beside, step - beside) > max(CHECK_TOLERANCE, step / 4)
