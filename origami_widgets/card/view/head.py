"""Head, clock, earlier runs and foot: who the run is, when it was heard, what it used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit, urlunsplit

from origami_widgets.api.validate import LONGEST_PROMPT
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.links import is_product, safe_href, short_host
from origami_widgets.card.view.questions import QUESTIONS_LIMIT
from origami_widgets.card.view.size_limits import EARLIER_SIZE, clip, take
from origami_widgets.card.view.status import is_missing, status_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from origami_widgets.card.view.contract import Clock, Earlier, Foot, Head, Link
    from origami_widgets.run.state import RunState

PROMPT_LIMIT = 600
REPLY_LIMIT = 240
_ID_LIMIT = 128
_HOST_LIMIT = 300
_EARLIER_LIMIT = 8
_OFFSET_STEP = 5.0


def make_head(state: RunState, earlier: Sequence[RunState] = ()) -> Head:
    """Status and identity of the run. A run that answers questions goes on with the brief they were about."""
    label, tone = status_words(state)
    run = state.run
    prompt, reply = _brief(state, earlier)
    return {
        "run_id": clip(state.run_id, _ID_LIMIT),
        "token": token_of(state),
        "status": clip(state.status, 40),
        "status_label": label,
        "tone": tone,
        "done": state.done,
        "settled": state.settled,
        "prompt": clip(prompt, PROMPT_LIMIT, PROMPT_LIMIT),
        "reply": clip(reply, REPLY_LIMIT),
        "model": clip(run.model, 40) if run else "",
        "steps_completed": whole(run.steps.completed) if run else None,
        "steps_max": whole(run.steps.max) if run else None,
        "started_at": _kernel_ms(run.started_at, state) if run else None,
        "completed_at": _kernel_ms(run.completed_at, state) if run else None,
        "cancel": _cancel(state),
        "link": _workspace_link(state),
        "origin": clip(short_host(clip(state.origin, _HOST_LIMIT)), 60),
    }


def make_clock(state: RunState, now: float) -> Clock:
    """When the server was heard and when it is asked next."""
    connection = state.connection
    return {
        "now": round(now * 1000),
        "heard_at": _ms(connection.heard_at),
        "next_at": _ms(connection.next_at),
        "interval": connection.interval,
        "connection": connection.state,
    }


def make_earlier(states: Sequence[RunState]) -> list[Earlier]:
    """The earlier runs of the conversation, the newest eight, oldest first."""
    items = [_earlier(state) for state in list(states)[-_EARLIER_LIMIT:]]
    return take(reversed(items), EARLIER_SIZE)[::-1]


def make_foot(state: RunState) -> Foot:
    """Credits, identity, and the lines of Python that go on from here."""
    return {
        "credits": _credits(state),
        "run_id": clip(state.run_id, _ID_LIMIT),
        "gone": _gone(state),
        "attach_line": attach_line(state),
        # Not `ow.columns_frame(run)`: in the reader's notebook that name may hold another run.
        "data_line": f"ow.columns_frame({attach_line(state)[:-1]}, show=False))" if state.tables else "",
    }


def _gone(state: RunState) -> str:
    """What is true once the kernel of the card is gone, before the line that shows the run again."""
    if state.origin == "sandbox":
        return "This is what was last known. A sandbox inside the kernel has ended with it; one that runs elsewhere goes on:"
    if is_missing(state):
        return "This is what was last known: Origami no longer finds this run. To look for it again, in any kernel:"
    if state.done:
        return "The buttons of this card are off. To go on from this run, in any kernel:"
    return "This is what was last known. The run goes on at the server; to see it again, in any kernel:"


def token_of(state: RunState) -> str:
    """What `attach` takes: agent and run."""
    return f"{clip(state.agent_id, _ID_LIMIT)}/{clip(state.run_id, _ID_LIMIT)}"


def attach_line(state: RunState) -> str:
    """The line of Python that shows this run again, on any machine."""
    return _attach(token_of(state))


def agent_line(state: RunState) -> str:
    """The line of Python that shows the newest run of the agent."""
    return _attach(token_of(state).partition("/")[0])


def _attach(token: str) -> str:
    quoted = token.replace("\\", "\\\\").replace('"', '\\"')
    return f'ow.attach("{quoted}")'


def full_prompt(state: RunState) -> str | None:
    """The prompt as it was sent; the run's own copy is cut to 200 characters by the server."""
    if state.run is None:
        return None
    return state.run.request.prompt or state.run.prompt


def _brief(state: RunState, earlier: Sequence[RunState]) -> tuple[str | None, str]:
    """What a run is about, and what was answered last when its own prompt is a list of answers."""
    prompt = full_prompt(state)
    answers = _answers(prompt, earlier[-1]) if earlier else []
    if not answers:
        return prompt, ""
    before, _ = _brief(earlier[-1], earlier[:-1])
    return before, f"Answered: {' · '.join(answers)}"


def _answers(prompt: str | None, asked: RunState) -> list[str]:
    """The answers in a prompt that repeats each question of the run before."""
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


def whole(value: float | None) -> int | None:
    """A count that can be shown, or None."""
    return int(value) if value is not None and words.known(value) and value >= 0 else None


def _ms(seconds: float | None) -> float | None:
    return round(seconds * 1000) if seconds is not None and words.known(seconds) else None


def _kernel_ms(at: datetime | None, state: RunState) -> float | None:
    """A moment of the server on the kernel's clock.

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
    """The page of the run's workspace, known only from its tables' addresses."""
    for table in state.tables:
        href = safe_href(table.url)
        if href is None or not is_product(href):
            continue
        page = urlunsplit((*urlsplit(href)[:3], "", "")) if "/workspace/" in href else href
        return {"href": page, "label": "Open in Origami"}
    return None


def _earlier(state: RunState) -> Earlier:
    label, tone = status_words(state)
    if state.status == "needs_input":
        # A later run continues it: nothing is asked any more.
        questions = len(state.run.todo.pending_questions) if state.run else 0
        label, tone = f"Asked {words.plural(questions, 'question')}", "neutral"
    return {
        "run_id": clip(state.run_id, _ID_LIMIT),
        "prompt": clip(full_prompt(state), 160),
        "status_label": label,
        "tone": tone,
        "outcome": _outcome(state),
    }


def built_words(state: RunState) -> str:
    """How many tables and leads there are; empty while there are none."""
    parts = []
    if state.tables:
        parts.append(words.plural(len(state.tables), "table"))
    if (leads := whole(state.lead_count)) is not None:
        parts.append(words.plural(leads, "lead"))
    return ", ".join(parts)


def _outcome(state: RunState) -> str:
    run, built = state.run, built_words(state)
    if not built and run and run.response:
        return clip(run.response.text, 120)
    if not built and run and (steps := whole(run.steps.completed)) is not None:
        return words.plural(steps, "step")
    return built


def _credits(state: RunState) -> str:
    """What the tables used in their life: the run itself has no price of its own at the server."""
    used = [whole(table.credits.lifetime_used) for table in state.tables]
    told = [value for value in used if value is not None]
    if not told:
        return ""
    least = "" if len(told) == len(used) else "at least "
    where = "this table" if len(used) == 1 else f"these {words.count(len(used))} tables"
    return f"{least}{words.plural(sum(told), 'credit')} in {where}"
