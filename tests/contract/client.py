"""A client made of the description of the API alone: it sends operations by name and checks every answer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from tests.contract import description

if TYPE_CHECKING:
    import httpx


@cache
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of each operation by its id."""
    found = {}
    for path, item in description()["paths"].items():
        shared = item.get("parameters", [])
        for method in ("get", "post", "patch", "delete"):
            if method in item:
                each = {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]}
                found[each["operationId"]] = (method.upper(), path, each)
    return found


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference stands for."""
    while "$ref" in value:
        target: Any = description()
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


@cache
def validator(operation: str, status: str) -> jsonschema_rs.Draft202012Validator:
    """Return what checks the bodies of an answer."""
    answer = resolved(operations()[operation][2]["responses"][status])
    schema = {**answer["content"]["application/json"]["schema"], "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


class ContractClient:
    """Sends operations of the description.

    Args:
        http: where to send them; its base URL ends with the prefix of all paths.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def send(self, operation: str, body: Any = None, *, key: str | None = None, **values: Any) -> httpx.Response:
        """Send an operation with the parameters of those names, and check status and body of the answer."""
        method, path, described = operations()[operation]
        query = {}
        for parameter in map(resolved, described["parameters"]):
            name = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", values.pop(name))
            elif name in values:
                assert parameter["in"] == "query"
                query[name] = values.pop(name)
        assert not values, f"{operation} has no {list(values)}"
        headers = {"Idempotency-Key": key} if key is not None else {}
        sent = {} if body is None else {"json": body}
        answer = await self.http.request(method, path, params=query, headers=headers, **sent)
        assert str(answer.status_code) in described["responses"], answer.text
        validator(operation, str(answer.status_code)).validate(answer.json())
        return answer

    async def do(self, operation: str, body: Any = None, *, key: str | None = None, **values: Any) -> Any:
        """Send an operation that succeeds, and return the body of its answer."""
        answer = await self.send(operation, body, key=key, **values)
        assert answer.is_success, answer.text
        return answer.json()

    async def refused(self, operation: str, body: Any = None, **values: Any) -> tuple[int, str, dict[str, Any]]:
        """Send an operation that is refused, and return the status, the code and the details."""
        answer = await self.send(operation, body, **values)
        assert answer.is_error, answer.text
        return answer.status_code, answer.json()["code"], answer.json().get("details", {})
