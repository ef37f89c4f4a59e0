"""`leave_out=` of a grid: leads of a list of the user's own are not shown, counted, and in no frame or file."""

from __future__ import annotations

import io
import json
from base64 import b64decode

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import Counted, Page
from tests.support.quick import see

pytestmark = pytest.mark.usefixtures("unlimited")
SECRET = "secret-customer.example"
# The grid and the frame of one run are seen to be without them; what is made of frames is looked at for several at once.
of_a_batch = pytest.mark.parametrize("source", ["batch"], indirect=True)


@pytest.fixture(scope="module")
def sandbox():
    return Counted(speed=600)


@pytest.fixture(scope="module")
def run(sandbox):
    return ow.start("List bakeries in Porto", client=sandbox.client(), show=False).wait("cells", timeout=60)


@pytest.fixture(scope="module")
def batch(sandbox):
    cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
    return ow.start_many(cities, client=sandbox.client(), show=False).wait("cells", timeout=60)


@pytest.fixture(params=["run", "batch"])
def source(request):
    """The leads' source, and the names or ids of the tables that the first tab shows."""
    made = request.getfixturevalue(request.param)
    return made, [run.tables[0].id for run in getattr(made, "runs", (made,))]


@pytest.fixture
def customers(source):
    """The domains of every third company, and of one that was not found."""
    leads = ow.leads_frame(source[0], tables=source[1])
    return [*leads["domain"].dropna().iloc[::3], SECRET]


@pytest.fixture
def grid(source, customers):
    made = ow.leads(source[0], leave_out=customers)
    yield made
    made.close()


def ids_of(source, **options):
    return ow.leads_frame(source[0], tables=source[1], **options)["row_id"].to_list()


def test_leads_of_the_list_are_not_shown_and_counted(source, grid, customers):
    front = Page(grid).ask()
    kept, every = ids_of(source, leave_out=customers), ids_of(source)
    assert set(front.ids()) == set(kept)
    last, gone = front.answers[-1], len(every) - len(kept)
    assert gone > 0
    assert (last["left_out"], last["total"], last["marks"]) == (gone, len(kept), {})
    assert last["count"].endswith(f", {gone} left out by your list")
    # The number of leads is the same as without a list.
    other = ow.leads(source[0])
    assert last["count"].startswith(Page(other).ask().answers[-1]["count"])
    other.close()


def test_leads_of_the_list_are_shown_marked_on_request(source, grid, customers):
    front = Page(grid).ask(include_left_out=True)
    assert set(front.ids("left_out")) == set(ids_of(source)) - set(ids_of(source, leave_out=customers))
    assert set(front.ids()) == set(ids_of(source, leave_out=customers))
    assert front.answers[-1]["total"] == len(ids_of(source))


@of_a_batch
def test_frames_and_ticked_leads_are_without_them(source, grid, customers):
    page = Page(grid)
    page.ask(include_left_out=True)
    wanted = ow.leads_frame(source[0], tables=source[1], leave_out=customers)
    for frame in (grid.frame, grid.to_frame()):
        assert set(frame["row_id"]) == set(wanted["row_id"])
        assert frame.attrs["origami"]["left_out"] == wanted.attrs["origami"]["left_out"]
    receive(grid, {"kind": "select", "ids": ids_of(source), "on": True})
    see(lambda: grid.selected)
    assert set(grid.selection["row_id"]) == set(wanted["row_id"])


@of_a_batch
def test_files_are_without_them_and_the_summary_counts_them(source, grid, customers, tmp_path):
    page = Page(grid)
    messages = sent_by(grid)
    page.ask(include_left_out=True)
    wanted = ow.leads_frame(source[0], tables=source[1], leave_out=customers)
    table = grid.head["tabs"][0]["id"]
    for kind in ("csv", "xlsx"):
        receive(grid, {"kind": "download", "grid": "g", "table": table, "ids": [], "columns": [], "format": kind})
    contents = [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]
    files = [io.BytesIO(b64decode(each["base64"])) for each in contents]
    assert len(pd.read_csv(files[0])) == len(pd.read_excel(files[1], sheet_name=1)) == len(wanted)
    (file,) = ow.export(grid, tmp_path / "leads.xlsx")
    for each in (files[1], file):
        said = pd.read_excel(each, sheet_name="Summary", header=None).astype(str).to_numpy().ravel().tolist()
        assert f"{wanted.attrs['origami']['left_out']['leads']} leads" in said[said.index("Left out by your list") :]


@of_a_batch
def test_nothing_of_the_list_is_sent_or_saved(sandbox, source, customers):
    sandbox.rows.clear()
    grid = ow.leads(source[0], leave_out=customers, save=True)
    messages = sent_by(grid)
    front = Page(grid).ask(include_left_out=True)
    gone = set(front.ids("left_out"))
    seen = json.dumps([sandbox.rows, grid.get_state(), grid.snapshot(), messages], default=str)
    assert SECRET not in seen
    names = [cells[0] for row_id, cells in front.rows if row_id in gone]
    saved = json.dumps(grid.snapshot())
    assert names
    assert not any(name in saved for name in names)
    grid.close()


@pytest.mark.parametrize("given", [5, ["gmail.com"], pd.DataFrame({"age": [7]}), "nowhere.csv"])
def test_a_list_is_refused_as_by_frames(run, given):
    with pytest.raises(InvalidInput) as refused:
        ow.leads_frame(run, leave_out=given)
    for show in (ow.leads, ow.LeadGrid):
        with pytest.raises(InvalidInput) as error:
            show(run, leave_out=given)
        assert (error.value.title, error.value.cause) == (refused.value.title, refused.value.cause)


@pytest.mark.parametrize("show", [ow.leads_frame, ow.leads, ow.LeadGrid])
def test_rows_that_leave_out_nothing_are_warned_of(run, show):
    with pytest.warns(RuntimeWarning, match="leave out nothing: 1 of 2") as caught:
        show(run, leave_out=["acme.example", "gmail.com"])
    # At the line here, or it would be shown once only.
    assert [each.filename for each in caught] == [__file__]


def test_the_leads_of_a_run_are_left_out(batch):
    porto, faro = (set(ow.leads_frame(run, tables=[run.tables[0].id])["row_id"]) for run in batch.runs)
    grid = batch.leads(leave_out=batch.runs[0])
    assert set(Page(grid).ask().ids()) == set(grid.to_frame()["row_id"]) == faro - porto
    grid.close()
