"""Notices: what a user must know or can do about a run, the most urgent first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from origami_widgets.api.models.run import STATUS_LABELS
from origami_widgets.card.view.questions import can_follow_up, fill_button, follow_up_button, offers_to_resume
from origami_widgets.card.view.run_head import (
    QUESTIONS_LIMIT,
    agent_line,
    attach_line,
    built_nothing,
    is_missing,
    lists_actions,
)
from origami_widgets.card.view.stopping import NOT_RECEIVED, filling_words, left_words, stopped_words
from origami_widgets.run.credits import used_since_start
from origami_widgets.run.state import Queue, RunState, named_in_request
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, is_product, safe_href, shown_host
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.card.view.contract import Button, Form, Link, Notice, Tone

NOTICES_LIMIT = 8
_TITLE_LIMIT = 160
_TEXT_LIMIT = 500
_MISSING = "It may have been deleted, or belong to another organization or project. This is its last known state."
CONTINUE: Final = follow_up_button("Continue", "Continue where you stopped.")
TRY_AGAIN: Final = follow_up_button("Try again", "That failed. Please try it again.")
BUILD: Final = follow_up_button("Ask for a table", "Nothing was built in that run. Please build it now.")
_TWO_WAYS = (
    "Continue: the same agent keeps what it has and goes on. "
    "Start over: ow.start(…, fresh=True), a new agent that pays again."
)
"""Explains the button of a run that ended early, beside the other way to go on, which needs a cell."""
_ONE_WAY = "Try again: the same agent starts anew."
_ENDS: Final[dict[str, tuple[Tone, str, str, str]]] = {
    "step_cap_hit": ("attention", "The run reached {limit}", "", "A larger plan allows more steps."),
    "incomplete": ("attention", "The run stopped early", "One of the agent's steps failed.", ""),
    "errored": ("bad", "The run failed", "", "If it fails again, send Origami support the run ID."),
    "timed_out": ("bad", "The run timed out", "A run can take at most 20 minutes.", ""),
}
"""How runs end early, by status: tone, title, why it ended, and advice. What is kept and the ways on stand in between."""
_FAILED = frozenset({"errored", "incomplete", "timed_out"})

_SENDING = {
    "follow_up": "Sending the follow-up",
    "answer": "Sending your answers",
    "fill": "Starting to fill cells",
}
_LINES = {"fill": "run.fill()", "resume": "batch.resume()"}
_CHECK_NOW: Final[Button] = {"command": "check_now", "label": "Check now"}


def make_notices(state: RunState, *, form: Form = "live") -> list[Notice]:
    """Return all notices of a state, the most urgent first.

    Args:
        state: the run's state.
        form: the form of the view. Without a widget, a button becomes its line of Python. The head of a snapshot says when
            it was taken, so its notices are those of that moment.
    """
    writer = _Writer(state, form)
    return list(islice(writer.all(), NOTICES_LIMIT))


class _Writer:
    """Writes the notices of a state."""

    def __init__(self, state: RunState, form: Form) -> None:
        self.state = state
        self.form = form
        self._notice = partial(notice, form)

    def all(self) -> Iterator[Notice]:
        yield from self._failures()
        yield from self._in_progress()
        yield from self._attached()
        if self.state.run is not None:
            yield from self._status()
            yield from self._end()
            yield from self._stopped_cells()
            yield from self._filled()
            yield from self._questions()

    def _failures(self) -> Iterator[Notice]:
        state = self.state
        error = state.command_error
        if error is not None and error.code == "AMBIGUOUS_START":
            look = (
                "Look before you send it again, or it may run and cost twice. This line shows the agent's newest run:"
            )
            text = sentences(_cause(error), look)
            yield self._notice("command_error", "bad", error.title, text, code=agent_line(state))
        elif error is not None:
            yield self._notice("command_error", "bad", error.title, explanation_of(error), link=link_of_error(error))
        fill = fill_button(state)
        if (reached := state.limit_error) is not None:
            # One notice for both, or little of the rows is left in sight.
            goes_on = f"{words.plural(state.cells_running, 'cell')} still filling" if state.cells_running else ""
            facts = ", ".join(filter(None, (stopped_words(state), goes_on)))
            title = ": ".join(filter(None, (reached.title, facts)))
            yield self._notice("credit_limit", "attention", title, explanation_of(reached), button=fill)
        connection = state.connection
        if connection.state == "reconnecting":
            yield self._reconnecting(connection.error)
        elif connection.state == "stopped":
            yield self._stopped(connection.error)

    def _reconnecting(self, error: OrigamiError | None) -> Notice:
        button: Button = {**_CHECK_NOW, "label": "Retry now"}
        if is_missing(self.state):
            title = "Can't find the run. Retrying."
            text = sentences("A new run can take a few seconds to appear.", _cause(error))
            return self._notice("reconnecting", "attention", title, text, button=button)
        title = "Can't reach Origami. Retrying."
        continues = "Its cells may still fill in." if self.state.done else "Your run continues on the server."
        text = sentences(continues, _cause(error), error.remedy if error else "")
        return self._notice("reconnecting", "attention", title, text, button=button, link=link_of_error(error))

    def _stopped(self, error: OrigamiError | None) -> Notice:
        """Return the notice that checks ended on an error, and how to resume them. The run goes on, if it exists."""
        state = self.state
        continues = "Your run continues on the server. To see it again:"
        if state.done:
            continues = "The run has ended; its cells may still fill in on the server."
        line = attach_line(state)
        if error is None:
            title = "This card is no longer updating"
            return self._notice("stopped", "attention", title, continues, button=_CHECK_NOW, code=line)
        if is_missing(state):
            text = explanation_of(error) if state.run is None else sentences(_cause(error), _MISSING)
            return self._notice("stopped", "bad", error.title, text, button=_CHECK_NOW)
        text = sentences(explanation_of(error), continues)
        return self._notice(
            "stopped", "bad", error.title, text, button=_CHECK_NOW, link=link_of_error(error), code=line
        )

    def _in_progress(self) -> Iterator[Notice]:
        state = self.state
        if state.cancel == "requested" and not state.done:
            if state.cancel_error is not None:
                title = "Origami hasn't received the cancel yet"
                text = sentences(f"{state.cancel_error.title}.", "Retrying; the run continues until then.")
            else:
                title = "Cancel requested"
                text = "Waiting for Origami to confirm. A run stops at its next safe point. Everything built so far is kept."
            yield self._notice("cancel_requested", "attention", title, text)
        if (state.stopping == "requested" or state.stop_error is not None) and not state.settled:
            yield from self._stopping()
        if state.queue is not None:
            yield self._queued(state.queue)
        elif state.sending:
            yield self._notice("sending", "running", _SENDING[state.sending])

    def _stopping(self) -> Iterator[Notice]:
        """Yield the notice that cells are being stopped; while the agent is being cancelled, only what keeps them from it."""
        state = self.state
        counted = filling_words(state) if state.cells_running else ""
        if state.stop_error is not None and state.stopping == "none":
            text = sentences(explanation_of(state.stop_error), "Cells may go on filling.", counted)
            title = f"Cells were not stopped: {state.stop_error.title}"
            yield self._notice("stopping", "bad", title, text, link=link_of_error(state.stop_error))
        elif state.stop_error is not None:
            text = sentences(f"{state.stop_error.title}.", "Retrying; cells may go on filling until then.", counted)
            yield self._notice("stopping", "attention", NOT_RECEIVED, text)
        elif state.done:
            text = "Waiting until no cell is active. What is filled stays."
            yield self._notice("stopping", "attention", "Stopping cells", text)

    def _queued(self, queue: Queue) -> Notice:
        """Return the notice that a follow-up waits for a run slot, free of charge."""
        limit = f" Your plan allows {words.plural(queue.limit, 'run')} at once." if queue.limit else ""
        retry = words.duration(queue.wait)
        text = f"The follow-up starts when one is free. Next try in {retry}.{limit} Waiting costs nothing."
        button: Button = {"command": "stop_waiting", "label": "Stop waiting"}
        return self._notice("queued", "attention", "All run slots are in use", text, button=button)

    def _attached(self) -> Iterator[Notice]:
        """Yield the notice that a rerun cell has not paid again."""
        state = self.state
        if state.attached is None or not words.known(state.attached):
            return
        by = "Under the name in once=" if state.attached_by == "name" else "In this cell"
        found = f"{by}, this run was started at {words.moment(1000 * state.attached)}. Nothing was charged."
        yield self._notice(
            "attached", "neutral", "Nothing new was started", f"{found} To start a new run, pass fresh=True."
        )

    def _status(self) -> Iterator[Notice]:
        """Yield the notice about a status that this version does not know."""
        if self.state.status in STATUS_LABELS:
            return
        title = f"Origami reports “{clip(self.state.status, 40)}”"
        yield self._notice("unknown_status", "neutral", title, "This version doesn't know that status.")

    def _end(self) -> Iterator[Notice]:
        """Yield the notice about what a terminal status means."""
        state = self.state
        run = state.run
        if run is None or not state.done:
            return
        resume, ways = self._ways_on()
        # The explanation says that what was built is kept.
        kept = "" if ways and (state.actions or state.tables) else self._kept()
        match state.status:
            case "completed":
                yield from self._nothing_built()
            case "cancelled" if not self._is_limit_all():
                yield from self._cancelled()
            case status if status in _ENDS:
                tone, title, why, advice = _ENDS[status]
                cap = shown_count(run.steps.max)
                limit = f"its limit of {words.count(cap)} steps" if cap else "the step limit of your plan"
                text = sentences(why, kept, ways, advice)
                yield self._notice(status, tone, title.format(limit=limit), text, button=resume)

    def _cancelled(self) -> Iterator[Notice]:
        """Yield what a cancelled run leaves behind, and the way on if its agent offers one. The pill says that it was cancelled."""
        state = self.state
        resume, ways = self._ways_on() if offers_to_resume(state) else (None, "")
        if (fill := fill_button(state)) is not None:
            # Where cells are what is missing, the agent is to fill these, and to do nothing else.
            resume, ways = fill, ""
        left = left_words(state)
        facts = [*filter(None, (stopped_words(state), self._kept(), left))] or ["The agent can continue"] * bool(ways)
        if facts:
            tone: Tone = "attention" if left else "neutral"
            title, text = facts[0].removesuffix("."), sentences(*facts[1:], ways)
            yield self._notice("cancelled", tone, title, text, button=resume, code=self._stop_line())

    def _ways_on(self) -> tuple[Button | None, str]:
        """Return the button that goes on from a run that ended early, with its explanation; nothing while it can't be sent."""
        state = self.state
        # After a credit limit, a follow-up needs a new one, as its notice says.
        if state.limit_error is not None or not can_follow_up(state):
            return None, ""
        has_nothing = lists_actions(state) and not state.actions and not state.tables
        if has_nothing and state.status in _FAILED:
            # Nothing is there to start over from.
            return _asking(TRY_AGAIN, state), _ONE_WAY
        return _asking(CONTINUE, state), _TWO_WAYS

    def _stopped_cells(self) -> Iterator[Notice]:
        """Yield the notice of what was stopped, for a run that was not cancelled: that notice says it itself."""
        state = self.state
        left = left_words(state)
        if state.status == "cancelled" or state.stopping == "requested" or not (left or stopped_words(state)):
            return
        if self._is_limit_all():
            return
        title = stopped_words(state) or "Not all cells were stopped"
        text = sentences("What is filled stays.", left)
        tone: Tone = "attention" if left else "neutral"
        line = self._stop_line()
        yield self._notice("cells_stopped", tone, title, text, button=fill_button(state), code=line)

    def _filled(self) -> Iterator[Notice]:
        """Yield what a fill has brought, with the offer to fill the rest, unless the notice of a stop has it."""
        state = self.state
        if (done := state.filled) is None or not state.settled:
            return
        is_offered = state.limit_error is not None or bool(stopped_words(state)) or state.status == "cancelled"
        nothing = f"For {words.count(done.nothing)}, the agent found nothing." if done.nothing else ""
        strayed = "The agent began something else, or more, which was stopped." if done.strayed else ""
        title = f"{words.count(done.found)} of {words.plural(done.asked, 'cell')} filled"
        tone: Tone = "neutral" if done.found else "attention"
        button = None if is_offered else fill_button(state)
        yield self._notice("filled", tone, title, sentences(nothing, strayed), button=button)

    def _is_limit_all(self) -> bool:
        """Return whether the notice of the credit limit says all that there is to say of the stop."""
        return self.state.limit_error is not None and not left_words(self.state)

    def _stop_line(self) -> str:
        """Return the line that stops the first table that was left running as a whole; empty without one."""
        left = self.state.stopped.left_running if self.state.stopped is not None else ()
        if not left or self.form == "snapshot":
            return ""
        return f"run.stop_cells(tables=[{json.dumps(clip(left[0].table_id, 128))}])"

    def _kept(self) -> str:
        if self.state.actions or self.state.tables:
            return "Everything built so far is kept."
        return "It changed nothing." if lists_actions(self.state) else ""

    def _nothing_built(self) -> Iterator[Notice]:
        """Yield the notice about a run that ended well but changed nothing, whatever its text says."""
        state = self.state
        run = state.run
        if run is None or state.actions or (named_in_request(run) and used_since_start(state)[0]):
            # Cells of a list that it was given are filled without an action.
            return
        response = run.response
        if response is None or not lists_actions(state):
            text = "This card can't tell whether the run changed anything."
            yield self._notice("no_result", "attention", "Origami sent no list of changes", text)
            return
        text = (
            "The run changed nothing; these tables were there before." if state.tables else "The run changed nothing."
        )
        if built_nothing(state):
            button = _asking(BUILD, state) if can_follow_up(state) else None
            text = f"{text} It gave no answer either."
            yield self._notice("nothing_built", "attention", "Nothing was built", text, button=button)
            return
        text = f"{text} If its text mentions {'other changes' if state.tables else 'tables'}, these were not made."
        yield self._notice("answered", "neutral", "Answered in words", text)

    def _questions(self) -> Iterator[Notice]:
        state = self.state
        run = state.run
        if run is None:
            return
        pending = len(run.todo.pending_questions)
        asked = f"The agent has {words.plural(pending, 'question')}"
        if not state.done:
            if pending:
                yield self._notice("questions", "attention", asked, "You can answer when the run has ended.")
        elif pending > QUESTIONS_LIMIT:
            text = f"The first {QUESTIONS_LIMIT} are here. See all of them with run.questions."
            yield self._notice("questions", "attention", asked, text)
        elif pending and state.status != "needs_input":
            yield self._notice("questions", "attention", asked)
        elif not pending and state.status == "needs_input":
            text = "It lists no questions. Read its text and reply with a follow-up."
            code = 'run.follow_up("…")' if can_follow_up(state) else ""
            yield self._notice("needs_input", "attention", "The agent is waiting for your answer", text, code=code)


def notice(
    form: Form,
    key: str,
    tone: Tone,
    title: str,
    text: str = "",
    *,
    button: Button | None = None,
    link: Link | None = None,
    code: str = "",
) -> Notice:
    """Return a notice in words of limited length. Without a widget, a button becomes its line of Python."""
    is_live = form == "live"
    return {
        "key": key,
        "tone": tone,
        "title": clip(title, _TITLE_LIMIT),
        "text": clip(text, _TEXT_LIMIT),
        "button": button if is_live else None,
        "link": link,
        "code": code or ("" if is_live else _as_code(button)),
    }


def _asking(button: Button, state: RunState) -> Button:
    """Return a button whose question says what the conversation has cost so far."""
    return follow_up_button(button["label"], button.get("prompt", ""), state)


def explanation_of(error: OrigamiError) -> str:
    """Return an error's cause and remedy, in whole sentences."""
    return sentences(_cause(error), error.remedy)


def sentences(*parts: str | None) -> str:
    """Join sentences, each with a full stop, without duplicates."""
    whole_ones = [part.strip() for part in parts if part and part.strip()]
    ended = [part if part.endswith((".", "!", "?", "…", ":")) else f"{part}." for part in whole_ones]
    return " ".join(dict.fromkeys(ended))


def link_of_error(error: OrigamiError | None) -> Link | None:
    """Return the link to the page that helps with an error; None without one."""
    if error is None or not error.link:
        return None
    return product_link(error.link, "Fix this in Origami")


def product_link(address: object, label: str) -> Link | None:
    """Return a link to the product with a label. The label names any other host.

    Args:
        address: the address from the server.
        label: the label, already clean.

    Returns:
        The link, or None if the address is refused.

    Example:
        >>> product_link("https://origami.chat/settings/billing", "Add credits")
        {'href': 'https://origami.chat/settings/billing', 'label': 'Add credits'}
        >>> product_link("https://billing.example/", "Add credits")["label"]
        'Add credits (billing.example)'
    """
    href = safe_href(address)
    if href is None:
        return None
    return {"href": href, "label": label if is_product(href) else f"{label} ({shown_host(href)})"}


def _cause(error: OrigamiError | None) -> str:
    return "" if error is None else clip(error.cause, 240)


def _as_code(button: Button | None) -> str:
    if button is None or button["command"] != "follow_up":
        return "" if button is None else _LINES.get(button["command"], "")
    # Quoted as a Python string: the line is made to be copied and run, so an agent's text must not be able to end the
    # string.
    return f"run.follow_up({json.dumps(button.get('prompt', ''), ensure_ascii=False)})"
