"""Every documented field of table, column, stats, lead source and action reaches a frame.

The description of the API is walked: an object is made that holds another value in every field, and each value must
be found in the frame whose schema names the field.
"""

from datetime import UTC, datetime, timedelta

import pytest

from origami_widgets import frames
from tests.contract import description
from tests.frames.payloads import SCHEMAS

KINDS = {
    "Table": ("table", frames.tables_frame),
    "TableColumn": ("column", frames.columns_frame),
    "LeadSourceStats": ("lead_source", frames.lead_sources_frame),
    "RunAction": ("action", frames.actions_frame),
    "TranscriptMessage": ("message", frames.transcript_frame),
}
# Lists of objects that have a frame of their own.
LISTS = {"Table": {"columns": "TableColumn", "stats.leadSources": "LeadSourceStats"}}
# What a run has to say in words, and what it was asked with: attributes of `Run`, and no facts to count or compare.
IN_WORDS = {
    *("workspaceId", "request.model", "request.focusTableIds", "response.text", "response.transcriptTruncated"),
    *("todo.pendingQuestions", "todo.nextActions"),
}


def schemas():
    return description()["components"]["schemas"]


def resolve(schema):
    """A schema without references, without its null alternative, and of several alternatives the fullest."""
    if "$ref" in schema:
        return resolve(schemas()[schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema:
        options = [resolve(option) for option in schema["anyOf"] if option.get("type") != "null"]
        return max(options, key=lambda option: len(option.get("required", ())))
    if "allOf" in schema:
        parts = [resolve(part)["properties"] for part in schema["allOf"]]
        return {"type": "object", "properties": {name: field for part in parts for name, field in part.items()}}
    return schema


def documented(name):
    """Path to schema for every field of an object that is no object itself; type stamps say nothing."""

    def walk(schema, path):
        for key, raw in resolve(schema)["properties"].items():
            field, place = resolve(raw), f"{path}.{key}" if path else key
            if field.get("properties"):
                yield from walk(field, place)
            elif "const" not in field:
                yield place, field

    return dict(walk(schemas()[name], ""))


def samples(name):
    """For every documented field a value that no other field has."""
    values = {}
    for number, (path, field) in enumerate(documented(name).items(), start=1):
        types = field.get("type")
        kind = next(each for each in ([types] if isinstance(types, str) else types) if each != "null")
        if kind == "array":
            continue
        if "enum" in field:
            values[path] = field["enum"][-1]
        elif field.get("format") == "date-time":
            values[path] = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)).isoformat()
        else:
            values[path] = {"integer": number, "number": number + 0.25, "boolean": True, "string": f"text {number}"}[
                kind
            ]
    return values


def nested(values):
    result = {}
    for path, value in values.items():
        *outer, last = path.split(".")
        place = result
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value
    return result


def source_with(name):
    """A run that holds one object of a kind with a value in every documented field."""
    item = nested(samples(name))
    if name in ("RunAction", "TranscriptMessage"):
        place = "actions" if name == "RunAction" else "transcript"
        return {"object": "run", "id": "r", "response": {place: [item], "tables": []}}
    tables = {"TableColumn": {"columns": [item]}, "LeadSourceStats": {"stats": {"leadSources": [item]}}}
    return {"object": "run", "id": "r", "response": {"tables": [tables.get(name, item)]}}


@pytest.mark.parametrize("name", KINDS)
def test_no_documented_field_is_missing_in_the_schemas(name):
    origin, _ = KINDS[name]
    named = {field.path for schema in SCHEMAS.values() for field in schema.fields if field.origin == origin}
    lists = LISTS.get(name, {})
    assert set(documented(name)) - named == set(lists)
    assert set(lists.values()) <= set(KINDS)
    for path, item in lists.items():
        assert documented(name)[path]["items"]["$ref"].endswith(f"/{item}")


@pytest.mark.parametrize("name", KINDS)
def test_no_schema_names_a_field_that_is_not_documented(name):
    origin, maker = KINDS[name]
    assert {each.path for each in SCHEMAS[maker].fields if each.origin == origin} <= set(documented(name))


@pytest.mark.parametrize("name", KINDS)
def test_the_value_of_every_documented_field_is_in_its_frame(name):
    origin, maker = KINDS[name]
    (row,) = maker(source_with(name)).to_dict("records")
    expected = samples(name)
    assert len(expected) >= 6
    fields = {field.path: field for field in SCHEMAS[maker].fields if field.origin == origin}
    for path, value in expected.items():
        field = fields[path]
        found = row[field.name].isoformat() if field.kind == "timestamp" else row[field.name]
        assert found == value, path


def test_every_field_of_a_run_reaches_a_frame_or_is_a_matter_of_words():
    fields = {path for path in documented("Run") if not path.startswith(("response.tables", "response.actions"))}
    named = {field.path for field in SCHEMAS[frames.runs_frame].fields if field.origin == "run"}
    # `prompt` is `request.prompt`, cut.
    assert fields - named - {"prompt", "response.transcript"} == IN_WORDS
    assert named <= fields


def test_the_words_of_categories_are_the_documented_ones():
    described = {"RunSummary": "run", **{name: origin for name, (origin, _) in KINDS.items()}}
    fields = [field for schema in SCHEMAS.values() for field in schema.fields if field.members]
    words = {
        (field.origin, field.path): list(field.members)
        for field in fields
        if field.origin not in ("history", "computed")
    }
    documented_words = {
        (origin, path): field["enum"]
        for name, origin in described.items()
        for path, field in documented(name).items()
        if "enum" in field
    }
    assert words == documented_words
