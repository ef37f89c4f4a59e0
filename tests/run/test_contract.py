"""Every documented field of a run reaches the handle: the API's description is walked, and each value looked for.

Tables are left out here: a test of the frames walks them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

import origami_widgets as ow
from tests.contract import description

SCHEMAS = description()["components"]["schemas"]
OF_THE_HANDLE = {
    "id": "id",
    "agentId": "agent_id",
    "status": "status",
    "model": "model",
    "request.prompt": "prompt",
    "steps": "steps",
    "response.text": "text",
    "response.actions": "actions",
    "response.transcript": "transcript",
    "todo.pendingQuestions": "questions",
    "todo.nextActions": "suggestions",
}
ELSEWHERE = {"response.tables"}


def resolve(schema):
    """A schema without references, without its null alternative, and with the parts it is made of."""
    if "$ref" in schema:
        return resolve(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    parts = schema.get("allOf") or [part for part in schema.get("anyOf", []) if part.get("type") != "null"]
    if parts:
        resolved = [resolve(part) for part in parts]
        properties = {name: field for part in [*resolved, schema] for name, field in part.get("properties", {}).items()}
        return {"type": "object", "properties": properties} if properties else resolved[0]
    return schema


def sample(schema, numbers, path=""):
    """An object with another value in every documented field."""
    schema = resolve(schema)
    if path in ELSEWHERE:
        return []
    if "properties" in schema:
        fields = schema["properties"].items()
        return {name: sample(field, numbers, f"{path}.{name}" if path else name) for name, field in fields}
    types = schema.get("type", "any")
    kind = next(each for each in ([types] if isinstance(types, str) else types) if each != "null")
    number = next(numbers)
    if kind == "array":
        return [sample(schema["items"], numbers, f"{path}[]") for _ in range(2)]
    if schema.get("format") == "date-time":
        return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)).isoformat()
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][-1]
    return {"integer": number, "number": number, "boolean": True, "string": f"text {number}", "any": {"n": number}}[
        kind
    ]


def snake(name):
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def assert_equal(read, sent, path=""):
    """Each value that was sent stands in the typed object under its own name."""
    if path in ELSEWHERE:
        return
    if isinstance(sent, dict) and not isinstance(read, dict):
        for name, value in sent.items():
            assert_equal(getattr(read, snake(name)), value, f"{path}.{name}" if path else name)
    elif isinstance(sent, list):
        assert len(read) == len(sent), path
        for one, other in zip(read, sent, strict=True):
            assert_equal(one, other, f"{path}[]")
    else:
        assert (read.isoformat() if isinstance(read, datetime) else read) == sent, path


def at(value, path):
    for step in path.split("."):
        value = value[step]
    return value


@pytest.fixture
def sent():
    return sample({"$ref": "#/components/schemas/Run"}, count(1))


def test_the_sample_is_a_whole_run(sent):
    assert set(sent) >= {"status", "steps", "request", "response", "todo", "startedAt", "completedAt", "workspaceId"}
    assert len(sent["response"]["actions"][0]) == len(SCHEMAS["RunAction"]["properties"])
    assert sent["response"]["transcript"][1]["toolCalls"][0]["input"] != {}
    assert sent["todo"]["pendingQuestions"][0]["suggestedAnswers"]


def test_every_documented_value_of_a_run_reaches_the_handle(sent):
    assert_equal(ow.Run.from_payload(sent).state.run, sent)


@pytest.mark.parametrize(("path", "name"), OF_THE_HANDLE.items())
def test_what_the_handle_has_a_property_for(sent, path, name):
    assert_equal(getattr(ow.Run.from_payload(sent), name), at(sent, path), path)


def test_the_newest_payload_is_the_answer_itself(sent):
    assert ow.Run.from_payload(sent).raw == sent
