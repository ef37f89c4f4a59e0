"""Columns that come while leads are shown: each value stands below the head of its column, in every step of a run."""

from __future__ import annotations

import itertools
import re
import time

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.card.widgets.lead_feed import LeadFeed
from tests.card.live import on_loop, receive, sent_by
from tests.card.widgets.leads.lead_front import SIZE, Front, found_in, message, text_of, touched
from tests.card.widgets.leads.test_batch_leads import CITIES
from tests.support.quick import see

RUN = ":run"


class Page:
    """A page that looks at leads once and takes over what it is sent."""

    def __init__(self, widget):
        self.front, self.messages, self.taken, self.widget = Front(), sent_by(widget), 0, widget
        self.table = ""

    def look(self, table):
        self.table = self.table or table
        receive(self.widget, message(self.table, last=199, size=200))

    def cells(self):
        """The texts that are shown, by lead and the slug of the head above."""
        while self.taken < len(self.messages):
            each = self.messages[self.taken]
            self.taken += 1
            if each.get("content", {}).get("kind") == "leads":
                self.front.receive(each["content"])
        return shown_by(self.front)


def shown_by(front):
    """What stands below each head, by lead. Raises where a lead has more or fewer cells than there are heads."""
    return {
        row_id: {slug: text_of(cell) or "" for slug, cell in zip(front.slugs, cells, strict=True)}
        for row_id, cells in front.rows
    }


def plain(text):
    """Leave out what people leave out, and how numbers are written."""
    text = re.sub(r"^https?://(www\.)?", "", text)
    return re.sub(r"\D", "", text) if re.fullmatch(r"[$\d,.]+", text) else text


def stated_by(frame):
    """The texts that a frame of leads has, by lead and column."""
    found = {}
    for row in frame.to_dict("records"):
        values = {slug: row[slug.replace("-", "_")] for slug in SLUGS if slug.replace("-", "_") in frame}
        texts = {slug: "" if pd.isna(value) else plain(str(value)) for slug, value in values.items()}
        found[row["row_id"]] = texts | ({"first-email": "drafted"} if texts.get("first-email") else {})
    return found


SLUGS = {"company", "website", "city", "employees", "contact-email", "phone", "address", "latest-funding", "fit"} | {
    "first-email"
}


def batch_of(client):
    batch = ow.start_many(CITIES, client=client, show=False)
    see(lambda: len(list(batch)) == len(CITIES))
    return list(batch), ow.leads(batch)


def card(client):
    run = ow.start(CITIES["Porto"], client=client, show=False)
    return [run], ow.RunCard(run)


@pytest.mark.parametrize(("begin", "opened"), [(batch_of, 0.0), (card, 30.0)])
def test_each_value_stands_below_its_head_while_runs_work(begin, opened, unlimited):
    begun, ahead = time.time(), [0.0]
    client = ow.Sandbox(clock=lambda: begun + ahead[0], plan="enterprise").client()
    runs, widget = begin(client)
    page, columns = Page(widget), []
    for step in itertools.count(1):
        ahead[0] = opened + 12.0 * step
        for run in runs:
            run.refresh()
        if not all(run.tables for run in runs):
            continue
        tabs = getattr(widget, "head", {}).get("tabs")
        page.look(tabs[0]["id"] if tabs else runs[0].tables[0].id)
        frame = ow.leads_frame(runs, tables=[run.tables[0].id for run in runs], include_hidden=True)
        stated = stated_by(frame)
        names = dict(zip(frame["row_id"], frame["run_name"], strict=True))
        is_over = all(run.settled for run in runs)
        # The saved filters apply to a table once its cells are final.
        ended = [run.tables[0].id for run in runs if run.done and not run.tables[0].cells.running]
        passing = ow.leads_frame(runs, tables=ended)["row_id"] if ended else []
        wanted = set(frame["row_id"][frame["row_id"].isin(passing) | ~frame["table_id"].isin(ended)])

        def is_right(stated=stated, names=names, wanted=wanted):
            cells = page.cells()
            texts = {row_id: {slug: plain(text) for slug, text in each.items()} for row_id, each in cells.items()}
            if set(texts) != wanted:
                return False
            of_runs = {row_id: each.pop(RUN, names[row_id]) for row_id, each in texts.items()}
            return all(texts[row_id] == stated[row_id] for row_id in texts) and of_runs == {
                row_id: names[row_id] for row_id in texts
            }

        see(is_right)
        columns.append(len(next(iter(page.cells().values()))))
        if is_over:
            break
    # Leads that were not read yet are not said to be hidden.
    assert not [each["count"] for each in page.front.answers if "hidden" in each["count"] and not each["hidden"]]
    # Columns did come while leads were shown.
    assert len(set(columns)) > 1 or opened
    widget.close()


@pytest.mark.parametrize("is_moved_by", ["name", "own"])
def test_values_move_with_their_columns(made, is_moved_by):
    own, front, tables = [False], Front(), list(made.tables)
    run = ow.Run.from_payload({"id": "run", "status": "completed", "request": {"focusTableIds": [made.table.id]}})
    of = {"conversation": lambda _: run.conversation if own[0] else None}
    feed = LeadFeed(front.receive, found_in(lambda: tables), lambda _: made.operations, **of)
    on_loop(feed.look, message(made.table.id, last=2 * SIZE - 1, include_hidden=True))
    see(lambda: len(front.rows) == 2 * SIZE)
    before = shown_by(front)
    order = [*next(iter(before.values()))]
    columns = [
        {**each, "name": "Remark"} if is_moved_by == "name" and each["slug"] == "phone" else each
        for each in made.table.raw["columns"]
    ]
    own[0] = is_moved_by == "own"
    tables[:] = [touched(made.table, columns=columns, updatedAt="2030-01-01T00:00:00Z")]
    on_loop(feed.changed)
    see(lambda: [*next(iter(shown_by(front).values()))] != order)
    see(lambda: len(front.rows) == 2 * SIZE)
    assert shown_by(front) == before
    on_loop(feed.stop)


def test_a_column_that_was_stopped_says_so_below_its_head():
    client = ow.Sandbox(speed=40).client()
    table = ow.upload([{"website": f"{number}.example"} for number in range(60)], key="website", client=client)
    run = ow.start("Find the phone of each", focus_tables=[table], client=client, show=False)
    see(lambda: run.credits.used and run.tables[0].cells.running)
    run.cancel()
    run.wait("cells")
    card = ow.RunCard(run)
    page = Page(card)
    page.look(table.id)
    see(page.cells)
    heads = next(each["content"]["heads"] for each in page.messages if each["content"].get("kind") == "leads")
    assert {head["name"]: head["missing"] for head in heads} == {"website": "no result", "Phone": "stopped"}
    card.close()
