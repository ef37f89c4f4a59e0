"""What happens now, in one line."""

from origami_widgets.card.view import make_view
from tests.fixtures.states import NOW, STATES, payload, state_of


def words(line):
    return "".join(part if isinstance(part, str) else "".join(part["c"]) for part in line)


def now_of(run, form="live"):
    return make_view(state_of(run), now=NOW, form=form)["now"]


def test_the_newest_change_stands_alone_while_the_run_goes_on():
    assert words(make_view(STATES["running"](), now=NOW)["now"]) == ("Latest: Added 11 leads in Porto bakeries")
    assert words(make_view(STATES["running_many"](), now=NOW)["now"]).startswith("Filling ")
    assert make_view(STATES["running_null"](), now=NOW)["now"] == []
    assert make_view(STATES["completed"](), now=NOW)["now"] == []


def test_cells_that_fill_take_its_place_where_the_agent_said_nothing():
    run = payload("completed_stats")
    assert now_of(run) == []
    run["response"]["text"] = None
    live, snapshot = (words(now_of(run, form)) for form in ("live", "snapshot"))
    assert live == "2 cells still filling. Blank cells may still fill in."
    assert snapshot == "2 cells were still filling. Blank cells may have filled in since."
