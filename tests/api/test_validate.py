"""What cannot be right is refused before anything is sent, and the refusal says what to do."""

from __future__ import annotations

import numpy as np
import pytest

from origami_widgets.api import validate
from origami_widgets.api.errors import AgentNotFound, InvalidInput
from origami_widgets.run.batch import valid_at_once
from tests.api.verbs import IDS, VERBS
from tests.support.server import answer


def refused(call, *args, **kwargs) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        call(*args, **kwargs)
    assert isinstance(caught.value, ValueError)
    assert caught.value.title
    assert caught.value.cause
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("prompt", ["", "  \n", None, 7, "x" * 10_001, "half \ud83d"])
def test_invalid_prompts_are_refused(server, client, prompt):
    refused(client.create_agent, prompt)
    refused(client.create_run, "agent", prompt)
    assert server.requests == []


def test_numbers_of_numpy_are_numbers():
    given = (
        validate.credit_limit(np.int64(300)),
        validate.credit_limit(np.float32(0.5)),
        validate.row_limit(np.int64(5)),
    )
    assert given == (300, 0.5, 5)
    assert [type(each) for each in given] == [int, float, int]
    assert valid_at_once(np.int64(2)) == 2
    assert validate.as_json("filters", [{"value": np.int64(5)}], "[…]") == '[{"value": 5}]'
    refused(validate.credit_limit, np.True_)
    briefs = np.array(["Find bakeries", "Find cafés"])
    assert [type(validate.prompt(each)) for each in briefs] == [str, str]
    assert type(validate.table_id(np.str_("tbl_1"))) is str


@pytest.mark.parametrize("model", ["", 7, "origami lite", "Origami-Max", "gpt", "origami-" + "x" * 100])
def test_invalid_models_are_refused(server, client, model):
    error = refused(client.create_agent, "Find bakeries", model=model)
    assert "origami-lite" in error.remedy
    assert server.requests == []


@pytest.mark.parametrize("model", ["origami-lite", "origami-max", "origami-fast", "origami-mid", "origami-ultra-2"])
def test_possible_models_are_sent(server, client, model):
    server.plan(answer({"error": "not on the plan", "code": "MODEL_NOT_AVAILABLE"}, 400))
    with pytest.raises(InvalidInput, match="plan") as caught:
        client.create_agent("Find bakeries", model=model)
    assert "model=" in caught.value.remedy
    assert server.requests[0].json()["model"] == model


BAD_IDS = [
    "",
    " ",
    "a b",
    "a\n",
    "../x",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "a%2Fb",
    "%2e%2e",
    "a\x00",
    "a\r\nX-Other: 1",
    "a\u202e",
    "\uff41",  # a full-width letter
    "\u0661",  # a digit of another script
    ".",
    "..",
    "ä",
    "x" * 129,
    "x" * 10**6,
    None,
    7,
    b"a",
]


@pytest.mark.parametrize("value", BAD_IDS, ids=lambda value: repr(value)[:40])
def test_invalid_ids_are_refused(server, client, value):
    for verb, (arguments, options, *_) in VERBS.items():
        for at in [at for at, argument in enumerate(arguments) if argument in IDS]:
            refused(getattr(client, verb), *arguments[:at], value, *arguments[at + 1 :], **options)
    refused(client.create_agent, "Find", focus_table_ids=[value])
    refused(lambda: list(client.iter_rows(value)))
    assert server.requests == []


def test_the_id_of_a_run_instead_of_an_agent_is_named(server, client):
    error = refused(client.cancel, "v2_run-01k0c4m2f7")
    assert "run" in error.title
    assert "AGENT_ID/RUN_ID" in error.remedy
    assert server.requests == []


def test_a_token_instead_of_an_id_is_named(client):
    assert "token" in refused(client.get_run, "agent/v2_run-1", "v2_run-1").cause


def test_an_agent_that_is_not_found_may_have_been_a_table(server, client):
    server.plan(answer({"error": "no", "code": "AGENT_NOT_FOUND"}, 404))
    with pytest.raises(AgentNotFound, match="A table id"):
        client.list_runs("c0a3f1d2-9b6e-4d27-8a1c-5f0e7b3d9a44")


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"name": 7},
        {"focus_table_ids": "t1"},
        {"focus_table_ids": ["t"] * 51},
        {"attachments": [{"kind": "table", "tableId": "t"}] * 21},
        {"attachments": {"kind": "table"}},
        {"attachments": ["t1"]},
        {"attachments": "t1"},
        {"attachments": [{"tableId": "t"}]},
        {"idempotency_key": ""},
        {"idempotency_key": "x" * 256},
        {"idempotency_key": "a\nb"},
        {"idempotency_key": "ä"},
    ],
    ids=repr,
)
def test_invalid_options_of_a_start_are_refused(server, client, options):
    refused(client.create_agent, "Find bakeries", **options)
    assert server.requests == []


@pytest.mark.parametrize("limit", [0, -1, 101, 1.5, "50", None, True])
def test_invalid_page_sizes_are_refused(server, client, limit):
    refused(client.list_agents, limit=limit)
    refused(client.list_tables, limit=limit)
    refused(client.list_runs, "agent", limit=limit)
    assert server.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"page_size": 201},
        {"limit": -1},
        {"limit": "5"},
        {"filters": {"column": "fit"}},
        {"filters": "fit > 5"},
        {"filters": [b"fit"]},
        {"filters": [{"value": float("nan")}]},
        {"sort": "fit"},
        {"sort": ["fit"]},
    ],
    ids=repr,
)
def test_invalid_options_of_rows_are_refused(server, client, options):
    refused(lambda: list(client.iter_rows("t1", **options)))
    assert server.requests == []


@pytest.mark.parametrize("include", [[7], ["a b"], ["a&b=c"], [None]])
def test_an_invalid_include_is_refused(server, client, include):
    refused(client.get_table, "t1", include=include)
    assert server.requests == []


@pytest.mark.parametrize(
    ("include", "query"),
    [
        ((), ""),
        ("", ""),
        (["stats"], "include=stats"),
        ("Stats, transcript", "include=stats%2Ctranscript"),
        (("stats", "newer-word"), "include=stats%2Cnewer-word"),
    ],
)
def test_include_is_sent_as_the_api_reads_it(server, client, include, query):
    server.plan(answer({"object": "table", "id": "t1"}))
    client.get_table("t1", include=include)
    assert server.requests[0].query == query
