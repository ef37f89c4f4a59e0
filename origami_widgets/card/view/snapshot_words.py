"""Wording of a card's snapshot: what was true only at its moment is said in the past tense."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from origami_widgets.card.view import number_words as words

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Ask, Button, Head, Notice, TableView, View
    from origami_widgets.run.state import ConnectionState

# Sentences in the present, and in the past; `{then}` is the moment of the snapshot.
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
"""The beginning of the sentence below a text that was cut, before `run.text`."""

FOLLOW_UP_LINE: Final = 'run = run.follow_up("…")'
"""The line of Python in a snapshot, in place of the suggested buttons."""

_JUST_HEARD = 90.0


def as_final_snapshot(view: View, *, then: str = "when saved") -> View:
    """Return the view in the past tense, for snapshots that stay as they are.

    Args:
        view: a view of any state.
        then: the words for the moment of the snapshot.

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
            # Row progress at the time of saving is of no use later.
            "reading": [],
        },
    }


def as_live_snapshot(view: View) -> View:
    """Return the view for a snapshot that is kept up to date while the run goes on, without buttons."""
    notices: list[Notice] = [
        {**notice, "button": None, "code": notice["code"] or _as_code(notice["button"])} for notice in view["notices"]
    ]
    return {**view, "head": as_known(view), "notices": notices}


def as_known(view: View) -> Head:
    """Return the head as far as it is known: the present state of a run that is not watched is unknown."""
    head: Head = {**view["head"], "cancel": "none"}
    if not _unwatched(view):
        return head
    return {**head, "status_label": f"Last seen: {head['status_label']}", "tone": "neutral"}


def _unwatched(view: View) -> bool:
    return not view["head"]["done"] and view["clock"]["connection"] == "stopped"


def stored(text: str) -> int:
    """Return the bytes that a text takes in the file of a notebook, which is JSON."""
    return len(text.encode()) + sum(map(text.count, '"\\\n'))


def answer_line(ask: Ask) -> str:
    """Return the line of Python that answers all questions of a form."""
    blanks = ", ".join('"…"' for _ in ask["questions"])
    return f"run = run.answer({blanks})"


def tables_not_shown(hidden: int) -> str:
    """Return a sentence about tables that a snapshot leaves out; empty when it has all of them."""
    return f"{words.plural(hidden, 'more table')} not shown here: ow.tables_frame(run)" if hidden else ""


def columns_not_shown(hidden: int) -> str:
    """Return a sentence about columns that a snapshot leaves out; empty when it has all of them."""
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
    """Put a sentence of a notice into the past tense; `then` is the moment of the snapshot."""
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


def as_of(now: float, *, final: bool) -> str:
    """Return the moment of a snapshot, to the second in one that is kept up to date; `now` in Unix seconds."""
    return f"saved copy, as of {words.moment(now * 1000)}" if final else f"as of {words.instant(now * 1000)}"


def meta_line(view: View, *, now: float, past: bool = False, ticking: bool = False) -> list[str]:
    """Return steps, time and model for the head of a snapshot.

    Args:
        view: the view, present or past.
        now: the moment of the snapshot, in Unix seconds.
        past: the snapshot is read later than it is made.
        ticking: the snapshot is replaced every second, and says itself how old it is.

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
    """Return the steps so far, with their limit while the run goes on; empty when the server did not say."""
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
    """Return how long a run had lasted at the server's last answer; empty for a saved answer, which has no time."""
    if heard is None or connection == "ended":
        return ""
    return f"{words.duration((heard - started) / 1000)} when last seen"


def freshness_words(view: View, *, now: float) -> str:
    """Return when the server last answered and is asked next; empty once it is asked no more.

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
        return _checks_words(
            "cells checked" if head["done"] else "updated", heard, _due_words("next check", due, now), now
        )
    retry = "checks have stopped" if clock["connection"] == "stopped" else _due_words("trying again", due, now)
    return _checks_words("last heard", heard, retry, now)


def _checks_words(what: str, heard: float | None, then: str, now: float) -> str:
    since = "" if heard is None else f"{what} {words.age(now - heard / 1000)}"
    return ", ".join(filter(None, (since, then)))


def _due_words(what: str, due: float | None, now: float) -> str:
    if due is None:
        return ""
    left = due / 1000 - now
    return f"{what} in {words.duration(left)}" if left >= 1 else "checking…"
