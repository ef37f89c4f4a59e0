"""Notices: what the run's state means and what to do about it, most urgent first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.links import product_link
from origami_widgets.card.view.number_words import shown_count
from origami_widgets.card.view.questions import QUESTIONS_LIMIT, can_follow_up, follow_up_button
from origami_widgets.card.view.run_words import agent_line, attach_line, is_known, is_missing
from origami_widgets.card.view.safe_text import clip, take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.card.view.contract import Button, Link, Notice, Tone
    from origami_widgets.run.state import Queue, RunState

NOTICES_SIZE = 5_000
_TITLE_LIMIT = 160
_TEXT_LIMIT = 500
_GOES_ON = "Your run goes on at the server."
_MISSING = "It may have been deleted. It may belong to another organization or project. This is what was last known."
_CONTINUE = "Continue where you stopped."
_TRY_AGAIN = "That failed. Please try it again."

# Words with which an agent claims work on objects of the product: "I have built a table", "12 leads were added".
# Only the tone depends on them, never whether the sentence stands there: other languages and other words exist.
_DONE = r"(?:built|created|added|made|found|sourced|enriched|filled|updated|drafted|set up|prepared|compiled)"
_OBJECT = r"(?:tables?|columns?|leads?|rows?|lists?|campaigns?|sequences?|sheets?)"
_REPORTED_WORK = re.compile(
    rf"\bI(?:['\u2019]ve| have)?\s+(?:\w+\s+){{0,2}}{_DONE}\b[^.!?\n]{{0,120}}?\b{_OBJECT}\b"
    rf"|\b{_OBJECT}\b[^.!?\n]{{0,80}}?\b(?:(?:was|were|been|is now|are now)\s+{_DONE}|(?:is|are)\s+(?:now\s+)?ready)\b"
    rf"|^\W*{_DONE}\b[^.!?\n]{{0,120}}?\b{_OBJECT}\b",
    re.IGNORECASE | re.MULTILINE,
)
_SEARCHED_LENGTH = 4_000


_CHECK_AGAIN: Final[Button] = {"command": "check_now", "label": "Check again", "prompt": "", "confirm": ""}


def make_notices(state: RunState) -> list[Notice]:
    """Return all notices of a state, the most urgent first."""
    return take(_notices(state), NOTICES_SIZE)


def _notices(state: RunState) -> Iterator[Notice]:
    yield from _failures(state)
    yield from _pending_commands(state)
    yield from _attached(state)
    if state.run is not None:
        yield from _ends(state)
        yield from _questions(state)
        yield from _cells(state)


def _notice(
    key: str,
    tone: Tone,
    title: str,
    text: str = "",
    *,
    button: Button | None = None,
    link: Link | None = None,
    code: str = "",
) -> Notice:
    return {
        "key": key,
        "tone": tone,
        "title": clip(title, _TITLE_LIMIT),
        "text": clip(text, _TEXT_LIMIT),
        "button": button,
        "link": link,
        "code": code,
    }


def _failures(state: RunState) -> Iterator[Notice]:
    error = state.command_error
    if error is not None and error.code == "AMBIGUOUS_START":
        look = (
            "Look before you send it again, or it may run and cost twice: the line below shows the agent's newest run."
        )
        text = _sentences(_cause(error), look)
        yield _notice("command_error", "bad", error.title, text, code=agent_line(state))
    elif error is not None:
        yield _notice("command_error", "bad", error.title, explanation_of(error), link=link_of_error(error))
    if state.limit_error is not None:
        yield _notice("credit_limit", "attention", state.limit_error.title, explanation_of(state.limit_error))
    connection = state.connection
    if connection.state == "reconnecting" and is_missing(state):
        yield _notice(
            "reconnecting",
            "attention",
            "Origami can't find the run; trying again",
            _sentences("A new run can take a few seconds to appear.", _cause(connection.error)),
            button={**_CHECK_AGAIN, "label": "Try now"},
        )
    elif connection.state == "reconnecting":
        cause = connection.error
        goes_on = "Its cells may go on filling at the server." if state.done else _GOES_ON
        yield _notice(
            "reconnecting",
            "attention",
            "Can't reach Origami; trying again",
            _sentences(goes_on, _cause(cause), cause.remedy if cause else ""),
            button={**_CHECK_AGAIN, "label": "Try now"},
            link=link_of_error(cause),
        )
    elif connection.state == "stopped":
        yield _stopped(state, connection.error)


def _stopped(state: RunState, error: OrigamiError | None) -> Notice:
    """Return the notice that checks ended on an error, with the way back to a run that may go on."""
    line = attach_line(state)
    if state.done:
        goes_on = "The run is over; its cells may go on filling at the server."
    else:
        goes_on = f"{_GOES_ON} It is shown again with the line below."
    if error is None:
        return _notice(
            "stopped", "attention", "This card has stopped checking", goes_on, button=_CHECK_AGAIN, code=line
        )
    if is_missing(state):
        text = explanation_of(error) if state.run is None else _sentences(_cause(error), _MISSING)
        return _notice("stopped", "bad", error.title, text, button=_CHECK_AGAIN)
    text = _sentences(explanation_of(error), goes_on)
    return _notice("stopped", "bad", error.title, text, button=_CHECK_AGAIN, link=link_of_error(error), code=line)


def _pending_commands(state: RunState) -> Iterator[Notice]:
    if state.cancel == "requested" and not state.done and state.cancel_error is not None:
        yield _notice(
            "cancel_requested",
            "attention",
            "Origami has not heard the cancel yet",
            _sentences(f"{state.cancel_error.title}.", "Trying again until it has; until then the run goes on."),
        )
    elif state.cancel == "requested" and not state.done:
        yield _notice(
            "cancel_requested",
            "attention",
            "Cancel requested",
            "Origami has not confirmed it yet. A run stops at its next safe point, and what it built is kept.",
        )
    if state.queue is not None:
        yield _queued(state.queue)
    elif state.sending == "follow_up":
        yield _notice("sending", "running", "Starting the follow-up run")
    elif state.sending == "answer":
        yield _notice("sending", "running", "Sending your answers")


def _attached(state: RunState) -> Iterator[Notice]:
    """Say that a cell that was run again has not paid again."""
    if state.attached is not None and words.known(state.attached):
        found = (
            "It was found under the name that the cell gave it (once=)"
            if state.attached_by == "name"
            else "This cell had started it, and it was running"
        )
        text = f"{found}, so no other run was started and nothing was charged. To start anew: fresh=True."
        title = f"Attached to the run of {words.moment(1000 * state.attached)}"
        yield _notice("attached", "neutral", title, text)


def _queued(queue: Queue) -> Notice:
    """Say that a follow-up waits for a run slot, which costs nothing."""
    limit = f" Your plan allows {words.plural(queue.limit, 'run')} at once." if queue.limit else ""
    text = (
        f"The follow-up waits for a free one, and is sent again after the {words.duration(queue.wait)} that Origami "
        f"asked for.{limit} Waiting costs nothing."
    )
    button: Button = {"command": "stop_waiting", "label": "Stop waiting", "prompt": "", "confirm": ""}
    return _notice("queued", "attention", "All run slots are in use", text, button=button)


def _ends(state: RunState) -> Iterator[Notice]:
    """Explain a terminal status."""
    run = state.run
    if run is None:
        return
    if not is_known(state.status):
        goes_on = "It is shown as Origami sent it"
        goes_on += "; the results below are as they came." if state.done else ", and asked about further on."
        title = f"Origami calls this run “{clip(state.status, 40)}”"
        yield _notice("unknown_status", "neutral", title, f"This version has no words for it. {goes_on}")
    if not state.done:
        return
    match state.status:
        case "completed":
            yield from _nothing_built(state)
        case "step_cap_hit":
            cap = shown_count(run.steps.max)
            limit = f"its limit of {words.count(cap)} steps" if cap else "the step limit of your plan"
            text = _sentences(_kept(state), "A follow-up run goes on from there; a larger plan allows more steps.")
            button = follow_up_button(state, "Continue in a follow-up run", _CONTINUE)
            yield _notice("step_cap_hit", "attention", f"The run reached {limit}", text, button=button)
        case "incomplete":
            text = (
                f"One of the agent's steps could not be carried out. {_kept(state)} A follow-up run goes on from there."
            )
            button = follow_up_button(state, "Continue in a follow-up run", _CONTINUE)
            yield _notice("incomplete", "attention", "The run stopped early", text, button=button)
        case "cancelled":
            yield _notice("cancelled", "neutral", "The run was cancelled", _kept(state))
        case "errored":
            text = f"{_kept(state)} Try it again in a follow-up run; if it fails again, send Origami's support the run id below."
            button = follow_up_button(state, "Try again", _TRY_AGAIN)
            yield _notice("errored", "bad", "The run failed", text, button=button)
        case "timed_out":
            text = _sentences("A run may take 20 minutes at most.", _kept(state), "A follow-up run goes on from there.")
            button = follow_up_button(state, "Continue in a follow-up run", _CONTINUE)
            yield _notice("timed_out", "bad", "The run ran out of time", text, button=button)


def _kept(state: RunState) -> str:
    if state.actions or state.tables:
        return "What it built until then is kept."
    return "It changed nothing until then." if _has_action_list(state) else ""


def _has_action_list(state: RunState) -> bool:
    """Return whether the server sent a list of changes; without one, nothing can be said about them."""
    response = state.run.response if state.run else None
    return response is not None and isinstance(response.raw.get("actions"), list)


def _nothing_built(state: RunState) -> Iterator[Notice]:
    """Point out a run that ended cleanly, and changed nothing although its text may speak of tables."""
    run = state.run
    if run is None or state.actions:
        return
    response = run.response
    if response is None or not _has_action_list(state):
        text = "Whether the run changed anything cannot be seen here."
        yield _notice("no_result", "attention", "Origami sent no list of changes", text)
        return
    said = response.text or ""
    if state.tables:
        text = "The run changed nothing; the tables below were there before it."
        unbuilt = "If its text speaks of other changes, they were not made."
    else:
        text = "The run changed nothing."
        unbuilt = "If its text speaks of tables, they were not built."
    if not said.strip():
        yield _notice("nothing_built", "attention", "Nothing was built", f"{text} It also said nothing.")
    elif _REPORTED_WORK.search(said[:_SEARCHED_LENGTH]):
        button = follow_up_button(state, "Ask it to build them", "Nothing was built in that run. Please build it now.")
        yield _notice("nothing_built", "attention", "Nothing was built", f"{text} {unbuilt}", button=button)
    else:
        yield _notice("answered", "neutral", "Answered in words", f"{text} {unbuilt}")


def _questions(state: RunState) -> Iterator[Notice]:
    run = state.run
    if run is None:
        return
    pending = len(run.todo.pending_questions)
    if not state.done:
        if pending:
            text = "They can be answered when the run has ended."
            yield _notice("questions", "attention", f"The agent has {words.plural(pending, 'question')}", text)
    elif pending > QUESTIONS_LIMIT:
        text = f"The first {QUESTIONS_LIMIT} are shown; run.questions has all of them."
        yield _notice("questions", "attention", f"The agent has {words.plural(pending, 'question')}", text)
    elif pending and state.status != "needs_input":
        yield _notice("questions", "attention", f"The agent also has {words.plural(pending, 'question')}")
    elif not pending and state.status == "needs_input":
        text = "It lists no questions, so read its text and reply with a follow-up run."
        code = 'run = run.follow_up("…")' if can_follow_up(state) else ""
        yield _notice("needs_input", "attention", "The agent waits for your answer", text, code=code)


def _cells(state: RunState) -> Iterator[Notice]:
    if not state.done:
        return
    running, errored = shown_count(state.cells_running) or 0, shown_count(state.cells_errored) or 0
    if running:
        over = "The agent is done" if state.status in ("completed", "needs_input") else "The run is over"
        verb = "is" if running == 1 else "are"
        failed = f", {words.count(errored)} failed" if errored else ""
        goes_on = "" if state.connection.state in ("stopped", "ended") else " This card goes on until they settle."
        yield _notice(
            "filling",
            "running",
            f"{over}; {words.plural(running, 'cell')} {verb} still filling{failed}",
            f'Empty cells are not "no data" yet.{goes_on}',
        )
    elif errored:
        verb = "stays" if errored == 1 else "stay"
        text = (
            f"{'It' if errored == 1 else 'They'} {verb} empty. Cells fail on an error of their own, and when credits, a budget, "
            "the plan or a connected account does not allow them."
        )
        yield _notice("failed_cells", "attention", f"{words.plural(errored, 'cell')} failed", text)


def explanation_of(error: OrigamiError) -> str:
    """Return cause and remedy of an error, in whole sentences."""
    return _sentences(_cause(error), error.remedy)


def _cause(error: OrigamiError | None) -> str:
    """Return the cause of an error, cut to the size of a notice."""
    return "" if error is None else clip(error.cause, 240)


def _sentences(*parts: str | None) -> str:
    """Join sentences, each with its full stop, none twice."""
    whole_ones = [part.strip() for part in parts if part and part.strip()]
    ended = [part if part.endswith((".", "!", "?", "…")) else f"{part}." for part in whole_ones]
    return " ".join(dict.fromkeys(ended))


def link_of_error(error: OrigamiError | None) -> Link | None:
    """Return the link to the product page that fixes an error; None where there is none."""
    if error is None or not error.link:
        return None
    return product_link(error.link, "Open the page that fixes this")
