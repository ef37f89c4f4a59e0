"""What happens now, in one line."""

from origami_widgets.card.view import make_view
from tests.fixtures.states import NOW, payload, state_of


def words(line):
    return "".join(part if isinstance(part, str) else "".join(part["c"]) for part in line)


def now_of(run):
    return make_view(state_of(run), now=NOW)["now"]


def test_what_fills_is_named_with_its_cells_also_after_the_agent_has_spoken():
    run = payload("completed_stats")
    assert words(now_of(run)) == "Filling Contact e-mail · 2 cells"
    table = run["response"]["tables"][0]
    run["response"]["tables"].append(table | {"id": "t2", "name": "People", "cells": {"running": 5, "errored": 0}})
    assert words(now_of(run)) == "Filling Contact e-mail and 1 more column · 7 cells"
