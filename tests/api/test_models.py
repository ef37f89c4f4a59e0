from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.models import account, base, run, table
from origami_widgets.api.models.account import Account
from origami_widgets.api.models.base import Model, Page
from origami_widgets.api.models.run import Agent, CreatedAgent, RunObject
from origami_widgets.api.models.table import FlatRow, Row
from tests.api.conftest import fixture

ALL_MODELS = sorted(
    {
        value
        for module in (account, base, run, table)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Model)
    },
    key=lambda model: model.__name__,
)
NUMBERS = st.integers() | st.floats() | st.just(10**400)
ODD = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=5)
    | st.sampled_from(["--5", "-", "²", "٣", "9" * 79, "1e999"])
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RUNS = ["running_null", "running_partial", "completed_stats", "needs_input", "errored"]


def known_names(model: type[Model]) -> list[str]:
    return [name for name in model.__struct_encode_fields__ if name != "raw"] + ["actions", "text", "cells", "items"]


@cache
def json_for(model: type[Model]) -> st.SearchStrategy:
    """Any JSON, half of it with fields of a model. To make the strategy takes as long as an example of it."""
    return st.dictionaries(st.sampled_from(known_names(model)), JSON, max_size=6) | JSON


@pytest.mark.sweep
@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_any_json_object_becomes_an_object(model, data):
    raw = data.draw(json_for(model))
    built = model.from_raw(raw)
    assert isinstance(built, model)
    assert isinstance(built.raw, dict)
    if isinstance(raw, dict):
        assert built.raw is raw
    repr(built)


def without_optionals(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: without_optionals(inner) for key, inner in value.items() if inner is not None and key not in OPTIONAL
        }
    return [without_optionals(inner) for inner in value] if isinstance(value, list) else value


OPTIONAL = {
    "object",
    "completedAt",
    "transcript",
    "transcriptTruncated",
    "stats",
    "qualification",
    "kind",
    "tableSlug",
    "type",
}


def with_more(value: Any) -> Any:
    """Unknown fields everywhere, and unknown members in every enum."""
    if isinstance(value, dict):
        grown = {key: with_more(inner) for key, inner in value.items()}
        for key in ("status", "type", "kind", "source", "model"):
            if isinstance(grown.get(key), str):
                grown[key] = f"future-{grown[key]}"
        return {**grown, "fromTheFuture": {"deep": [1]}}
    return [with_more(inner) for inner in value] if isinstance(value, list) else value


def not_read(value: object, path: str = "") -> list[str]:
    """The fields of an object that are not what its JSON says."""
    wrong = []
    if isinstance(value, Model):
        fields = value.prepare(value.raw)
        for name, key in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            sent, got = fields.get(key), getattr(value, name)
            if name == "raw" or sent is None:
                continue
            if isinstance(sent, list):
                assert len(sent) == len(got), f"{path}.{key}"
                wrong += [each for item in got for each in not_read(item, f"{path}.{key}")]
            elif isinstance(got, Model):
                wrong += not_read(got, f"{path}.{key}")
            elif got != (datetime.fromisoformat(sent) if isinstance(got, datetime) else sent):
                wrong.append(f"{path}.{key}")
    return wrong


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("change", [without_optionals, with_more])
def test_shared_payloads_and_variants_give_usable_objects(name, change):
    raw = change(fixture(name))
    run = RunObject.from_raw(raw)
    assert not_read(run) == []
    assert run.id == raw["id"]
    assert run.status == raw["status"]
    assert run.request.prompt
    assert run.raw == raw
    if change is with_more:
        assert run.raw["fromTheFuture"] == {"deep": [1]}
        assert run.status.startswith("future-")
        for action in run.response.actions if run.response else ():
            assert action.type.startswith("future-")
            assert action.raw["fromTheFuture"]


def test_a_completed_run_in_full():
    run = RunObject.from_raw(fixture("completed_stats"))
    table = run.response.tables[0]
    assert (run.steps.completed, run.steps.max) == (17, 50)
    assert run.started_at == datetime(2026, 7, 21, 9, 14, 2, tzinfo=UTC)
    assert run.completed_at.tzinfo is UTC
    assert table.workspace_id is None
    assert table.cells.running == 2
    assert table.columns[2].qualification.pass_ == 12
    assert table.columns[1].qualification is None
    assert table.columns[1].stats.call_rate == 0.8667
    assert table.stats.funnel.dedup_rate == 0.1429
    assert table.stats.running.oldest_active_run_started_at == datetime(2026, 7, 21, 9, 17, 20, tzinfo=UTC)
    assert table.stats.lead_sources[0].source == "historical"
    assert [suggestion.type for suggestion in run.todo.next_actions] == ["find_more_leads", "export_csv", None]


@pytest.mark.parametrize(
    ("steps", "completed"),
    [
        ("12", 12),
        (12.0, 12),
        ("twelve", None),
        (12.5, None),
        (True, None),
        ([], None),
        (float("inf"), None),
        ("--5", None),
    ],
)
def test_a_value_of_another_kind_is_read_or_left_out(steps, completed):
    run = RunObject.from_raw({"id": "r", "steps": {"completed": steps, "max": 50}})
    assert run.steps.completed == completed
    assert run.steps.max == 50


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-21T09:14:02Z", datetime(2026, 7, 21, 9, 14, 2, tzinfo=UTC)),
        ("2026-07-21T11:14:02.5+02:00", datetime(2026, 7, 21, 9, 14, 2, 500_000, tzinfo=UTC)),
        ("2026-07-21T09:14:02", datetime(2026, 7, 21, 9, 14, 2, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1_784_625_242, None),
        (None, None),
    ],
)
def test_timestamps_are_utc_or_none(text, moment):
    assert RunObject.from_raw({"startedAt": text}).started_at == moment


def test_null_where_a_value_is_required_gives_the_default():
    run = RunObject.from_raw({"id": "r", "steps": None, "todo": None, "prompt": None})
    assert (run.steps.completed, run.todo.pending_questions, run.prompt) == (None, (), "")


def test_actions_at_the_top_level_of_a_running_run_count():
    run = RunObject.from_raw(
        {"status": "running", "response": None, "actions": [{"type": "leads_added", "tableId": "t"}]}
    )
    assert run.response.actions[0].type == "leads_added"
    assert run.raw["response"] is None


@pytest.mark.parametrize(
    "questions",
    [["Which region?"], [{"text": "Which region?"}], [{"question": "Which region?", "type": "single-choice"}]],
)
def test_questions_are_read_in_all_forms(questions):
    (question,) = RunObject.from_raw({"todo": {"pendingQuestions": questions}}).todo.pending_questions
    assert question.question == "Which region?"
    assert question.freeform_option == "Or something else"


def test_a_transcript_that_was_not_asked_for_differs_from_an_empty_one():
    assert RunObject.from_raw({"response": {"transcript": None}}).response.transcript is None
    assert RunObject.from_raw({"response": {"transcript": []}}).response.transcript == ()


def test_typed_and_flat_rows_hold_the_same_values():
    typed = Page.of(Row, fixture("rows_typed"))
    flat = Page.of(FlatRow, fixture("rows_flat"))
    assert typed.next_cursor == "eyJvIjoyfQ"
    assert typed.total == 15
    assert flat.next_cursor is None
    for row, other in zip(typed.items, flat.items, strict=True):
        assert row.id == other.id
        assert {slug: cell.value for slug, cell in row.cells.items()} == other.values


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ({"id": "1", "name": "Ana"}, {"name": "Ana"}),
        ({"id": "1", "cells": {"name": "Ana"}}, {"name": "Ana"}),
        ({"object": "row", "id": "1", "cells": {"name": "Ana"}}, {"name": "Ana"}),
        ({"id": "1", "cells": {"phone": "5"}, "name": "Ana"}, {"cells": {"phone": "5"}, "name": "Ana"}),
    ],
)
def test_flat_rows_with_and_without_a_cells_level(raw, values):
    assert FlatRow.from_raw(raw).values == values


@pytest.mark.parametrize("name", ["items", "rows", "runs", "agents", "tables", "columns", "data"])
def test_list_envelopes_old_and_new_are_read(name):
    page = Page.of(Agent, {name: [{"id": "a"}, None, {"id": "b"}], "pagination": {"total": 7, "hasMore": False}})
    assert [agent.id for agent in page.items if agent.id] == ["a", "b"]
    assert page.next_cursor is None
    assert page.total == 7


def test_a_page_is_a_sequence_of_its_items():
    page = Page.of(Agent, {"items": [{"id": "a"}, {"id": "b"}]})
    assert [agent.id for agent in page] == ["a", "b"]
    assert len(page) == 2
    assert page[1].id == "b"


def test_an_account_without_limits():
    account = Account.from_raw(
        {"capabilities": {"canUseApi": True, "concurrentAgents": None}, "workspaces": {"used": 3}}
    )
    assert account.capabilities.can_use_api is True
    assert account.capabilities.concurrent_agents is None
    assert account.workspaces.used == 3


def test_objects_are_frozen_equal_by_value_and_survive_a_pickle():
    created = CreatedAgent.from_raw(fixture("create_agent"))
    assert created == CreatedAgent.from_raw(fixture("create_agent"))
    assert pickle.loads(pickle.dumps(created)) == created  # noqa: S301 - our own
    assert copy.deepcopy(created) == created
    with pytest.raises(AttributeError):
        created.run.status = "completed"
