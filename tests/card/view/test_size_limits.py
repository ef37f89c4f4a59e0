"""However large or odd a run is, its view, its HTML and its text stay small and say what they leave out."""

import copy
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import WIDTH, render_text
from origami_widgets.card.view import make_view
from origami_widgets.card.view.contract import View
from origami_widgets.words.foreign_text import stored_size, width_of
from tests.card.markup import read
from tests.fixtures.states import NOW, STATES, large, settled_payload, state_of

WHOLE, COPIES = 60_000, 90_000

FRAGMENTS = [
    "<b>",
    '"',
    "\\",
    "&amp;",
    "漢",
    "\U0001f468\u200d\U0001f469",
    "\u202e",
    "\x00",
    "\ud83d",
    "[](",
    "*",
    "| a |\n|-|\n",
    "word ",
    "\n",
]
text = st.one_of(
    st.text(max_size=40),
    st.builds(lambda part, times: part * times, st.sampled_from(FRAGMENTS), st.integers(0, 20_000)),
)
number = st.one_of(st.none(), st.integers(-3, 10**18), st.floats(), st.booleans(), text)


def objects(**fields):
    return st.fixed_dictionaries({}, optional=fields)


columns = objects(
    name=text,
    kind=st.one_of(text, st.sampled_from(["input", "score"])),
    credits=objects(lifetimeUsed=number),
    cells=objects(running=number, errored=number),
    stats=objects(avgCreditsPerRun=number, callRate=number),
    qualification=st.fixed_dictionaries({"pass": number, "fail": number, "unsure": number}),
)
counts = dict.fromkeys(("totalSourcedLeads", "postStaticLeads", "dedupedLeads", "excludedLeads"), number)
tables = objects(
    id=text,
    name=text,
    leadCount=number,
    url=text,
    columns=st.builds(lambda item, times: [item] * times, columns, st.integers(0, 300)),
    credits=objects(lifetimeUsed=number),
    cells=objects(running=number, errored=number),
    stats=objects(funnel=objects(**counts), hasUnknownTotalWithMore=st.booleans(), creditsPerLead=number),
)
actions = objects(
    type=st.one_of(text, st.sampled_from(["leads_added", "column_added"])),
    tableId=text,
    tableName=text,
    columnName=text,
    leadCount=number,
)
questions = objects(type=text, question=text, suggestedAnswers=st.lists(text, max_size=9), freeformOption=text)
suggestions = objects(label=text, type=st.one_of(st.none(), text))


def many(item, most):
    return st.builds(lambda items, times: items * times, st.lists(item, max_size=2), st.integers(0, most))


runs = st.fixed_dictionaries(
    {
        "id": text,
        "agentId": text,
        "status": st.one_of(text, st.sampled_from(["running", "completed", "needs_input", "errored"])),
        "prompt": text,
        "model": text,
        "steps": objects(completed=number, max=number),
        "startedAt": st.one_of(text, st.just("2026-07-21T09:14:02Z"), st.just("0001-01-01T00:00:00Z")),
        "completedAt": st.one_of(text, st.just("9999-12-31T23:59:59Z")),
        "response": objects(text=text, actions=many(actions, 150), tables=many(tables, 30)),
        "todo": objects(pendingQuestions=many(questions, 30), nextActions=many(suggestions, 30)),
    }
)


def check(state, earlier=()):
    view, snapshot = (make_view(state, earlier=earlier, now=NOW, form=form) for form in ("live", "snapshot"))
    sent = json.dumps(view, allow_nan=False, ensure_ascii=False).encode()
    assert len(sent) <= WHOLE
    msgspec.convert(json.loads(sent), View)
    html, plain = render_html(snapshot, now=NOW), render_text(snapshot, now=NOW)
    assert stored_size(html) + stored_size(plain) <= COPIES
    read(html)
    assert max(width_of(line) for line in plain.splitlines()) <= WIDTH
    return view


@settings(suppress_health_check=list(HealthCheck))
@given(run=runs)
def test_any_run_is_bounded_and_keeps_the_contract(run):
    state = state_of(run)
    check(state, earlier=[state] * 3)


@pytest.mark.parametrize("fill", ["<", "漢字 ", "\\"])
def test_the_worst_run(fill):
    """Everything at its largest at once, in the characters that take most room when they are escaped."""
    long = fill * 5_000
    run = settled_payload()
    run |= {"id": long, "agentId": long, "prompt": long, "model": long, "status": "step_cap_hit"}
    run["request"]["prompt"] = long
    table = run["response"]["tables"][0]
    table |= {"name": long, "url": "https://origami.chat/" + "x" * 570, "cells": {"running": 10**14, "errored": 10**14}}
    table["columns"] = [column | {"name": long, "kind": long} for column in table["columns"]] * 30
    action = {"type": long, "tableId": table["id"], "columnName": long}
    run["response"] |= {"tables": [table | {"id": str(i)} for i in range(60)], "actions": [action] * 500, "text": long}
    question = {
        "type": long,
        "question": long,
        "suggestedAnswers": [long + str(i) for i in range(20)],
        "freeformOption": long,
    }
    run["todo"] = {"pendingQuestions": [question] * 30, "nextActions": [{"label": long}] * 30}
    state = state_of(run)
    view = check(state, earlier=[state] * 20)
    assert len(view["ask"]["questions"]) == 8
    assert view["tables"]["items"]
    assert view["tables"]["hidden"].startswith(f"{60 - len(view['tables']['items'])} more tables: ")


def test_a_large_run_says_what_it_leaves_out():
    view = check(large())
    assert len(json.dumps(view)) <= WHOLE
    assert len(view["tables"]["items"]) == 20
    for table in view["tables"]["items"]:
        shown = len(table["columns"]["rows"])
        assert shown >= 5
        assert shown + table["hidden"] == 40
        assert table["columns_note"].startswith(f"{shown} of 40 columns")
    assert view["prose"]["cut"]


def test_cells_that_fill_never_change_which_columns_are_shown():
    run = copy.deepcopy(large().run.raw)
    before = make_view(state_of(run), now=NOW)
    for table in run["response"]["tables"]:
        for column in table["columns"]:
            column["cells"] = {"running": 0, "errored": 0}
    after = make_view(state_of(run), now=NOW)
    for old, new in zip(before["tables"]["items"], after["tables"]["items"], strict=True):
        assert [row[0] for row in old["columns"]["rows"]][:5] == [row[0] for row in new["columns"]["rows"]][:5]


@pytest.mark.sweep
@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("form", ["live", "current", "snapshot"])
def test_only_the_clock_depends_on_now(name, form):
    first, later = (make_view(STATES[name](), now=now, form=form) for now in (NOW, NOW + 3_600))
    assert (first["head"].pop("as_of") == later["head"].pop("as_of")) == (form == "live")
    assert {**first, "clock": None} == {**later, "clock": None}
