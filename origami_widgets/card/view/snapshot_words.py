"""A view as it may stand in a saved document: nothing that was true only then is said as if it were true now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from origami_widgets.card.view import number_words as words

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Ask, Button, Head, Notice, TableView, View
    from origami_widgets.run.state import ConnectionState

# What is going on, and how it is told later; `{then}` is the moment of the copy.
_PAST: Final = (
    ("Can't reach Origami; trying again", "Origami could not be reached {then}"),
    ("Origami can't find the run; trying again", "Origami could not find the run {then}"),
    ("Your run goes on at the server.", "The run went on at the server."),
    ("cells may go on filling", "cells may have gone on filling"),
    ("This card has stopped checking", "The card had stopped checking {then}"),
    ("Cancel requested", "A cancel was requested"),
    ("Origami has not confirmed it yet.", "Origami had not confirmed it {then}."),
    ("Origami has not heard the cancel yet", "Origami had not heard the cancel {then}"),
    ("Trying again until it has; until then the run goes on.", "It was being tried again {then}; the run went on."),
    ("Starting the follow-up run", "A follow-up run was being started {then}"),
    ("Sending your answers", "The answers were being sent {then}"),
    ("All run slots are in use", "All run slots were in use"),
    ("waits for a free one, and is sent again", "waited for a free one {then}, to be sent again"),
    ("and asked about further on.", "and was asked about further on {then}."),
    ("is still filling", "was still filling {then}"),
    ("are still filling", "were still filling {then}"),
    ('Empty cells are not "no data" yet.', "Cells that are empty here may have been filled since."),
    (" This card goes on until they settle.", ""),
    ("They can be answered when the run has ended.", "They could be answered when the run had ended."),
)

TEXT_GOES_ON: Final = "The text goes on in Origami, and in"
"""What stands below a text that was cut, before `run.text`."""

FOLLOW_UP_LINE: Final = 'run = run.follow_up("…")'
"""What stands in a copy in the place of the buttons that were suggested."""


def as_final_snapshot(view: View, *, then: str = "when saved") -> View:
    """The view in the past tense, for copies that nothing will bring up to date.

    Args:
        view: a view of any state.
        then: the words for the moment of the copy.

    Returns:
        A new view: a status that is not final "was" when saved, buttons became lines of Python, and notices about
        what was going on say so.
    """
    return {
        **view,
        "head": _head(view, then),
        "notices": [_notice(notice, view, then) for notice in view["notices"]],
        "tables": {
            **view["tables"],
            "items": [_table(table, then) for table in view["tables"]["items"]],
            # How far a reading had come when it was saved is of no use to anybody.
            "reading": [],
        },
    }


def as_live_snapshot(view: View) -> View:
    """The view for a copy that is brought up to date while the run goes on: only its buttons became lines of Python."""
    notices: list[Notice] = [
        {**notice, "button": None, "code": notice["code"] or _as_code(notice["button"])} for notice in view["notices"]
    ]
    return {**view, "head": as_known(view), "notices": notices}


def as_known(view: View) -> Head:
    """The head as far as it is known: what a run that is not asked about any more is doing now, nobody knows."""
    head: Head = {**view["head"], "cancel": "none"}
    if not _unwatched(view):
        return head
    return {**head, "status_label": f"Last seen: {head['status_label']}", "tone": "neutral"}


def _unwatched(view: View) -> bool:
    return not view["head"]["done"] and view["clock"]["connection"] == "stopped"


def stored(text: str) -> int:
    """Bytes that a text takes in the file of a notebook, which is JSON."""
    return len(text.encode()) + sum(map(text.count, '"\\\n'))


def answer_line(ask: Ask) -> str:
    """The line of Python that answers all questions of a form."""
    blanks = ", ".join('"…"' for _ in ask["questions"])
    return f"run = run.answer({blanks})"


def tables_not_shown(hidden: int) -> str:
    """What is said of tables that a copy leaves out; empty when it has all of them."""
    return f"{words.plural(hidden, 'more table')} not shown here: ow.tables_frame(run)" if hidden else ""


def columns_not_shown(hidden: int) -> str:
    """What is said of columns that a copy leaves out; empty when it has all of them."""
    return f"{words.plural(hidden, 'column')} not shown: ow.columns_frame(run)" if hidden else ""


def _head(view: View, then: str) -> Head:
    head = as_known(view)
    if head["done"] or _unwatched(view):
        return head
    label = head["status_label"]
    past = f"Was {label.lower()} {then}" if label in ("Running", "Starting") else f"Was “{label}” {then}"
    return {**head, "status_label": past, "tone": "neutral"}


def _notice(notice: Notice, view: View, then: str) -> Notice:
    code = notice["code"] or _as_code(notice["button"])
    if notice["key"] == "filling":
        code = view["foot"]["attach_line"]
    title, text = (in_past(notice[part], then) for part in ("title", "text"))
    return {**notice, "title": title, "text": text, "button": None, "code": code}


def in_past(sentence: str, then: str) -> str:
    """A sentence of a notice about what is going on, as it is read later; `then` is the moment of the copy."""
    for now, later in _PAST:
        sentence = sentence.replace(now, later.format(then=then))
    return sentence


def _as_code(button: Button | None) -> str:
    if button is None or button["command"] != "follow_up":
        return ""
    # As a whole Python string: what an agent wrote must not end it, since the line is made to be copied and run.
    return f"run = run.follow_up({json.dumps(button['prompt'], ensure_ascii=False)})"


def _table(table: TableView, then: str) -> TableView:
    return {**table, "filling": table["filling"].replace("still filling", f"still filling {then}")}


def as_of(now: float, *, saved: bool) -> str:
    """The moment of a copy, to the second in one that is brought up to date; `now` in Unix seconds."""
    return f"saved copy, as of {words.moment(now * 1000)}" if saved else f"as of {words.instant(now * 1000)}"


_JUST_HEARD = 90.0


def meta_line(view: View, *, now: float, past: bool = False, ticking: bool = False) -> list[str]:
    """What the head says about steps, time and model in a copy.

    Args:
        view: the view, present or past.
        now: the moment of the copy, in Unix seconds.
        past: the copy is read later than it is made.
        ticking: the copy is replaced every second, and says itself how old it is.

    Returns:
        Short pieces, in order.
    """
    head, heard = view["head"], view["clock"]["heard_at"]
    pieces = [steps_words(head), _elapsed(view, now, past=past)]
    if head["done"] and head["completed_at"] is not None:
        pieces.append(f"ended {words.moment(head['completed_at'])}")
    is_old = view["clock"]["connection"] != "live" or (heard is not None and now - heard / 1000 > _JUST_HEARD)
    if not ticking and not head["settled"] and heard is not None and is_old:
        pieces.append(f"last heard {words.moment(heard)}")
    pieces.append(head["model"])
    return [piece for piece in pieces if piece]


def steps_words(head: Head) -> str:
    """How many steps the run has made, of at most how many while it goes on; empty when the server did not say."""
    done, most = head["steps_completed"], head["steps_max"]
    if done is None:
        return ""
    if head["done"] or most is None:
        return words.plural(done, "step")
    return f"{words.count(done)} of at most {words.plural(most, 'step')}"


def _elapsed(view: View, now: float, *, past: bool) -> str:
    head, clock = view["head"], view["clock"]
    started, ended = head["started_at"], head["completed_at"]
    if started is None:
        return ""
    if head["done"]:
        return words.duration((ended - started) / 1000) if ended is not None else ""
    if clock["connection"] != "live":
        return lasted_when_seen(started, clock["heard_at"], clock["connection"])
    return f"{'had run' if past else 'running'} for {words.duration(now - started / 1000)}"


def lasted_when_seen(started: float, heard: float | None, connection: ConnectionState) -> str:
    """How long a run had been at work when the server was last heard; empty for a saved answer, which does not say when."""
    if heard is None or connection == "ended":
        return ""
    return f"{words.duration((heard - started) / 1000)} when last seen"


def freshness_words(view: View, *, now: float) -> str:
    """When the server was heard and when it is asked next; empty when it is asked no more because all is over.

    Args:
        view: what `make_view` returned.
        now: the moment of drawing, in Unix seconds.

    Returns:
        For example `updated 9 s ago, next check in 6 s`.
    """
    head, clock = view["head"], view["clock"]
    if head["settled"] or clock["connection"] == "ended":
        return ""
    heard, due = clock["heard_at"], clock["next_at"]
    if clock["connection"] == "live":
        return _both("cells checked" if head["done"] else "updated", heard, _then("next check", due, now), now)
    retry = "checks have stopped" if clock["connection"] == "stopped" else _then("trying again", due, now)
    return _both("last heard", heard, retry, now)


def _both(what: str, heard: float | None, then: str, now: float) -> str:
    told = "" if heard is None else f"{what} {words.age(now - heard / 1000)}"
    return ", ".join(filter(None, (told, then)))


def _then(what: str, due: float | None, now: float) -> str:
    if due is None:
        return ""
    left = due / 1000 - now
    return f"{what} in {words.duration(left)}" if left >= 1 else "checking…"
