"""One run has one number of leads: in the head, the tab, the foot, the board, the text, and the command line's record."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import origami_widgets as ow
from origami_widgets.cli.run_text import run_record
from tests.card.live import receive
from tests.card.widgets.leads.lead_front import message
from tests.fixtures.states import NOW
from tests.support.quick import see


def figures_of(card):
    return {figure["label"].split(" ")[0]: figure["value"] for figure in card.view["result"]["figures"]}


def tab_of(card):
    tables = card.view["tables"]
    return next(table["leads"] for table in tables["items"] if table["id"] == tables["main"])


@pytest.fixture(scope="module")
def people():
    """A run that built companies, of which the brief hides some, and the people in them."""
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find 20 SaaS founders in Austin", client=client, show=False).wait("cells", timeout=60)
    assert len(run.tables) > 1
    return SimpleNamespace(client=client, run=run)


def test_every_place_has_the_count_of_the_table_with_verdicts(people):
    run, table = people.run, people.run.tables[0]
    assert table.stats.qualification is not None
    card, board = ow.RunCard(run), ow.RunBoard([run])
    count = f"{table.lead_count}"
    assert (figures_of(card)["leads"], tab_of(card), f"{card.lead_count}") == (count, count, count)
    assert (board.view["rows"][0]["leads"], f"{board.lead_count}") == (count, count)
    assert run_record(run.state, now=NOW)["leads"] == table.lead_count
    assert run.history[-1].lead_count == table.lead_count
    assert ow.runs_frame(run)["lead_count"].to_list() == [table.lead_count]
    for text in (str(run), run.to_html(), str(card.snapshot())):
        assert f"{sum(each.lead_count for each in run.tables)} leads" not in text
    assert f"{count} leads" in str(run)
    card.close()
    board.close()


def test_head_tab_and_foot_agree_at_every_moment_of_a_run():
    sandbox = ow.Sandbox(speed=40)
    run = ow.start("Find 20 SaaS founders in Austin", client=sandbox.client(), show=False)
    card = ow.RunCard(run)
    messages, seen, differing = [], set(), []
    send = card.comm.send
    state = {"figures": [], "leads": "", "main": ""}

    def note(data=None, metadata=None, buffers=None):
        messages.append(data)
        if data["method"] == "update":
            state["figures"] = data["state"].get("result", {}).get("figures", state["figures"])
        content = data.get("content") or {}
        if content.get("kind") == "leads" and content["count"]:
            head = next((each["value"] for each in state["figures"] if each["label"].startswith("lead")), None)
            foot = content["count"].partition(" of ")[2] or content["count"]
            seen.add(content["count"])
            # The rows that are shown are counted, too, however long ago the run was checked.
            if foot.split(" ")[0] != head or content["read"] > int(head):
                differing.append((head, content["count"], content["read"]))
        send(data, metadata, buffers)

    card.comm.send = note
    asked = []

    def look():
        main = card.view["tables"]["main"]
        if main and main not in asked:
            asked.append(main)
            receive(card, message(main, size=200, last=199))
        return run.state.settled

    see(look)
    assert seen
    assert differing == []
    card.close()
