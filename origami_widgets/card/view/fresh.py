"""How fresh a card is that is drawn again every second: in the words of the front end, which counts for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import View


def fresh_words(view: View, *, now: float) -> str:
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
