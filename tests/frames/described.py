"""Objects of the API as its description allows them, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis

from tests.contract import description

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def objects(name: str) -> SearchStrategy[Any]:
    """Return what makes objects of the schema of that name; further fields, as a beta API may send, are among them."""
    # The library makes requests: so the object is the body of one.
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "never sent"}}}
    paths = {f"/{name}": {"post": operation}}
    whole = {key: description()[key] for key in ("openapi", "info", "components")} | {"paths": paths}
    return schemathesis.openapi.from_dict(whole)[f"/{name}"]["POST"].as_strategy().map(lambda case: case.body)
