"""Head of a run's view: its status, brief, times and lines of Python, and the runs before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from origami_widgets.api.errors import NotFound
from origami_widgets.api.models.run import STATUS_LABELS
from origami_widgets.api.validate import LONGEST_PROMPT
from origami_widgets.card.view.contract import (
    CheckTimes,
    ClockView,
    ConnectionState,
    Earlier,
    EarlierRun,
    Form,
    Head,
    Link,
    Tone,
    View,
)
from origami_widgets.card.view.result import summary_of
from origami_widgets.card.view.stopping import make_stop, stop_announcement
from origami_widgets.run.state import FILL_BEGINS, RunState, full_prompt, is_fill
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, is_product, safe_href, short_host
from origami_widgets.words.numbers import shown_count

_TONES: Final[dict[str, Tone]] = {
    "running": "running",
    "completed": "good",
    "needs_input": "attention",
    "step_cap_hit": "attention",
    "incomplete": "attention",
    "errored": "bad",
    "timed_out": "bad",
}


def status_words(state: RunState) -> tuple[str, Tone]:
    """Return the label and tone of a run's status. An unknown status is shown as it is."""
    if state.run is None:
        return ("Starting", "running") if state.connection.state == "live" else ("No answer yet", "neutral")
    status = state.shown_status
    return STATUS_LABELS.get(status) or clip(status, 40) or "Unknown", _TONES.get(status, "neutral")


def was(status: str) -> str:
    """Return the label of a run that is no longer checked.

    >>> was("Running")
    'Was running'
    """
    return f"Was {status[:1].lower()}{status[1:]}"


def is_missing(state: RunState) -> bool:
    """Return whether the server last said that the run or agent does not exist, so that nothing is known about the run."""
    return isinstance(state.connection.error, NotFound)


def lists_actions(state: RunState) -> bool:
    """Return whether the server sent a list of changes. Without one, nothing can be said about them."""
    response = state.run.response if state.run else None
    return response is not None and isinstance(response.raw.get("actions"), list)


def agent_text(state: RunState) -> str:
    """Return what the agent has said."""
    return (state.run.response.text if state.run and state.run.response else "") or ""


def built_nothing(state: RunState) -> bool:
    """Return whether a run completed without any change and without a word."""
    return state.status == "completed" and lists_actions(state) and not state.actions and not agent_text(state).strip()


SANDBOX_GONE: Final = "Run the notebook again or, if its sandbox is still running, this line:"
"""A sandbox inside the kernel has stopped with it. Whether it was inside is not known here."""
PROMPT_LIMIT = 600
REPLY_LIMIT = 240
QUESTIONS_LIMIT = 8
_ID_LIMIT = 128
_HOST_LIMIT = 300
_EARLIER_LIMIT = 8
_ANNOUNCED_LIMIT = 200
_OFFSET_STEP = 5.0


def make_head(state: RunState, earlier: Sequence[RunState] = (), *, now: float, form: Form = "live") -> Head:
    """Return the head of a run: its status and identity. A run that answers questions keeps the brief of the questions.

    Args:
        state: the run's state.
        earlier: the states of earlier turns of the conversation, oldest first.
        now: the kernel's clock, in Unix seconds.
        form: the form of the view.
    """
    label, tone = status_words(state)
    last_known = label if state.done or state.run is None else was(label)
    if built_nothing(state):
        tone = "attention"
    if not state.done and (form == "snapshot" or state.connection.state == "stopped"):
        label, tone = last_known, "neutral"
    run = state.run
    prompt, reply = _brief(state, earlier)
    return {
        "form": form,
        "as_of": as_of(now, form),
        "run_id": clip(state.run_id, _ID_LIMIT),
        "token": token_of(state),
        "status": clip(state.status, 40),
        "status_label": label,
        "last_known": last_known,
        "announcement": _announcement(state, label, form),
        "summary": summary_of(state),
        "tone": tone,
        "done": state.done,
        "settled": state.settled,
        "prompt": clip(prompt, PROMPT_LIMIT, PROMPT_LIMIT),
        "reply": clip(reply, REPLY_LIMIT),
        "buttons": list(filter(None, [make_stop(state, earlier, form=form)])),
        "link": _workspace_link(state),
        "origin": clip(short_host(clip(state.origin, _HOST_LIMIT)), 60),
        "started_at": _kernel_ms(run.started_at, state) if run else None,
        "completed_at": _kernel_ms(run.completed_at, state) if run else None,
        "gone": _gone(state),
        "line": attach_line(state),
    }


def as_of(now: float, form: Form) -> str:
    """Return when a view was made, to the second if newer ones replace it; empty for a live view.

    Args:
        now: the time in Unix seconds.
        form: the form of the view.
    """
    if form == "live":
        return ""
    return f"Snapshot of {words.moment(now * 1000)}" if form == "snapshot" else f"as of {words.instant(now * 1000)}"


def make_earlier(state: RunState, states: Sequence[RunState]) -> Earlier:
    """Return the newest eight of a conversation's earlier turns, oldest first, and how many briefs or turns there are in all.

    Args:
        state: the state of the newest turn.
        states: those of the earlier ones.
    """
    kept = [_earlier(state) for state in list(states)[-_EARLIER_LIMIT:]]
    turns = [*states, state]
    # An answer is no brief, nor is a fill.
    others = (_brief(each, turns[:at])[1] or is_fill(full_prompt(each)) for at, each in enumerate(turns))
    noun = "turn" if any(others) else "brief"
    return {"title": words.plural(len(turns), noun) if kept else "", "runs": kept}


def token_of(state: RunState) -> str:
    """Return the run's token, for `attach`."""
    return f"{clip(state.agent_id, _ID_LIMIT)}/{clip(state.run_id, _ID_LIMIT)}"


def attach_line(state: RunState) -> str:
    """Return the line of Python that shows this run, on any machine."""
    return _attach(token_of(state))


def quiet_attach_line(state: RunState) -> str:
    """Return the expression that stands for this run in other lines of Python."""
    return f"{attach_line(state)[:-1]}, show=False)"


def agent_line(state: RunState) -> str:
    """Return the line of Python that shows the agent's newest run."""
    return _attach(token_of(state).partition("/")[0])


def built_words(state: RunState) -> str:
    """Return in words how many tables and leads there are; empty while there are none."""
    parts = []
    if state.tables:
        parts.append(words.plural(len(state.tables), "table"))
    if (leads := shown_count(state.lead_count)) is not None:
        parts.append(words.plural(leads, "lead"))
    return ", ".join(parts)


def _announcement(state: RunState, label: str, form: Form) -> str:
    """Return the announcement for assistive technology: the status, open questions, a stop, and the end of all cells."""
    questions = state.run.todo.pending_questions if state.run and state.done and not state.sending else ()
    parts = [f"Run: {label}."]
    if questions:
        parts.append(f"{words.plural(len(questions), 'question')}:")
        parts += [clip(each.question, _ANNOUNCED_LIMIT) for each in questions[:QUESTIONS_LIMIT]]
    # A button that was pressed is live only.
    if form == "live":
        parts.append(stop_announcement(state))
    if built_nothing(state):
        parts.append("Nothing was built.")
    elif state.settled and state.tables:
        parts.append("All cells are final.")
    return " ".join(filter(None, parts))


def _gone(state: RunState) -> str:
    """Return what to say once the card's kernel has stopped, above the line that shows the run again."""
    if state.origin == "sandbox":
        return SANDBOX_GONE
    if is_missing(state):
        return "Origami no longer finds this run. To look for it again, in any kernel:"
    if not state.settled and (state.cancel == "requested" or state.stopping == "requested"):
        return "What was not stopped by then may go on and use credits. To look, and stop it, in any kernel:"
    if state.done and not state.settled:
        return "Its cells may go on filling. To stop them, or to continue from this run, in any kernel:"
    if state.done:
        return "The buttons of this card are off. To continue from this run, in any kernel:"
    return "The run continues on the server. To see it again, in any kernel:"


def _attach(token: str) -> str:
    quoted = token.replace("\\", "\\\\").replace('"', '\\"')
    return f'ow.attach("{quoted}")'


def _brief(state: RunState, earlier: Sequence[RunState]) -> tuple[str | None, str]:
    """Return the brief of a run, and the last answers if its own prompt is a list of answers."""
    prompt = full_prompt(state)
    if earlier and is_fill(prompt):
        # Nobody has written that one.
        return _brief(earlier[-1], earlier[:-1])
    answers = _answers(prompt, earlier[-1]) if earlier else []
    if not answers:
        return prompt, ""
    before, _ = _brief(earlier[-1], earlier[:-1])
    return before, f"Answered: {' · '.join(answers)}"


def _answers(prompt: str | None, asked: RunState) -> list[str]:
    """Return the answers in a prompt that repeats each question of the previous run."""
    questions = asked.run.todo.pending_questions if asked.run is not None else ()
    # A brief that we sent is shorter than this, and has one line for each question.
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


def _kernel_ms(at: datetime | None, state: RunState) -> float | None:
    """Return a moment of the server on the kernel's clock, in milliseconds.

    Small clock differences are ignored: they come from a header with whole seconds, and would send the head again at
    every check.
    """
    if at is None:
        return None
    offset = _OFFSET_STEP * round(state.clock_offset / _OFFSET_STEP)
    return milliseconds(at.timestamp() - offset)


def milliseconds(seconds: float | None) -> float | None:
    """Return a moment in milliseconds, for the front end; None if it is outside the calendar."""
    return round(seconds * 1000) if seconds is not None and words.known(seconds) else None


def _workspace_link(state: RunState) -> Link | None:
    """Return the link to the run's workspace, which is known only from its tables' addresses."""
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
        # A later run continues this one, so its questions are no longer open.
        questions = len(state.run.todo.pending_questions) if state.run else 0
        label, tone = f"Asked {words.plural(questions, 'question')}", "neutral"
    prompt = full_prompt(state)
    return {
        "prompt": FILL_BEGINS if is_fill(prompt) else clip(prompt, 100),
        "status_label": label,
        "tone": tone,
        "outcome": _outcome(state),
    }


def _outcome(state: RunState) -> str:
    run, built = state.run, built_words(state)
    if not built and (said := clip(agent_text(state), 120)):
        return said
    if not built and run and (steps := shown_count(run.steps.completed)) is not None:
        return words.plural(steps, "step")
    return built


_JUST_HEARD = 90.0
_CLOCK_WORDS: Final[dict[ConnectionState, tuple[str, str, str]]] = {
    "live": ("updated {}", "next check in {}", "checking…"),
    "reconnecting": ("last update {}", "retrying in {}", "retrying…"),
    "stopped": ("last update {}", "", ""),
    "ended": ("", "", ""),
}


def make_clock(state: RunState, now: float) -> ClockView:
    """Return when the server was last heard and is asked next, with the words for both.

    Args:
        state: the run's state.
        now: the kernel's clock, in Unix seconds.
    """
    known = state.connection
    times = CheckTimes(milliseconds(known.heard_at), milliseconds(known.next_at), known.interval, known.state)
    return clock_view(now, times, settled=state.settled)


def clock_view(now: float, times: CheckTimes, *, settled: bool = False) -> ClockView:
    """Return a clock with its words; there are none for what is settled, or will not be asked about any more."""
    heard, following, due = ("", "", "") if settled else _CLOCK_WORDS[times.connection]
    return {"now": round(now * 1000), **times._asdict(), "heard": heard, "next": following, "due": due}  # type: ignore[typeddict-item] # the fields have the names of the clock's


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
    started, ended = head["started_at"], head["completed_at"]
    pieces = []
    if not head["done"]:
        pieces.append(lasted_so_far(started, heard, clock["connection"], now=now))
    elif ended is not None:
        pieces += [words.duration((ended - started) / 1000)] if started is not None else []
        pieces.append(f"ended {words.moment(ended)}")
    is_old = clock["connection"] != "live" or (heard is not None and now - heard / 1000 > _JUST_HEARD)
    if not ticking and not head["settled"] and heard is not None and is_old:
        pieces.append(f"last update {words.moment(heard)}")
    return [piece for piece in pieces if piece]


def lasted_so_far(started: float | None, heard: float | None, connection: ConnectionState, *, now: float) -> str:
    """Return how long a run that goes on takes, or had taken when the server was last heard; empty if that is not known."""
    if started is not None and connection == "live":
        return f"{words.duration(now - started / 1000)} so far"
    if started is None or heard is None or connection == "ended":
        # A saved answer has no such moment.
        return ""
    return f"{words.duration((heard - started) / 1000)} at the last update"
