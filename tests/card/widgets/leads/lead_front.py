"""A sandbox that counts what it is asked for leads, and a page that takes them over."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.rows.row_reader import RowQuery
from origami_widgets.card.view.lead_cells import in_reading_order, make_cells, shown_columns
from tests.card.live import on_loop, receive, sent_by
from tests.support.quick import see

SIZE = 5


class Counted(ow.Sandbox):
    """A sandbox that notes which rows and columns it was asked for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rows = []
        self.columns = []

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if path.endswith("/rows"):
            query = parse_qs(scope["query_string"].decode())
            self.rows.append({name: values[0] for name, values in query.items()})
        elif path.endswith("/columns"):
            self.columns.append(path)
        await super().__call__(scope, receive, send)


def found_in(tables):
    """Return what finds a table by its id among those that a function returns."""
    return lambda table_id: next((table for table in tables() if table.id == table_id), None)


class Front:
    """What a page knows of the leads that it looks at: js/src/leads/rows.ts takes answers over in the same way."""

    def __init__(self):
        self.answers = []
        self.places = []
        self.known = {}
        self.marks = {}
        self.slugs = []

    @property
    def rows(self):
        """The leads in their order; a place of which nothing is known any more has none."""
        return [row for row in self.places if row is not None]

    def receive(self, answer):
        answer = json.loads(json.dumps(answer))
        self._take(answer)
        # Last, as tests look on another thread for what has come.
        self.answers.append(answer)

    def _take(self, answer):
        if not self.answers or self.answers[-1]["query"] != answer["query"]:
            self.places, self.known, self.marks, self.slugs = [], {}, {}, []
        if answer["heads"] and (slugs := [head["slug"] for head in answer["heads"]]) != self.slugs:
            self.places, self.known, self.marks, self.slugs = [], {}, {}, slugs
        if answer["rows"] is None:
            for row, column, cell in answer["changes"]:
                self.places[answer["start"] + row][1][column] = cell
            # The page is the same, and what stood behind it may be gone.
            assert len(self.places) >= answer["read"]
            del self.places[answer["read"] :]
            return
        page = [[row_id, list(self.known[row_id]) if cells is None else cells] for row_id, cells in answer["rows"]]
        for row, column, cell in answer["changes"]:
            page[row][1][column] = cell
        self.known.update(page)
        self.places = [None if row and row[0] in dict(page) else row for row in self.places[: answer["read"]]]
        self.places += [None] * (answer["read"] - len(self.places))
        self.places[answer["start"] : answer["start"] + len(page)] = page
        self.mark(answer)

    def mark(self, answer):
        """Take over which of the rows that came are marked."""
        kept = {row_id for row_id, _ in self.rows} - {row_id for row_id, _ in answer["rows"]}
        self.marks = {row_id: mark for row_id, mark in self.marks.items() if row_id in kept} | answer["marks"]

    def ids(self, mark=""):
        """The ids of the leads with a mark, or without any."""
        return [row_id for row_id, _ in self.rows if self.marks.get(row_id, "") == mark]


def message(table, /, **changes):
    made = {"kind": "leads", "grid": "g", "query": 1, "table": table, "first": 0, "last": 0, "size": SIZE}
    return {**made, "sort": None, "filters": [], "include_hidden": False, "include_left_out": False, **changes}


class Page:
    """A page that looks at a grid: what it was sent, and what it asks next."""

    def __init__(self, grid):
        self.grid, self.front, self.query = grid, Front(), 0
        self.taken, self.messages = 0, sent_by(grid)

    def update(self):
        # The background loop goes on sending meanwhile.
        while self.taken < len(self.messages):
            each = self.messages[self.taken]
            self.taken += 1
            if each.get("content", {}).get("kind") == "leads":
                self.front.receive(each["content"])
        return self.front

    def ask(self, tab=0, **changes):
        """Ask for leads and return them once they are all there."""
        self.query += 1
        table = self.grid.head["tabs"][tab]["id"]
        receive(self.grid, message(table, query=self.query, **{"last": 199, "size": 200, **changes}))
        see(lambda: self.is_answered() and not self.front.answers[-1]["more"])
        return self.front

    def is_answered(self):
        return bool(self.update().answers) and self.front.answers[-1]["query"] == self.query

    def column(self, name):
        """The texts of a column."""
        heads = next(each["heads"] for each in reversed(self.front.answers) if each["heads"])
        at = [head["name"] for head in heads].index(name)
        return [text_of(cells[at]) for _, cells in self.front.rows]


def text_of(cell):
    return cell["text"] if isinstance(cell, dict) else cell[0] if isinstance(cell, list) else cell


def look(made, **changes):
    on_loop(made.feed.look, message(made.table.id, **changes))


def quiet(made, seconds=0.2):
    """Return how often rows were asked for, after a while in which more would be."""
    background().run(asyncio.sleep(seconds))
    return len(made.sandbox.rows)


def server_rows(made, **query):
    rows = rows_of(made.run, made.table, **query)
    made.sandbox.rows.clear()
    return rows


def rows_of(run, table, **query):
    """The leads as the server has them now, in the form in which a page is sent them."""
    read = run.conversation.current.operations.list_rows(table.id, RowQuery(flat=True, **query), limit=200)
    columns = shown_columns(table.columns)
    return [
        [row.id, json.loads(json.dumps(make_cells(row, in_reading_order(columns))))]
        for row in background().run(read).items
    ]


def touched(table, **changes):
    """The table as the server has it after a change."""
    return type(table).from_raw({**table.raw, **changes})
