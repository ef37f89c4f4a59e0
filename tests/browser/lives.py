"""Whole lives of cards: the views of runs of the sandbox from their start to their end, without waiting for them.

The sandbox's clock stands here and is moved on; between two moves, the run is read once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import origami_widgets as ow
from origami_widgets.card.view import view_now
from tests.fixtures.states import payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.card.view.contract import Link, View

BRIEF = "Find 20 bakeries in Porto with a web shop, and the people who buy for them"
LONG_BRIEF = (
    "Find 20 independent, family-owned bakeries in Porto, Vila Nova de Gaia and Matosinhos that bake on the premises, sell "
    "through a web shop of their own and were founded before 2010; leave out chains, franchises and hotels. For each of "
    "them, find who decides about ingredients, and an e-mail address that I can write to in Portuguese."
)
BUILDING = (
    "completed",
    "filling",
    "partial",
    "every_action",
    "large",
    "step_cap_hit",
    "incomplete",
    "errored",
    "timed_out",
)
SLOW = {"large": 8.0, "timed_out": 40.0}
"""Scenarios that are looked at less often, in simulated seconds."""
EVERY = 6.0
MOST_LOOKS = 80
LINES = (1, 2, 3)


class Life:
    """One conversation and the views that its card has shown.

    Args:
        brief: The brief of its first run.
        every: Simulated seconds between two looks.
    """

    def __init__(self, brief: str, every: float = EVERY) -> None:
        self.views: list[View] = []
        self.every = every
        self._now = time.time()
        client = ow.Sandbox(plan="ultra", clock=lambda: self._now).client()
        self.run = ow.start(brief, client=client, show=False)
        self._look()

    def go_on(self, until: Callable[[ow.Run], object] = lambda run: run.settled) -> Life:
        """Let time pass until something is true of the run."""
        for _ in range(MOST_LOOKS):
            if until(self.run):
                return self
            self._now += self.every
            self.run.refresh()
            self._look()
        raise AssertionError(f"It is still not so after {MOST_LOOKS * self.every} s: the run is {self.run.status}.")

    def follow_up(self, prompt: str) -> Life:
        """Send a follow-up, and go on with the run that this starts."""
        self.run = self.run.follow_up(prompt)
        return self._look()

    def cancel(self) -> Life:
        """Cancel the run."""
        self.run.cancel()
        return self._look()

    def _look(self) -> Life:
        view: Any = view_now(self.run.conversation)
        # Between two checks without news, only the clock goes on.
        if not self.views or {**view, "clock": None} != {**self.views[-1], "clock": None}:
            self.views.append(view)
        return self


def lives() -> dict[str, list[View]]:
    """Return the views of a life of each kind: how it ends, whether it builds anything, what the user does to it."""
    lived = {name: Life(f"{BRIEF}. scenario:{name}", SLOW.get(name, EVERY)).go_on() for name in BUILDING}
    lived["long_brief"] = Life(LONG_BRIEF).go_on()
    lived["cancelled"] = Life(f"{BRIEF}. scenario:slow").go_on(lambda run: run.tables).cancel().go_on()
    lived["follow_up"] = Life(BRIEF).go_on().follow_up(f"{BRIEF}, with their phone numbers").go_on()
    views = {name: life.views for name, life in lived.items()}
    views |= {f"says_{lines}": [saying(lines, view) for view in views["completed"]] for lines in LINES}
    # A notice with a long button.
    views["to_fill"] = [
        *views["completed"][:-1],
        {**views["completed"][-1], "notices": payload("views/to_fill")["notices"]},
    ]
    return {**views, "with_link": [as_of_the_product(view) for view in views["filling"]]}


def saying(lines: int, view: View) -> View:
    """Return a view whose agent says so many lines in the end, and suggests as many next steps."""
    paragraph: Any = {"t": "p", "c": ["I built the table that you asked for."]}
    return {
        **view,
        "prose": {**view["prose"], "nodes": [paragraph] * lines if view["prose"]["nodes"] else []},
        "suggestions": [
            {**each, "label": f"Find more leads like these in region {at}"}
            for each in view["suggestions"][:1]
            for at in range(lines)
        ],
    }


def as_of_the_product(view: View) -> View:
    """Return what the card shows of a run that is not the sandbox's: without its name, and with a link once there is a table."""
    link: Link | None = {"href": "https://origami.chat/workspace/1", "label": "Open in Origami"}
    return {**view, "head": {**view["head"], "origin": "", "link": link if view["tables"]["items"] else None}}
